//! A storage in this process that speaks S3's protocol. What its bucket holds lies in a folder, so tests can count it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use syncspace_server::blobs::Blobs;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

const NAME: &str = "files";
const PREFIX: &str = "of/the/team";
const KEY: &str = "a-key";
const SECRET: &str = "a secret for the key";

/// A storage with one bucket.
pub(crate) struct Bucket {
    folder: TempDir,
    address: SocketAddr,
    /// None while it is away.
    serving: Option<AbortOnDropHandle<()>>,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(NAME)).expect("a bucket");
        let mut bucket = Self { folder, address: (Ipv4Addr::LOCALHOST, 0).into(), serving: None };
        bucket.start_again().await;
        bucket
    }

    /// Ends it, and every connection to it; what it holds stays.
    pub(crate) async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            assert!(serving.await.is_err_and(|error| error.is_cancelled()));
        }
    }

    /// Starts it at the address that it had.
    pub(crate) async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("a free port");
        self.address = listener.local_addr().expect("an address");
        let mut service = S3ServiceBuilder::new(FileSystem::new(self.folder.path()).expect("a folder"));
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        self.serving = Some(AbortOnDropHandle::new(tokio::spawn(serve(listener, service.build()))));
    }

    /// Gives a way to it, for whoever knows its secret.
    pub(crate) fn blobs(&self) -> Blobs {
        self.blobs_with(SECRET)
    }

    /// Gives a way to it with some secret.
    pub(crate) fn blobs_with(&self, secret: &str) -> Blobs {
        let variables = [
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "here".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ];
        Blobs::open_bucket(NAME, PREFIX, variables).expect("opens")
    }

    /// Counts what lies in it: objects, and parts of what is not finished.
    pub(crate) fn count(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let parts = names.filter(|name| name.contains("upload_id") && name.contains("part")).count();
        objects(&self.folder.path().join(NAME)) + parts
    }
}

fn objects(folder: &Path) -> usize {
    let paths = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { objects(&path) } else { 1 }).sum()
}

/// Serves until it is dropped, and every connection with it.
async fn serve(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        connections.spawn(async move {
            let talk = Builder::new(TokioExecutor::new());
            // Whoever hangs up is done with it.
            let _ended = talk.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[tokio::test]
async fn whoever_has_another_secret_keeps_nothing_and_reads_nothing() {
    let bucket = Bucket::start().await;
    let mut writing = bucket.blobs().write("abcd").await.expect("begins");
    writing.push(vec![7; 10].into()).await.expect("takes");
    writing.finish().await.expect("finishes");
    let stranger = bucket.blobs_with("another secret");
    assert!(stranger.write("efgh").await.is_err());
    assert!(stranger.read("abcd", 0..10).await.is_err());
    assert!(stranger.remove("abcd").await.is_err());
    assert_eq!(bucket.count(), 1);
    bucket.blobs().remove("abcd").await.expect("removes");
    bucket.blobs().remove("abcd").await.expect("again is no error");
    assert_eq!(bucket.count(), 0);
}
