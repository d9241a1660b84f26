//! What stands between a client and its server, or in the server's place, and answers something else.

use std::time::{Duration, Instant};

use syncspace_client::{Client, ClientError, ServerUrl};
use syncspace_protocol::ErrorCode;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::page::PageQuery;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// A client whose server gives every request this answer.
async fn client_of(answer: &'static str) -> Client {
    client_of_each(vec![answer]).await
}

/// A client whose server gives these answers one after the other, and the last one from then on.
async fn client_of_each(answers: Vec<&'static str>) -> Client {
    Client::new(server_of(answers).await).expect("a client")
}

async fn server_of(answers: Vec<&'static str>) -> ServerUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut left = answers.iter();
        let mut answer = "";
        while let Ok((mut stream, _)) = listener.accept().await {
            answer = left.next().unwrap_or(&answer);
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                drop(stream.write_all(answer.as_bytes()).await);
            }
        }
    });
    address.to_string().parse().expect("an address")
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
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: 57\r\nConnection: close\r\n\r\n\
         {\"error\":{\"code\":\"rate_limited\",\"message\":\"Not so fast\"}}",
    )
    .await;
    assert_eq!(error.to_string(), "Not so fast");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    assert!(error.is_transient());
}

const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 78\r\nConnection: close\r\n\r\n\
     {\"error\":{\"code\":\"rate_limited\",\"message\":\"Not so fast\",\"retry_after_ms\":150}}";
const NOTHING: &str = "HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\n{\"items\":[],\"next\":null}";

#[tokio::test]
async fn a_read_waits_as_the_server_says() {
    let server = server_of(vec![TOO_MANY, TOO_MANY, NOTHING]).await;
    let client = Client::with_token(server, Secret("sst_x".to_owned())).expect("a client");
    let begin = Instant::now();
    let teams = client.teams(PageQuery::default()).await.expect("teams");
    assert!(teams.items.is_empty() && begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_change_is_not_made_again_by_itself() {
    let server = server_of(vec![TOO_MANY, NOTHING]).await;
    let client = Client::with_token(server, Secret("sst_x".to_owned())).expect("a client");
    let error = client.delete_team(1.try_into().expect("an id")).await.expect_err("too many");
    assert_eq!(error.code(), Some(ErrorCode::RateLimited));
}

#[tokio::test]
async fn a_read_without_a_login_makes_up_for_a_lost_connection() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 600\r\nConnection: close\r\n\r\n{\"product\"";
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let client = client_of_each(vec![broken, TOO_MANY, whole]).await;
    assert_eq!(client.openapi().await.expect("an answer"), serde_json::json!({}));
}

#[tokio::test]
async fn how_a_server_is_now_is_not_waited_for() {
    let client = client_of(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 74\r\nConnection: close\r\n\r\n\
         {\"error\":{\"code\":\"unavailable\",\"message\":\"No data\",\"retry_after_ms\":2000}}",
    )
    .await;
    let begin = Instant::now();
    let error = client.ready().await.expect_err("not ready");
    assert_eq!(error.code(), Some(ErrorCode::Unavailable));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
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
