//! Bodies of `/teams/{id}/bots`.

use serde_json::json;
use syncspace_protocol::bots::{Bot, CreateBot, EditBot};

use crate::golden::{full, least};

#[test]
fn bots_are_made_and_edited() {
    full::<Bot>(&json!({
        "user": {
            "id": 9, "username": "ci", "full_name": "Builds", "avatar_url": null, "is_active": true, "is_bot": true,
        },
        "team_id": 1,
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
    }));
    full::<CreateBot>(&json!({"username": "ci", "full_name": "Builds"}));
    least::<CreateBot>(&json!({"username": "ci"}), &json!({"username": "ci", "full_name": null}));
    full::<EditBot>(&json!({"full_name": "Builds", "is_active": false}));
    least::<EditBot>(&json!({}), &json!({"is_active": null}));
}
