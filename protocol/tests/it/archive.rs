//! The archive of a team, line by line, and what imports and exports ask and answer.

use serde_json::{Value, json};
use syncspace_protocol::ImportId;
use syncspace_protocol::archive::{
    ArchiveChannel, ArchiveEnd, ArchiveFile, ArchiveGroup, ArchiveHead, ArchiveLine, ArchiveMember, ArchiveMessage,
    ArchivePin, ArchiveReaction, ArchiveTeam, ArchiveUser, key_of_people,
};
use syncspace_protocol::imports::{
    CheckImport, CheckedChannel, CheckedImport, ExportQuery, FinishedImport, Import, ImportFileQuery, ImportLines,
    ImportedChannel, ImportedLines, MatchBy, RenamedUser, StartImport,
};
use syncspace_protocol::person::{PersonEnd, PersonLine, PersonReaction};

use crate::golden::{full, least, variants, with, words};

const AT: &str = "2026-11-22T17:26:21.500Z";
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn head() -> Value {
    json!({"version": 1, "has_private": true})
}

fn team() -> Value {
    json!({
        "name": "eng",
        "description": "Engineering",
        "is_public": true,
        "settings": {
            "create_public_channels": "member",
            "create_private_channels": "member",
            "invite": "admin",
            "mention_all": "guest",
            "edit_within_s": null,
            "joining": "open",
            "retention_days": null,
        },
    })
}

fn user() -> Value {
    json!({"username": "alice", "email": "alice@example.org", "full_name": "Alice", "role": "member"})
}

fn group() -> Value {
    json!({"name": "oncall", "users": ["alice", "bob"]})
}

fn channel() -> Value {
    json!({
        "key": "general",
        "kind": "public",
        "name": "general",
        "people": ["alice"],
        "description": "Everything",
        "topic": "the release",
        "posting": "everyone",
        "is_default": true,
        "retention_days": 30,
        "created_by": "alice",
        "created_at": AT,
        "archived_at": AT,
    })
}

fn member() -> Value {
    json!({"channel": "general", "user": "alice", "role": "admin"})
}

fn pin() -> Value {
    json!({"user": "bob", "at": AT})
}

fn reaction() -> Value {
    json!({"emoji": "tada", "user": "bob", "at": AT})
}

fn file() -> Value {
    json!({"name": "plan.pdf", "size_bytes": 3, "sha256": SHA256})
}

fn message() -> Value {
    json!({
        "channel": "general",
        "number": 7,
        "sender": "alice",
        "content": "1.0 is out",
        "message_type": "text",
        "code": {"language": "rust"},
        "parent": 3,
        "forwarded_from": "bob",
        "created_at": AT,
        "edited_at": AT,
        "deleted_at": AT,
        "pinned": pin(),
        "reactions": [reaction()],
        "files": [file()],
    })
}

fn typed(name: &str, fields: &Value) -> Value {
    with(fields, json!({"type": name}))
}

#[test]
fn every_kind_of_line_is_written_like_this() {
    full::<ArchiveHead>(&head());
    least::<ArchiveHead>(&json!({"version": 1}), &json!({"version": 1, "has_private": false}));
    full::<ArchiveTeam>(&team());
    full::<ArchiveUser>(&user());
    least::<ArchiveUser>(&json!({"username": "alice"}), &json!({"username": "alice", "role": null}));
    full::<ArchiveGroup>(&group());
    full::<ArchiveChannel>(&channel());
    full::<ArchiveMember>(&member());
    full::<ArchivePin>(&pin());
    full::<ArchiveReaction>(&reaction());
    full::<ArchiveFile>(&file());
    full::<ArchiveMessage>(&message());
    let bare = json!({"channel": "general", "number": 1, "sender": "alice", "content": "hi", "created_at": AT});
    least::<ArchiveMessage>(&bare, &with(&bare, json!({"message_type": "text", "reactions": [], "files": []})));
    full::<ArchiveEnd>(&json!({"messages": 12}));
    let all = [
        typed("version", &head()),
        typed("team", &team()),
        typed("user", &user()),
        typed("group", &group()),
        typed("channel", &channel()),
        typed("member", &member()),
        typed("message", &message()),
        typed("end", &json!({"messages": 12})),
    ];
    variants::<ArchiveLine>("type", &all);
    for line in &all {
        let read: ArchiveLine = serde_json::from_value(line.clone()).expect("a line");
        assert_eq!(read.kind(), line["type"]);
    }
}

#[test]
fn a_channel_of_people_goes_by_their_names() {
    let people = ["bob", "alice", "bob"].map(|name| name.parse().expect("a name"));
    assert_eq!(key_of_people(&people), "@alice@bob");
}

#[test]
fn an_import_goes_by_the_fingerprint_of_its_archive() {
    full::<ImportId>(&json!(4));
    words::<MatchBy>(&["nothing", "email", "username"]);
    full::<StartImport>(&json!({"source": "slack", "fingerprint": SHA256, "match_by": "email"}));
    least::<StartImport>(
        &json!({"source": "slack", "fingerprint": SHA256}),
        &json!({"source": "slack", "fingerprint": SHA256, "match_by": "nothing"}),
    );
    let import = json!({
        "id": 4,
        "team_id": 1,
        "source": "slack",
        "fingerprint": SHA256,
        "match_by": "nothing",
        "started_by": 2,
        "created_at": AT,
        "finished_at": null,
    });
    full::<Import>(&import);
    full::<FinishedImport>(&json!({"import": import, "channels_left": 3}));
    full::<ImportLines>(&json!({"lines": [typed("user", &user())]}));
    let channel =
        json!({"key": "general", "channel_id": 3, "name": "general-2", "last_number": 7, "is_foreign": false});
    full::<ImportedChannel>(&channel);
    full::<RenamedUser>(&json!({"username": "alice", "now": "alice-2"}));
    full::<ImportedLines>(&json!({"renamed": [{"username": "alice", "now": "alice-2"}], "channels": [channel]}));
    full::<ImportFileQuery>(&json!({
        "channel": "general", "number": 7, "place": 0, "name": "plan.pdf", "sender": "alice", "sha256": SHA256,
    }));
    full::<CheckImport>(&json!({
        "team_id": 1, "fingerprint": SHA256, "match_by": "email", "lines": [typed("user", &user())],
    }));
    least::<CheckImport>(
        &json!({"fingerprint": SHA256, "lines": []}),
        &json!({"fingerprint": SHA256, "match_by": "nothing", "lines": []}),
    );
    full::<CheckedChannel>(&json!({"key": "general", "name": "general-2"}));
    least::<CheckedChannel>(&json!({"key": "@alice@bob"}), &json!({"key": "@alice@bob", "name": null}));
    full::<CheckedImport>(&json!({
        "own": import, "other": import, "matched": 2, "renamed": [{"username": "alice", "now": "alice-2"}],
        "channels": [{"key": "general", "name": "general-2"}],
    }));
    full::<ExportQuery>(&json!({"include_private": true}));
    least::<ExportQuery>(&json!({}), &json!({"include_private": false}));
}

#[test]
fn what_is_kept_of_a_person_comes_in_lines_of_its_own_kinds() {
    let reaction = json!({"channel_id": 3, "seq": 42, "emoji": "tada", "reacted_at": AT});
    full::<PersonReaction>(&reaction);
    full::<PersonEnd>(&json!({"messages": 12}));
    full::<PersonLine>(&json!({"type": "reaction", "data": reaction}));
    full::<PersonLine>(&json!({"type": "keywords", "data": {"keywords": ["deploy"]}}));
    full::<PersonLine>(&json!({"type": "end", "data": {"messages": 12}}));
}
