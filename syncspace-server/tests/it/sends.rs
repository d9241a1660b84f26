//! Sends that share batches, repeats and instances, on the embedded store and on MySQL.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::{EditMessage, Message, MessageQuery, SendMessage};
use syncspace_protocol::{ChannelId, ClientId, MessageId, StreamId, UserId};
use syncspace_server::service::{Actor, Service};
use syncspace_server::store::{Many, Queries as _, Sql, Store, channels, heads, messages, params};

use crate::explain::{self, Plan};
use crate::place::{Place, Rig, SECRET, body, on_both_stores, refused};

on_both_stores! {
    two_instances_number_one_channel_without_gaps,
    replies_of_one_batch_count_one_by_one,
    a_repeat_is_the_same_message_whatever_became_of_it,
    what_is_refused_leaves_its_batch_alone,
}

/// Two instances on one database, somebody with a channel.
struct Pair {
    rig: Rig,
    other: Service,
    alice: Actor,
    channel: ChannelId,
}

impl Pair {
    async fn new(place: Place) -> Self {
        let rig = place.open_rig().await;
        let alice = rig.register_actor("alice").await;
        let team = body(serde_json::json!({"name": "eng"}));
        let team = rig.service.create_team(&alice, team).await.expect("makes a team").team.id;
        let channel = body(serde_json::json!({"kind": "public", "name": "general"}));
        let channel = rig.service.create_channel(&alice, team, channel).await.expect("makes a channel").channel.id;
        let (other, _) = rig.place.service(RegistrationMode::Open, &[SECRET]).await;
        Self { rig, other, alice, channel }
    }

    fn instance(&self, number: usize) -> &Service {
        if number.is_multiple_of(2) { &self.rig.service } else { &self.other }
    }

    async fn send(&self, instance: usize, message: SendMessage) -> Message {
        self.instance(instance).send_message(&self.alice, self.channel, message).await.expect("sends").0
    }

    async fn log(&self) -> Vec<Message> {
        let mut log = Vec::new();
        loop {
            let after = log.last().map_or(syncspace_protocol::Seq::ZERO, |message: &Message| message.seq);
            let query = MessageQuery { after: Some(after), limit: Some(200), ..MessageQuery::default() };
            let page = self.rig.service.messages(&self.alice, self.channel, query).await.expect("reads");
            if page.items.is_empty() {
                return log;
            }
            log.extend(page.items);
        }
    }

    async fn head_rev(&self) -> u64 {
        let stream = StreamId::Channel(self.channel);
        let store = Store::open(&self.rig.place.url).await.expect("opens");
        heads::load(&mut &store, &[stream]).await.expect("reads")[&stream].last_rev.get()
    }
}

fn text(content: &str, client_id: &str) -> SendMessage {
    let client_id = Some(client_id.parse().expect("a client_id"));
    SendMessage { content: content.to_owned(), client_id, ..SendMessage::default() }
}

fn reply(content: &str, client_id: &str, parent: MessageId) -> SendMessage {
    SendMessage { parent_message_id: Some(parent), ..text(content, client_id) }
}

async fn two_instances_number_one_channel_without_gaps(place: Place) {
    let pair = Pair::new(place).await;
    // Each message goes through both instances, in no particular order.
    let sends = (0..160).map(|number| {
        let (instance, name) = (number, (number * 7) % 80);
        pair.send(instance + number / 80, text(&format!("message {name}"), &format!("name-{name}")))
    });
    let sent = join_all(sends).await;
    let log = pair.log().await;
    assert_eq!(log.iter().map(|message| message.seq.get()).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
    assert_eq!(log.iter().map(|message| message.rev.get()).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
    assert_eq!(pair.head_rev().await, 80);
    let by_name: BTreeMap<&str, &Message> = log.iter().map(|message| (message.client_id.as_str(), message)).collect();
    assert_eq!(by_name.len(), 80, "one message for each name");
    for answer in &sent {
        assert_eq!(by_name[answer.client_id.as_str()], answer, "everybody who sent it got the same message");
    }
    let ids: BTreeSet<_> = log.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), 80);
}

async fn replies_of_one_batch_count_one_by_one(place: Place) {
    let pair = Pair::new(place).await;
    let root = pair.send(0, text("root", "root")).await;
    let first = pair.send(0, reply("first", "first", root.id)).await;
    // To the root and to a reply: all join one thread.
    let sends = (0..40).map(|number| {
        let parent = if number % 3 == 0 { first.id } else { root.id };
        pair.send(number, reply(&number.to_string(), &format!("reply-{number}"), parent))
    });
    let replies = join_all(sends).await;
    let log = pair.log().await;
    let root = &log[0];
    assert_eq!(root.reply_count, 41);
    let newest = log.iter().skip(1).map(|message| message.rev).max().expect("replies");
    assert_eq!(root.rev, newest, "the root is stamped with its newest reply");
    assert!(replies.iter().all(|reply| reply.parent_seq == Some(root.seq) && reply.parent_message_id == Some(root.id)));
    let revs: BTreeSet<_> = log.iter().skip(1).map(|message| message.rev.get()).collect();
    assert_eq!(revs, (2..=42).collect(), "one rev for a reply and its root");
}

