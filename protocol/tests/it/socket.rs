//! Frames of the socket, both ways.

use serde_json::{Value, json};
use syncspace_protocol::socket::{
    Ack, CloseReason, Event, EventBody, Hello, HelloTeam, Limits, Op, Outcome, Reply, Request, SentAck, ServerFrame,
};
use syncspace_protocol::{PROTOCOL_VERSION, Rev};

use crate::golden::{full, future_word_is_read_as, least, parse, refused, variants, with, without, words};
use crate::{
    accounts, administration, channels, groups, join_requests, messages, personal, reactions, reminders, scheduled,
    sync, teams,
};

/// Every operation, all fields given.
fn ops() -> Vec<Value> {
    vec![
        json!({"op": "auth", "token": "aaa"}),
        json!({"op": "ping"}),
        json!({"op": "resume", "streams": {"c3": 41, "t1": 7, "m19": 9}, "epoch": "b3f1c2", "more": true}),
        json!({
            "op": "send", "channel_id": 3, "content": "hi", "client_id": "0192-ab", "parent_message_id": 1000,
            "message_type": "code", "code": messages::code(), "forward_of": {"channel_id": 4, "seq": 12}, "files": [12],
        }),
        json!({"op": "edit", "channel_id": 3, "seq": 42, "content": "hello", "expected_rev": 44}),
        json!({"op": "append", "channel_id": 3, "seq": 42, "offset": 12, "content": " more"}),
        json!({"op": "delete", "channel_id": 3, "seq": 42}),
        json!({"op": "react", "channel_id": 3, "seq": 42, "emoji": "tada"}),
        json!({"op": "unreact", "channel_id": 3, "seq": 42, "emoji": "tada"}),
        json!({"op": "typing", "channel_id": 3, "parent_seq": 41}),
        json!({"op": "read", "channel_id": 3, "seq": 42, "mode": "set", "known_rev": 9}),
        json!({"op": "watch", "users": [7, 8]}),
    ]
}

