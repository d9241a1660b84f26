//! Catching up: changes of a stream.

use serde_json::{Value, json};
use syncspace_protocol::sync::{Change, Changes, ChangesQuery, ResumeStatus};

use crate::golden::{full, future_word_is_read_as, least, parse, refused, variants, with, words};
use crate::{channels, groups, join_requests, messages, personal, reactions, reminders, scheduled, teams};

/// One change of every kind, all fields given.
pub(crate) fn changes() -> Vec<Value> {
    vec![
        json!({"kind": "message", "message": messages::message()}),
        json!({"kind": "floor", "floor_seq": 41, "rev": 6}),
        json!({"kind": "team", "team": teams::team()}),
        json!({"kind": "team_member", "member": teams::member()}),
        json!({"kind": "team_member_gone", "user_id": 7, "rev": 5}),
        json!({"kind": "group", "group": groups::group()}),
        json!({"kind": "group_gone", "group_id": 5, "rev": 6}),
        json!({"kind": "channel", "channel": channels::channel()}),
        json!({"kind": "channel_gone", "channel_id": 3, "rev": 6}),
        json!({"kind": "channel_hidden", "channel_id": 3, "rev": 6}),
        json!({"kind": "channel_member", "member": channels::member()}),
        json!({"kind": "channel_member_gone", "channel_id": 3, "user_id": 7, "rev": 8}),
        json!({"kind": "my_channel", "channel": channels::channel(), "membership": channels::membership()}),
        json!({"kind": "my_channel_gone", "channel_id": 3, "rev": 9}),
        json!({"kind": "my_channel_preferences", "channel_id": 3, "preferences": personal::preferences()}),
        json!({"kind": "my_channel_order", "order": personal::channel_order()}),
        json!({"kind": "my_user_mute", "mute": personal::user_mute()}),
        json!({"kind": "my_thread", "thread": personal::thread_membership()}),
        json!({"kind": "my_saved", "saved": personal::saved_mark()}),
        json!({"kind": "my_draft", "draft": personal::draft()}),
        json!({"kind": "my_scheduled", "scheduled": scheduled::scheduled()}),
        json!({"kind": "team_join_request", "request": join_requests::join_request()}),
        json!({"kind": "my_reminder", "reminder": reminders::reminder()}),
    ]
}

#[test]
fn every_kind_of_change_is_written_down() {
    variants::<Change>("kind", &changes());
    for change in changes() {
        least::<Change>(&change, &change);
    }
}

#[test]
fn a_change_of_an_unknown_kind_is_read_and_ignored() {
    let future = json!({"kind": "reaction_gone", "seq": 4, "rev": 10, "emoji": {"name": "tada"}});
    assert_eq!(parse::<Change>(&future), Change::Unknown);
    let page = json!({"stream": "c3", "epoch": "e", "items": [future], "after": 9, "rev": 10, "head_rev": 10});
    assert_eq!(parse::<Changes>(&page).items, [Change::Unknown]);
}

#[test]
fn a_page_of_changes_names_its_stream_and_history() {
    let page = json!({"stream": "t1", "epoch": "b3f1c2", "items": changes(), "after": 40, "rev": 44, "head_rev": 45});
    full::<Changes>(&with(&page, json!({"read": channels::marker(), "my_reactions": [reactions::mine()]})));
    least::<Changes>(&page, &with(&page, json!({"read": null})));
    let empty = with(&page, json!({"items": []}));
    least::<Changes>(&empty, &empty);
    full::<ChangesQuery>(&json!({"after": 41, "limit": 100}));
    least::<ChangesQuery>(&json!({"after": 0}), &json!({"after": 0, "limit": null}));
    refused::<Changes>(&with(&page, json!({"stream": "z1"})), "a stream is written");
}

#[test]
fn a_resume_status_of_the_future_means_reload() {
    words::<ResumeStatus>(&["ok", "gone", "reload"]);
    future_word_is_read_as::<ResumeStatus>("reload");
}
