//! A bucket for states, of moto's S3, in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The bucket `states`.
pub(crate) struct Bucket {
    server: Child,
    address: String,
}

impl Bucket {
    /// Starts moto's server, and makes the bucket.
    pub(crate) fn open(server: &Path) -> Self {
        let mut server = Command::new(server);
        server.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = server.spawn().unwrap();
        let mut said = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = said.find_map(|line| {
            let line = line.unwrap();
            Some(line.split_once("Running on http://")?.1.trim().to_owned())
        });
        // What it says of each call is read, or it would wait for a reader.
        std::thread::spawn(move || said.for_each(drop));
        let bucket = Self { server, address: address.unwrap() };
        bucket.put("/states", "");
        bucket
    }

    /// Puts something there, without Terraform.
    pub(crate) fn put(&self, path: &str, body: &str) {
        let address = &self.address;
        let mut wire = TcpStream::connect(address).unwrap();
        let head = format!("PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}", body.len());
        write!(wire, "{head}\r\nConnection: close\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// A configuration that keeps its state there, as `infra.tfstate`, with a lock beside it.
    pub(crate) fn backend(&self) -> String {
        format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket = \"states\"\n    key = \"infra.tfstate\"\n    region = \"eu-west-1\"\n    use_lockfile = true\n    \
             use_path_style = true\n    endpoints = {{ s3 = \"http://{}\" }}\n    skip_credentials_validation = true\n    \
             skip_requesting_account_id = true\n    skip_metadata_api_check = true\n    skip_region_validation = true\n  }}\n}}\n",
            self.address
        )
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
