//! How people look to those who watch them, and what their own devices are told.

use std::cell::Cell;

use serde_json::{Value, json};
use syncspace_protocol::Time;
use syncspace_protocol::users::User;

use super::peer::{Instance, Peer, Person};
use super::{Chat, text};
use crate::place::body;

async fn set_status(instance: &Instance, who: &Person, json: Value) -> User {
    instance.service().set_status(&who.actor, body(json)).await.expect("sets")
}

/// Has a peer watch a person, and gives what it is told first.
async fn watch(peer: &mut Peer, whom: &Person) -> Value {
    peer.send(&json!({"id": 70, "op": "watch", "users": [whom.actor.user_id]})).await;
    peer.reply(70).await["ok"]["users"][0].clone()
}

async fn told(peer: &mut Peer) -> Value {
    peer.event("presence.changed").await["users"][0].clone()
}

/// Waits until a peer is told that the person looks so.
async fn told_that(peer: &mut Peer, fits: impl Fn(&Value) -> bool) -> Value {
    peer.until(|frame| frame["ev"] == "presence.changed" && fits(&frame["users"][0])).await["users"][0].clone()
}

/// Has a peer watch a person until it is shown so: who has just connected counts a moment later.
async fn watch_until(peer: &mut Peer, whom: &Person, status: &str) {
    if watch(peer, whom).await["status"] != status {
        told_that(peer, |seen| seen["status"] == status).await;
    }
}

fn in_ms(ms: i64) -> Time {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    Time::from_unix_ms(i64::try_from(now).expect("a time") + ms).expect("a time")
}

#[tokio::test]
async fn a_status_reaches_watchers_and_own_devices_and_ends_by_itself() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    watch_until(&mut alice, &chat.bob, "online").await;

    let end = in_ms(2_500);
    let own = set_status(&instance, &chat.bob, json!({"text": "tea", "presence": "away", "expires_at": end})).await;
    let event = bob.event("me.account").await;
    assert_eq!(event["user"]["custom_status"]["text"], "tea", "{event}");
    assert_eq!((&event["user"]["chosen_presence"], &event["user"]["presence"]), (&json!("away"), &json!("away")));
    let seen = told(&mut alice).await;
    assert_eq!((&seen["status"], &seen["custom_status"]["text"]), (&json!("away"), &json!("tea")));
    let after = told(&mut alice).await;
    assert_eq!((&after["status"], &after["custom_status"]), (&json!("away"), &Value::Null));
    assert!(in_ms(0) >= end, "not before its end");

    let mut second = Peer::connect(&instance, "/ws", Some(&chat.bob.token)).await;
    let hello = second.event("hello").await;
    assert_eq!((&hello["user"]["chosen_presence"], &hello["user"]["custom_status"]), (&json!("away"), &Value::Null));
    assert_eq!(hello["user"]["id"], json!(own.id));
    assert!(!alice.has("me.account"), "that is for the own devices");
}

#[tokio::test]
async fn a_changed_profile_reaches_own_devices() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let edit = body(json!({"full_name": "Bob Smith", "email": "bob@example.org", "time_zone": "Asia/Tokyo"}));
    instance.service().edit_me(&chat.bob.actor, edit).await.expect("edits");
    let user = bob.event("me.account").await["user"].clone();
    assert_eq!((&user["full_name"], &user["email"]), (&json!("Bob Smith"), &json!("bob@example.org")));
    assert_eq!(user["time_zone"], "Asia/Tokyo");
}

