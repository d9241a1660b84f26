//! Which rooms of the server may know which: read from the imports, so that a shortcut is seen when it is taken.

use std::fs;
use std::path::{Path, PathBuf};

/// What a room must not name, as text in its files outside comments.
const ABSENCES: &[(&str, &[&str])] = &[
    (
        "store",
        &[
            "crate::log",
            "crate::service",
            "crate::realtime",
            "crate::http",
            "crate::ws",
            "crate::jobs",
            "crate::followers",
            "crate::permissions",
            "warp::",
        ],
    ),
    ("log", &["crate::service", "crate::realtime", "crate::http", "crate::ws", "warp::", "rusqlite", "mysql_async"]),
    (
        "service",
        &[
            "crate::http",
            "crate::ws",
            "crate::jobs",
            "crate::followers",
            "warp::",
            "hyper::",
            "http::",
            "rusqlite",
            "mysql_async",
            "redis::Client",
        ],
    ),
    ("realtime", &["crate::service", "crate::http", "crate::ws", "crate::store", "warp::"]),
    ("permissions.rs", &["crate::"]),
    ("http", &["crate::store", "crate::log", "crate::realtime", "rusqlite", "mysql_async"]),
    ("jobs", &["crate::store", "crate::log", "crate::realtime", "crate::http", "crate::ws", "rusqlite", "mysql_async"]),
    (
        "followers",
        &[
            "crate::store",
            "crate::log",
            "crate::realtime",
            "crate::http",
            "crate::ws",
            "crate::jobs",
            "rusqlite",
            "mysql_async",
        ],
    ),
    ("ws", &["crate::store", "crate::log", "rusqlite", "mysql_async"]),
    ("net.rs", &["crate::", "warp::"]),
    ("mail.rs", &["crate::"]),
];

/// Words that stand in few places only.
const NAMED_ONLY_IN: &[(&str, &[&str])] = &[
    ("warp::", &["http", "ws"]),
    ("rusqlite", &["store"]),
    // The log filter names it as a target.
    ("mysql_async", &["store", "telemetry.rs"]),
    ("redis::", &["realtime"]),
    ("bcrypt::", &["service"]),
    ("lettre::", &["mail.rs"]),
    ("jsonwebtoken", &["service"]),
];

fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).expect("a room").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.flat_map(|path| files(&path)).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files
}

/// Gives the lines of code of a file that name a word.
fn naming(file: &Path, word: &str) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file");
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    // A longer path may end like the word: `store::http::` is not `http::`.
    let names = |line: &&str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
    };
    code.filter(names).map(|line| format!("{}: {}", file.display(), line.trim())).collect()
}

#[test]
fn rooms_know_only_what_is_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for (room, absent) in ABSENCES {
        for file in files(&source.join(room)) {
            found.extend(absent.iter().flat_map(|word| naming(&file, word)));
        }
    }
    assert!(found.is_empty(), "named upwards or past a room:\n{}", found.join("\n"));
}

#[test]
fn each_library_is_named_in_its_own_room() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for (word, rooms) in NAMED_ONLY_IN {
        for file in files(&source) {
            let is_home = rooms.iter().any(|room| file.starts_with(source.join(room)));
            if !is_home {
                found.extend(naming(&file, word));
            }
        }
    }
    assert!(found.is_empty(), "named outside its room:\n{}", found.join("\n"));
}
