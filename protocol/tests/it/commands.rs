//! Bodies of `/teams/{id}/commands`.

use serde_json::json;
use syncspace_protocol::CommandId;
use syncspace_protocol::commands::{CommandAnswer, CreateCommand, EditCommand, MadeCommand, RunCommand, SlashCommand};
use syncspace_protocol::names::SlashName;

use crate::golden::{full, least, refused};

#[test]
fn commands_are_made_listed_and_run() {
    let command = json!({
        "id": 6,
        "team_id": 1,
        "name": "deploy",
        "description": "Brings a service out",
        "usage_hint": "[service]",
        "bot_id": 9,
        "url": "https://example.org/deploy",
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-02T08:00:00.000Z",
    });
    full::<SlashCommand>(&command);
    let mut made = command.clone();
    made["secret"] = json!("secret");
    full::<MadeCommand>(&made);
    let create = json!({
        "name": "deploy", "description": "x", "usage_hint": "y", "bot_id": 9, "url": "https://example.org/deploy",
    });
    full::<CreateCommand>(&create);
    full::<EditCommand>(&json!({"description": "x", "usage_hint": "y", "url": "https://example.org"}));
    least::<EditCommand>(&json!({}), &json!({"url": null}));
    full::<RunCommand>(&json!({"name": "deploy", "text": "web 1.2"}));
    least::<RunCommand>(&json!({"name": "deploy"}), &json!({"name": "deploy", "text": ""}));
    refused::<RunCommand>(&json!({"name": "two words"}), "a command has");
    full::<CommandAnswer>(&json!({"text": "done", "seq": 42}));
    full::<CommandId>(&json!(6));
    full::<SlashName>(&json!("deploy"));
}