#[tokio::test]
async fn who_is_invisible_looks_offline_to_everybody_else() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let (service, bob_id) = (instance.service(), chat.bob.actor.user_id);
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    watch_until(&mut alice, &chat.bob, "online").await;
    watch_until(&mut bob, &chat.bob, "online").await;
    set_status(&instance, &chat.bob, json!({"presence": "invisible"})).await;
    assert_eq!(told_that(&mut alice, |seen| seen["status"] != "online").await["status"], "offline");
    assert_eq!(told_that(&mut bob, |seen| seen["status"] != "online").await["status"], "invisible");

    let hidden = service.user(&chat.alice.actor, bob_id).await.expect("bob");
    assert_eq!((hidden.is_online, hidden.chosen_presence), (Some(false), None));
    assert!(hidden.last_seen.is_some(), "bob seems to have gone just then");
    // Coming and going shows nothing, and neither does typing.
    let mut second = Peer::live(&instance, &chat.bob).await;
    drop(bob);
    second.send(&json!({"id": 1, "op": "typing", "channel_id": chat.channel})).await;
    assert_eq!(second.reply(1).await["ok"], json!({}));
    drop(second);
    let mut third = Peer::live(&instance, &chat.bob).await;
    watch_until(&mut third, &chat.bob, "invisible").await;
    // Everybody is looked at anew with whoever comes next, and that is told later than what was before.
    let mut other = Peer::live(&instance, &chat.alice).await;
    assert_eq!(watch(&mut other, &chat.bob).await["status"], "offline");
    set_status(&instance, &chat.bob, json!({"text": "hush"})).await;
    assert_eq!(told(&mut alice).await["custom_status"]["text"], "hush", "nothing was told before it");
    instance.service().send_message(&chat.bob.actor, chat.channel, text("boo")).await.expect("sends");
    assert_eq!(alice.message().await, "boo");
    assert!(!alice.has("typing"));
    let still = service.user(&chat.alice.actor, bob_id).await.expect("bob");
    assert_eq!((still.is_online, still.last_seen), (Some(false), hidden.last_seen));

    set_status(&instance, &chat.bob, json!({"presence": "online"})).await;
    assert_eq!(told(&mut alice).await["status"], "online");
    assert_eq!(service.user(&chat.alice.actor, bob_id).await.expect("bob").is_online, Some(true));
}

#[tokio::test]
async fn a_status_reaches_other_instances_also_without_the_bus() {
    let mut cluster = Instance::cluster().await;
    let chat = Chat::on(&cluster.instances[0]).await;
    let mut alice = Peer::live(&cluster.instances[1], &chat.alice).await;
    let mut bob = Peer::live(&cluster.instances[1], &chat.bob).await;
    watch(&mut alice, &chat.bob).await;
    set_status(&cluster.instances[0], &chat.bob, json!({"text": "here", "presence": "dnd"})).await;
    told_that(&mut alice, |seen| seen["custom_status"]["text"] == "here" && seen["status"] == "dnd").await;
    assert_eq!(bob.event("me.account").await["user"]["custom_status"]["text"], "here");

    cluster.redis.kill();
    for instance in &cluster.instances {
        instance.wait_for_bus(false).await;
    }
    set_status(&cluster.instances[0], &chat.bob, json!({"text": "there"})).await;
    told_that(&mut alice, |seen| seen["custom_status"]["text"] == "there").await;
    bob.until(|frame| frame["ev"] == "me.account" && frame["user"]["custom_status"]["text"] == "there").await;

    // Of the invisible no more is said than of those who are elsewhere or nowhere.
    set_status(&cluster.instances[0], &chat.bob, json!({"presence": "invisible"})).await;
    told_that(&mut alice, |seen| seen["status"] == "unknown").await;
}

#[tokio::test]
async fn hours_and_pauses_show_as_dnd_and_end_by_themselves() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    watch_until(&mut alice, &chat.bob, "online").await;
    let edit = |json: Value| instance.service().edit_preferences(&chat.bob.actor, body(json));
    edit(json!({"paused_until": in_ms(2_000), "notify": "all"})).await.expect("edits");
    let event = bob.event("me.account").await;
    assert_eq!((&event["preferences"]["notify"], &event["user"]["presence"]), (&json!("all"), &json!("dnd")));
    assert_eq!(told(&mut alice).await["status"], "dnd");
    assert_eq!(told(&mut alice).await["status"], "online");

    let always = json!({"from": "00:00", "to": "00:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]});
    edit(json!({ "dnd_hours": always })).await.expect("edits");
    assert_eq!(told(&mut alice).await["status"], "dnd");
    set_status(&instance, &chat.bob, json!({"presence": "invisible"})).await;
    assert_eq!(told(&mut alice).await["status"], "offline");
    let mut second = Peer::connect(&instance, "/ws", Some(&chat.bob.token)).await;
    let hello = second.event("hello").await;
    assert_eq!(
        (&hello["preferences"]["dnd_hours"]["from"], &hello["user"]["presence"]),
        (&json!("00:00"), &json!("invisible"))
    );
}

#[tokio::test]
async fn who_left_the_common_team_is_told_nothing_more() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let service = instance.service();
    let mut bob = Peer::live(&instance, &chat.bob).await;
    watch_until(&mut bob, &chat.alice, "offline").await;
    let mine = watch(&mut bob, &chat.alice).await;
    assert_eq!(mine["user_id"], json!(chat.alice.actor.user_id));
    service.remove_team_member(&chat.alice.actor, chat.team, chat.bob.actor.user_id).await.expect("puts out");
    bob.event("me.team_left").await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    watch_until(&mut alice, &chat.alice, "online").await;
    set_status(&instance, &chat.alice, json!({"text": "gone to lunch"})).await;
    told_that(&mut alice, |seen| seen["custom_status"]["text"] == "gone to lunch").await;
    bob.send(&json!({"id": 9, "op": "watch", "users": [chat.alice.actor.user_id, chat.bob.actor.user_id]})).await;
    let seen = bob.reply(9).await["ok"]["users"].clone();
    assert_eq!((seen[0]["user_id"].clone(), seen[1].clone()), (json!(chat.bob.actor.user_id), Value::Null));
    assert!(!bob.has("presence.changed"), "nothing of alice came since");
}

