//! Layers that are made, not built: real `tar.gz` files of an exact size, the same for the same name.
//! The gzip stream has stored blocks (RFC 1951, 3.2.4), so that its size can be chosen and nothing is compressed in vain.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use crate::seeded::{digest, hex};

const BLOCK: usize = 512;
/// The most that a stored block holds.
const STORED: usize = 65_535;
/// Two blocks of zeros end a tar file.
const END: u64 = 2 * BLOCK as u64;

/// What a layer is made of.
#[derive(Debug)]
pub(crate) struct Layer<'a> {
    /// What its content is made from.
    pub(crate) seed: &'a str,
    /// Absolute paths of executables that it contains.
    pub(crate) files: &'a [String],
    /// Bytes, compressed; smaller than what has to be in it means as small as it gets.
    pub(crate) size: u64,
}

impl Layer<'_> {
    /// Writes the layer; answers the digest of the tar inside.
    pub(crate) fn write(&self, to: &mut dyn Write) -> io::Result<String> {
        let script = b"#!/bin/sh\nexit 0\n";
        let fixed = self.files.len() as u64 * 2 * BLOCK as u64 + BLOCK as u64 + END;
        // As many blocks of filler as fit; what is left goes into the comment of the gzip header.
        let mut filler = self.size.saturating_sub(fixed) / BLOCK as u64;
        while filler > 0 && packed(fixed + filler * BLOCK as u64) > self.size {
            filler -= 1;
        }
        let tar = fixed + filler * BLOCK as u64;
        let spare = self.size.saturating_sub(packed(tar));
        let mut gzip = Gzip::begin(to, tar, usize::try_from(spare).unwrap_or(0))?;
        for path in self.files {
            gzip.take(&header(path.trim_start_matches('/'), script.len() as u64, 0o755))?;
            let mut block = [0; BLOCK];
            block[..script.len()].copy_from_slice(script);
            gzip.take(&block)?;
        }
        let name = format!("opt/layer/{}", &hex(&digest(&[self.seed.as_bytes()]))[..16]);
        gzip.take(&header(&name, filler * BLOCK as u64, 0o644))?;
        let mut pattern: Vec<u8> =
            (0..2048u64).flat_map(|n| digest(&[self.seed.as_bytes(), &n.to_be_bytes()])).collect();
        let mut left = filler * BLOCK as u64;
        let mut count: u64 = 0;
        while left > 0 {
            // No two rounds are the same.
            pattern[..8].copy_from_slice(&count.to_be_bytes());
            count += 1;
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(pattern.len());
            gzip.take(&pattern[..part])?;
            left -= part as u64;
        }
        gzip.take(&[0; BLOCK])?;
        gzip.take(&[0; BLOCK])?;
        gzip.end()
    }
}

/// The size of a gzip file without a comment around so many bytes.
fn packed(tar: u64) -> u64 {
    10 + tar + 5 * tar.div_ceil(STORED as u64) + 8
}

/// A ustar header (POSIX.1-1988): numbers in octal, the checksum over itself with blanks in its place.
fn header(path: &str, size: u64, mode: u32) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8], width: usize| {
        let length = text.len().min(width);
        block[at..at + length].copy_from_slice(&text[..length]);
    };
    put(0, path.as_bytes(), 100);
    put(100, format!("{mode:07o}").as_bytes(), 7);
    put(108, b"0000000", 7);
    put(116, b"0000000", 7);
    // Up to 8 GiB; a layer is smaller.
    put(124, format!("{size:011o}").as_bytes(), 11);
    put(136, b"00000000000", 11);
    put(148, b"        ", 8);
    put(156, b"0", 1);
    put(257, b"ustar\x0000", 8);
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A gzip stream of stored blocks over a known number of bytes.
struct Gzip<'a> {
    to: &'a mut dyn Write,
    pending: Vec<u8>,
    left: u64,
    whole: u64,
    crc: u32,
    table: [u32; 256],
    tar: Sha256,
}

impl<'a> Gzip<'a> {
    /// `spare` bytes are taken up by the header's comment.
    fn begin(to: &'a mut dyn Write, whole: u64, spare: usize) -> io::Result<Self> {
        let flags = if spare > 0 { 0x10 } else { 0 };
        to.write_all(&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255])?;
        if spare > 0 {
            to.write_all(&vec![b'.'; spare - 1])?;
            to.write_all(&[0])?;
        }
        let mut table = [0; 256];
        for (byte, entry) in (0u32..).zip(table.iter_mut()) {
            *entry = (0..8).fold(byte, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 });
        }
        let pending = Vec::with_capacity(2 * STORED);
        Ok(Self { to, pending, left: whole, whole, crc: u32::MAX, table, tar: Sha256::new() })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tar.update(bytes);
        for byte in bytes {
            self.crc = self.table[((self.crc ^ u32::from(*byte)) & 0xff) as usize] ^ (self.crc >> 8);
        }
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= STORED {
            self.store(STORED)?;
        }
        Ok(())
    }

    fn store(&mut self, length: usize) -> io::Result<()> {
        self.left = self.left.saturating_sub(length as u64);
        let size = u16::try_from(length).unwrap_or(u16::MAX);
        self.to.write_all(&[u8::from(self.left == 0)])?;
        self.to.write_all(&size.to_le_bytes())?;
        self.to.write_all(&(!size).to_le_bytes())?;
        self.to.write_all(&self.pending[..length])?;
        self.pending.drain(..length);
        Ok(())
    }

    fn end(mut self) -> io::Result<String> {
        if !self.pending.is_empty() {
            self.store(self.pending.len())?;
        }
        self.to.write_all(&(!self.crc).to_le_bytes())?;
        // Modulo 2^32, as RFC 1952 has it.
        let modulo = (self.whole & u64::from(u32::MAX)) as u32;
        self.to.write_all(&modulo.to_le_bytes())?;
        Ok(format!("sha256:{}", hex(&self.tar.finalize())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_as_large_as_it_was_asked_to_be_and_the_same_each_time() {
        let files = vec!["/usr/bin/curl".to_owned()];
        for size in [4096, 5000, 65_535, 65_536, 200_001, 1_000_000] {
            let write = |seed: &str| {
                let mut bytes = Vec::new();
                let tar = Layer { seed, files: &files, size }.write(&mut bytes).unwrap();
                (bytes, tar)
            };
            let (bytes, tar) = write("a");
            assert_eq!(bytes.len() as u64, size);
            assert_eq!((bytes.clone(), tar), write("a"));
            assert_ne!(bytes, write("b").0);
        }
    }
}
