//! Files over TCP: headers, ranges, early refusals, and connections that break.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, IF_NONE_MATCH, IF_RANGE, RANGE};
use serde_json::{Value, json};
use syncspace_protocol::server::StatisticsDay;
use syncspace_server::store::{DatabaseUrl, Store, statistics};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::rig::{Reply, Rig, access};
use crate::place::body;

/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(20);

/// A server, Root with a channel, and the path for uploads into it.
struct Room {
    rig: Rig,
    token: String,
    channel: String,
}

impl Room {
    async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    async fn open_with(change: impl FnOnce(&mut syncspace_server::config::Config)) -> Self {
        let rig = Rig::start_with(change).await;
        let token = access(&rig.register_admin().await).to_owned();
        let post = |path: String, body: Value| rig.send(rig.post(&path).bearer_auth(&token).json(&body));
        let team = post("/api/v1/teams".to_owned(), json!({"name": "eng"})).await.body["id"].to_string();
        let new = json!({"kind": "public", "name": "general"});
        let channel = post(format!("/api/v1/teams/{team}/channels"), new).await.body["id"].to_string();
        Self { rig, token, channel }
    }

    fn uploads(&self) -> String {
        format!("/api/v1/channels/{}/files", self.channel)
    }

    async fn upload(&self, name: &str, bytes: Vec<u8>) -> Reply {
        let request = self.rig.post(&self.uploads()).bearer_auth(&self.token).query(&[("name", name)]);
        self.rig.send(request.body(bytes)).await
    }

    /// Uploads a file and gives its path.
    async fn file(&self, name: &str, bytes: &[u8]) -> String {
        let reply = self.upload(name, bytes.to_vec()).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        format!("/api/v1/files/{}", reply.body["id"])
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.rig.get(path).bearer_auth(&self.token)
    }

    /// Counts the files of the storage, finished or not.
    fn blobs(&self) -> usize {
        let Ok(folders) = std::fs::read_dir(self.rig.data_dir().join("files")) else { return 0 };
        folders.map(|folder| std::fs::read_dir(folder.expect("an entry").path()).expect("a folder").count()).sum()
    }

