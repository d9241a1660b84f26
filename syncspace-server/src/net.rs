//! The accept loop: connections in, requests to one function, and an orderly end.
//!
//! Knows hyper and sockets, and nothing of routes.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest wait for a request's headers; also ends idle connections, and new ones that ask nothing.
const HEADER_WAIT: Duration = Duration::from_secs(10);
/// Room for one connection's unread bytes, and so for the headers of one request.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Requests that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 100;
/// Headers of one HTTP/2 request.
const HTTP2_HEADER_BYTES_MAX: u32 = 16 * 1024;
/// Unsent bytes of one HTTP/2 stream.
const SEND_BUFFER_BYTES_MAX: usize = 256 * 1024;
/// How often a silent HTTP/2 connection is asked whether it lives.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// Connections that may be new at the same time: accepted, and their first request not answered. When everybody comes back at
/// once the others wait in the system's queue, and the turns of those who are here stay short.
const NEW_AT_ONCE: usize = 256;
/// How long a connection counts as new at most: whoever says nothing holds up nobody for long.
const NEW_WAIT: Duration = Duration::from_millis(50);
/// Pause after an accept that failed for want of something: file descriptors come back when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Address of the other end of a connection; travels in a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What everything that outlives one request knows of the server's life.
#[derive(Debug, Clone, Default)]
pub struct Lifetime {
    /// Cancelled when the server begins to end: sockets say goodbye and close.
    pub closing: CancellationToken,
    /// Tasks whose end is waited for, up to the deadline: every socket is one.
    pub tasks: TaskTracker,
}

/// Accepts connections until `life.closing`, then waits at most `deadline` for running requests and tasks.
///
/// Returns whether everything ended by itself.
pub async fn serve<F, Fut, B>(listener: TcpListener, answer: F, life: Lifetime, deadline: Duration) -> bool
where
    F: Fn(Request<Incoming>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let connections = GracefulShutdown::new();
    let builder = builder();
    let entrance = Arc::new(Semaphore::new(NEW_AT_ONCE));
    loop {
        let accepted = tokio::select! {
            () = life.closing.cancelled() => break,
            accepted = accept(&listener, &entrance) => accepted,
        };
        match accepted {
            Ok((stream, peer, newness)) => {
                prepare(&stream);
                let first = Arc::new(FirstRequest::default());
                let connection = serve_one(&builder, stream, announcing(Peer(peer), first.clone(), answer.clone()));
                let connection = connections.watch(connection);
                tokio::spawn(async move {
                    tokio::pin!(connection);
                    if let Some(ended) = while_new(connection.as_mut(), &first, newness, NEW_WAIT).await {
                        return note_end(ended);
                    }
                    end_if_silent(connection, &first, HEADER_WAIT).await;
                });
            }
            Err(error) => pause_after(&error, &life.closing).await,
        }
    }
    drop(listener);
    life.tasks.close();
    let drained = async {
        tokio::join!(connections.shutdown(), life.tasks.wait());
    };
    tokio::time::timeout(deadline, drained).await.is_ok()
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_WAIT).max_buf_size(READ_BUFFER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HTTP2_HEADER_BYTES_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL);
    builder
}

/// Small messages leave at once; a stream that cannot be told so still works.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

/// Takes the next connection when few enough are new.
async fn accept(
    listener: &TcpListener,
    entrance: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let newness = Arc::clone(entrance).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, newness))
}

/// How far a connection has come with its first request.
#[derive(Default)]
struct FirstRequest {
    asked: Notify,
    answered: Notify,
}

/// Gives every request its peer, and tells how far the first one has come.
fn announcing<F, Fut>(
    peer: Peer,
    first: Arc<FirstRequest>,
    answer: F,
) -> impl Fn(Request<Incoming>) -> BoxFuture<'static, Fut::Output> + Send + 'static
where
    F: Fn(Request<Incoming>) -> Fut + Send + 'static,
    Fut: Future<Output: Send> + Send + 'static,
{
    move |mut request| {
        first.asked.notify_one();
        request.extensions_mut().insert(peer);
        let (answered, first) = (answer(request), Arc::clone(&first));
        Box::pin(async move {
            let response = answered.await;
            first.answered.notify_one();
            response
        })
    }
}

fn serve_one<F, Fut, B>(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    answer: F,
) -> impl GracefulConnection<Error = Box<dyn Error + Send + Sync>> + Send + 'static + use<F, Fut, B>
where
    F: Fn(Request<Incoming>) -> Fut + Send + 'static,
    Fut: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned()
}

/// Runs a connection while it counts as new; gives how it ended if it did.
async fn while_new<T>(
    connection: impl Future<Output = T>,
    first: &FirstRequest,
    _newness: OwnedSemaphorePermit,
    wait: Duration,
) -> Option<T> {
    tokio::select! {
        biased;
        ended = connection => Some(ended),
        () = first.answered.notified() => None,
        () = tokio::time::sleep(wait) => None,
    }
}

/// Runs a connection, and drops it if it asks nothing.
///
/// hyper's own time-out begins with HTTP/1's first byte: a peer that sends none, or the beginning of HTTP/2's preface,
/// would stay for ever.
async fn end_if_silent(
    connection: impl Future<Output = Result<(), impl Display>>,
    first: &FirstRequest,
    wait: Duration,
) {
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = first.asked.notified() => connection.await,
        () = tokio::time::sleep(wait) => return,
    };
    note_end(ended);
}

/// Broken connections are everyday life, not news.
fn note_end(ended: Result<(), impl Display>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// Waits where trying again at once would spin; the peer's own failures need no pause.
async fn pause_after(error: &io::Error, closing: &CancellationToken) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::warn!(%error, "cannot accept connections right now");
    tokio::select! {
        () = closing.cancelled() => {}
        () = tokio::time::sleep(ACCEPT_PAUSE) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_asks_nothing_is_dropped() {
        let silent = std::future::pending::<Result<(), io::Error>>();
        end_if_silent(silent, &FirstRequest::default(), Duration::ZERO).await;
    }

    #[tokio::test]
    async fn a_connection_that_has_asked_stays_until_its_end() {
        let first = Arc::new(FirstRequest::default());
        first.asked.notify_one();
        let (end, ended) = tokio::sync::oneshot::channel();
        let running = tokio::spawn(async move { end_if_silent(ended, &first, Duration::ZERO).await });
        tokio::task::yield_now().await;
        end.send(()).expect("still awaited");
        running.await.expect("ends");
    }

    #[tokio::test]
    async fn a_connection_is_new_until_its_first_answer_and_not_for_long() {
        let entrance = Arc::new(Semaphore::new(1));
        let newness = || Arc::clone(&entrance).try_acquire_owned();
        let first = FirstRequest::default();
        let silent = || std::future::pending::<()>();
        assert_eq!(while_new(silent(), &first, newness().expect("free"), Duration::ZERO).await, None);
        first.answered.notify_one();
        assert_eq!(while_new(silent(), &first, newness().expect("free again"), Duration::MAX).await, None);
        let ended = while_new(std::future::ready(7), &first, newness().expect("free again"), Duration::MAX).await;
        assert_eq!(ended, Some(7));
        assert!(newness().is_ok());
    }
}
