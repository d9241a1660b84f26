//! One plain connection for requests that are timed: nothing of a client library is in the figure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// A connection that asks as one person.
pub struct Rest {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    token: String,
}

impl Rest {
    /// Connects with an access token.
    pub fn connect(address: &str, token: String) -> anyhow::Result<Self> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(writer.try_clone()?), writer, token })
    }

    /// Gets what is at a path, and how long that took; anything but 200 is an error.
    pub fn get(&mut self, path: &str) -> anyhow::Result<(Duration, Vec<u8>)> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", self.token);
        self.ask(path, &head)
    }

    /// Posts JSON to a path, as whoever knows the path, and gives how long that took; anything but 200 is an error.
    pub fn post_unnamed(&mut self, path: &str, json: &str) -> anyhow::Result<Duration> {
        let length = json.len();
        let kind = "Content-Type: application/json";
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{json}");
        Ok(self.ask(path, &request)?.0)
    }

    fn ask(&mut self, path: &str, request: &str) -> anyhow::Result<(Duration, Vec<u8>)> {
        let started = Instant::now();
        self.writer.write_all(request.as_bytes())?;
        let mut status = String::new();
        self.reader.read_line(&mut status)?;
        let mut length = None;
        loop {
            let mut line = String::new();
            ensure!(self.reader.read_line(&mut line)? > 0, "the server ended the connection");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut body = vec![0; length.context("a reply names its length")?];
        self.reader.read_exact(&mut body)?;
        let time = started.elapsed();
        ensure!(status.contains(" 200 "), "{path}: {status} {}", String::from_utf8_lossy(&body));
        Ok((time, body))
    }
}