/// Every event with its stream and rev where it has them, all fields given.
fn events() -> Vec<Value> {
    vec![
        with(&hello(), json!({"ev": "hello"})),
        json!({
            "ev": "changes", "items": sync::changes(), "after": 40, "head_rev": 44, "read": channels::marker(),
            "my_reactions": [reactions::mine()],
        }),
        json!({"ev": "stream.reload"}),
        json!({"ev": "stream.gone"}),
        json!({"ev": "void"}),
        json!({"ev": "message.created", "message": messages::message(), "thread": messages::thread_state()}),
        json!({
            "ev": "message.updated",
            "seq": 42,
            "sender_id": 7,
            "parent_seq": 41,
            "content": "hello",
            "edited_at": "2026-11-22T17:26:23.000Z",
            "mentions": messages::mentions(),
            "former_mentions": messages::mentions(),
        }),
        json!({
            "ev": "message.deleted",
            "seq": 42,
            "sender_id": 7,
            "message_type": "text",
            "deleted_by": 8,
            "deleted_at": "2026-11-22T17:26:24.000Z",
            "former_mentions": messages::mentions(),
            "thread": messages::thread_state(),
        }),
        json!({
            "ev": "message.appended",
            "seq": 42,
            "sender_id": 7,
            "parent_seq": 41,
            "offset": 12,
            "appended": " more",
            "updated_at": "2026-11-22T17:26:24.000Z",
            "mentions": messages::mentions(),
            "former_mentions": messages::mentions(),
            "continued_seq": 43,
        }),
        json!({"ev": "message.pinned", "seq": 42, "pin": messages::pin()}),
        json!({"ev": "message.unpinned", "seq": 42, "user_id": 8, "updated_at": "2026-11-22T17:26:24.000Z"}),
        reaction_event("reaction.added"),
        reaction_event("reaction.removed"),
        json!({"ev": "channel.floor_raised", "floor_seq": 41}),
        json!({"ev": "server.banner", "banner": administration::banner()}),
        json!({"ev": "typing", "user_id": 7, "parent_seq": 41}),
        json!({"ev": "team.updated", "team": teams::team()}),
        json!({"ev": "team.deleted", "team_id": 1}),
        json!({"ev": "team.member_updated", "member": teams::member()}),
        json!({"ev": "team.member_removed", "user_id": 7}),
        json!({"ev": "group.updated", "group": groups::group()}),
        json!({"ev": "group.deleted", "group_id": 5}),
        json!({"ev": "channel.updated", "channel": channels::channel()}),
        json!({"ev": "channel.deleted", "channel_id": 3}),
        json!({"ev": "channel.hidden", "channel_id": 3}),
        json!({"ev": "channel.member_updated", "member": channels::member()}),
        json!({"ev": "channel.member_removed", "channel_id": 3, "user_id": 7}),
        json!({"ev": "me.channel_joined", "channel": channels::channel(), "membership": channels::membership()}),
        json!({"ev": "me.channel_left", "channel_id": 3}),
        json!({"ev": "me.read", "channel_id": 3, "read": channels::marker()}),
        json!({
            "ev": "me.keyword_mentions", "channel_id": 3, "added": [42], "removed": [40], "read": channels::marker(),
        }),
        json!({"ev": "me.channel_preferences", "channel_id": 3, "preferences": personal::preferences()}),
        json!({"ev": "me.channel_order", "order": personal::channel_order()}),
        json!({"ev": "me.user_mute", "mute": personal::user_mute()}),
        json!({"ev": "me.thread", "thread": personal::thread_membership()}),
        json!({"ev": "me.saved", "saved": personal::saved_mark()}),
        json!({"ev": "me.draft", "draft": personal::draft()}),
        json!({"ev": "me.scheduled", "scheduled": scheduled::scheduled()}),
        json!({"ev": "team.join_request", "request": join_requests::join_request()}),
        json!({"ev": "me.join_requests", "team_ids": [1, 4]}),
        json!({"ev": "me.reminder", "reminder": reminders::reminder()}),
        json!({"ev": "me.team_joined", "team": hello_team()}),
        json!({"ev": "me.team_left", "team_id": 1}),
        json!({"ev": "me.account", "user": accounts::user(), "preferences": accounts::preferences()}),
        json!({"ev": "presence.changed", "users": [{"user_id": 7, "status": "offline"}]}),
        json!({"ev": "closing", "reason": "draining", "reconnect_after_ms": 1200}),
    ]
}

fn reaction_event(ev: &str) -> Value {
    json!({
        "ev": ev, "seq": 42, "user_id": 7, "reaction": reactions::reaction(), "updated_at": "2026-11-22T17:26:24.000Z",
    })
}

/// What may be left out of an event.
const OPTIONAL: [&str; 7] =
    ["thread", "parent_seq", "reconnect_after_ms", "mentions", "former_mentions", "my_reactions", "continued_seq"];

type IsExpected = fn(&Ack) -> bool;

/// Every way in which a request can be done.
fn acks() -> Vec<(Value, IsExpected)> {
    vec![
        (sent(), |ack| matches!(ack, Ack::Sent(_))),
        (channels::marker(), |ack| matches!(ack, Ack::Marker(_))),
        (json!({"streams": {"c3": "ok", "m19": "gone", "t1": "reload"}}), |ack| matches!(ack, Ack::Resume { .. })),
        (json!({"streams": {}}), |ack| matches!(ack, Ack::Resume { .. })),
        (json!({"users": [{"user_id": 7, "status": "online"}]}), |ack| matches!(ack, Ack::Presence { .. })),
        (json!({"users": []}), |ack| matches!(ack, Ack::Presence { .. })),
        (messages::appended(), |ack| matches!(ack, Ack::Appended(_))),
        (json!({"rev": 45, "length": 17}), |ack| matches!(ack, Ack::Appended(_))),
        (json!({"rev": 45}), |ack| matches!(ack, Ack::Changed { .. })),
        (json!({}), |ack| matches!(ack, Ack::Done {})),
    ]
}

