//! Bodies of `/auth/tokens`.

use serde_json::json;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken, Scope, Scopes};

use crate::golden::{full, least, refused, words};

#[test]
fn tokens_are_made_and_listed() {
    let info = json!({
        "id": 9,
        "name": "deploy script",
        "scopes": ["read", "write"],
        "created_at": "2026-11-01T08:00:00.000Z",
        "last_used_at": "2026-11-02T08:00:00.000Z",
        "expires_at": "2027-11-01T08:00:00.000Z",
    });
    full::<AccessToken>(&info);
    let mut made = info.clone();
    made["token"] = json!("ssp_secret");
    full::<MadeToken>(&made);
    let create = json!({"name": "deploy script", "scopes": ["read"], "expires_at": null});
    full::<CreateToken>(&create);
    least::<CreateToken>(&create, &create);
    refused::<CreateToken>(&json!({"name": "x", "scopes": ["everything"], "expires_at": null}), "unknown variant");
}

#[test]
fn scopes_are_a_list_of_words() {
    words::<Scope>(&["read", "write", "manage", "profile", "admin"]);
    full::<Scopes>(&json!(["read", "admin"]));
}
