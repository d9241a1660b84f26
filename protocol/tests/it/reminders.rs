//! What a person wants to be reminded of.

use serde_json::{Value, json};
use syncspace_protocol::ReminderId;
use syncspace_protocol::reminders::{CreateReminder, EditReminder, MyReminder, Reminder, ReminderState};

use crate::golden::{full, future_word_is_read_as, least, refused, with, words};
use crate::messages;

pub(crate) fn reminder() -> Value {
    json!({
        "id": 6,
        "team_id": 1,
        "channel_id": 3,
        "seq": 42,
        "note": "look whether it is fixed",
        "remind_at": "2026-11-23T08:00:00.000Z",
        "state": "due",
        "is_message_gone": false,
        "created_at": "2026-11-22T17:26:21.500Z",
        "updated_at": "2026-11-23T08:00:00.200Z",
        "rev": 11,
    })
}

#[test]
fn a_reminder_names_a_message_and_says_what_became_of_it() {
    full::<ReminderId>(&json!(6));
    full::<Reminder>(&reminder());
    words::<ReminderState>(&["waiting", "due", "done", "unknown"]);
    future_word_is_read_as::<ReminderState>("unknown");
    full::<MyReminder>(&with(&reminder(), json!({"message": messages::message()})));
    full::<MyReminder>(&with(&reminder(), json!({"message": null})));
}

#[test]
fn reminding_names_a_message_and_a_time() {
    let body = json!({"channel_id": 3, "seq": 42, "remind_at": "2026-11-23T08:00:00.000Z"});
    full::<CreateReminder>(&with(&body, json!({"note": "look whether it is fixed"})));
    least::<CreateReminder>(&body, &with(&body, json!({"note": null})));
    refused::<CreateReminder>(&with(&body, json!({"remind_at": "tomorrow"})), "a time is written like");
    full::<EditReminder>(&json!({"remind_at": "2026-11-23T18:00:00.000Z", "note": "later"}));
    full::<EditReminder>(&json!({"remind_at": "2026-11-23T18:00:00.000Z", "note": null}));
    least::<EditReminder>(&json!({}), &json!({"remind_at": null}));
}
