//! Outgoing hooks: which messages they are told of, and how deliveries end.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syncspace_protocol::UserId;
use syncspace_protocol::channels::CreateChannel;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::hooks::{Delivery, DeliveryState, Hook, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use syncspace_protocol::page::PageQuery;
use syncspace_server::service::DueDelivery;
use syncspace_server::store::{Queries as _, Sql};

use crate::counts::Room;
use crate::explain;
use crate::place::{Place, body, on_both_stores, refused};
use crate::target::{Behaviour, Target};

on_both_stores! {
    a_hook_is_told_of_what_people_write_from_now_on,
    trigger_words_and_channels_narrow_what_it_hears,
    an_answer_is_posted_once_and_triggers_nothing,
    a_delivery_is_tried_again_later_and_given_up_in_the_end,
    targets_that_misbehave_are_told_apart,
    a_target_in_a_private_network_is_refused_where_it_is_named,
    what_is_gone_is_told_to_nobody,
    so_much_waits_for_a_hook_and_no_more,
}

impl Room {
    async fn outgoing(&self, bot: UserId, more: Value) -> (Hook, String) {
        let mut hook = json!({"kind": "outgoing", "name": "log", "bot_id": bot});
        hook.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let made = self.hook_by(&self.alice, hook).await.expect("makes a hook");
        (made.hook, made.secret.expect("a secret").0)
    }

    /// Finds what is due now.
    async fn due(&self) -> Vec<DueDelivery> {
        self.rig.service.catch_up().await.expect("catches up");
        let turn = self.turn().await;
        let due = self.rig.service.due_deliveries(&turn, &[], 100).await.expect("looks").expect("has the turn");
        turn.give_back().await;
        due
    }

    /// Makes all deliveries that are due, and gives how many.
    async fn deliver(&self) -> usize {
        let due = self.due().await;
        for one in &due {
            self.rig.service.deliver(one).await.expect("writes down what came of it");
        }
        due.len()
    }

    async fn told(&self, hook: &Hook) -> Vec<Delivery> {
        let place = (self.team, hook.id);
        self.rig.service.deliveries(&self.alice, place, &PageQuery::default()).await.expect("lists").items
    }
}

async fn a_hook_is_told_of_what_people_write_from_now_on(place: Place) {
    let room = Room::open_to_targets(place).await;
    let mut target = Target::start(Behaviour::Answer(200, "ok".to_owned())).await;
    room.say(&room.bob, "from before").await;
    room.rig.clock.advance_ms(10);
    let bot = room.bot_inside("log").await;
    let (hook, secret) = room.outgoing(bot, json!({"url": target.url("/log?x=1")})).await;
    let said = room.say(&room.bob, "hello").await;
    room.edit(&room.bob, &said, "hello!").await;
    assert_eq!(room.deliver().await, 1);
    let received = target.next().await;
    assert_eq!(received.path, "/log?x=1");
    let event: Value = serde_json::from_str(&received.body).expect("JSON");
    assert_eq!(event["text"], "hello!", "as it is when it is sent");
    assert_eq!((&event["user_name"], &event["channel_name"]), (&json!("bob_"), &json!("general")));
    assert_eq!((&event["seq"], &event["hook_id"]), (&json!(said.seq), &json!(hook.id)));
    let timestamp = &received.headers[TIMESTAMP_HEADER];
    assert_eq!(received.headers[SIGNATURE_HEADER], signature(&secret, timestamp, &received.body));
    let told = room.told(&hook).await;
    assert_eq!((told[0].state, told[0].attempts, told[0].last_status), (DeliveryState::Done, 1, Some(200)));
    assert_eq!(room.deliver().await, 0, "an edit is no new message, and nothing is told twice");
    assert!(!target.has_more());
}

fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    let bytes = mac.chain_update(format!("v0:{timestamp}:{body}")).finalize().into_bytes();
    bytes.iter().fold("v0=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

async fn trigger_words_and_channels_narrow_what_it_hears(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Answer(200, String::new())).await;
    let new: CreateChannel = body(json!({"kind": "private", "name": "secret"}));
    let secret = room.rig.service.create_channel(&room.alice, room.team, new).await.expect("a channel").channel.id;
    let bot = room.bot_inside("log").await;
    let url = target.url("/");
    let (words, _) = room.outgoing(bot, json!({"url": url, "trigger_words": ["!Ticket", "bug:"]})).await;
    let (everywhere, _) = room.outgoing(bot, json!({"url": url})).await;
    let (here, _) = room.outgoing(bot, json!({"url": url, "channel_id": room.channel})).await;
    room.say(&room.bob, "!ticket it broke").await;
    room.say(&room.bob, "no !ticket, and no bug:").await;
    room.say(&room.bob, "!tickets").await;
    let whisper = body(json!({"content": "bug: only here"}));
    room.rig.service.send_message(&room.alice, secret, whisper).await.expect("sends");
    room.due().await;
    let seqs = |told: Vec<Delivery>| told.iter().map(|one| one.seq.get()).collect::<BTreeSet<_>>();
    assert_eq!(seqs(room.told(&words).await), [1].into());
    assert_eq!(seqs(room.told(&everywhere).await), [1, 2, 3].into(), "the bot is not in the private channel");
    assert_eq!(seqs(room.told(&here).await), [1, 2, 3].into());
    room.let_in(bot, secret).await;
    let whisper = body(json!({"content": "BUG: heard"}));
    room.rig.service.send_message(&room.alice, secret, whisper).await.expect("sends");
    room.due().await;
    assert_eq!(room.told(&words).await.len(), 2);
    assert_eq!(room.told(&everywhere).await.len(), 4);
    assert_eq!(room.told(&here).await.len(), 3);
}

async fn an_answer_is_posted_once_and_triggers_nothing(place: Place) {
    let room = Room::open_to_targets(place).await;
    let mut target = Target::start(Behaviour::Answer(200, json!({"text": "*noted*"}).to_string())).await;
    let bot = room.bot_inside("log").await;
    room.outgoing(bot, json!({"url": target.url("/")})).await;
    let root = room.say(&room.bob, "root").await;
    room.answer(&room.bob, Some(&root), "reply").await;
    let due = room.due().await;
    assert_eq!(due.len(), 2);
    for one in [&due[0], &due[0], &due[1]] {
        room.rig.service.deliver(one).await.expect("delivers");
    }
    let page = room.rig.service.messages(&room.bob, room.channel, body(json!({}))).await.expect("reads");
    let answers: Vec<_> = page.items.iter().filter(|message| message.sender_id == bot).collect();
    let parents: Vec<_> = answers.iter().map(|message| message.parent_seq).collect();
    assert_eq!(
        (answers.len(), answers[0].content.as_str()),
        (2, "**noted**"),
        "one for each, though it was told thrice"
    );
    assert_eq!(parents, [None, Some(root.seq)], "into the thread of what triggered it");
    let ids: Vec<_> = [target.next().await, target.next().await, target.next().await]
        .iter()
        .map(|received| received.headers["x-syncspace-delivery"].clone())
        .collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    assert_eq!(room.deliver().await, 0, "what a bot says triggers nothing");
}

async fn a_delivery_is_tried_again_later_and_given_up_in_the_end(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Answer(503, "down".to_owned())).await;
    let bot = room.bot_inside("log").await;
    let (hook, _) = room.outgoing(bot, json!({"url": target.url("/")})).await;
    room.say(&room.bob, "one").await;
    let mut tries = 0;
    loop {
        tries += room.deliver().await;
        let told = room.told(&hook).await.remove(0);
        assert_eq!((usize::try_from(told.attempts), told.last_status), (Ok(tries), Some(503)));
        let Some(next_at) = told.next_at else { break };
        assert_eq!(told.state, DeliveryState::Waiting);
        assert_eq!(room.deliver().await, 0, "not before its time");
        room.rig.clock.advance_ms(next_at.unix_ms() - room.rig.clock.now().unix_ms());
    }
    let told = room.told(&hook).await.remove(0);
    assert_eq!((told.state, tries), (DeliveryState::Failed, 8));
    assert!(told.last_error.expect("a reason").contains("503"));
    room.say(&room.bob, "two").await;
    room.deliver().await;
    target.behave(Behaviour::Answer(204, String::new())).await;
    room.rig.clock.advance_ms(20_000);
    assert_eq!(room.deliver().await, 1);
    assert_eq!(room.told(&hook).await[0].state, DeliveryState::Done);
}

