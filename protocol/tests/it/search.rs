//! Query and body of `GET /search`.

use serde_json::{Value, json};
use syncspace_protocol::search::{Highlight, SearchContext, SearchHit, SearchPage, SearchParams, SearchSort};

use crate::golden::{full, least, words};
use crate::messages::message;

fn hit() -> Value {
    json!({
        "message": message(),
        "highlights": [{"start": 0, "end": 2}],
        "context": {"before": message(), "after": message(), "root": message()},
    })
}

#[test]
fn a_search_needs_words_and_a_team() {
    full::<SearchParams>(&json!({
        "q": "from:@alice deploy",
        "team_id": 1,
        "sort": "relevance",
        "time_zone": "Europe/Berlin",
        "cursor": "t-7-9",
        "limit": 20,
    }));
    least::<SearchParams>(
        &json!({"q": "deploy", "team_id": 1}),
        &json!({"q": "deploy", "team_id": 1, "sort": null, "time_zone": null, "cursor": null, "limit": null}),
    );
    words::<SearchSort>(&["time", "relevance"]);
}

#[test]
fn hits_come_with_what_was_found_and_what_stands_around() {
    full::<Highlight>(&json!({"start": 0, "end": 2}));
    full::<SearchContext>(&json!({"before": message(), "after": message(), "root": message()}));
    least::<SearchContext>(&json!({}), &json!({"before": null, "after": null, "root": null}));
    full::<SearchHit>(&hit());
    let page = json!({"items": [hit()], "next": "t-7-9", "is_partial": true, "behind": true, "behind_changes": 3});
    full::<SearchPage>(&page);
    let bare = json!({"items": [], "is_partial": false, "behind": false, "behind_changes": 0});
    let meant = json!({"items": [], "next": null, "is_partial": false, "behind": false, "behind_changes": 0});
    least::<SearchPage>(&bare, &meant);
}
