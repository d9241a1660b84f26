//! Coming back after an absence: on any instance, whatever happened, in few statements.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncspace_protocol::messages::MessageQuery;
use syncspace_protocol::{ChannelId, Seq};

use super::peer::{Instance, Peer};
use super::{Chat, text};
use crate::place::body;

/// A client's picture of its streams, which checks that each change comes once and none is left out.
#[derive(Default)]
struct Picture {
    revs: BTreeMap<String, u64>,
    /// Content by channel and place; none where the message is deleted.
    messages: BTreeMap<(u64, u64), Option<String>>,
}

impl Picture {
    fn apply(&mut self, frame: &Value) {
        let (Some(stream), Some(rev)) = (frame["stream"].as_str(), frame["rev"].as_u64()) else { return };
        let before = self.revs.entry(stream.to_owned()).or_default();
        if frame["ev"] == "changes" {
            assert_eq!(frame["after"], *before, "a page goes on where the stream stood: {frame}");
        } else {
            assert_eq!(rev, *before + 1, "neither twice nor with a hole: {frame}");
        }
        *before = rev;
        let channel = stream.strip_prefix('c').and_then(|id| id.parse().ok()).unwrap_or(0);
        match frame["ev"].as_str() {
            Some("changes") => {
                for item in frame["items"].as_array().expect("items").iter().filter(|item| item["kind"] == "message") {
                    self.put(channel, &item["message"]);
                }
            }
            Some("message.created") => self.put(channel, &frame["message"]),
            Some("message.updated") => {
                let content = frame["content"].as_str().expect("a text").to_owned();
                self.messages.insert((channel, frame["seq"].as_u64().expect("a seq")), Some(content));
            }
            Some("message.deleted") => {
                self.messages.insert((channel, frame["seq"].as_u64().expect("a seq")), None);
            }
            _ => {}
        }
    }

    fn put(&mut self, channel: u64, message: &Value) {
        let content = message["content"].as_str().filter(|_| message["deleted_at"].is_null());
        self.messages.insert((channel, message["seq"].as_u64().expect("a seq")), content.map(str::to_owned));
    }

    /// Reads on until a stream has come to this rev.
    async fn read_to(&mut self, peer: &mut Peer, stream: &str, rev: u64) {
        while self.revs.get(stream).is_none_or(|&read| read < rev) {
            self.apply(&peer.next().await);
        }
    }
}

/// What the database says of a channel.
async fn content_of(
    instance: &Instance,
    chat: &Chat,
    channel: ChannelId,
) -> (BTreeMap<(u64, u64), Option<String>>, u64) {
    let query = MessageQuery { after: Some(Seq::ZERO), limit: Some(200), ..MessageQuery::default() };
    let page = instance.service().messages(&chat.alice.actor, channel, query).await.expect("a page");
    let content = page.items.into_iter().map(|message| {
        let content = message.deleted_at.is_none().then_some(message.content);
        ((channel.get(), message.seq.get()), content)
    });
    (content.collect(), page.rev.get())
}

async fn resume(peer: &mut Peer, hello: &Value, revs: &BTreeMap<String, u64>) -> Value {
    peer.send(&json!({"id": 1, "op": "resume", "streams": revs, "epoch": hello["epoch"]})).await;
    peer.reply(1).await["ok"]["streams"].clone()
}

async fn channel_named(instance: &Instance, chat: &Chat, name: &str) -> ChannelId {
    let channel = body(json!({"kind": "public", "name": name}));
    instance.service().create_channel(&chat.alice.actor, chat.team, channel).await.expect("a channel").channel.id
}

