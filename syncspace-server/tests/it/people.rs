//! Facts about what people say of themselves and choose for their accounts, on the embedded store and on MySQL.

use serde_json::{Value, json};
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::personal::NotifyLevel;
use syncspace_protocol::preferences::{Preferences, Weekday};
use syncspace_protocol::status::{ChosenPresence, PresenceStatus};
use syncspace_protocol::users::{EditProfile, EditUser, User};
use syncspace_protocol::{ErrorCode, TeamId, Time, TimeZoneName, UserId};
use syncspace_server::service::{Actor, later};
use syncspace_server::store::{Queries, Sql, Statement, people};

use crate::explain::{self, Plan, Read};
use crate::place::{PASSWORD, Place, Rig, SECRET, body, on_both_stores, refused};

on_both_stores! {
    a_status_is_shown_until_its_end,
    a_status_that_does_not_fit_is_refused_with_its_field,
    what_presence_somebody_chose_is_told_nobody_else,
    a_time_zone_is_one_that_there_is,
    preferences_are_edited_field_by_field,
    preferences_that_do_not_fit_are_refused_with_their_field,
    people_are_found_by_beginnings_of_words,
    only_who_shares_a_team_is_found_listed_and_shown,
    found_people_come_page_by_page_each_once,
    names_of_before_are_indexed_at_the_start,
    who_is_switched_off_is_named_listed_and_shown_no_more,
}

async fn set_status(rig: &Rig, actor: &Actor, json: Value) -> User {
    rig.service.set_status(actor, body(json)).await.expect("sets")
}

fn text_of(user: &User) -> Option<&str> {
    user.custom_status.as_ref()?.text.as_deref()
}

fn in_s(rig: &Rig, seconds: i64) -> Time {
    later(rig.clock.now(), seconds * 1_000)
}

/// Gives alice and bob, who share a team.
async fn two(rig: &Rig) -> [Actor; 2] {
    let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
    let team = rig.service.create_team(&alice, body(json!({"name": "eng", "is_public": true}))).await.expect("a team");
    rig.service.join_team(&bob, team.team.id).await.expect("joins");
    [alice, bob]
}

async fn a_status_is_shown_until_its_end(place: Place) {
    let rig = place.open_rig().await;
    let [alice, bob] = two(&rig).await;
    let lunch = json!({"text": "at \u{1b}[31mlunch", "emoji": "+1", "expires_at": in_s(&rig, 60)});
    let own = set_status(&rig, &bob, lunch).await;
    assert_eq!(text_of(&own), Some("at lunch"));
    assert_eq!(
        own.custom_status.as_ref().and_then(|status| status.emoji.as_ref()).expect("an emoji").as_str(),
        "thumbsup"
    );
    let seen = rig.service.user(&alice, bob.user_id).await.expect("bob");
    assert_eq!(seen.custom_status, own.custom_status);
    let presence = rig.service.presence(&alice, &[bob.user_id]).await.expect("presence");
    assert_eq!(presence[0].custom_status, own.custom_status);
    let listed = rig.service.users(&alice, &body(json!({}))).await.expect("a list").items;
    assert_eq!(listed.iter().find(|user| user.id == bob.user_id).and_then(text_of), Some("at lunch"));
    assert_eq!(text_of(&rig.login("bob", PASSWORD).await.expect("logs in").user), Some("at lunch"));

    rig.clock.advance_ms(60_000);
    let seen = rig.service.user(&alice, bob.user_id).await.expect("bob");
    assert_eq!(seen.custom_status, None);
    assert_eq!(rig.service.presence(&alice, &[bob.user_id]).await.expect("presence")[0].custom_status, None);
    assert_eq!(rig.service.me(&bob).await.expect("me").custom_status, None);
    // A part of what is over does not come back.
    let own = set_status(&rig, &bob, json!({"emoji": "tada"})).await;
    assert_eq!(text_of(&own), None);
}

async fn a_status_that_does_not_fit_is_refused_with_its_field(place: Place) {
    let rig = place.open_rig().await;
    let bob = rig.register_actor("bob").await;
    set_status(&rig, &bob, json!({"text": "here"})).await;
    for (json, field) in [
        (json!({"text": "x".repeat(101)}), "text"),
        (json!({"emoji": "no_such_emoji"}), "emoji"),
        (json!({"text": "x", "expires_at": in_s(&rig, 0)}), "expires_at"),
        (json!({"text": "x", "expires_at": in_s(&rig, 400 * 86_400)}), "expires_at"),
        (json!({"text": null, "expires_at": in_s(&rig, 60)}), "expires_at"),
    ] {
        let detail = refused(rig.service.set_status(&bob, body(json.clone())).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field), "{json}: {}", detail.message);
    }
    assert_eq!(text_of(&rig.service.me(&bob).await.expect("me")), Some("here"), "a refusal changes nothing");
}

