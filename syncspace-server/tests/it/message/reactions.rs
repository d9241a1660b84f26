//! Reactions: counted once for each person and emoji, in the order in which they came.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{REACTION_USERS_SHOWN_MAX, REACTIONS_PER_MESSAGE_MAX};
use syncspace_protocol::messages::{Message, MessageQuery};
use syncspace_protocol::reactions::{Emoji, MyReactions, Reacted, ReactionQuery};
use syncspace_protocol::sync::Change;
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{Page, Seq, UserId};
use syncspace_server::service::{Actor, ServiceError};

use super::Room;
use crate::place::{Place, on_both_stores, refused};

on_both_stores! {
    whoever_may_not_or_names_no_emoji_does_not_react,
    a_person_reacts_once_with_each_emoji,
    the_first_people_are_named_and_the_others_counted,
    ones_own_reactions_are_known_beyond_those_named,
    everybody_who_reacted_is_listed_in_pages,
    different_emoji_of_a_message_are_bounded,
    reactions_go_with_the_message,
}

fn emoji(name: &str) -> Emoji {
    name.parse().expect("a short name")
}

/// Emoji, count and people, as a message shows them.
fn shown(message: &Message) -> Vec<(String, u32, Vec<UserId>)> {
    message.reactions.iter().map(|one| (one.emoji.to_string(), one.count, one.users.clone())).collect()
}

impl Room {
    async fn react(&self, actor: &Actor, seq: Seq, name: &str) -> Result<Message, ServiceError> {
        self.rig.service.react(actor, self.channel, seq, &emoji(name)).await
    }

    async fn unreact(&self, actor: &Actor, seq: Seq, name: &str) -> Message {
        self.rig.service.unreact(actor, self.channel, seq, &emoji(name)).await.expect("takes back")
    }

    /// Lets further people into the channel.
    async fn crowd(&self, count: usize) -> Vec<Actor> {
        let mut crowd = Vec::new();
        for number in 0..count {
            let actor = self.rig.register_actor(&format!("person-{number}")).await;
            let put = PutTeamMember { role: TeamRole::Member };
            self.rig.service.put_team_member(&self.alice, self.team, actor.user_id, put).await.expect("adds");
            self.rig.service.join_channel(&actor, self.channel).await.expect("joins");
            crowd.push(actor);
        }
        crowd
    }
}

async fn whoever_may_not_or_names_no_emoji_does_not_react(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    refused(room.react(&room.carol, said.seq, "tada").await, ErrorCode::Forbidden);
    let eve = room.rig.register_actor("eve").await;
    refused(room.react(&eve, said.seq, "tada").await, ErrorCode::NotFound);
    let error = refused(room.react(&room.bob, said.seq, "no_such_emoji").await, ErrorCode::InvalidField);
    assert_eq!(error.field.as_deref(), Some("emoji"));
    refused(room.react(&room.bob, said.seq.next(), "tada").await, ErrorCode::NotFound);
    room.archive().await;
    refused(room.react(&room.bob, said.seq, "tada").await, ErrorCode::Archived);
    assert_eq!(shown(&room.read(said.seq).await), []);
}

async fn a_person_reacts_once_with_each_emoji(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    let first = room.react(&room.bob, said.seq, "tada").await.expect("reacts");
    assert_eq!(first.rev, said.rev.next());
    let again = room.react(&room.bob, said.seq, "tada").await.expect("no change");
    assert_eq!(again, first, "reacting again takes no rev");
    room.react(&room.bob, said.seq, "thumbsup").await.expect("reacts");
    let alias = room.react(&room.alice, said.seq, "+1").await.expect("the same emoji");
    let (alice, bob) = (room.alice.user_id, room.bob.user_id);
    let expected = [("tada".to_owned(), 1, vec![bob]), ("thumbsup".to_owned(), 2, vec![bob, alice])];
    assert_eq!(shown(&alias), expected);
    assert_eq!(shown(&room.read(said.seq).await), expected);

    let left = room.unreact(&room.bob, said.seq, "tada").await;
    assert_eq!(shown(&left), expected[1..]);
    assert_eq!(room.unreact(&room.bob, said.seq, "tada").await, left, "one that is not there is no change");
    let changes = room.changes(&room.bob, said.rev).await;
    let [Change::Message { message }] = changes.items.as_slice() else { unreachable!("{changes:?}") };
    assert_eq!(*message, left);
}

async fn the_first_people_are_named_and_the_others_counted(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    let crowd = room.crowd(REACTION_USERS_SHOWN_MAX + 2).await;
    for person in &crowd {
        room.react(person, said.seq, "eyes").await.expect("reacts");
    }
    let ids: Vec<UserId> = crowd.iter().map(|person| person.user_id).collect();
    let shown_now = |message: &Message| shown(message).remove(0);
    assert_eq!(shown_now(&room.read(said.seq).await), ("eyes".to_owned(), 7, ids[..5].to_vec()));
    let left = room.unreact(&crowd[1], said.seq, "eyes").await;
    let moved_up = [&ids[..1], &ids[2..6]].concat();
    assert_eq!(shown_now(&left), ("eyes".to_owned(), 6, moved_up));
    assert_eq!(room.read(said.seq).await, left);
}

