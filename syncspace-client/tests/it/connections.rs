//! Connections: what is sent arrives once and in order, whatever happens to the server.

use std::time::Duration;

use syncspace_client::{Client, ConnectOptions, Connection, Update, messages_in};
use syncspace_protocol::channels::{MarkRead, MoveMarker, MyChannel};
use syncspace_protocol::messages::EditMessage;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, Seq, StreamId};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::world::{PATIENCE, World, connected, next, team_and_channel, text};

/// Pause before a send is repeated that failed because there is no connection.
const RESEND_WAIT: Duration = Duration::from_millis(20);

/// Follows a channel from where it stands.
fn follow(client: &Client, channel: &MyChannel) -> (Connection, mpsc::Receiver<Update>) {
    client.connect(ConnectOptions::following(StreamId::Channel(channel.channel.id), channel.head.last_rev))
}

/// Takes updates until this many messages of the channel were seen, and checks that each came once, in order.
async fn read_messages(updates: &mut mpsc::Receiver<Update>, channel: ChannelId, count: usize) -> Vec<String> {
    let mut contents = Vec::new();
    let mut last = None;
    while contents.len() < count {
        let Update::Event(event) = next(updates).await else { continue };
        assert!(!matches!(event.body, EventBody::StreamReload {} | EventBody::StreamGone {}), "{event:?}");
        for message in messages_in(&event).filter(|message| message.channel_id == channel) {
            assert!(last.is_none_or(|last: Seq| message.seq == last.next()), "{last:?}, then {message:?}");
            last = Some(message.seq);
            contents.push(message.content.clone());
        }
    }
    contents
}

/// Sends like a program that must not lose anything: again and again under the same name.
async fn send_surely(connection: &Connection, channel: ChannelId, content: &str) -> Seq {
    let sending = async {
        loop {
            match connection.send(channel, text(content)).await {
                Ok(ack) => return ack.seq,
                Err(error) => {
                    assert!(error.is_transient(), "{error:?}");
                    connection.reconnect_now();
                    tokio::time::sleep(error.retry_after().unwrap_or(RESEND_WAIT)).await;
                }
            }
        }
    };
    timeout(PATIENCE, sending).await.expect("sent in time")
}

#[tokio::test]
async fn people_in_a_channel_hear_each_other() {
    let world = World::start().await;
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let (_, channel) = team_and_channel(&alice, &[&bob]).await;
    let id = channel.channel.id;
    let (alices, mut alice_hears) = follow(&alice, &channel);
    let (bobs, mut bob_hears) = follow(&bob, &channel);
    connected(&mut alice_hears).await;
    connected(&mut bob_hears).await;

    alices.ping().await.expect("a sign of life");
    let ack = alices.send(id, text("hi")).await.expect("sent");
    assert!(!ack.is_repeat);
    let again = alices.send(id, text("hi")).await.expect("sent again");
    assert_eq!((again.message_id, again.seq, again.is_repeat), (ack.message_id, ack.seq, true));
    bobs.send(id, text("ho")).await.expect("sent");
    assert_eq!(read_messages(&mut alice_hears, id, 2).await, ["hi", "ho"]);
    assert_eq!(read_messages(&mut bob_hears, id, 2).await, ["hi", "ho"]);

    let rev = alices
        .edit(id, ack.seq, EditMessage { content: "hello".to_owned(), expected_rev: None })
        .await
        .expect("edited");
    assert!(rev > ack.rev);
    assert!(alices.delete(id, ack.seq).await.expect("deleted") > rev);
    let marker =
        bobs.read(id, MarkRead { seq: ack.seq, mode: MoveMarker::Advance, known_rev: None }).await.expect("read");
    assert!(marker.last_read_seq >= ack.seq);
    bobs.typing(id, None).await.expect("typing");
    loop {
        if let Update::Event(event) = next(&mut alice_hears).await
            && matches!(event.body, EventBody::Typing { .. })
        {
            break;
        }
    }
    let presence = alices.watch(vec![bob.me().await.expect("an account").id]).await.expect("presence");
    assert_eq!(presence.len(), 1);
    alices.close().await;
}