async fn a_repeat_is_the_same_message_whatever_became_of_it(place: Place) {
    let pair = Pair::new(place).await;
    let sent = pair.send(0, text("hello", "once")).await;
    let edit = EditMessage { content: "goodbye".to_owned(), expected_rev: None };
    pair.rig.service.edit_message(&pair.alice, pair.channel, sent.seq, edit).await.expect("edits");
    let again = pair.send(1, text("hello", "once")).await;
    assert_eq!((again.id, again.seq, again.content.as_str()), (sent.id, sent.seq, "goodbye"));
    let as_edited = pair.other.send_message(&pair.alice, pair.channel, text("goodbye", "once")).await;
    refused(as_edited, ErrorCode::ClientIdReused);
    pair.rig.service.delete_message(&pair.alice, pair.channel, sent.seq).await.expect("deletes");
    let again = pair.send(1, text("hello", "once")).await;
    assert_eq!((again.id, again.seq, again.content.as_str()), (sent.id, sent.seq, ""));
    assert!(again.deleted_at.is_some());
    let another = pair.other.send_message(&pair.alice, pair.channel, text("another", "once")).await;
    refused(another, ErrorCode::ClientIdReused);
    assert_eq!(pair.log().await.len(), 1);
}

async fn what_is_refused_leaves_its_batch_alone(place: Place) {
    let pair = Pair::new(place).await;
    let eve = pair.rig.register_actor("eve").await;
    let gone = MessageId::try_from(999_999_999).expect("an id");
    let (service, channel) = (&pair.rig.service, pair.channel);
    let wanted: Vec<(&Actor, SendMessage, Option<ErrorCode>)> = vec![
        (&pair.alice, text("one", "one"), None),
        (&eve, text("no", "one"), Some(ErrorCode::NotFound)),
        (&pair.alice, reply("no", "orphan", gone), Some(ErrorCode::NotFound)),
        (&pair.alice, text("two", "two"), None),
        (&pair.alice, text("other", "one"), Some(ErrorCode::ClientIdReused)),
        (&pair.alice, text("two", "two"), None),
        (&pair.alice, text("three", "orphan"), None),
    ];
    let sends = wanted.iter().map(|(who, message, _)| service.send_message(who, channel, message.clone()));
    let outcomes = join_all(sends).await;
    let mut seqs = Vec::new();
    for (outcome, (_, message, code)) in outcomes.into_iter().zip(&wanted) {
        match code {
            Some(code) => drop(refused(outcome, *code)),
            None => {
                let (sent, is_repeat) = outcome.expect("sent");
                assert_eq!(sent.content, message.content);
                seqs.push((sent.seq.get(), is_repeat));
            }
        }
    }
    assert_eq!(seqs, [(1, false), (2, false), (2, true), (3, false)]);
    assert_eq!(pair.log().await.len(), 3);
}

/// The look-ups that every send makes, for a few keys.
fn hot_lookups() -> Vec<Many> {
    let channel = ChannelId::try_from(1).expect("an id");
    let user = UserId::try_from(1).expect("an id");
    let names: Vec<ClientId> = (0..4).map(|number| format!("name-{number}").parse().expect("a client_id")).collect();
    let ids = (1..=4).map(|id| MessageId::try_from(id).expect("an id")).collect::<Vec<_>>();
    let places = (1..=4).map(|seq| (channel, seq.try_into().expect("a seq"))).collect::<Vec<_>>();
    vec![
        messages::by_requests(names.iter().map(|name| (channel, user, name))),
        channels::access_of_many([(channel, user); 4].into_iter()),
        messages::by_ids(ids.into_iter()),
        messages::by_places(places.into_iter()),
    ]
}

#[tokio::test]
async fn hot_lookups_use_their_indexes_on_sqlite() {
    let store = Place::sqlite().store().await;
    for Many { sql, values } in hot_lookups() {
        for step in explain::steps(&store, sql.sqlite, values[..sql.width].to_vec()).await {
            assert!(step.starts_with("SEARCH ") && step.contains(" USING "), "{step}: {}", sql.sqlite);
        }
    }
}

#[tokio::test]
async fn hot_lookups_use_their_indexes_on_mysql() {
    let pair = Pair::new(Place::mysql().await).await;
    // Enough rows that reading them all would be dearer.
    for round in 0..8 {
        join_all((0..200).map(|number| pair.send(0, text("x", &format!("name-{round}-{number}"))))).await;
    }
    let store = Store::open(&pair.rig.place.url).await.expect("opens");
    (&store).query(&Sql::both("ANALYZE TABLE messages"), params![]).await.expect("analyses");
    for Many { sql, values } in hot_lookups() {
        let plan = Plan::of(&store, &sql.mysql(values.len() / sql.width), values).await;
        // The list of keys itself is no table.
        let tables: Vec<_> = plan.reads.iter().filter(|read| read.table != "k").collect();
        assert!(!tables.is_empty(), "{}", plan.text);
        for read in tables {
            // Of the others there are too few rows here to make a key worth its while.
            let is_read_whole = read.table == "messages" && read.is_whole();
            assert!(read.has_indexes && !is_read_whole, "{} is read as a whole: {}", read.table, plan.text);
        }
    }
}