async fn ones_own_reactions_are_known_beyond_those_named(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    for person in &room.crowd(REACTION_USERS_SHOWN_MAX).await {
        room.react(person, said.seq, "eyes").await.expect("reacts");
    }
    room.react(&room.bob, said.seq, "eyes").await.expect("reacts");
    room.react(&room.bob, said.seq, "heart").await.expect("reacts");
    let reply = serde_json::json!({"content": "yes", "parent_message_id": said.id});
    let reply = room.send(&room.alice, reply).await;
    room.react(&room.bob, reply.seq, "heart").await.expect("reacts");
    let mine = |seq, names: &[&str]| MyReactions { seq, emoji: names.iter().map(|name| emoji(name)).collect() };
    let mut expected = vec![mine(said.seq, &["eyes", "heart"]), mine(reply.seq, &["heart"])];
    let sorted = |mut mine: Vec<MyReactions>| {
        mine.iter_mut().for_each(|mine| mine.emoji.sort());
        mine
    };
    assert_eq!(sorted(room.page(&room.bob).await.my_reactions), expected);
    assert_eq!(sorted(room.changes(&room.bob, said.rev).await.my_reactions), expected);
    let thread =
        room.rig.service.thread(&room.bob, room.channel, said.seq, MessageQuery::default()).await.expect("reads");
    assert_eq!(sorted(thread.my_reactions), expected);
    assert_eq!(room.page(&room.alice).await.my_reactions, [], "each sees one's own");
    room.unreact(&room.bob, said.seq, "eyes").await;
    expected[0] = mine(said.seq, &["heart"]);
    assert_eq!(sorted(room.page(&room.bob).await.my_reactions), expected);
}

async fn everybody_who_reacted_is_listed_in_pages(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    for (actor, name) in [(&room.bob, "eyes"), (&room.alice, "tada"), (&room.alice, "eyes")] {
        room.react(actor, said.seq, name).await.expect("reacts");
    }
    let list = async |actor: &Actor, query: ReactionQuery| {
        room.rig.service.reactions(actor, room.channel, said.seq, query).await
    };
    let listed = |page: &Page<Reacted>| -> Vec<_> {
        page.items.iter().map(|one| (one.user_id, one.emoji.to_string())).collect()
    };
    let (alice, bob) = (room.alice.user_id, room.bob.user_id);
    let first = list(&room.carol, ReactionQuery { limit: Some(2), ..ReactionQuery::default() }).await.expect("lists");
    assert_eq!(listed(&first), [(bob, "eyes".to_owned()), (alice, "tada".to_owned())]);
    let rest =
        list(&room.carol, ReactionQuery { cursor: first.next, ..ReactionQuery::default() }).await.expect("lists");
    assert_eq!((listed(&rest), rest.next), (vec![(alice, "eyes".to_owned())], None));
    let eyes = ReactionQuery { emoji: Some(emoji("eyes")), ..ReactionQuery::default() };
    let eyes = list(&room.carol, eyes).await.expect("lists");
    assert_eq!(listed(&eyes), [(bob, "eyes".to_owned()), (alice, "eyes".to_owned())]);
    let eve = room.rig.register_actor("eve").await;
    refused(list(&eve, ReactionQuery::default()).await, ErrorCode::NotFound);
}

async fn different_emoji_of_a_message_are_bounded(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    let names = [
        "tada",
        "eyes",
        "heart",
        "rocket",
        "smile",
        "joy",
        "cry",
        "fire",
        "star",
        "zap",
        "sunny",
        "cloud",
        "snowflake",
        "bug",
        "ant",
        "bee",
        "cat",
        "dog",
        "pig",
        "frog",
        "bear",
        "koala",
        "tiger",
        "horse",
        "cow",
        "apple",
        "lemon",
        "grapes",
        "melon",
        "banana",
    ];
    assert_eq!(names.len(), REACTIONS_PER_MESSAGE_MAX);
    for name in names {
        room.react(&room.bob, said.seq, name).await.expect("reacts");
    }
    let error = refused(room.react(&room.bob, said.seq, "thumbsup").await, ErrorCode::Conflict);
    assert!(error.message.contains("at most 30"), "{}", error.message);
    room.react(&room.alice, said.seq, "tada").await.expect("one that is there");
    room.unreact(&room.bob, said.seq, "banana").await;
    room.react(&room.bob, said.seq, "thumbsup").await.expect("there is room again");
}

async fn reactions_go_with_the_message(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    room.react(&room.bob, said.seq, "tada").await.expect("reacts");
    let deleted = room.rig.service.delete_message(&room.alice, room.channel, said.seq).await.expect("deletes");
    assert_eq!(shown(&deleted), []);
    assert_eq!(room.read(said.seq).await, deleted);
    refused(room.react(&room.bob, said.seq, "tada").await, ErrorCode::NotFound);
    let query = ReactionQuery::default();
    let listed = room.rig.service.reactions(&room.bob, room.channel, said.seq, query).await.expect("lists");
    assert_eq!(listed.items, []);
    assert_eq!(room.page(&room.bob).await.my_reactions, []);
}
