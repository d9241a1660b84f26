//! Whoever searches finds what they may read, and nothing else: after any sequence of changes.

use std::collections::BTreeSet;

use syncspace_protocol::channels::{ChannelRole, EditChannel, PutChannelMember};
use syncspace_protocol::messages::MessageQuery;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{ChannelId, MessageId};
use syncspace_server::service::Actor;

use super::Room;
use crate::place::{Place, on_both_stores};

on_both_stores! { nobody_finds_what_they_may_not_read }

const STEPS: usize = 120;

async fn nobody_finds_what_they_may_not_read(place: Place) {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let room = Room::open(place).await;
    let mut people = vec![room.alice, room.bob];
    for name in ["carol", "dave", "eve"] {
        people.push(room.rig.register_actor(name).await);
    }
    room.put(&people[2], TeamRole::Guest).await;
    room.put(&people[3], TeamRole::Member).await;
    let mut channels = vec![room.channel];
    for (name, kind) in [("ops", "private"), ("lobby", "public"), ("board", "private")] {
        channels.push(room.make_channel(name, kind).await);
    }
    let mut found = 0;
    for step in 0..STEPS {
        change(&room, &mut random, &people, &channels).await;
        if random.u32(..3) == 0 {
            room.index().await;
        }
        if step % 6 == 5 {
            room.index().await;
            for person in &people {
                found += compare(&room, person, &channels, seed).await;
            }
        }
    }
    assert!(found > 0, "seed {seed}: nothing was ever found");
}

/// Makes one change, or tries to: what the rules refuse is no change.
async fn change(room: &Room, random: &mut fastrand::Rng, people: &[Actor], channels: &[ChannelId]) {
    let service = &room.rig.service;
    let person = people[random.usize(..people.len())];
    let channel = channels[random.usize(..channels.len())];
    let alice = &room.alice;
    match random.u32(..16) {
        0 => drop(service.join_channel(&person, channel).await),
        1 => drop(service.leave_channel(&person, channel).await),
        2 | 3 => {
            let put = PutChannelMember { role: ChannelRole::Member };
            drop(service.put_channel_member(alice, channel, person.user_id, put).await);
        }
        4 => drop(service.remove_channel_member(alice, channel, person.user_id).await),
        5 if person != *alice => {
            let role = [TeamRole::Guest, TeamRole::Member, TeamRole::Admin][random.usize(..3)];
            room.put(&person, role).await;
        }
        6 if person != *alice => drop(service.remove_team_member(alice, room.team, person.user_id).await),
        7 => {
            let edit = EditChannel { is_archived: Some(random.bool()), ..EditChannel::default() };
            drop(service.edit_channel(alice, channel, edit).await);
        }
        8 if random.u32(..8) == 0 => drop(service.delete_channel(alice, channel).await),
        9 => {
            let page = service.messages(&person, channel, MessageQuery::default()).await;
            if let Some(message) = page.ok().and_then(|page| page.items.into_iter().next_back()) {
                drop(service.delete_message(&person, channel, message.seq).await);
            }
        }
        _ => {
            let words = ["apple", "pear", "apple pear"][random.usize(..3)];
            let new = syncspace_protocol::messages::SendMessage { content: words.to_owned(), ..Default::default() };
            drop(service.send_message(&person, channel, new).await);
        }
    }
}

/// Compares a search with what the person reads of each channel; gives how much there was.
async fn compare(room: &Room, person: &Actor, channels: &[ChannelId], seed: u64) -> usize {
    let mut readable = BTreeSet::new();
    for &channel in channels {
        let query = MessageQuery { limit: Some(200), ..MessageQuery::default() };
        if let Ok(page) = room.rig.service.messages(person, channel, query).await {
            let apples = page.items.into_iter().filter(|message| message.content.contains("apple"));
            readable.extend(apples.map(|message| message.id));
        }
    }
    match room.search(person, "apple").await {
        Ok(page) => {
            assert!(page.next.is_none() || readable.len() > 50, "seed {seed}");
            let found: BTreeSet<MessageId> = page.items.iter().map(|hit| hit.message.id).collect();
            let newest: BTreeSet<_> = readable.iter().rev().take(50).copied().collect();
            assert_eq!(found, newest, "seed {seed}, user {}", person.user_id);
            for hit in &page.items {
                let around = [&hit.context.before, &hit.context.after, &hit.context.root];
                for message in around.into_iter().flatten() {
                    assert_eq!(message.channel_id, hit.message.channel_id, "seed {seed}");
                }
            }
        }
        // Whoever is not in the team finds no team.
        Err(_) => assert!(readable.is_empty(), "seed {seed}, user {}", person.user_id),
    }
    readable.len()
}