async fn what_presence_somebody_chose_is_told_nobody_else(place: Place) {
    let rig = place.open_rig().await;
    let [alice, bob] = two(&rig).await;
    let root = rig.admin().await;
    let own = set_status(&rig, &bob, json!({"presence": "invisible"})).await;
    assert_eq!(own.chosen_presence, Some(ChosenPresence::Invisible));
    for who in [&alice, &root] {
        let seen = rig.service.user(who, bob.user_id).await.expect("bob");
        assert_eq!((seen.chosen_presence, seen.presence), (None, PresenceStatus::Offline));
    }
    let me = rig.service.me(&bob).await.expect("me");
    assert_eq!((me.chosen_presence, me.presence), (Some(ChosenPresence::Invisible), PresenceStatus::Offline));
}

async fn a_time_zone_is_one_that_there_is(place: Place) {
    let rig = place.open_rig().await;
    let [alice, bob] = two(&rig).await;
    let edit = |json: Value| -> EditProfile { body(json) };
    let own = rig.service.edit_me(&bob, edit(json!({"time_zone": "europe/berlin"}))).await.expect("edits");
    assert_eq!(own.time_zone.as_ref().map(TimeZoneName::as_str), Some("Europe/Berlin"));
    assert_eq!(rig.service.user(&alice, bob.user_id).await.expect("bob").time_zone, own.time_zone);
    let detail =
        refused(rig.service.edit_me(&bob, edit(json!({"time_zone": "Mars/Olympus"}))).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("time_zone"));
    let own = rig.service.edit_me(&bob, edit(json!({"full_name": "Bob"}))).await.expect("edits");
    assert!(own.time_zone.is_some(), "what is not named stays");
    let own = rig.service.edit_me(&bob, edit(json!({"time_zone": null}))).await.expect("edits");
    assert_eq!(own.time_zone, None);
}

async fn edit_preferences(rig: &Rig, actor: &Actor, json: Value) -> Preferences {
    rig.service.edit_preferences(actor, body(json)).await.expect("edits")
}

async fn preferences_are_edited_field_by_field(place: Place) {
    let rig = place.open_rig().await;
    let [alice, bob] = two(&rig).await;
    assert_eq!(rig.service.preferences(&bob).await.expect("preferences"), Preferences::default());
    set_status(&rig, &bob, json!({"text": "here"})).await;
    let hours = json!({"from": "22:00", "to": "07:00", "days": ["sun", "mon", "sun"]});
    let edited = edit_preferences(&rig, &bob, json!({"notify": "none", "dnd_hours": hours})).await;
    assert_eq!(edited.notify, Some(NotifyLevel::None));
    assert_eq!(edited.dnd_hours.as_ref().map(|hours| hours.days.clone()), Some(vec![Weekday::Mon, Weekday::Sun]));
    let paused = edit_preferences(&rig, &bob, json!({"paused_until": in_s(&rig, 60)})).await;
    assert_eq!(paused, Preferences { paused_until: Some(in_s(&rig, 60)), ..edited.clone() });
    assert_eq!(rig.service.preferences(&bob).await.expect("preferences"), paused);
    assert_eq!(edit_preferences(&rig, &bob, json!({"paused_until": null})).await, edited);
    let cleared = edit_preferences(&rig, &bob, json!({"notify": null, "dnd_hours": null})).await;
    assert_eq!(cleared, Preferences::default());
    assert_eq!(text_of(&rig.service.me(&bob).await.expect("me")), Some("here"), "beside the status");
    assert_eq!(rig.service.preferences(&alice).await.expect("preferences"), Preferences::default());
}

async fn preferences_that_do_not_fit_are_refused_with_their_field(place: Place) {
    let rig = place.open_rig().await;
    let bob = rig.register_actor("bob").await;
    for (json, field) in [
        (json!({"notify": "all", "paused_until": in_s(&rig, 0)}), "paused_until"),
        (json!({"paused_until": in_s(&rig, 400 * 86_400)}), "paused_until"),
        (json!({"dnd_hours": {"from": "22:00", "to": "07:00", "days": []}}), "dnd_hours"),
    ] {
        let detail = refused(rig.service.edit_preferences(&bob, body(json.clone())).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field), "{json}: {}", detail.message);
    }
    assert_eq!(rig.service.preferences(&bob).await.expect("preferences"), Preferences::default());
}

