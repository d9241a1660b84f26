//! The test support cleans up after itself, and runs what is shipped.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use syncspace_testkit::{RedisServer, ServerProcess};

const CLEANUP_WAIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_killed_test_process_leaves_no_server_and_no_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut test = Command::new(std::env::current_exe().expect("this test"))
        .args(["--ignored", "--exact", "holds_a_redis_until_it_is_killed", "--nocapture"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(test.stdout.take().expect("its output")).lines();
    let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("redis://").map(str::to_owned));
    let address = address.expect("an address");
    assert!(TcpStream::connect(&address).is_ok());
    assert_eq!(files_in(&folder).len(), 1);
    test.kill().expect("kills");
    test.wait().expect("is gone");
    let deadline = Instant::now() + CLEANUP_WAIT;
    while TcpStream::connect(&address).is_ok() || !files_in(&folder).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", files_in(&folder));
        tokio::task::yield_now().await;
    }
}

fn files_in(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder.path()).expect("a folder");
    files.map_while(Result::ok).map(|file| file.path()).collect()
}

/// Not a test: the process that the test above kills.
#[test]
#[ignore = "started and killed by a_killed_test_process_leaves_no_server_and_no_files"]
#[expect(clippy::print_stdout, reason = "its reader waits for the address")]
fn holds_a_redis_until_it_is_killed() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let redis = runtime.block_on(RedisServer::start());
    println!("\n{}", redis.url());
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn the_shipped_server_starts_on_a_free_port_and_stops_when_asked() {
    let server = ServerProcess::start(&[]).await;
    let address = server.url().strip_prefix("http://").expect("plain HTTP").to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    assert!(server.folder().join("data").is_dir());
    let status = server.terminate().await;
    assert!(status.success(), "{status}");
    assert!(TcpStream::connect(&address).is_err());
}

#[tokio::test]
async fn a_killed_redis_starts_again_on_its_port() {
    let mut redis = RedisServer::start().await;
    let address = redis.url().replace("redis://", "");
    let redis = tokio::task::spawn_blocking(move || {
        redis.kill();
        assert!(TcpStream::connect(redis.url().replace("redis://", "")).is_err());
        redis.start_again();
        redis
    });
    let redis = redis.await.expect("starts again");
    assert!(TcpStream::connect(&address).is_ok());
    drop(redis);
    assert!(TcpStream::connect(&address).is_err());
}
