//! Bodies of `/teams/{id}/hooks`.

use serde_json::{Value, json};
use syncspace_protocol::hooks::{CreateHook, Delivery, DeliveryState, EditHook, Hook, HookEvent, HookKind, MadeHook};
use syncspace_protocol::{DeliveryId, HookId};

use crate::golden::{full, future_word_is_read_as, least, variants, words};

fn hook() -> Value {
    json!({
        "id": 4,
        "team_id": 1,
        "kind": "outgoing",
        "name": "tickets",
        "bot_id": 9,
        "channel_id": 3,
        "may_choose_channel": false,
        "url": "https://example.org/hook",
        "trigger_words": ["!ticket"],
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-02T08:00:00.000Z",
    })
}

#[test]
fn hooks_are_made_edited_and_shown() {
    full::<Hook>(&hook());
    let mut made = hook();
    made["path"] = json!("/api/v1/hooks/secret");
    made["secret"] = json!("secret");
    full::<MadeHook>(&made);
    variants::<CreateHook>(
        "kind",
        &[
            json!({"kind": "incoming", "name": "ci", "bot_id": 9, "channel_id": 3, "may_choose_channel": true}),
            json!({
                "kind": "outgoing", "name": "tickets", "bot_id": 9, "channel_id": 3, "trigger_words": ["!ticket"],
                "url": "https://example.org/hook",
            }),
        ],
    );
    let edit = json!({
        "name": "ci", "channel_id": 3, "may_choose_channel": true, "trigger_words": ["x"], "url": "https://example.org",
    });
    full::<EditHook>(&edit);
    least::<EditHook>(&json!({}), &json!({"name": null}));
    words::<HookKind>(&["incoming", "outgoing", "unknown"]);
    future_word_is_read_as::<HookKind>("unknown");
}

#[test]
fn deliveries_are_listed_and_sent() {
    full::<Delivery>(&json!({
        "id": 5,
        "channel_id": 3,
        "seq": 42,
        "state": "waiting",
        "attempts": 2,
        "last_status": 503,
        "last_error": "answered 503",
        "next_at": "2026-11-02T08:00:00.000Z",
        "created_at": "2026-11-01T08:00:00.000Z",
    }));
    words::<DeliveryState>(&["waiting", "done", "failed", "unknown"]);
    future_word_is_read_as::<DeliveryState>("unknown");
    full::<HookEvent>(&json!({
        "hook_id": 4,
        "team_id": 1,
        "channel_id": 3,
        "channel_name": "general",
        "seq": 42,
        "parent_seq": 40,
        "user_id": 7,
        "user_name": "alice",
        "text": "!ticket it is broken",
        "trigger_word": "!ticket",
        "created_at": "2026-11-01T08:00:00.000Z",
    }));
    full::<HookId>(&json!(4));
    full::<DeliveryId>(&json!(5));
}