    async fn wait_for_no_blobs(&self) {
        let gone = async {
            while self.blobs() > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(WAIT, gone).await.expect("what broke off is removed");
    }
}

fn header(response: &reqwest::Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_file_comes_as_an_attachment_that_runs_nowhere() {
    let room = Room::open().await;
    let page = b"<!doctype html><script>alert(1)</script>";
    let path = room.file("x\";\u{202e}ü.html", page).await;
    let response = room.get(&path).send().await.expect("a reply");
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "40"),
        ("content-disposition", "attachment; filename=\"x_;_.html\"; filename*=UTF-8''x%22%3B%C3%BC.html"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "no-store, private"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
    assert_eq!(response.bytes().await.expect("a body").as_ref(), page);
    let head = room.rig.request(Method::HEAD, &path).bearer_auth(&room.token).send().await.expect("a reply");
    assert_eq!((head.status().as_u16(), header(&head, "content-length").as_str()), (200, "40"));
    assert!(head.bytes().await.expect("no body").is_empty());
    room.rig.send(room.rig.get(&path)).await.expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn ranges_give_what_they_name() {
    let room = Room::open().await;
    let all: Vec<u8> = (0..600_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let path = room.file("all.bin", &all).await;
    let tag = header(&room.get(&path).send().await.expect("a reply"), "etag");
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=262143-262144", 262_143, 262_144),
        ("bytes=599999-", 599_999, 599_999),
        ("bytes=-5", 599_995, 599_999),
    ] {
        let response = room.get(&path).header(RANGE, range).header(IF_RANGE, &tag).send().await.expect("a reply");
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "content-range"), format!("bytes {first}-{last}/600000"));
        assert_eq!(response.bytes().await.expect("a body").as_ref(), &all[first..=last], "{range}");
    }
    for (name, value) in [(RANGE, "bytes=0-1,5-6"), (RANGE, "bytes=9-1"), (IF_RANGE, "\"x\"")] {
        let request = room.get(&path).header(name.clone(), value);
        let request = if name == IF_RANGE { request.header(RANGE, "bytes=5-") } else { request };
        let response = request.send().await.expect("a reply");
        assert_eq!(response.status(), 200, "{name} {value}");
        assert_eq!(response.bytes().await.expect("a body").len(), all.len());
    }
    let beyond = room.rig.send(room.get(&path).header(RANGE, "bytes=600000-")).await;
    beyond.expect_error(416, "range_not_satisfiable");
    let held = room.get(&path).header(IF_NONE_MATCH, &tag).send().await.expect("a reply");
    assert_eq!(held.status(), 304);
    assert!(held.bytes().await.expect("no body").is_empty());
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_before_it_is_sent() {
    let room = Room::open_with(|config| config.settings.file_bytes_max = 1_000_000).await;
    let mut stream = TcpStream::connect(room.rig.address).await.expect("connects");
    let head = format!(
        "POST {}?name=x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 1000001\r\nexpect: 100-continue\r\n\r\n",
        room.uploads(),
        room.token
    );
    stream.write_all(head.as_bytes()).await.expect("writes");
    let mut answer = vec![0; 4_096];
    let read = timeout(WAIT, stream.read(&mut answer)).await.expect("in time").expect("reads");
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("too_large") && answer.contains("1000000 bytes"), "{answer}");
    // Whoever sends it all the same reads the answer, too.
    for _ in 0..5 {
        room.upload("x", vec![7; 3_000_000]).await.expect_error(413, "too_large");
    }
    assert_eq!(room.upload("x", vec![7; 1_000_000]).await.status, 201);
    let none = Room::open_with(|config| config.settings.file_bytes_max = 0).await;
    none.upload("x", vec![7]).await.expect_error(403, "forbidden");
}

#[tokio::test]
async fn nothing_is_left_of_uploads_whose_connections_break() {
    let room = Room::open().await;
    for length in ["content-length: 500000", "transfer-encoding: chunked"] {
        let mut stream = TcpStream::connect(room.rig.address).await.expect("connects");
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{length}\r\n\r\n",
            room.uploads(),
            room.token
        );
        stream.write_all(head.as_bytes()).await.expect("writes");
        let chunk = [b"493E0\r\n".as_slice(), &[7; 300_000]].concat();
        stream.write_all(&chunk).await.expect("writes");
        let begun = async {
            while room.blobs() == 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(WAIT, begun).await.expect("the upload begins");
        drop(stream);
        room.wait_for_no_blobs().await;
    }
    let list = room.rig.send(room.get(&room.uploads())).await;
    assert_eq!(list.body["items"], json!([]));
    assert_eq!(room.upload("x", vec![7; 9]).await.status, 201, "the turns of those that broke are free");
}

#[tokio::test]
async fn storage_that_fails_is_said_and_leaves_nothing() {
    let room = Room::open().await;
    let files = room.rig.data_dir().join("files");
    std::fs::write(&files, "in the way").expect("writes");
    let reply = room.upload("x", vec![7; 600_000]).await;
    let error = reply.expect_error(503, "unavailable");
    assert!(error["message"].as_str().is_some_and(|message| message.contains("storage")), "{error}");
    std::fs::remove_file(&files).expect("removes");
    let path = room.file("x", b"it works again").await;
    std::fs::remove_dir_all(&files).expect("removes");
    let reply = room.rig.send(room.get(&path)).await;
    reply.expect_error(503, "unavailable");
}

#[tokio::test]
async fn a_reader_who_leaves_frees_its_turn() {
    let room = Room::open().await;
    let path = room.file("x", &vec![7; 8_000_000]).await;
    for _ in 0..30 {
        let response = room.get(&path).send().await.expect("a reply");
        assert_eq!(response.status(), 200);
        drop(response);
    }
    // Eight at a time of one person: a ninth waits.
    let mut open = Vec::new();
    let full = async {
        loop {
            let response = room.get(&path).send().await.expect("a reply");
            match response.status().as_u16() {
                200 => open.push(response),
                429 => return header(&response, "retry-after"),
                odd => unreachable!("{odd}"),
            }
            assert!(open.len() <= 8, "more than eight at a time");
        }
    };
    assert_eq!(timeout(WAIT, full).await.expect("in time"), "1");
    open.clear();
    let again = async {
        while room.get(&path).send().await.expect("a reply").status() != 200 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(WAIT, again).await.expect("they are free again");
}

#[tokio::test]
async fn files_are_counted_as_they_come_go_and_are_refused() {
    let room = Room::open_with(|config| config.settings.file_bytes_max = 1_000).await;
    let path = room.file("x", &[7; 900]).await;
    assert_eq!(room.get(&path).send().await.expect("a reply").bytes().await.expect("a body").len(), 900);
    room.upload("x", vec![7; 1_001]).await.expect_error(413, "too_large");
    let request = room.rig.post(&room.uploads()).bearer_auth(&room.token).query(&[("sha256", "0".repeat(64))]);
    room.rig.send(request.body(vec![7; 9])).await.expect_field("sha256");
    let figures = room.rig.get("/metrics").send().await.expect("a reply").text().await.expect("a body");
    for line in [
        "files_uploaded_total 1",
        "files_uploaded_bytes_total 900",
        "files_downloads_total 1",
        "files_downloaded_bytes_total 900",
        "files_refused_total{reason=\"too_large\"} 1",
        "files_refused_total{reason=\"checksum\"} 1",
        "files_refused_total{reason=\"storage\"} 0",
    ] {
        assert!(figures.contains(&format!("\nsyncspace_{line}\n")), "{line}: {figures}");
    }
}

#[tokio::test]
async fn what_all_files_take_is_told_as_it_was_counted_last() {
    let room = Room::open().await;
    let store = Store::open(&DatabaseUrl::Sqlite(room.rig.data_dir().join("syncspace.db"))).await.expect("opens");
    // Of days that no job writes meanwhile.
    for (day, file_bytes) in [("2998-12-31", 5), ("2999-01-02", 123_456), ("2999-01-01", 7)] {
        let counts: StatisticsDay = body(json!({
            "day": day, "file_bytes": file_bytes, "files": 1, "people_day": 0, "people_week": 0, "users": 0, "teams": 0,
            "channels": 0, "messages": 0,
        }));
        statistics::put(&mut &store, &counts).await.expect("keeps");
    }
    let figures = room.rig.get("/metrics").send().await.expect("a reply").text().await.expect("a body");
    assert!(
        figures.contains("# TYPE syncspace_files_kept_bytes gauge\nsyncspace_files_kept_bytes 123456\n"),
        "{figures}"
    );
}

#[tokio::test]
async fn a_picture_is_kept_by_caches_for_ever() {
    let room = Room::open().await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01".to_vec();
    let request = room.rig.request(Method::PUT, "/api/v1/users/me/avatar").bearer_auth(&room.token);
    let user = room.rig.send(request.header(CONTENT_LENGTH, png.len()).body(png.clone())).await;
    let url = user.body["avatar_url"].as_str().expect("an address").to_owned();
    let response = room.rig.get(&url).send().await.expect("a reply");
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("content-disposition", ""),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
    assert_eq!(response.bytes().await.expect("a body").as_ref(), png);
    let missing = room.rig.send(room.rig.get(&format!("/api/v1/assets/{}", "0".repeat(64)))).await;
    missing.expect_error(404, "not_found");
    assert_eq!(missing.header("cache-control"), "no-store, private");
}

#[tokio::test]
async fn a_link_needs_no_token() {
    let room = Room::open().await;
    let path = room.file("plan.txt", b"the plan").await;
    let link = room.rig.send(room.rig.post(&format!("{path}/link")).bearer_auth(&room.token)).await;
    assert_eq!(link.status, 201, "{}", link.body);
    let response = room.rig.get(link.body["path"].as_str().expect("a path")).send().await.expect("a reply");
    assert_eq!((response.status().as_u16(), header(&response, "cache-control").as_str()), (200, "no-store, private"));
    assert_eq!(response.bytes().await.expect("a body").as_ref(), b"the plan");
}
