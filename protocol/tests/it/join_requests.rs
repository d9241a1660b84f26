//! People who ask to come into a team.

use serde_json::{Value, json};
use syncspace_protocol::join_requests::{AskToJoin, JoinRequest, JoinRequestState, MyJoinRequest};

use crate::golden::{full, future_word_is_read_as, least, words};
use crate::teams;

pub(crate) fn join_request() -> Value {
    json!({
        "team_id": 1,
        "user_id": 9,
        "username": "carol",
        "message": "I take over the builds",
        "state": "declined",
        "created_at": "2026-11-22T17:26:21.500Z",
        "decided_by": 7,
        "decided_at": "2026-11-22T18:00:00.000Z",
        "rev": 12,
    })
}

#[test]
fn a_request_says_who_asks_and_what_became_of_it() {
    full::<JoinRequest>(&join_request());
    full::<MyJoinRequest>(&json!({
        "team": teams::team(),
        "message": "I take over the builds",
        "state": "open",
        "created_at": "2026-11-22T17:26:21.500Z",
        "decided_at": null,
    }));
    words::<JoinRequestState>(&["open", "accepted", "declined", "withdrawn", "unknown"]);
    future_word_is_read_as::<JoinRequestState>("unknown");
    full::<AskToJoin>(&json!({"message": "I take over the builds"}));
    least::<AskToJoin>(&json!({}), &json!({"message": null}));
}
