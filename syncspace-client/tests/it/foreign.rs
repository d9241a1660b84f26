//! What stands between a client and its server, or in the server's place, and answers something else.

use std::time::Duration;

use syncspace_client::{Client, ClientError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// A client whose server gives every request this answer.
async fn client_of(answer: &'static str) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                drop(stream.write_all(answer.as_bytes()).await);
            }
        }
    });
    Client::new(address.to_string().parse().expect("an address")).expect("a client")
}

async fn error_of(answer: &'static str) -> ClientError {
    let client = client_of(answer).await;
    let asked = timeout(Duration::from_secs(20), client.server_info()).await;
    asked.expect("an answer in time").expect_err("no server information")
}

#[tokio::test]
async fn a_balancer_without_server_is_worth_another_try() {
    let error = error_of("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>").await;
    assert!(matches!(error, ClientError::Unreachable { .. }) && error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ] {
        let error = error_of(answer).await;
        assert!(matches!(error, ClientError::Protocol { .. }) && !error.is_transient(), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_servers_sentence_and_delay() {
    let error = error_of(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 57\r\nConnection: close\r\n\r\n\
         {\"error\":{\"code\":\"rate_limited\",\"message\":\"Not so fast\"}}",
    )
    .await;
    assert_eq!(error.to_string(), "Not so fast");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert!(error.is_transient());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_worth_another_try() {
    let error = error_of("HTTP/1.1 200 OK\r\nContent-Length: 600\r\nConnection: close\r\n\r\n{\"product\"").await;
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let client = Client::new(address.to_string().parse().expect("an address")).expect("a client");
    let error = client.server_info().await.expect_err("nobody there");
    assert_eq!(error.to_string(), format!("cannot reach the server at http://{address}"));
}

#[tokio::test]
async fn without_a_login_nothing_is_sent() {
    let client = client_of("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let error = client.me().await.expect_err("not logged in");
    assert!(matches!(error, ClientError::NotLoggedIn { .. }) && error.is_logged_out(), "{error:?}");
}
