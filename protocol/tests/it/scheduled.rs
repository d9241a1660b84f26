//! Messages that are to be sent later.

use serde_json::{Value, json};
use syncspace_protocol::ScheduledId;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, Scheduled, ScheduledMessage, ScheduledState};

use crate::golden::{full, future_word_is_read_as, least, refused, with, words};

pub(crate) fn scheduled() -> Value {
    json!({
        "id": 5,
        "team_id": 1,
        "channel_id": 3,
        "parent_message_id": 1001,
        "content": "Good morning",
        "files": [crate::files::file()],
        "send_at": "2026-11-23T08:00:00.000Z",
        "state": "failed",
        "failure": "join the channel first",
        "message": message(),
        "created_at": "2026-11-22T17:26:21.500Z",
        "updated_at": "2026-11-23T08:00:00.200Z",
        "rev": 10,
    })
}

fn message() -> Value {
    json!({"id": 1002, "seq": 43})
}

#[test]
fn a_scheduled_message_says_what_became_of_it() {
    full::<ScheduledId>(&json!(5));
    full::<ScheduledMessage>(&message());
    least::<ScheduledMessage>(&message(), &message());
    full::<Scheduled>(&scheduled());
    words::<ScheduledState>(&["waiting", "sent", "failed", "cancelled", "unknown"]);
    future_word_is_read_as::<ScheduledState>("unknown");
}

#[test]
fn scheduling_names_a_place_a_text_and_a_time() {
    let body = json!({"channel_id": 3, "content": "Good morning", "send_at": "2026-11-23T08:00:00.000Z"});
    full::<ScheduleMessage>(&with(&body, json!({"files": [12], "parent_message_id": 1001})));
    least::<ScheduleMessage>(&body, &with(&body, json!({"files": [], "parent_message_id": null})));
    refused::<ScheduleMessage>(&with(&body, json!({"send_at": "tomorrow"})), "a time is written like");
    full::<EditScheduled>(&json!({"content": "Good evening", "files": [12], "send_at": "2026-11-23T18:00:00.000Z"}));
    least::<EditScheduled>(&json!({}), &json!({"content": null, "files": null, "send_at": null}));
}
