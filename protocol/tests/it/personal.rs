//! Bodies of what belongs to one person in one team.

use serde_json::{Value, json};
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::personal::{
    ChannelOrder, ChannelPreferences, Draft, DraftQuery, EditChannelPreferences, MutedUser, MyChannelOrder, MyThread,
    NotifyLevel, PutDraft, SavedMark, SavedMessage, ThreadMembership, UserMute,
};

use crate::accounts::person;
use crate::golden::{full, least, refused, with, without, words};
use crate::{channels, messages};

pub(crate) fn preferences() -> Value {
    json!({
        "is_muted": true, "notify": "mentions", "is_favourite": true, "is_hidden": false, "rev": 9,
    })
}

pub(crate) fn channel_order() -> Value {
    json!({"channel_ids": [4, 3], "rev": 9})
}

pub(crate) fn user_mute() -> Value {
    json!({"user_id": 8, "is_muted": true, "rev": 9})
}

pub(crate) fn thread_membership() -> Value {
    json!({"channel_id": 3, "root_seq": 41, "is_following": true, "is_muted": false, "read": channels::marker()})
}

pub(crate) fn saved_mark() -> Value {
    json!({"channel_id": 3, "seq": 42, "is_saved": true, "rev": 9})
}

pub(crate) fn draft() -> Value {
    json!({
        "channel_id": 3, "parent_seq": 41, "content": "not yet", "updated_at": "2026-11-22T17:26:21.000Z", "rev": 9,
    })
}

#[test]
fn how_a_channel_is_wanted() {
    words::<NotifyLevel>(&["all", "mentions", "none"]);
    full::<ChannelPreferences>(&preferences());
    let bare = without(&preferences(), &["notify"]);
    least::<ChannelPreferences>(&bare, &with(&bare, json!({"notify": null})));
    full::<EditChannelPreferences>(&json!({
        "is_muted": true, "notify": null, "is_favourite": false, "is_hidden": true,
    }));
    least::<EditChannelPreferences>(&json!({}), &json!({"is_muted": null}));
    refused::<EditChannelPreferences>(&json!({"notify": "loudly"}), "unknown variant `loudly`");
    full::<ChannelOrder>(&json!({"channel_ids": [3, 4]}));
    full::<MyChannelOrder>(&channel_order());
    least::<MyChannelOrder>(&channel_order(), &channel_order());
    least::<ChannelOrder>(&json!({"channel_ids": []}), &json!({"channel_ids": []}));
}

#[test]
fn who_is_muted() {
    full::<UserMute>(&user_mute());
    least::<UserMute>(&user_mute(), &user_mute());
    full::<MutedUser>(&json!({"user": person(), "rev": 9}));
    least::<MutedUser>(&json!({"user": person(), "rev": 9}), &json!({"user": person(), "rev": 9}));
}

#[test]
fn threads_and_how_one_stands_to_them() {
    full::<ThreadMembership>(&thread_membership());
    least::<ThreadMembership>(&thread_membership(), &thread_membership());
    let thread = json!({"root": messages::message(), "membership": thread_membership()});
    full::<MyThread>(&thread);
    least::<MyThread>(&thread, &thread);
}

#[test]
fn what_is_saved() {
    full::<SavedMark>(&saved_mark());
    least::<SavedMark>(&saved_mark(), &saved_mark());
    let saved = json!({"message": messages::message(), "saved_at": "2026-11-22T17:26:21.000Z", "rev": 9});
    full::<SavedMessage>(&saved);
    least::<SavedMessage>(&saved, &saved);
}

#[test]
fn what_is_not_sent_yet() {
    full::<Draft>(&draft());
    let bare = without(&draft(), &["parent_seq"]);
    least::<Draft>(&bare, &with(&bare, json!({"parent_seq": null})));
    full::<PutDraft>(&json!({"content": "not yet"}));
    least::<PutDraft>(&json!({"content": "not yet"}), &json!({"content": "not yet"}));
    full::<DraftQuery>(&json!({"parent_seq": 41, "expected_rev": 9}));
    least::<DraftQuery>(&json!({}), &json!({"parent_seq": null, "expected_rev": null}));
    full::<CursorQuery>(&json!({"cursor": "7", "limit": 20}));
    least::<CursorQuery>(&json!({}), &json!({"cursor": null, "limit": null}));
}