#[tokio::test]
async fn a_client_resumes_on_an_instance_that_never_saw_it_whatever_happened_and_happens() {
    let cluster = Instance::cluster().await;
    let [one, two] = &cluster.instances;
    let chat = Chat::on(one).await;
    let (service, stream) = (one.service(), chat.stream());
    for number in 1..=10 {
        chat.say(one, &chat.alice, &format!("m{number}")).await;
    }
    let mut picture = Picture::default();
    let mut bob = Peer::connect(one, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    let team = &hello["teams"][0];
    let (team_stream, mine) = (format!("t{}", chat.team), format!("m{}", team["membership"]["member_id"]));
    for (name, rev) in [(&team_stream, &team["team_rev"]), (&mine, &team["member_rev"])] {
        picture.revs.insert(name.clone(), rev.as_u64().expect("a rev"));
    }
    picture.revs.insert(stream.clone(), 0);
    resume(&mut bob, &hello, &picture.revs).await;
    picture.read_to(&mut bob, &stream, 10).await;
    drop(bob);
    // While it is away: edits, deletions, messages, a channel more, and one less.
    let seq = |number: u64| Seq::try_from(number).expect("a seq");
    service
        .edit_message(&chat.alice.actor, chat.channel, seq(3), body(json!({"content": "m3!"})))
        .await
        .expect("edits");
    service.delete_message(&chat.alice.actor, chat.channel, seq(5)).await.expect("deletes");
    chat.say(one, &chat.alice, "m11").await;
    let side = channel_named(one, &chat, "side").await;
    service.join_channel(&chat.bob.actor, side).await.expect("joins");
    service.send_message(&chat.alice.actor, side, text("s1")).await.expect("sends");
    let mut bob = Peer::connect(two, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    let talking = async {
        for number in 12..=40 {
            let instance = if number % 2 == 0 { one } else { two };
            chat.say(instance, &chat.alice, &format!("m{number}")).await;
        }
        service.delete_message(&chat.alice.actor, chat.channel, seq(12)).await.expect("deletes");
    };
    let reading = async {
        picture.revs.insert(format!("c{side}"), 0);
        let statuses = resume(&mut bob, &hello, &picture.revs).await;
        assert!(statuses.as_object().expect("statuses").values().all(|status| status == "ok"), "{statuses}");
        picture.read_to(&mut bob, &stream, 43).await;
        picture.read_to(&mut bob, &format!("c{side}"), 1).await;
    };
    tokio::join!(talking, reading);
    let (mut expected, rev) = content_of(two, &chat, chat.channel).await;
    assert_eq!(rev, 43);
    expected.extend(content_of(two, &chat, side).await.0);
    assert_eq!(picture.messages, expected);
    bob.nothing_more().await;
}

/// Statements that a client's return took, at best of a few: what runs on a clock may come between.
async fn statements_of_a_return(instance: &Instance, chat: &Chat, revs: &BTreeMap<String, u64>) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = instance.service().statement_counts();
        let mut bob = Peer::connect(instance, "/ws?resume=1", Some(&chat.bob.token)).await;
        let hello = bob.next().await;
        let statuses = resume(&mut bob, &hello, revs).await;
        assert!(statuses.as_object().expect("statuses").values().all(|status| status == "ok"), "{statuses}");
        let after = instance.service().statement_counts();
        least = least.min(after.reads + after.changes - before.reads - before.changes);
    }
    least
}

async fn whoever_missed_nothing_costs_two_statements_and_no_password(instance: Instance) {
    let chat = Chat::on(&instance).await;
    let mut revs = BTreeMap::from([(chat.stream(), 0)]);
    for number in 0..20 {
        let channel = channel_named(&instance, &chat, &format!("channel-{number}")).await;
        instance.service().join_channel(&chat.bob.actor, channel).await.expect("joins");
        revs.insert(format!("c{channel}"), 0);
    }
    let hashings = instance.service().password_hashings();
    let alone = statements_of_a_return(&instance, &chat, &revs).await;
    let _alice = Peer::live(&instance, &chat.alice).await;
    let among_others = statements_of_a_return(&instance, &chat, &revs).await;
    assert!(alone <= 2 && among_others <= 2, "{alone} where no stream was known, {among_others} where they were");
    assert_eq!(instance.service().password_hashings(), hashings, "no password is asked for");
}

#[tokio::test]
async fn whoever_missed_nothing_costs_two_statements_and_no_password_on_sqlite() {
    whoever_missed_nothing_costs_two_statements_and_no_password(Instance::embedded().await).await;
}

#[tokio::test]
async fn whoever_missed_nothing_costs_two_statements_and_no_password_on_mysql() {
    whoever_missed_nothing_costs_two_statements_and_no_password(Instance::on_mysql().await.0).await;
}

async fn missed_changes_of_many_channels_come_in_few_statements(instance: Instance) {
    let chat = Chat::on(&instance).await;
    let mut revs = BTreeMap::from([(chat.stream(), 0)]);
    for number in 0..30 {
        let channel = channel_named(&instance, &chat, &format!("channel-{number}")).await;
        instance.service().join_channel(&chat.bob.actor, channel).await.expect("joins");
        for place in 0..3 {
            let content = format!("{channel} {place}");
            instance.service().send_message(&chat.alice.actor, channel, text(&content)).await.expect("sends");
        }
        revs.insert(format!("c{channel}"), number % 4);
    }
    // The work behind the log reads, too.
    instance.service().catch_up().await.expect("catches up");
    let mut least = u64::MAX;
    for _ in 0..5 {
        let mut picture = Picture { revs: revs.clone(), ..Picture::default() };
        let before = instance.service().statement_counts().reads;
        let mut bob = Peer::connect(&instance, "/ws?resume=1", Some(&chat.bob.token)).await;
        let hello = bob.next().await;
        resume(&mut bob, &hello, &revs).await;
        for stream in revs.keys().filter(|stream| **stream != chat.stream()) {
            picture.read_to(&mut bob, stream, 3).await;
        }
        least = least.min(instance.service().statement_counts().reads - before);
        let missed: u64 = revs.iter().filter(|(stream, _)| **stream != chat.stream()).map(|(_, rev)| 3 - rev).sum();
        assert_eq!(u64::try_from(picture.messages.len()).expect("a count"), missed);
    }
    assert!(least <= 5, "{least} statements");
}