fn sent() -> Value {
    json!({
        "message_id": 1001, "seq": 42, "rev": 44, "created_at": "2026-11-22T17:26:21.000Z", "is_repeat": false,
    })
}

fn hello_team() -> Value {
    with(&teams::my_team(), json!({"team_rev": 7, "member_rev": 9}))
}

fn limits() -> Value {
    json!({"message_bytes_max": 16_000, "frame_bytes_max": 65_536, "watched_users_max": 200})
}

fn hello() -> Value {
    json!({
        "protocol": PROTOCOL_VERSION,
        "epoch": "b3f1c2",
        "session_id": 3,
        "connection_id": "k1",
        "server_time": "2026-11-22T17:26:21.500Z",
        "heartbeat_ms": 25_000,
        "limits": limits(),
        "user": accounts::user(),
        "preferences": accounts::preferences(),
        "banner": administration::banner(),
        "teams": [hello_team()],
        "join_requests": [4],
    })
}

#[test]
fn every_operation_is_written_down() {
    variants::<Op>("op", &ops());
    for op in ops() {
        let request = with(&op, json!({"id": 7}));
        full::<Request>(&request);
        let written = serde_json::to_value(parse::<Request>(&request)).expect("JSON");
        assert_eq!(written, request);
    }
}

#[test]
fn operations_have_the_names_that_are_listed() {
    let written: Vec<String> = ops().iter().map(|op| op["op"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(written, Op::NAMES);
}

#[test]
fn operations_need_what_they_act_on() {
    for (needed, meant) in [
        (json!({"op": "auth", "token": "aaa"}), json!({})),
        (json!({"op": "ping"}), json!({})),
        (json!({"op": "resume", "streams": {}, "epoch": "e"}), json!({"more": false})),
        (json!({"op": "send", "channel_id": 3, "content": "hi"}), json!({"client_id": null})),
        (json!({"op": "edit", "channel_id": 3, "seq": 42, "content": "x"}), json!({})),
        (json!({"op": "append", "channel_id": 3, "seq": 42, "offset": 0, "content": "x"}), json!({})),
        (json!({"op": "delete", "channel_id": 3, "seq": 42}), json!({})),
        (json!({"op": "react", "channel_id": 3, "seq": 42, "emoji": "tada"}), json!({})),
        (json!({"op": "unreact", "channel_id": 3, "seq": 42, "emoji": "tada"}), json!({})),
        (json!({"op": "typing", "channel_id": 3}), json!({"parent_seq": null})),
        (json!({"op": "read", "channel_id": 3, "seq": 42}), json!({"mode": "advance"})),
        (json!({"op": "watch", "users": []}), json!({})),
    ] {
        least::<Op>(&needed, &with(&needed, meant.clone()));
        let request = with(&needed, json!({"id": 0}));
        least::<Request>(&request, &with(&request, meant));
    }
}

#[test]
fn a_wrong_operation_is_refused_with_what_was_wrong() {
    refused::<Request>(&json!({"id": 1, "op": "dance"}), "unknown variant `dance`");
    refused::<Request>(&json!({"id": 1, "op": "typing", "channel_id": 0}), "a channel id must be a whole number");
    refused::<Request>(&json!({"id": -1, "op": "ping"}), "u64");
    refused::<Request>(&json!({"id": 1, "op": "resume", "epoch": "e", "streams": {"x": 1}}), "a stream is written");
}

#[test]
fn every_event_is_written_down() {
    variants::<EventBody>("ev", &events());
    for body in events() {
        let event = with(&body, json!({"stream": "c3", "rev": 44}));
        full::<Event>(&event);
        full::<ServerFrame>(&event);
        assert!(matches!(parse::<ServerFrame>(&event), ServerFrame::Event(_)));
    }
}

#[test]
fn an_event_needs_no_stream_and_no_rev() {
    for body in events() {
        let event: Event = parse(&body);
        assert_eq!((event.stream, event.rev), (None, None));
        let mut needed = without(&body, &OPTIONAL);
        if body["ev"] == "changes" {
            needed = without(&needed, &["read"]);
        }
        if body["ev"] == "hello" {
            needed = without(&needed, &["join_requests", "banner"]);
        }
        // What is a part of other events, is all there is to this one.
        if body["ev"] == "me.thread" {
            needed = body.clone();
        }
        least::<Event>(&needed, &with(&needed, json!({"stream": null, "rev": null})));
        least::<EventBody>(&needed, &needed);
        least::<ServerFrame>(&needed, &needed);
    }
}

#[test]
fn an_event_of_the_future_keeps_its_stream_and_rev() {
    let future = json!({
        "ev": "poll.opened", "stream": "c3", "rev": 45, "seq": 42, "ok": {}, "error": {}, "emoji": ["tada"],
    });
    let ServerFrame::Event(event) = parse(&future) else { panic!("not an event") };
    assert_eq!(event.body, EventBody::Unknown);
    assert_eq!(event.stream, Some("c3".parse().expect("a stream")));
    assert_eq!(event.rev.map(Rev::get), Some(45));
}

#[test]
fn a_known_event_with_a_fault_is_not_taken_for_another_one() {
    refused::<ServerFrame>(&json!({"ev": "typing", "user_id": "7"}), "invalid type");
    refused::<ServerFrame>(&json!({"stream": "c3", "rev": 4}), "missing field `ev`");
    refused::<ServerFrame>(&json!([]), "invalid type");
}

#[test]
fn every_ack_is_read_as_what_it_is() {
    for (json, is_expected) in acks() {
        full::<Ack>(&json);
        assert!(is_expected(&parse::<Ack>(&json)), "{json} is read as {:?}", parse::<Ack>(&json));
        let reply = json!({"re": 7, "ok": json});
        full::<ServerFrame>(&reply);
        let ServerFrame::Reply(Reply { re: Some(7), outcome: Outcome::Ok(ack) }) = parse(&reply) else {
            panic!("{reply} is not read as a reply")
        };
        assert!(is_expected(&ack), "{json} is read as {ack:?}");
    }
    full::<SentAck>(&sent());
    least::<SentAck>(&sent(), &sent());
}

#[test]
fn a_reply_is_ok_or_an_error() {
    let error = json!({"code": "not_found", "message": "no such channel"});
    for reply in [json!({"re": 7, "ok": sent()}), json!({"re": 7, "error": error}), json!({"re": null, "error": error})]
    {
        assert_eq!(serde_json::to_value(parse::<Reply>(&reply)).expect("JSON"), reply);
        full::<ServerFrame>(&reply);
    }
    assert!(matches!(parse::<Outcome>(&json!({"error": error})), Outcome::Error(_)));
    refused::<Reply>(&json!({"ok": {}}), "missing field `re`");
    refused::<ServerFrame>(&json!({"re": 7}), "Outcome");
    refused::<ServerFrame>(&json!({"re": 7, "error": {"code": "not_found"}}), "missing field `message`");
}

#[test]
fn hello_says_what_a_client_needs_to_begin() {
    full::<Hello>(&hello());
    let bare = without(&hello(), &["join_requests", "banner"]);
    least::<Hello>(&bare, &with(&bare, json!({"join_requests": []})));
    full::<Limits>(&limits());
    least::<Limits>(&limits(), &limits());
    full::<HelloTeam>(&hello_team());
    let bare = without(&hello_team(), &["membership", "description", "avatar_url"]);
    least::<HelloTeam>(&bare, &with(&bare, json!({"membership": null})));
}

#[test]
fn a_server_says_why_it_closes() {
    words::<CloseReason>(&["draining", "session_ended", "unauthenticated", "too_slow", "protocol", "unknown"]);
    future_word_is_read_as::<CloseReason>("unknown");
}
