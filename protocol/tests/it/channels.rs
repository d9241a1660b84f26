//! Bodies of `/channels`.

use serde_json::{Value, json};
use syncspace_protocol::channels::{
    Channel, ChannelHead, ChannelKind, ChannelMember, ChannelMembership, ChannelRole, CreateChannel, EditChannel,
    MarkRead, MoveMarker, MyChannel, NewChannel, Posting, PutChannelMember, ReadMarker,
};

use crate::accounts::person;
use crate::golden::{full, least, parse, refused, variants, with, without, words};
use crate::personal;

pub(crate) fn channel() -> Value {
    json!({
        "id": 3,
        "team_id": 1,
        "kind": "group",
        "name": "general",
        "description": "Everything",
        "topic": "Release on Friday",
        "posting": "admins",
        "is_default": true,
        "retention_days": 30,
        "is_private": true,
        "people": [person()],
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-02T08:00:00.000Z",
        "archived_at": "2026-11-03T08:00:00.000Z",
        "rev": 6,
    })
}

pub(crate) fn marker() -> Value {
    json!({"last_read_seq": 40, "unread_count": 2, "mention_count": 1, "as_of_rev": 44, "rev": 9})
}

pub(crate) fn membership() -> Value {
    json!({
        "role": "admin",
        "joined_at": "2026-11-01T08:00:00.000Z",
        "read": marker(),
        "preferences": personal::preferences(),
    })
}

pub(crate) fn member() -> Value {
    json!({
        "channel_id": 3,
        "user": person(),
        "role": "member",
        "joined_at": "2026-11-01T08:00:00.000Z",
        "rev": 8,
    })
}

fn head() -> Value {
    json!({"last_seq": 42, "last_rev": 44, "floor_seq": 0})
}

#[test]
fn channels_and_what_one_is_in_them() {
    full::<Channel>(&channel());
    let bare = without(&channel(), &["name", "description", "topic", "retention_days", "people", "archived_at"]);
    let nulls = json!({
        "name": null, "description": null, "topic": null, "retention_days": null, "people": [], "archived_at": null,
    });
    least::<Channel>(&bare, &with(&bare, nulls));
    full::<MyChannel>(&with(&channel(), json!({"head": head(), "membership": membership()})));
    let bare = with(&bare, json!({"head": head()}));
    least::<MyChannel>(&bare, &with(&bare, json!({"membership": null})));
}

#[test]
fn heads_markers_and_memberships() {
    full::<ChannelHead>(&head());
    least::<ChannelHead>(&head(), &head());
    full::<ReadMarker>(&marker());
    least::<ReadMarker>(&marker(), &marker());
    full::<ChannelMembership>(&membership());
    least::<ChannelMembership>(&membership(), &membership());
    full::<ChannelMember>(&member());
    least::<ChannelMember>(&member(), &member());
    full::<PutChannelMember>(&json!({"role": "member"}));
    least::<PutChannelMember>(&json!({"role": "admin"}), &json!({"role": "admin"}));
}

#[test]
fn words_of_channels() {
    words::<ChannelKind>(&["public", "private", "direct", "group"]);
    words::<Posting>(&["everyone", "admins"]);
    words::<ChannelRole>(&["member", "admin"]);
    words::<MoveMarker>(&["advance", "set"]);
}

#[test]
fn every_kind_of_channel_is_made_with_its_own_fields() {
    variants::<CreateChannel>(
        "kind",
        &[
            json!({"kind": "public", "name": "general", "description": "Everything"}),
            json!({"kind": "private", "name": "plans", "description": "Hush"}),
            json!({"kind": "direct", "user_id": 8}),
            json!({"kind": "group", "user_ids": [8, 9]}),
        ],
    );
    full::<NewChannel>(&json!({"name": "general", "description": "Everything"}));
    least::<NewChannel>(&json!({"name": "general"}), &json!({"name": "general", "description": null}));
    for needed in [
        json!({"kind": "public", "name": "general"}),
        json!({"kind": "private", "name": "plans"}),
        json!({"kind": "direct", "user_id": 8}),
        json!({"kind": "group", "user_ids": []}),
    ] {
        least::<CreateChannel>(&needed, &needed);
    }
    refused::<CreateChannel>(&json!({"kind": "secret", "name": "x"}), "unknown variant `secret`");
}

#[test]
fn channels_are_edited_and_read() {
    full::<EditChannel>(&json!({
        "name": "general",
        "description": null,
        "topic": "Release on Friday",
        "posting": "admins",
        "is_default": true,
        "retention_days": null,
        "is_private": true,
        "is_archived": true,
    }));
    let nothing = json!({"name": null, "posting": null, "is_default": null, "is_private": null, "is_archived": null});
    least::<EditChannel>(&json!({}), &nothing);
    full::<MarkRead>(&json!({"seq": 42, "mode": "set", "known_rev": 9}));
    least::<MarkRead>(&json!({"seq": 42}), &json!({"seq": 42, "mode": "advance", "known_rev": null}));
    assert_eq!(parse::<MarkRead>(&json!({"seq": 0})).mode, MoveMarker::Advance);
}
