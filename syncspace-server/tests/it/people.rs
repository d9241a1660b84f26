//! Facts about what people say of themselves and choose for their accounts, on the embedded store and on MySQL.

use serde_json::{Value, json};
use syncspace_protocol::personal::NotifyLevel;
use syncspace_protocol::preferences::{Preferences, Weekday};
use syncspace_protocol::status::{ChosenPresence, PresenceStatus};
use syncspace_protocol::users::{EditProfile, User};
use syncspace_protocol::{ErrorCode, Time, TimeZoneName};
use syncspace_server::service::{Actor, later};

use crate::place::{Place, Rig, body, on_both_stores, refused};

on_both_stores! {
    a_status_is_shown_until_its_end,
    a_status_that_does_not_fit_is_refused_with_its_field,
    what_presence_somebody_chose_is_told_nobody_else,
    a_time_zone_is_one_that_there_is,
    preferences_are_edited_field_by_field,
    preferences_that_do_not_fit_are_refused_with_their_field,
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
    assert_eq!(text_of(&rig.login("bob", crate::place::PASSWORD).await.expect("logs in").user), Some("at lunch"));

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
