//! Bodies of `/teams/{id}/groups`.

use serde_json::{Value, json};
use syncspace_protocol::groups::{CreateGroup, RenameGroup, UserGroup};

use crate::golden::{full, least, refused};

pub(crate) fn group() -> Value {
    json!({
        "id": 5,
        "team_id": 1,
        "name": "oncall",
        "user_ids": [7, 8],
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-02T08:00:00.000Z",
        "rev": 6,
    })
}

#[test]
fn groups_are_made_and_renamed() {
    full::<UserGroup>(&group());
    least::<UserGroup>(&group(), &group());
    full::<CreateGroup>(&json!({"name": "oncall", "user_ids": [7, 8]}));
    least::<CreateGroup>(&json!({"name": "oncall"}), &json!({"name": "oncall", "user_ids": []}));
    refused::<CreateGroup>(&json!({"name": "here"}), "@here mentions others already");
    full::<RenameGroup>(&json!({"name": "ops"}));
    least::<RenameGroup>(&json!({"name": "ops"}), &json!({"name": "ops"}));
}