#[tokio::test]
async fn what_was_sent_while_the_server_died_arrives_once_and_in_order() {
    let mut world = World::start().await;
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let (_, channel) = team_and_channel(&alice, &[&bob]).await;
    let id = channel.channel.id;
    let (hearing, mut alice_hears) = follow(&alice, &channel);
    let (sending, mut bob_hears) = follow(&bob, &channel);
    connected(&mut alice_hears).await;
    connected(&mut bob_hears).await;

    let mut expected = Vec::new();
    for round in 0..3 {
        let contents: Vec<String> = (0..20).map(|number| format!("{round}-{number}")).collect();
        expected.extend(contents.clone());
        let sender = sending.clone();
        let sends = tokio::spawn(async move {
            for content in contents {
                send_surely(&sender, id, &content).await;
            }
        });
        world.restart().await;
        hearing.reconnect_now();
        sending.reconnect_now();
        sends.await.expect("sent");
    }
    assert_eq!(read_messages(&mut alice_hears, id, expected.len()).await, expected);
    assert_eq!(read_messages(&mut bob_hears, id, expected.len()).await, expected);
}

#[tokio::test]
async fn a_long_absence_is_caught_up() {
    let world = World::start().await;
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let (_, channel) = team_and_channel(&alice, &[&bob]).await;
    let id = channel.channel.id;
    let mut expected = Vec::new();
    for number in 0..450 {
        let content = format!("missed {number}").replace(' ', "-");
        bob.send_message(id, text(&content)).await.expect("sent");
        expected.push(content);
    }
    let (_connection, mut alice_hears) = follow(&alice, &channel);
    assert_eq!(read_messages(&mut alice_hears, id, expected.len()).await, expected);
}

#[tokio::test]
async fn following_later_misses_nothing() {
    let world = World::start().await;
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let (_, channel) = team_and_channel(&alice, &[&bob]).await;
    let id = channel.channel.id;
    bob.send_message(id, text("before")).await.expect("sent");
    let (connection, mut alice_hears) = alice.connect(ConnectOptions::default());
    connected(&mut alice_hears).await;
    connection.follow(StreamId::Channel(id), channel.head.last_rev);
    bob.send_message(id, text("after")).await.expect("sent");
    let mut heard = std::collections::BTreeSet::new();
    while heard.len() < 2 {
        // Until the connection has taken the wish, events pass as they come: "after" may come twice.
        if let Update::Event(event) = next(&mut alice_hears).await {
            heard.extend(messages_in(&event).map(|message| message.content.clone()));
        }
    }
    assert!(heard.contains("before") && heard.contains("after"));
}

#[tokio::test]
async fn a_consumer_that_does_not_read_loses_nothing() {
    let world = World::start().await;
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let (_, channel) = team_and_channel(&alice, &[&bob]).await;
    let id = channel.channel.id;
    let (connection, mut alice_hears) = follow(&alice, &channel);
    connected(&mut alice_hears).await;
    let (bobs, mut bob_hears) = bob.connect(ConnectOptions::default());
    connected(&mut bob_hears).await;
    tokio::spawn(async move { while bob_hears.recv().await.is_some() {} });
    // More than the queue of updates holds.
    let sends = (0..1_100).map(|number| {
        let bobs = bobs.clone();
        tokio::spawn(async move { bobs.send(id, text(&number.to_string())).await })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.expect("an answer").expect("sent");
    }
    // An answer still gets through.
    connection.ping().await.expect("a sign of life");
    let mut contents = read_messages(&mut alice_hears, id, 1_100).await;
    contents.sort_unstable();
    contents.dedup();
    assert_eq!(contents.len(), 1_100);
}
