//! Files over lines that break.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sha2::{Digest as _, Sha256};
use syncspace_client::{Client, ClientError, Upload};
use syncspace_protocol::files::{FileInfo, NewUpload};
use syncspace_protocol::{ChannelId, ErrorCode};
use syncspace_testkit::Proxy;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::world::World;

/// Keeps what is written, and cuts the line once when this much is there.
struct Cutting<'a> {
    kept: Vec<u8>,
    cut_at: Option<usize>,
    line: &'a Proxy,
}

impl AsyncWrite for Cutting<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.kept.extend_from_slice(bytes);
        if self.cut_at.is_some_and(|at| self.kept.len() >= at) {
            self.cut_at = None;
            self.line.cut_connections();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Gives so many bytes, and then fails.
struct Failing(usize);

impl AsyncRead for Failing {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if self.0 == 0 {
            return Poll::Ready(Err(std::io::Error::other("the disk is broken")));
        }
        let count = into.remaining().min(self.0);
        into.put_slice(&vec![7; count]);
        self.0 -= count;
        Poll::Ready(Ok(()))
    }
}

async fn room(world: &World) -> (Client, ChannelId) {
    let alice = world.register("alice").await;
    let team = alice.create_team(serde_json::from_value(serde_json::json!({"name": "eng"})).expect("a body")).await;
    let team = team.expect("makes a team").team.id;
    let new = serde_json::from_value(serde_json::json!({"kind": "public", "name": "general"})).expect("a body");
    let channel = alice.create_channel(team, new).await.expect("makes a channel").channel.id;
    (alice, channel)
}

fn upload<R>(bytes: R, length: Option<u64>) -> Upload<R> {
    Upload { bytes, name: "all.bin".to_owned(), length, sha256: None }
}

#[tokio::test]
async fn a_download_goes_on_where_its_line_broke() {
    let world = World::start().await;
    let (alice, channel) = room(&world).await;
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let length = u64::try_from(bytes.len()).expect("a length");
    let reader = std::io::Cursor::new(bytes.clone());
    let (told, heard) = std::sync::mpsc::channel();
    let file = alice.upload_file(channel, upload(reader, Some(length)), move |sent| told.send(sent).expect("heard"));
    let file: FileInfo = file.await.expect("uploads");
    assert_eq!(heard.into_iter().last(), Some(length));

    let line = Proxy::start(world.server.url().trim_start_matches("http://")).await;
    let far = world.client_at("alice", &line.address().to_string()).await;
    for cut_at in [1, 100_000, 5_000_000] {
        let mut kept = Cutting { kept: Vec::new(), cut_at: Some(cut_at), line: &line };
        let mut last = 0;
        let received = far.download_file(&file, 0, &mut kept, |at| last = at).await.expect("downloads");
        assert_eq!((received, last), (length, length));
        assert!(kept.cut_at.is_none() && kept.kept == bytes, "cut at {cut_at}");
    }
    let mut rest = Vec::new();
    alice.download_file(&file, length - 5, &mut rest, |_| {}).await.expect("downloads");
    assert_eq!(rest, bytes[bytes.len() - 5..]);
}

#[tokio::test]
async fn an_upload_goes_on_where_its_line_broke() {
    let world = World::start().await;
    let (alice, channel) = room(&world).await;
    let line = Arc::new(Proxy::start(world.server.url().trim_start_matches("http://")).await);
    let far = world.client_at("alice", &line.address().to_string()).await;
    let bytes: Vec<u8> = (0..30_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all.bin");
    std::fs::write(&path, &bytes).expect("writes");
    let (told, heard) = std::sync::mpsc::channel();
    let mut cuts = vec![25_000_000, 20_000_000];
    let sent = move |count| {
        if cuts.last().is_some_and(|&at| count >= at) {
            cuts.pop();
            line.cut_connections();
        }
        told.send(count).expect("heard");
    };
    let file = far.upload_path(channel, &path, None, sent).await.expect("uploads");
    let heard: Vec<u64> = heard.into_iter().collect();
    let resumed: Vec<u64> = heard.windows(2).filter(|pair| pair[1] <= pair[0]).map(|pair| pair[1]).collect();
    assert!(resumed.len() >= 2, "{resumed:?}");
    assert!(resumed.last().is_some_and(|&from| from > 0), "what had come was not sent again: {resumed:?}");
    assert_eq!(heard.last(), Some(&file.size_bytes));
    let mut received = Vec::new();
    alice.download_file(&file, 0, &mut received, |_| {}).await.expect("downloads");
    assert!(received == bytes);
}

/// Another run of the program finds what the first one left.
#[tokio::test]
async fn an_upload_that_was_left_is_gone_on_with() {
    let world = World::start().await;
    let (alice, channel) = room(&world).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all.bin");
    std::fs::write(&path, vec![7; 20_000_000]).expect("writes");
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let first = alice.clone();
    let sending = tokio::spawn({
        let path = path.clone();
        async move { first.upload_path(channel, &path, None, move |count| told.send(count).expect("heard")).await }
    });
    while heard.recv().await.expect("it goes on") < 19_000_000 {}
    sending.abort();
    let sha256 = Sha256::digest(vec![7; 20_000_000]).iter().map(|byte| format!("{byte:02x}")).collect();
    let same = NewUpload { name: Some("all.bin".to_owned()), size_bytes: 20_000_000, sha256 };
    while alice.begin_upload(channel, &same).await.expect("finds it").offset == 0 {
        tokio::task::yield_now().await;
    }
    let (told, heard) = std::sync::mpsc::channel();
    let file = alice.upload_path(channel, &path, None, move |count| told.send(count).expect("heard")).await;
    assert_eq!(file.expect("uploads").size_bytes, 20_000_000);
    let from = heard.iter().next().expect("a first report");
    assert!(from > 0, "it goes on");
}

/// What a file was said to be is all that is taken of it: a server that gives more could fill a disk, or the memory.
#[tokio::test]
async fn a_download_that_is_longer_than_announced_is_cut_off() {
    let world = World::start().await;
    let (alice, channel) = room(&world).await;
    let reader = std::io::Cursor::new(vec![7; 3_000_000]);
    let file = alice.upload_file(channel, upload(reader, None), |_| {}).await.expect("uploads");
    let announced = FileInfo { size_bytes: 100_000, ..file };
    let (mut kept, mut last) = (Vec::new(), 0);
    let error = alice.download_file(&announced, 0, &mut kept, |at| last = at).await.expect_err("too long");
    assert!(matches!(error, ClientError::Protocol { .. }) && !error.is_transient(), "{error:?}");
    assert!(kept.len() <= 100_000 && last <= 100_000, "{} bytes were written", kept.len());
}

#[tokio::test]
async fn a_reader_that_fails_uploads_nothing() {
    let world = World::start().await;
    let (alice, channel) = room(&world).await;
    for length in [None, Some(500_000)] {
        alice.upload_file(channel, upload(Failing(300_000), length), |_| {}).await.expect_err("breaks off");
    }
    let listed = alice.files(channel, Default::default()).await.expect("lists");
    assert_eq!(listed.items, []);
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_with_its_reason() {
    let world = World::start().await;
    let (alice, channel) = room(&world).await;
    let length = 60 * 1024 * 1024;
    let endless = tokio::io::repeat(7);
    let refused = alice.upload_file(channel, upload(endless, Some(length)), |_| {}).await.expect_err("too long");
    assert_eq!(refused.code(), Some(ErrorCode::TooLarge), "{refused}");
}