#[tokio::test]
async fn missed_changes_of_many_channels_come_in_few_statements_on_sqlite() {
    missed_changes_of_many_channels_come_in_few_statements(Instance::embedded().await).await;
}

#[tokio::test]
async fn missed_changes_of_many_channels_come_in_few_statements_on_mysql() {
    missed_changes_of_many_channels_come_in_few_statements(Instance::on_mysql().await.0).await;
}

#[tokio::test]
async fn pages_end_anywhere_and_nothing_is_left_out() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let side = channel_named(&instance, &chat, "side").await;
    instance.service().join_channel(&chat.bob.actor, side).await.expect("joins");
    // More than one page in the first channel, so that the second is reached by a later one.
    for channel in [chat.channel, side] {
        let sends = (0..620).map(|_| instance.service().send_message(&chat.alice.actor, channel, text("x")));
        for sent in futures_util::future::join_all(sends).await {
            sent.expect("sends");
        }
    }
    let revs = BTreeMap::from([(chat.stream(), 7), (format!("c{side}"), 0)]);
    let mut picture = Picture { revs: revs.clone(), ..Picture::default() };
    let mut bob = Peer::connect(&instance, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    resume(&mut bob, &hello, &revs).await;
    picture.read_to(&mut bob, &chat.stream(), 620).await;
    picture.read_to(&mut bob, &format!("c{side}"), 620).await;
    assert_eq!(picture.messages.len(), 613 + 620);
}

#[tokio::test]
async fn whoever_is_removed_while_catching_up_gets_nothing_that_came_later() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let content = "x".repeat(8_000);
    // More than the sockets and the kernel hold.
    let sends = (0..1_500).map(|_| instance.service().send_message(&chat.alice.actor, chat.channel, text(&content)));
    for sent in futures_util::future::join_all(sends).await {
        sent.expect("sends");
    }
    let mut bob = Peer::connect(&instance, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    resume(&mut bob, &hello, &BTreeMap::from([(chat.stream(), 0)])).await;
    let service = instance.service();
    service.remove_channel_member(&chat.alice.actor, chat.channel, chat.bob.actor.user_id).await.expect("removes");
    chat.say(&instance, &chat.alice, "without bob").await;
    bob.send(&json!({"id": 2, "op": "ping"})).await;
    let mut seen = 0;
    loop {
        let frame = bob.next().await;
        assert!(!frame.to_string().contains("without bob"), "{frame}");
        seen += frame["items"].as_array().map_or(0, Vec::len);
        if frame["re"] == 2 {
            break;
        }
    }
    assert!(seen < 1_500, "it was removed before it had read everything");
    bob.nothing_more().await;
}

#[tokio::test]
async fn what_was_committed_elsewhere_and_not_heard_yet_is_no_reason_to_reload() {
    let mut cluster = Instance::cluster().await;
    let chat = Chat::on(&cluster.instances[0]).await;
    let _alice = Peer::live(&cluster.instances[1], &chat.alice).await;
    cluster.redis.kill();
    let [one, two] = &cluster.instances;
    let mut bob = Peer::connect(two, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    chat.say(one, &chat.alice, "unheard").await;
    let statuses = resume(&mut bob, &hello, &BTreeMap::from([(chat.stream(), 1)])).await;
    assert_eq!(statuses, json!({chat.stream(): "ok"}));
    chat.say(one, &chat.alice, "heard").await;
    assert_eq!(bob.message().await, "heard", "what it had does not come again");
}

#[tokio::test]
async fn whoever_has_not_resumed_yet_still_learns_of_a_channel_that_the_bus_did_not_tell() {
    let mut cluster = Instance::cluster().await;
    let chat = Chat::on(&cluster.instances[0]).await;
    let mut resuming = Peer::connect(&cluster.instances[1], "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = resuming.next().await;
    let mut other_device = Peer::live(&cluster.instances[1], &chat.bob).await;
    cluster.redis.kill();
    let [one, _] = &cluster.instances;
    let side = channel_named(one, &chat, "side").await;
    one.service().join_channel(&chat.bob.actor, side).await.expect("joins");
    // This device follows, and is told by the comparison of heads: the instance knows now, and tells nobody again.
    other_device
        .until(|frame| {
            frame["items"].as_array().is_some_and(|items| items.iter().any(|item| item["kind"] == "my_channel"))
        })
        .await;
    resume(&mut resuming, &hello, &BTreeMap::new()).await;
    one.service().send_message(&chat.alice.actor, side, text("for both")).await.expect("sends");
    assert_eq!(resuming.message().await, "for both");
}