async fn targets_that_misbehave_are_told_apart(place: Place) {
    let room = Room::open_to_targets(place).await;
    let end = Target::start(Behaviour::Answer(200, String::new())).await;
    let target = Target::start(Behaviour::Silence).await;
    let bot = room.bot_inside("log").await;
    let (hook, _) = room.outgoing(bot, json!({"url": target.url("/")})).await;
    let gone = |state, part: &'static str| (state, part);
    for (behaviour, (state, part)) in [
        (Behaviour::Redirect(307, end.url("/there")), gone(DeliveryState::Done, "")),
        (
            Behaviour::Redirect(302, "http://169.254.169.254/meta".to_owned()),
            gone(DeliveryState::Failed, "private network"),
        ),
        (Behaviour::Redirect(302, "http://10.0.0.1/".to_owned()), gone(DeliveryState::Failed, "private network")),
        (Behaviour::Redirect(301, "http://[::1]/".to_owned()), gone(DeliveryState::Failed, "private network")),
        (Behaviour::Redirect(308, "ftp://example.org/".to_owned()), gone(DeliveryState::Failed, "cannot be used")),
        (Behaviour::Redirect(307, target.url("/again")), gone(DeliveryState::Failed, "more than 3 times")),
        (Behaviour::Answer(404, String::new()), gone(DeliveryState::Failed, "404")),
        // It was told; what it answers is of no use, and telling it again of none either.
        (Behaviour::Flood(65 * 1024), gone(DeliveryState::Done, "")),
        (Behaviour::Silence, gone(DeliveryState::Waiting, "did not answer within 10 s")),
    ] {
        target.behave(behaviour.clone()).await;
        room.say(&room.bob, "x").await;
        room.deliver().await;
        let told = room.told(&hook).await.remove(0);
        assert_eq!(told.state, state, "{behaviour:?}: {told:?}");
        assert!(told.last_error.unwrap_or_default().contains(part), "{behaviour:?}");
    }
}

