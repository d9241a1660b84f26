//! Ids, names, times, errors, pages: what the bodies are made of.

use serde_json::json;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::page::{PageQuery, PeopleQuery};
use syncspace_protocol::teams::EditTeam;
use syncspace_protocol::*;

use crate::golden::{full, future_word_is_read_as, least, parse, refused, words};

#[test]
fn ids_are_numbers_that_every_json_reader_keeps_exact() {
    full::<UserId>(&json!(9_007_199_254_740_991_u64));
    full::<TeamId>(&json!(1));
    full::<MemberId>(&json!(1));
    full::<ChannelId>(&json!(1));
    full::<MessageId>(&json!(1));
    full::<SessionId>(&json!(1));
    full::<InviteId>(&json!(1));
    full::<GroupId>(&json!(1));
    full::<Seq>(&json!(0));
    full::<Rev>(&json!(0));
    for wrong in [json!(0), json!(9_007_199_254_740_992_u64)] {
        refused::<ChannelId>(&wrong, "a channel id must be a whole number from 1 to 9007199254740991");
    }
    for wrong in [json!("7"), json!(-1), json!(1.5), json!(null)] {
        refused::<ChannelId>(&wrong, "invalid");
    }
}

#[test]
fn opaque_names_are_strings() {
    full::<StreamId>(&json!("c3"));
    full::<StreamId>(&json!("t1"));
    full::<StreamId>(&json!("m7"));
    refused::<StreamId>(&json!("x7"), "a stream is written c, t or m and a number");
    full::<ClientId>(&json!("0192f0c1-7e55-7b0e-9d55-6f0f3b1a2c3d"));
    refused::<ClientId>(&json!("two words"), "visible ASCII");
    full::<Epoch>(&json!("b3f1c2"));
    full::<Secret>(&json!("s3cret"));
    full::<Time>(&json!("2026-11-22T17:26:21.500Z"));
    refused::<Time>(&json!("yesterday"), "a time is written like");
}

#[test]
fn names_are_strings_and_refused_with_a_sentence() {
    full::<Username>(&json!("alice"));
    refused::<Username>(&json!("a b"), "a username has 1 to 50");
    full::<TeamName>(&json!("Platform Team"));
    refused::<TeamName>(&json!(""), "a team name must not be empty");
    full::<ChannelName>(&json!("general"));
    refused::<ChannelName>(&json!("a b"), "a channel name has no blanks");
    full::<GroupName>(&json!("oncall"));
    refused::<GroupName>(&json!("oncall."), "a group name has 1 to 50");
    full::<Keyword>(&json!("release train"));
    refused::<Keyword>(&json!("++"), "a keyword has at least one letter or digit");
    full::<Email>(&json!("alice@example.org"));
    refused::<Email>(&json!("alice"), "an e-mail address looks like");
    full::<Password>(&json!("correct horse battery"));
    refused::<Password>(&json!("short"), "a password has 10 to 256 characters");
}

#[test]
fn an_error_carries_its_code_and_a_sentence() {
    let detail = json!({
        "code": "rate_limited",
        "message": "too many requests",
        "field": "limit",
        "retry_after_ms": 1500,
        "request_id": "r1",
    });
    full::<ErrorDetail>(&detail);
    least::<ErrorDetail>(
        &json!({"code": "not_found", "message": "no such team"}),
        &json!({"code": "not_found", "message": "no such team", "field": null}),
    );
    full::<ErrorBody>(&json!({"error": detail}));
    least::<ErrorBody>(&json!({"error": detail}), &json!({"error": detail}));
}

#[test]
fn error_codes_are_a_closed_list() {
    words::<ErrorCode>(&[
        "invalid_body",
        "invalid_field",
        "unknown_op",
        "target_failed",
        "unauthenticated",
        "token_expired",
        "invalid_credentials",
        "session_ended",
        "forbidden",
        "registration_closed",
        "not_found",
        "method_not_allowed",
        "name_taken",
        "client_id_reused",
        "key_reused",
        "last_owner",
        "archived",
        "conflict",
        "reload_required",
        "too_large",
        "unsupported_media_type",
        "range_not_satisfiable",
        "rate_limited",
        "internal",
        "busy",
        "unavailable",
        "unknown",
    ]);
    future_word_is_read_as::<ErrorCode>("unknown");
}

#[test]
fn a_page_has_items_and_perhaps_a_next() {
    full::<Page<UserId>>(&json!({"items": [1, 2], "next": "abc"}));
    full::<Page<UserId>>(&json!({"items": [], "next": null}));
    least::<Page<UserId>>(&json!({"items": [3]}), &json!({"items": [3], "next": null}));
    full::<PageQuery>(&json!({"cursor": "abc", "limit": 20, "query": "ali", "name": "alice"}));
    least::<PageQuery>(&json!({}), &json!({"cursor": null, "limit": null, "query": null, "name": null}));
    full::<PeopleQuery>(&json!({"cursor": "abc", "limit": 20, "q": "al smi", "name": "alice"}));
    least::<PeopleQuery>(&json!({}), &json!({"cursor": null, "limit": null, "q": null, "name": null}));
}

#[test]
fn a_patch_tells_absent_from_null_from_a_value() {
    let description = |json| parse::<EditTeam>(&json).description;
    assert_eq!(description(json!({})), Patch::Keep);
    assert_eq!(description(json!({"description": null})), Patch::Clear);
    assert_eq!(description(json!({"description": "x"})), Patch::Set("x".to_owned()));
    assert_eq!(serde_json::to_string(&parse::<EditTeam>(&json!({}))).expect("JSON"), "{}");
    let cleared = parse::<EditTeam>(&json!({"description": null}));
    assert_eq!(serde_json::to_string(&cleared).expect("JSON"), r#"{"description":null}"#);
}