/// Gives the names of those whom a query finds, in order, and where to go on.
async fn find(rig: &Rig, who: &Actor, json: Value) -> (String, Option<String>) {
    let page = rig.service.users(who, &body(json)).await.expect("a page");
    let names: Vec<_> = page.items.iter().map(|user| user.username.as_str().to_owned()).collect();
    (names.join(" "), page.next)
}

/// Registers somebody with a full name, in a team.
async fn colleague(rig: &Rig, team: TeamId, username: &str, full_name: &str) -> Actor {
    let actor = rig.register_actor(username).await;
    rig.service.edit_me(&actor, body(json!({ "full_name": full_name }))).await.expect("edits");
    rig.service.join_team(&actor, team).await.expect("joins");
    actor
}

async fn team_of(rig: &Rig, owner: &Actor, name: &str) -> TeamId {
    let team = body(json!({"name": name, "is_public": true}));
    rig.service.create_team(owner, team).await.expect("a team").team.id
}

async fn people_are_found_by_beginnings_of_words(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let team = team_of(&rig, &alice, "eng").await;
    for (username, full_name) in [
        ("asmith", "Anne-Marie Smith"),
        ("bob.brown", "Bob Straße"),
        ("yamada", "山田 太郎"),
        ("smithers", "Áine O'Hara"),
    ] {
        colleague(&rig, team, username, full_name).await;
    }
    for (q, expected) in [
        ("smi", "asmith smithers"),
        ("SMITH ann", "asmith"),
        ("marie", "asmith"),
        ("strasse", "bob.brown"),
        ("bro", "bob.brown"),
        ("@bob.b", "bob.brown"),
        ("山", "yamada"),
        ("太", "yamada"),
        ("áin", "smithers"),
        ("hara", "smithers"),
        ("mith", ""),
        ("smith x", ""),
        ("%", ""),
        ("_", ""),
        ("' OR 1=1", ""),
        ("\u{1b}[31m", ""),
    ] {
        assert_eq!(find(&rig, &alice, json!({ "q": q })).await, (expected.to_owned(), None), "{q:?}");
    }
    let everybody = "alice asmith bob.brown yamada smithers".to_owned();
    for q in ["", "  ", "@"] {
        assert_eq!(find(&rig, &alice, json!({ "q": q })).await, (everybody.clone(), None), "{q:?}");
    }
    let detail = refused(rig.service.users(&alice, &body(json!({"q": "a b c d e f"}))).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("q"));
    for cursor in ["x", "1", "x.smi", ""] {
        let query = body(json!({"q": "smi", "cursor": cursor}));
        let detail = refused(rig.service.users(&alice, &query).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some("cursor"), "{cursor}");
    }
    // A new name is found, the old one no longer.
    rig.service.edit_me(&alice, body(json!({"full_name": "Alice Liddell"}))).await.expect("edits");
    rig.service.edit_me(&alice, body(json!({"full_name": "Alice Hargreaves"}))).await.expect("edits");
    assert_eq!(find(&rig, &alice, json!({"q": "hargr"})).await.0, "alice");
    assert_eq!(find(&rig, &alice, json!({"q": "lidd"})).await.0, "");
}

/// Gives what is told of a person beyond who it is.
fn what_is_told(user: &User) -> (Option<&str>, Option<&str>, PresenceStatus, Option<bool>) {
    (text_of(user), user.time_zone.as_ref().map(TimeZoneName::as_str), user.presence, user.is_online)
}

