//! `file …`, and messages that carry files.

use std::fs;
use std::path::Path;

use crate::support::{Person, World, program};

/// Alice with a channel, and a folder in which she works.
struct Desk {
    alice: Person,
    folder: tempfile::TempDir,
    _world: World,
}

impl Desk {
    fn new() -> Self {
        let world = World::start();
        let alice = world.person("alice");
        alice.run(&["team", "create", "eng"]).ok();
        alice.run(&["channel", "create", "eng/lounge"]).ok();
        Self { alice, folder: tempfile::tempdir().expect("a folder"), _world: world }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.folder.path().join(name), bytes).expect("writes");
        self.path(name)
    }

    /// Runs a command in the folder and gives its exit code and what it wrote.
    fn run_here(&self, arguments: &[&str]) -> (Option<i32>, Vec<u8>) {
        let mut command = assert_cmd::Command::new(program());
        let command = command.env_clear().envs(self.alice.environment()).current_dir(self.folder.path());
        let output = command.args(arguments).output().expect("the command runs");
        (output.status.code(), output.stdout)
    }
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).expect("reads")
}

#[test]
fn a_message_carries_files_that_come_back_as_they_were() {
    let desk = Desk::new();
    let alice = &desk.alice;
    let plan: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let (plan_path, notes) = (desk.write("plan.bin", &plan), desk.write("notes ✓.txt", b"the notes"));
    let sent = alice.json(&["message", "send", "eng/lounge", "the plan", "--file", &plan_path, "--file", &notes]);
    assert_eq!((sent["message_type"].as_str(), sent["files"].as_array().map(Vec::len)), (Some("file"), Some(2)));
    assert_eq!(sent["files"][1]["name"], "notes ✓.txt");
    let (first, second) = (sent["files"][0]["id"].to_string(), sent["files"][1]["id"].to_string());
    let shown = alice.run(&["message", "list", "eng/lounge"]).ok().out;
    assert!(shown.contains(&format!("alice: the plan\n       [file {first}: plan.bin, 292.9 KiB]\n")), "{shown}");
    // A text is not needed, and standard input is not read for one.
    let bare = alice.input(&["message", "send", "eng/lounge", "--file", &notes], "not this").ok();
    assert!(!bare.out.contains("not this"), "{bare:?}");

    alice.run(&["file", "download", &first, "--to", &desk.path("again.bin")]).ok().says("again.bin");
    assert_eq!(read(desk.path("again.bin")), plan);
    let (code, out) = desk.run_here(&["file", "download", &second]);
    assert_eq!((code, out.as_slice()), (Some(2), b"".as_slice()), "its name is taken");
    let (code, out) = desk.run_here(&["file", "download", &second, "--to", "-"]);
    assert_eq!((code, out.as_slice()), (Some(0), b"the notes".as_slice()));
    desk.write("notes ✓.txt", b"mine");
    alice.run(&["file", "download", &second, "--to", &notes]).ends_with(2).says("--force");
    assert_eq!(read(&notes), b"mine");
    alice.run(&["file", "download", &second, "--to", &notes, "--force"]).ok();
    assert_eq!(read(&notes), b"the notes");
    let left = fs::read_dir(desk.folder.path()).expect("a folder").count();
    assert_eq!(left, 3, "nothing unfinished is left");

    let list = alice.json(&["file", "list", "eng/lounge"]);
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    assert_eq!(alice.json(&["file", "list", "--team", "eng", "-n", "1"]).as_array().map(Vec::len), Some(1));
    alice.run(&["message", "delete", "eng/lounge", "1", "--yes"]).ok();
    alice.run(&["file", "download", &first, "--to", &desk.path("gone.bin")]).ends_with(6).says("file");
    assert!(!Path::new(&desk.path("gone.bin")).exists());
}

#[test]
fn what_broke_off_goes_on_where_it_stood() {
    let desk = Desk::new();
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let path = desk.write("all.bin", &bytes);
    let id = desk.alice.json(&["file", "upload", "eng/lounge", &path])["id"].to_string();
    let to = desk.path("again.bin");
    fs::write(format!("{to}.{id}.part"), &bytes[..150_000]).expect("writes");
    desk.alice.run(&["file", "download", &id, "--to", &to]).ok().says("going on at byte 150000 of 200000");
    assert_eq!(read(&to), bytes);
    // A beginning that is another one is not kept.
    let other = desk.path("other.bin");
    fs::write(format!("{other}.{id}.part"), [0; 150_000]).expect("writes");
    let spoiled = desk.alice.run(&["file", "download", &id, "--to", &other]).ends_with(1);
    let spoiled = spoiled.says("what is here is not the file, and is thrown away; download it again");
    assert!(!spoiled.talk.contains("goes on from here"), "{spoiled:?}");
    desk.alice.run(&["file", "download", &id, "--to", &other]).ok();
    assert_eq!(read(&other), bytes);
}

#[test]
fn files_go_before_they_are_sent_and_by_their_id() {
    let desk = Desk::new();
    let alice = &desk.alice;
    alice
        .input(&["file", "upload", "eng/lounge", "-", "--name", "dump.sql"], "select 1")
        .ok()
        .says("dump.sql uploaded");
    let path = desk.write(".profile", b"x");
    let (waiting, gone) = (
        alice.json(&["file", "upload", "eng/lounge", &path])["id"].to_string(),
        alice.json(&["file", "upload", "eng/lounge", &path, "--name", "../b"])["id"].to_string(),
    );
    alice.run(&["file", "delete", &gone]).ends_with(2).says("--yes");
    alice.run(&["file", "delete", &gone, "--yes"]).ok();
    alice.run(&["file", "delete", &gone, "--yes"]).ends_with(6);
    let sent = alice.json(&["message", "send", "eng/lounge", "--file-id", &waiting]);
    assert_eq!(sent["files"][0]["name"], ".profile");
    alice.run(&["file", "delete", &waiting, "--yes"]).ends_with(7).says("message 1");
    // A hidden name stays with its server.
    let (code, _) = desk.run_here(&["file", "download", &waiting]);
    assert_eq!(code, Some(0));
    assert_eq!(read(desk.path("_profile")), b"x");
    let link = alice.run(&["file", "link", &waiting]).ok().out;
    assert!(link.starts_with("http://127.0.0.1:") && link.contains("/api/v1/files/signed/"), "{link}");
    alice
        .run(&["file", "upload", "eng/lounge", desk.folder.path().to_str().expect("UTF-8")])
        .ends_with(2)
        .says("folder");
    alice.run(&["file", "upload", "eng/lounge", &desk.path("none")]).ends_with(1).says("none");
    let plan = alice.json(&["message", "send", "eng/lounge", "--file", &path, "--dry-run"]);
    assert_eq!(plan["would"], "send 0 bytes and 1 file to eng/lounge");
}

#[test]
fn people_and_teams_are_shown_by_pictures() {
    let desk = Desk::new();
    let dot = desk.write("dot.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01");
    let me = desk.alice.json(&["user", "avatar", &dot]);
    assert!(me["avatar_url"].as_str().is_some_and(|url| url.starts_with("/api/v1/assets/")), "{me}");
    desk.alice.run(&["team", "avatar", "eng", &dot]).ok().says("team eng is shown by");
    let page = desk.write("page.png", b"<svg onload=alert(1)>");
    desk.alice.run(&["user", "avatar", &page]).ends_with(1).says("PNG, JPEG, GIF or WebP");
    let large = desk.write("large.png", &vec![0; 1024 * 1024 + 1]);
    desk.alice.run(&["user", "avatar", &large]).ends_with(2).says("1048576 bytes");
}
