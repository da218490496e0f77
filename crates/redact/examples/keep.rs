//! What output goes through on its way to evidence, on one thread: redaction, a digest, a file. `keep FILE` reads
//! standard input and prints the digest; the bench measures it.
#![expect(clippy::print_stdout, reason = "it tells its digest to whoever started it")]

use holdpoint_redact::{Redactor, Secret};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Result, Write as _, stdin};

/// As many values as a run with some variables and sessions knows.
const SECRETS: usize = 20;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).unwrap_or_else(|| "kept".into());
    let secrets: Vec<_> =
        (0..SECRETS).map(|n| Secret::new(format!("planted-{n}-9f8e7d6c5b4a3210"))).collect();
    let mut filter = Redactor::new(&secrets).filter();
    let (mut file, mut digest, mut input) = (File::create(path)?, Sha256::new(), stdin().lock());
    let mut chunk = vec![0; 64 * 1024];
    let mut keep = |clean: Vec<u8>| {
        digest.update(&clean);
        file.write_all(&clean)
    };
    loop {
        match input.read(&mut chunk)? {
            0 => break,
            read => keep(filter.push(&chunk[..read]))?,
        }
    }
    keep(filter.finish())?;
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{hex}");
    Ok(())
}