async fn only_who_shares_a_team_is_found_listed_and_shown(place: Place) {
    let rig = place.open_rig().await;
    let (alice, root) = (rig.register_actor("alice").await, rig.admin().await);
    let team = team_of(&rig, &alice, "eng").await;
    let bob = colleague(&rig, team, "bob", "Bob Smith").await;
    let stranger = rig.register_actor("smithson").await;
    let elsewhere = team_of(&rig, &stranger, "elsewhere").await;
    let all = async |who: &Actor| {
        let (listed, _) = find(&rig, who, json!({})).await;
        let (found, _) = find(&rig, who, json!({"q": "smith"})).await;
        let ids = [alice.user_id, bob.user_id, stranger.user_id];
        let presence = rig.service.presence(who, &ids).await.expect("presence");
        let seen: Vec<UserId> = presence.into_iter().map(|presence| presence.user_id).collect();
        (listed, found, seen)
    };
    assert_eq!(all(&alice).await, ("alice bob".to_owned(), "bob".to_owned(), vec![alice.user_id, bob.user_id]));
    assert_eq!(all(&stranger).await, ("smithson".to_owned(), "smithson".to_owned(), vec![stranger.user_id]));
    let everybody = vec![alice.user_id, bob.user_id, stranger.user_id];
    assert_eq!(all(&root).await, ("alice root bob smithson".to_owned(), "bob smithson".to_owned(), everybody));
    for (who, whom) in [(&alice, &stranger), (&stranger, &alice), (&bob, &stranger)] {
        refused(rig.service.user(who, whom.user_id).await, ErrorCode::NotFound);
    }
    rig.service.user(&root, stranger.user_id).await.expect("an administrator sees everybody");
    // Whoever knows the name finds the person, in order to add it, and learns no more.
    set_status(&rig, &stranger, json!({"text": "here"})).await;
    let zone = body(json!({"time_zone": "Asia/Tokyo"}));
    rig.service.edit_me(&stranger, zone).await.expect("edits");
    let named = rig.service.users(&alice, &body(json!({"name": "SMITHSON"}))).await.expect("a page").items;
    let nothing = (None, None, PresenceStatus::Unknown, None);
    assert_eq!(named[0].username.as_str(), "smithson");
    assert_eq!(what_is_told(&named[0]), nothing);

    // Who left is shown, because messages stay, and is found no more.
    rig.service.join_team(&stranger, team).await.expect("joins");
    assert_eq!(all(&alice).await.0, "alice bob smithson");
    let named = rig.service.users(&alice, &body(json!({"name": "smithson"}))).await.expect("a page").items;
    assert_eq!(what_is_told(&named[0]), (Some("here"), Some("Asia/Tokyo"), PresenceStatus::Offline, Some(false)));
    rig.service.remove_team_member(&stranger, team, stranger.user_id).await.expect("leaves");
    assert_eq!(all(&alice).await, ("alice bob".to_owned(), "bob".to_owned(), vec![alice.user_id, bob.user_id]));
    let former = rig.service.user(&alice, stranger.user_id).await.expect("somebody who was here");
    assert_eq!(what_is_told(&former), nothing);
    refused(rig.service.user(&stranger, alice.user_id).await, ErrorCode::NotFound);
    // A team that was deleted joins nobody.
    rig.service.join_team(&bob, elsewhere).await.expect("joins");
    assert_eq!(all(&stranger).await.0, "bob smithson");
    rig.service.delete_team(&stranger, elsewhere).await.expect("deletes");
    assert_eq!(all(&stranger).await, ("smithson".to_owned(), "smithson".to_owned(), vec![stranger.user_id]));
    refused(rig.service.user(&stranger, bob.user_id).await, ErrorCode::NotFound);
}

async fn found_people_come_page_by_page_each_once(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("zoe").await;
    let team = team_of(&rig, &alice, "eng").await;
    for number in 0..7 {
        // Each is called so twice, and is found once.
        colleague(&rig, team, &format!("ann{number}"), &format!("Annika Ann{}", 9 - number)).await;
        rig.register(&format!("anna{number}")).await;
    }
    let whole = find(&rig, &alice, json!({"q": "ann"})).await;
    assert_eq!(whole, ("ann0 ann1 ann2 ann3 ann6 ann4 ann5".to_owned(), None));
    let (mut paged, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let (names, next) = find(&rig, &alice, json!({"q": "ann", "limit": 2, "cursor": cursor})).await;
        paged.push(names);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged.join(" "), whole.0);
    assert_eq!(paged.len(), 4);
}

async fn names_of_before_are_indexed_at_the_start(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let store = rig.place.store().await;
    for sql in ["DELETE FROM user_words", "DELETE FROM store_meta WHERE name = 'names_indexed'"] {
        (&store).execute(&Sql::both(sql), Vec::new()).await.expect("as before");
    }
    assert_eq!(find(&rig, &alice, json!({"q": "ali"})).await.0, "");
    rig.place.service(RegistrationMode::Open, &[SECRET]).await.0.prepare().await.expect("starts");
    assert_eq!(find(&rig, &alice, json!({"q": "ali"})).await.0, "alice");
}

