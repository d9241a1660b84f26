//! Bodies of `/channels/{id}/messages`.

use serde_json::{Value, json};
use syncspace_protocol::Mentions;
use syncspace_protocol::messages::{
    AppendMessage, Appended, Code, Continued, EditMessage, ForwardedFrom, Message, MessagePage, MessagePlace,
    MessageQuery, MessageType, MessageVersion, Pin, SendMessage, Thread, ThreadState,
};

use crate::golden::{full, future_word_is_read_as, least, with, without, words};
use crate::{files, reactions};

pub(crate) fn message() -> Value {
    json!({
        "id": 1001,
        "channel_id": 3,
        "seq": 42,
        "rev": 44,
        "sender_id": 7,
        "content": "hi ✓",
        "message_type": "text",
        "file_url": "https://example.org/f.txt",
        "parent_message_id": 1000,
        "parent_seq": 41,
        "reply_count": 0,
        "last_reply_at": "2026-11-22T17:26:22.000Z",
        "is_edited": true,
        "edited_at": "2026-11-22T17:26:23.000Z",
        "deleted_at": "2026-11-22T17:26:24.000Z",
        "created_at": "2026-11-22T17:26:21.000Z",
        "updated_at": "2026-11-22T17:26:24.000Z",
        "client_id": "0192-ab",
        "mentions": mentions(),
        "reactions": [reactions::reaction()],
        "pinned": pin(),
        "code": code(),
        "forwarded_from": {"sender_id": 8, "place": {"channel_id": 4, "seq": 12}},
        "continued_seq": 43,
        "files": [files::file()],
    })
}

pub(crate) fn appended() -> Value {
    json!({"rev": 45, "length": 16_000, "continued": {"seq": 43, "length": 5}})
}

pub(crate) fn code() -> Value {
    json!({"language": "rust", "file_name": "main.rs"})
}

pub(crate) fn pin() -> Value {
    json!({"user_id": 8, "pinned_at": "2026-11-22T17:26:23.500Z"})
}

pub(crate) fn mentions() -> Value {
    json!({"users": [7, 8], "groups": [5], "channel": true, "here": true})
}

pub(crate) fn thread_state() -> Value {
    json!({"root_seq": 41, "root_sender_id": 8, "reply_count": 2, "last_reply_at": "2026-11-22T17:26:21.000Z"})
}

const NULLABLE: [&str; 13] = [
    "file_url",
    "parent_message_id",
    "parent_seq",
    "last_reply_at",
    "edited_at",
    "deleted_at",
    "mentions",
    "reactions",
    "pinned",
    "code",
    "forwarded_from",
    "continued_seq",
    "files",
];

#[test]
fn a_message_says_all_that_is_known_of_it() {
    full::<Message>(&message());
    let bare = without(&message(), &NULLABLE);
    let nulls = json!({"file_url": null, "parent_message_id": null, "parent_seq": null, "mentions": {}, "reactions": [], "pinned": null});
    least::<Message>(&bare, &with(&bare, nulls));
    words::<MessageType>(&["text", "code", "file", "system", "unknown"]);
    future_word_is_read_as::<MessageType>("unknown");
}

#[test]
fn mentions_are_left_out_where_nobody_is_named() {
    full::<Mentions>(&mentions());
    least::<Mentions>(&json!({}), &json!({"users": [], "groups": [], "channel": false, "here": false}));
    assert_eq!(serde_json::to_value(Mentions::default()).expect("JSON"), json!({}));
}

#[test]
fn sending_needs_only_content() {
    full::<SendMessage>(&json!({
        "content": "hi",
        "client_id": "0192-ab",
        "parent_message_id": 1000,
        "message_type": "code",
        "code": code(),
        "forward_of": {"channel_id": 4, "seq": 12},
        "files": [12],
    }));
    least::<SendMessage>(
        &json!({"content": "hi"}),
        &json!({"content": "hi", "client_id": null, "parent_message_id": null, "message_type": "text", "code": null}),
    );
    full::<EditMessage>(&json!({"content": "hello", "expected_rev": 44}));
    least::<EditMessage>(&json!({"content": "hello"}), &json!({"content": "hello", "expected_rev": null}));
}

#[test]
fn what_stands_beside_a_text_is_written_down() {
    full::<AppendMessage>(&json!({"offset": 12, "content": " more"}));
    least::<AppendMessage>(&json!({"offset": 0, "content": "x"}), &json!({"offset": 0, "content": "x"}));
    full::<Appended>(&appended());
    let bare = without(&appended(), &["continued"]);
    least::<Appended>(&bare, &with(&bare, json!({"continued": null})));
    full::<Continued>(&json!({"seq": 43, "length": 5}));
    least::<Continued>(&json!({"seq": 43, "length": 5}), &json!({"seq": 43, "length": 5}));
    full::<Code>(&code());
    least::<Code>(&json!({}), &json!({"language": null, "file_name": null}));
    full::<MessagePlace>(&json!({"channel_id": 4, "seq": 12}));
    least::<MessagePlace>(&json!({"channel_id": 4, "seq": 12}), &json!({"channel_id": 4, "seq": 12}));
    full::<ForwardedFrom>(&json!({"sender_id": 8, "place": {"channel_id": 4, "seq": 12}}));
    least::<ForwardedFrom>(&json!({"sender_id": 8}), &json!({"sender_id": 8, "place": null}));
    full::<Pin>(&pin());
    least::<Pin>(&pin(), &pin());
    let version = json!({
        "rev": 45,
        "content": "helo",
        "written_at": "2026-11-22T17:26:21.000Z",
        "replaced_at": "2026-11-22T17:26:23.000Z",
    });
    full::<MessageVersion>(&version);
    least::<MessageVersion>(&version, &version);
}

#[test]
fn history_comes_in_pages_that_name_their_range() {
    let page = json!({
        "items": [message()],
        "next": "42",
        "from_seq": 42,
        "to_seq": 42,
        "last_seq": 50,
        "rev": 61,
        "my_reactions": [reactions::mine()],
    });
    full::<MessagePage>(&page);
    let bare = without(&page, &["next", "my_reactions"]);
    least::<MessagePage>(&bare, &with(&bare, json!({"next": null, "my_reactions": []})));
    full::<MessageQuery>(&json!({"before": 1, "after": 2, "around": 3, "limit": 4}));
    least::<MessageQuery>(&json!({}), &json!({"before": null}));
}

#[test]
fn a_thread_has_its_root_and_its_replies() {
    let thread = json!({
        "root": message(),
        "items": [message()],
        "next": "42",
        "participants": [7, 8],
        "membership": crate::personal::thread_membership(),
        "rev": 61,
        "my_reactions": [reactions::mine()],
    });
    full::<Thread>(&thread);
    let bare = without(&thread, &["next", "membership", "my_reactions"]);
    least::<Thread>(&bare, &with(&bare, json!({"next": null, "membership": null})));
    full::<ThreadState>(&thread_state());
    let bare = without(&thread_state(), &["last_reply_at", "root_sender_id"]);
    least::<ThreadState>(&bare, &with(&bare, json!({"last_reply_at": null, "root_sender_id": null})));
}