async fn a_target_in_a_private_network_is_refused_where_it_is_named(place: Place) {
    let room = Room::open_to_targets(place).await;
    let bot = room.bot_inside("log").await;
    let new = |url: &str| json!({"kind": "outgoing", "name": "log", "bot_id": bot, "url": url});
    for url in ["http://10.0.0.1/", "https://[::1]/hook", "http://169.254.169.254/meta", "http://0x7f000002/"] {
        let detail = refused(room.hook_by(&room.alice, new(url)).await, ErrorCode::InvalidField);
        assert!(
            detail.field.as_deref() == Some("url") && detail.message.contains("hook_targets_allowed"),
            "{detail:?}"
        );
    }
    let hook = room.hook_by(&room.alice, new("http://127.0.0.1:1/")).await.expect("the operator allows it").hook;
    room.hook_by(&room.alice, new("http://hooks.internal/")).await.expect("a name is resolved when it is asked");
    let edit = || body(json!({"url": "http://10.0.0.1/"}));
    refused(room.rig.service.edit_hook(&room.alice, (room.team, hook.id), edit()).await, ErrorCode::InvalidField);
}

async fn what_is_gone_is_told_to_nobody(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Answer(200, String::new())).await;
    let bot = room.bot_inside("log").await;
    let (hook, _) = room.outgoing(bot, json!({"url": target.url("/")})).await;
    let message = room.say(&room.bob, "a secret by mistake").await;
    let due = room.due().await;
    room.delete(&room.bob, &message).await;
    room.rig.service.deliver(&due[0]).await.expect("delivers");
    assert_eq!(room.told(&hook).await[0].state, DeliveryState::Failed);
    room.say(&room.bob, "of a hook that is deleted").await;
    assert_eq!(room.due().await.len(), 1);
    room.rig.service.delete_hook(&room.alice, room.team, hook.id).await.expect("deletes");
    assert_eq!(room.due().await.len(), 0, "what it was to be told is forgotten");
    assert!(!target.has_more());
}

async fn so_much_waits_for_a_hook_and_no_more(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Answer(200, String::new())).await;
    let bot = room.bot_inside("log").await;
    let (hook, _) = room.outgoing(bot, json!({"url": target.url("/")})).await;
    let (other, _) = room.outgoing(bot, json!({"url": target.url("/other")})).await;
    let store = room.rig.place.store().await;
    let values = format!(
        "1000000 + i, {}, {}, {}, 1000 + i, 'waiting', 0, '2999-01-01 00:00:00.000', '2026-11-22 17:26:21.500'",
        hook.id, room.team, room.channel
    );
    let columns = "id, hook_id, team_id, channel_id, seq, state, attempts, next_at, created_at";
    explain::fill(&store, "hook_deliveries", columns, &values, 9_999).await;
    room.say(&room.bob, "the last that waits").await;
    room.say(&room.bob, "one too many").await;
    assert_eq!(room.due().await.len(), 3, "one of this hook, two of the other");
    { &store }.execute(&Sql::both("DELETE FROM hook_deliveries WHERE id > 1000000"), vec![]).await.expect("deletes");
    let states = |told: Vec<Delivery>| {
        told.into_iter().map(|one| (one.seq.get(), one.state, one.last_error)).collect::<Vec<_>>()
    };
    let told = states(room.told(&hook).await);
    let reason = "too many messages wait for this hook already".to_owned();
    assert_eq!(told, [(2, DeliveryState::Failed, Some(reason)), (1, DeliveryState::Waiting, None)]);
    let told = states(room.told(&other).await);
    assert_eq!(told, [(2, DeliveryState::Waiting, None), (1, DeliveryState::Waiting, None)]);
    room.rig.service.delete_hook(&room.alice, room.team, hook.id).await.expect("deletes");
    assert_eq!(room.due().await.len(), 2, "only the other's");
}