async fn who_is_switched_off_is_named_listed_and_shown_no_more(place: Place) {
    let rig = place.open_rig().await;
    let (alice, root) = (rig.register_actor("alice").await, rig.admin().await);
    let team = team_of(&rig, &alice, "eng").await;
    let bob = colleague(&rig, team, "bob", "Bob Smith").await;
    let channel = body(json!({"kind": "public", "name": "general"}));
    let channel = rig.service.create_channel(&alice, team, channel).await.expect("a channel").channel.id;
    rig.service.join_channel(&bob, channel).await.expect("joins");
    let say = async |who: &Actor, text: &str| {
        rig.service.send_message(who, channel, body(json!({ "content": text }))).await.expect("sends").0
    };
    let old = say(&bob, "what bob said").await;
    set_status(&rig, &bob, json!({"text": "here", "presence": "dnd"})).await;
    assert_eq!(say(&alice, "@bob look").await.mentions.users, [bob.user_id]);

    rig.service.deactivate_user(&root, bob.user_id).await.expect("switches off");
    assert_eq!(say(&alice, "@bob gone").await.mentions.users, []);
    let seen = rig.service.user(&alice, bob.user_id).await.expect("bob");
    assert_eq!((seen.is_active, &seen.custom_status, seen.presence), (false, &None, PresenceStatus::Offline));
    assert_eq!(find(&rig, &alice, json!({})).await.0, "alice");
    assert_eq!(find(&rig, &alice, json!({"q": "bob"})).await.0, "");
    assert_eq!(find(&rig, &root, json!({"q": "bob"})).await.0, "bob", "who may switch it on again finds it");
    let message = rig.service.message(&alice, channel, old.seq).await.expect("the message");
    assert_eq!(message.content, "what bob said");

    let on = EditUser { is_active: Some(true), ..EditUser::default() };
    rig.service.edit_user(&root, bob.user_id, on).await.expect("switches on");
    assert_eq!(say(&alice, "@bob back").await.mentions.users, [bob.user_id]);
    assert_eq!(find(&rig, &alice, json!({"q": "bob"})).await.0, "bob");
    assert_eq!(text_of(&rig.service.user(&alice, bob.user_id).await.expect("bob")), Some("here"));
    rig.login("bob", PASSWORD).await.expect("logs in");
}

/// Every list and search of people, as somebody and as an administrator.
fn statements() -> Vec<Statement> {
    let asker = UserId::try_from(1).expect("an id");
    let words = ["annika".to_owned(), "ann".to_owned()];
    let after = ("ann5".to_owned(), 3);
    vec![
        people::list_all_statement(1, 50),
        people::list_visible_statement(asker, 1, 50),
        people::search_statement(Some(asker), &words, Some(&after), 50),
        people::search_statement(Some(asker), &words[..1], None, 50),
        people::search_statement(None, &words, None, 50),
    ]
}

#[tokio::test]
async fn people_are_found_by_indexes_on_sqlite() {
    let store = Place::sqlite().store().await;
    for Statement { sql, params } in statements() {
        let steps = explain::steps(&store, &sql.sqlite(), params).await;
        let scans: Vec<_> = steps.iter().filter(|step| step.starts_with("SCAN ") && **step != "SCAN seen").collect();
        assert!(scans.is_empty(), "{steps:#?}: {}", sql.sqlite());
        if sql.sqlite().contains("user_words w") {
            assert!(steps[0].starts_with("SEARCH w USING PRIMARY KEY (word>? AND word<?)"), "{steps:#?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:#?}");
        }
    }
}

#[tokio::test]
async fn people_are_found_by_indexes_on_mysql() {
    let rig = Place::mysql().await.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let team = team_of(&rig, &alice, "eng").await;
    for number in 0..40 {
        colleague(&rig, team, &format!("ann{number}"), "Annika Test").await;
    }
    let store = rig.place.store().await;
    for Statement { sql, params } in statements() {
        let plan = Plan::of(&store, sql.mysql(), params).await;
        assert!(!plan.reads.is_empty(), "{}", plan.text);
        for Read { table, access, index, .. } in &plan.reads {
            // Small tables are read whole where that costs nothing.
            let is_small = matches!(table.as_str(), "t" | "a" | "us");
            let is_whole = matches!(access.as_str(), "ALL" | "index");
            assert!(is_small || (index.is_some() && !is_whole), "{table} by {access}: {}\n{}", sql.mysql(), plan.text);
            if table == "w" {
                assert_eq!(index.as_deref(), Some("PRIMARY"), "{}", sql.mysql());
            }
        }
    }
}
