//! One HTTP request to a server of ours on loopback. A client library would be the largest part of xtask.

use crate::tool::Failure;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Posts JSON and returns the body of a 200.
pub(crate) fn post(port: u16, path: &str, body: &str) -> Result<String, Failure> {
    request("POST", port, path, body)
}

/// Sends a request and returns the body of a 200.
pub(crate) fn request(method: &str, port: u16, path: &str, body: &str) -> Result<String, Failure> {
    let failed = |why: String| Failure::Other(format!("{method} {path} at port {port} failed: {why}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| failed(error.to_string()))?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| failed(error.to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| failed("no answer".to_owned()))?;
    if head.starts_with("HTTP/1.1 200") { Ok(body.to_owned()) } else { Err(failed(answer)) }
}