#[tokio::test]
async fn nothing_more_is_told_of_whoever_left_the_common_team() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    watch_until(&mut bob, &chat.bob, "online").await;
    let users = json!([chat.alice.actor.user_id, chat.bob.actor.user_id]);
    alice.send(&json!({"id": 8, "op": "watch", "users": users})).await;
    alice.reply(8).await;
    instance.service().leave_team(&chat.bob.actor, chat.team).await.expect("leaves");
    // Each round ends when everybody was told of alice: what is told of bob came before or with it.
    let is_told_of_bob = Cell::new(true);
    for round in ["a", "b", "c", "d", "e"] {
        set_status(&instance, &chat.bob, json!({"text": round})).await;
        told_that(&mut bob, |seen| seen["custom_status"]["text"] == round).await;
        set_status(&instance, &chat.alice, json!({"text": round})).await;
        let of = |frame: &Value, who: &Person| {
            let shown = frame["users"].as_array().into_iter().flatten();
            shown
                .into_iter()
                .any(|seen| seen["user_id"] == json!(who.actor.user_id) && seen["custom_status"]["text"] == round)
        };
        is_told_of_bob.set(false);
        let looked_at = |frame: &Value| {
            is_told_of_bob.set(is_told_of_bob.get() || of(frame, &chat.bob));
            of(frame, &chat.alice)
        };
        alice.until(looked_at).await;
    }
    assert!(!is_told_of_bob.get(), "alice is still told how bob is");
}

#[tokio::test]
async fn who_comes_and_goes_while_the_profile_changes_is_told_as_it_is() {
    let (instance, _line) = Instance::on_mysql().await;
    let chat = Chat::on(&instance).await;
    let (service, bob) = (instance.service(), chat.bob.actor);
    let mut alice = Peer::live(&instance, &chat.alice).await;
    for round in 0..8 {
        let name = format!("Bob {round}");
        let edit = body(json!({"full_name": name}));
        if round % 2 == 0 {
            let (edited, left) = tokio::join!(service.edit_me(&bob, edit), service.leave_team(&bob, chat.team));
            edited.expect("edits");
            left.expect("leaves");
            continue;
        }
        let add = service.put_team_member(&chat.alice.actor, chat.team, bob.user_id, body(json!({"role": "member"})));
        let (edited, added) = tokio::join!(service.edit_me(&bob, edit), add);
        edited.expect("edits");
        added.expect("adds");
        let is_told =
            |frame: &Value| frame["ev"] == "team.member_updated" && frame["member"]["user"]["full_name"] == json!(name);
        alice.until(is_told).await;
    }
}

#[tokio::test]
async fn other_devices_learn_that_keywords_changed() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    instance.service().put_keywords(&chat.bob.actor, body(json!({"keywords": ["deploy"]}))).await.expect("puts");
    assert_eq!(bob.event("me.account").await["preferences"]["keywords_rev"], 1);
    let mut second = Peer::connect(&instance, "/ws", Some(&chat.bob.token)).await;
    assert_eq!(second.event("hello").await["preferences"]["keywords_rev"], 1);
}

#[tokio::test]
async fn who_is_switched_off_is_out_and_looks_offline() {
    let instance = Instance::embedded().await;
    let root = instance.administrator().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    set_status(&instance, &chat.bob, json!({"text": "here"})).await;
    watch_until(&mut alice, &chat.bob, "online").await;
    instance.service().deactivate_user(&root, chat.bob.actor.user_id).await.expect("switches off");
    assert_eq!(bob.closing().await, "session_ended");
    let seen = told_that(&mut alice, |seen| seen["status"] == "offline").await;
    assert_eq!(seen["custom_status"], Value::Null);
}
