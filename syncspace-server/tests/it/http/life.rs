//! Start and end of a server.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use syncspace_server::StartError;
use syncspace_server::instance::ClaimError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::rig::{PASSWORD, Rig, config, start};

/// Longest wait for anything in these tests.
const PATIENCE: Duration = Duration::from_secs(20);

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 1024];
    while !text.contains(end) {
        let length = timeout(PATIENCE, stream.read(&mut bytes)).await.expect("in time").expect("readable");
        assert!(length > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..length]).expect("text"));
    }
    text
}

async fn wait_until_refused(address: SocketAddr) {
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused).await.expect("the listener closes");
}

/// Begins a registration whose body is still to come, and waits until the server asks for it.
async fn begin_request(address: SocketAddr, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    read_until(&mut stream, "100 Continue").await;
    stream
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_end() {
    let rig = Rig::start().await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let mut stream = begin_request(rig.address, &body).await;
    rig.shutdown.cancel();
    wait_until_refused(rig.address).await;
    stream.write_all(body.as_bytes()).await.expect("still connected");
    let reply = read_until(&mut stream, "refresh_token").await;
    assert!(reply.contains("201 Created"), "{reply}");
    timeout(PATIENCE, rig.server.ended()).await.expect("ends");
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_at_the_deadline() {
    let rig = Rig::start_with(|config| config.shutdown_deadline = Duration::from_millis(50)).await;
    let _stuck = begin_request(rig.address, "{}").await;
    rig.shutdown.cancel();
    timeout(PATIENCE, rig.server.ended()).await.expect("ends");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_told_of_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = start(config(&folder), CancellationToken::new()).await.expect("starts");
    let Err(StartError::Claim(ClaimError::InUse { running, .. })) =
        start(config(&folder), CancellationToken::new()).await
    else {
        panic!("a second server started");
    };
    let running = running.expect("a note");
    assert_eq!(running.url, format!("http://{}", first.address()));
    assert_eq!(running.pid, std::process::id());
}

#[tokio::test]
async fn the_same_data_can_be_served_again_after_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let shutdown = CancellationToken::new();
        let server = start(config(&folder), shutdown.clone()).await.expect("starts");
        assert!(folder.path().join("server.json").exists());
        shutdown.cancel();
        timeout(PATIENCE, server.ended()).await.expect("ends");
        assert!(!folder.path().join("server.json").exists());
    }
}

#[tokio::test]
async fn health_tells_a_server_that_serves() {
    let rig = Rig::start().await;
    for path in ["/health/live", "/health/ready"] {
        let reply = rig.send(rig.get(path)).await;
        assert_eq!((reply.status.as_u16(), reply.body), (200, json!({ "status": "ok" })), "{path}");
    }
}
