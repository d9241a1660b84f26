//! Reactions to messages.

use serde_json::{Value, json};
use syncspace_protocol::reactions::{Emoji, MyReactions, Reacted, Reaction, ReactionQuery, Reactions};

use crate::golden::{full, least, refused};

pub(crate) fn reaction() -> Value {
    json!({"emoji": "tada", "count": 7, "users": [7, 8]})
}

pub(crate) fn mine() -> Value {
    json!({"seq": 42, "emoji": ["tada", "+1"]})
}

#[test]
fn a_reaction_has_a_count_and_its_first_people() {
    full::<Emoji>(&json!("thumbsup"));
    full::<Emoji>(&json!("of_a_newer_server"));
    refused::<Emoji>(&json!("👍"), "short name");
    full::<Reaction>(&reaction());
    least::<Reaction>(&reaction(), &reaction());
    full::<Reactions>(&json!([reaction()]));
    full::<MyReactions>(&mine());
    least::<MyReactions>(&mine(), &mine());
}

#[test]
fn those_who_reacted_are_listed_for_one_emoji_or_all() {
    let reacted = json!({"user_id": 7, "emoji": "tada", "reacted_at": "2026-11-22T17:26:21.000Z"});
    full::<Reacted>(&reacted);
    least::<Reacted>(&reacted, &reacted);
    full::<ReactionQuery>(&json!({"emoji": "tada", "cursor": "41", "limit": 4}));
    least::<ReactionQuery>(&json!({}), &json!({"emoji": null}));
}
