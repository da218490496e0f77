//! A real HTTP server on loopback that answers from a script and keeps what it was asked.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to answer.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Status and body.
    Http(u16, String),
    /// The connection is closed without a word.
    Close,
    /// Nothing ever.
    Silence,
    /// Bytes as they are.
    Raw(&'static str),
    /// What the request asks for, head and body as text.
    By(fn(&str) -> Answer),
}

/// A server, gone when dropped.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(one(stream, answer.clone(), seen.clone()));
            }
        });
        Self { endpoint, asked, task }
    }

    /// Every request so far, head and body as text.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn one(mut stream: TcpStream, answer: Answer, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    let asked = loop {
        let n = stream.read(&mut part).await.unwrap_or(0);
        request.extend_from_slice(&part[..n]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if n == 0 {
                return;
            }
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
            .and_then(|n| n.parse::<usize>().ok())
            .unwrap_or(0);
        if body.len() >= length || n == 0 {
            seen.lock().unwrap().push(text.clone());
            break text;
        }
    };
    let answer = match answer {
        Answer::By(answer) => answer(&asked),
        Answer::Http(..) | Answer::Close | Answer::Silence | Answer::Raw(_) => answer,
    };
    let reply = match answer {
        Answer::By(_) => panic!("an answer by an answer"),
        Answer::Close => return,
        Answer::Silence => std::future::pending().await,
        Answer::Raw(bytes) => bytes.to_owned(),
        Answer::Http(status, body) => format!(
            "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nx-amzn-requestid: req-1\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ),
    };
    stream.write_all(reply.as_bytes()).await.unwrap();
}

/// STS's answer for an ARN.
pub(crate) fn caller(account: &str, arn: &str, user_id: &str) -> Answer {
    Answer::Http(
        200,
        format!(
            r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#
        ),
    )
}

/// STS's answer for an error.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::Http(
        status,
        format!(
            r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>req-1</RequestId></ErrorResponse>"#
        ),
    )
}
