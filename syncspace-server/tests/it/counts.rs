//! Facts about mentions, markers and counts, on the embedded store and on MySQL.

use syncspace_protocol::channels::{CreateChannel, MarkRead, MoveMarker, ReadMarker};
use syncspace_protocol::limits::{MENTIONED_NAMES_MAX, UNREAD_COUNT_MAX};
use syncspace_protocol::messages::{EditMessage, Message, SendMessage};
use syncspace_protocol::sync::ChangesQuery;
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, Mentions, Rev, Seq, StreamId, TeamId};
use syncspace_server::service::Actor;

use crate::place::{Place, Rig, body, on_both_stores};

on_both_stores! {
    names_become_members_of_the_channel,
    mentions_follow_edits_and_go_with_the_message,
    mentions_count_in_replies_and_never_ones_own,
    counts_stop_at_their_bound,
    an_advance_that_did_not_know_of_a_set_changes_nothing,
    the_last_page_of_changes_says_what_is_left_to_read,
}

/// Alice's channel with Bob in it, and Carol who is in the team alone.
pub(crate) struct Room {
    pub(crate) rig: Rig,
    pub(crate) alice: Actor,
    pub(crate) bob: Actor,
    pub(crate) carol: Actor,
    pub(crate) team: TeamId,
    pub(crate) channel: ChannelId,
}

impl Room {
    pub(crate) async fn open(place: Place) -> Self {
        let rig = place.open_rig().await;
        let alice = rig.register_actor("Alice").await;
        let bob = rig.register_actor("bob_").await;
        let carol = rig.register_actor("carol").await;
        let new = body(serde_json::json!({"name": "eng", "is_public": false}));
        let team: TeamId = rig.service.create_team(&alice, new).await.expect("makes a team").team.id;
        for user in [&bob, &carol] {
            let put = PutTeamMember { role: TeamRole::Member };
            rig.service.put_team_member(&alice, team, user.user_id, put).await.expect("adds");
        }
        let new: CreateChannel = body(serde_json::json!({"kind": "public", "name": "general"}));
        let channel = rig.service.create_channel(&alice, team, new).await.expect("makes a channel").channel.id;
        rig.service.join_channel(&bob, channel).await.expect("joins");
        Self { rig, alice, bob, carol, team, channel }
    }

    pub(crate) async fn say(&self, actor: &Actor, content: &str) -> Message {
        self.answer(actor, None, content).await
    }

    pub(crate) async fn answer(&self, actor: &Actor, root: Option<&Message>, content: &str) -> Message {
        let parent_message_id = root.map(|root| root.id);
        let new = SendMessage { content: content.to_owned(), parent_message_id, ..SendMessage::default() };
        self.rig.service.send_message(actor, self.channel, new).await.expect("sends").0
    }

    pub(crate) async fn edit(&self, actor: &Actor, message: &Message, content: &str) -> Message {
        let edit = EditMessage { content: content.to_owned(), expected_rev: None };
        self.rig.service.edit_message(actor, self.channel, message.seq, edit).await.expect("edits")
    }

    pub(crate) async fn delete(&self, actor: &Actor, message: &Message) -> Message {
        self.rig.service.delete_message(actor, self.channel, message.seq).await.expect("deletes")
    }

    pub(crate) async fn read(&self, actor: &Actor) -> ReadMarker {
        let mine = self.rig.service.channel(actor, self.channel).await.expect("a channel");
        mine.membership.expect("a membership").read
    }

    /// Gives unread messages and mentions.
    pub(crate) async fn counts(&self, actor: &Actor) -> (u32, u32) {
        let read = self.read(actor).await;
        (read.unread_count, read.mention_count)
    }

    pub(crate) async fn mark(&self, mode: MoveMarker, to: u64, known_rev: Option<Rev>) -> ReadMarker {
        let mark = MarkRead { seq: seq(to), mode, known_rev };
        self.rig.service.mark_read(&self.bob, self.channel, mark).await.expect("marks")
    }
}

fn seq(number: u64) -> Seq {
    Seq::try_from(number).expect("a seq")
}

async fn names_become_members_of_the_channel(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "@BOB_, @alice. @carol @nobody `@bob_` @here").await;
    let mut users = vec![room.alice.user_id, room.bob.user_id];
    users.sort();
    assert_eq!(said.mentions, Mentions { users, here: true, ..Mentions::default() }, "carol is not in the channel");
    let all = room.say(&room.alice, "@all").await;
    assert_eq!(all.mentions, Mentions { channel: true, ..Mentions::default() });
    let read = room.rig.service.message(&room.bob, room.channel, said.seq).await.expect("reads");
    assert_eq!(read, said);
    let many: String = (0..MENTIONED_NAMES_MAX).map(|number| format!("@nobody{number} ")).collect();
    assert_eq!(room.say(&room.alice, &format!("{many}@bob_")).await.mentions, Mentions::default());
    room.rig.service.join_channel(&room.carol, room.channel).await.expect("joins");
    assert_eq!(room.say(&room.alice, "@carol").await.mentions.users, [room.carol.user_id]);
}

async fn mentions_follow_edits_and_go_with_the_message(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hello").await;
    assert_eq!(room.counts(&room.bob).await, (1, 0));
    assert_eq!(room.edit(&room.alice, &said, "hello @bob_").await.mentions.users, [room.bob.user_id]);
    assert_eq!(room.counts(&room.bob).await, (1, 1));
    room.edit(&room.alice, &said, "hello @bob_ and @channel").await;
    assert_eq!(room.counts(&room.bob).await, (1, 1), "one message, however often it names one");
    room.edit(&room.alice, &said, "hello @here").await;
    assert_eq!(room.counts(&room.bob).await, (1, 0));
    room.edit(&room.alice, &said, "hello @channel").await;
    assert_eq!(room.counts(&room.bob).await, (1, 1));
    let deleted = room.delete(&room.alice, &said).await;
    assert_eq!((deleted.mentions, room.counts(&room.bob).await), (Mentions::default(), (0, 0)));
}

async fn mentions_count_in_replies_and_never_ones_own(place: Place) {
    let room = Room::open(place).await;
    let root = room.say(&room.bob, "@bob_ @channel").await;
    assert_eq!((room.counts(&room.bob).await, room.counts(&room.alice).await), ((0, 0), (1, 1)));
    let reply = room.answer(&room.alice, Some(&root), "yes, @bob_").await;
    assert_eq!(room.counts(&room.bob).await, (0, 1), "a reply is not unread, and may be a mention");
    room.mark(MoveMarker::Advance, reply.seq.get(), None).await;
    assert_eq!(room.counts(&room.bob).await, (0, 0));
    assert_eq!(room.mark(MoveMarker::Set, 1, None).await.mention_count, 1);
}

async fn counts_stop_at_their_bound(place: Place) {
    let room = Room::open(place).await;
    let sends = (0..UNREAD_COUNT_MAX + 3)
        .map(|number| room.answer(&room.alice, None, if number % 2 == 0 { "@bob_ @channel" } else { "@channel" }));
    let sent = futures_util::future::join_all(sends).await;
    assert_eq!(room.counts(&room.bob).await, (UNREAD_COUNT_MAX, UNREAD_COUNT_MAX));
    for message in sent.iter().take(5) {
        room.delete(&room.alice, message).await;
    }
    assert_eq!(room.counts(&room.bob).await, (UNREAD_COUNT_MAX - 2, UNREAD_COUNT_MAX - 2));
}

async fn an_advance_that_did_not_know_of_a_set_changes_nothing(place: Place) {
    let room = Room::open(place).await;
    for number in 1..=5 {
        room.say(&room.alice, &format!("m{number}")).await;
    }
    let known = room.mark(MoveMarker::Advance, 4, None).await.rev;
    let set = room.mark(MoveMarker::Set, 2, None).await;
    let late = room.mark(MoveMarker::Advance, 5, Some(known)).await;
    assert_eq!(late, set, "what was marked unread meanwhile stays so");
    let after = room.mark(MoveMarker::Advance, 3, Some(set.rev)).await;
    assert_eq!((after.last_read_seq, after.unread_count), (seq(3), 2));
    // Advances among themselves are a maximum, whatever they knew.
    assert_eq!(room.mark(MoveMarker::Advance, 4, Some(set.rev)).await.last_read_seq, seq(4));
    let known = room.read(&room.bob).await.rev;
    let in_place = room.mark(MoveMarker::Set, 4, None).await;
    assert!(in_place.rev > known, "setting it where it stands is a change: older advances end here");
    assert_eq!(room.mark(MoveMarker::Advance, 5, Some(known)).await, in_place);
    assert_eq!(room.mark(MoveMarker::Advance, 5, None).await.last_read_seq, seq(5), "who names no rev knows all");
}

async fn the_last_page_of_changes_says_what_is_left_to_read(place: Place) {
    let room = Room::open(place).await;
    for number in 1..=20 {
        room.say(&room.alice, &format!("m{number} @bob_")).await;
    }
    let stream = StreamId::Channel(room.channel);
    let changes = |actor, after: u64, limit| {
        let query = ChangesQuery { after: Rev::try_from(after).expect("a rev"), limit: Some(limit) };
        room.rig.service.changes(actor, stream, query)
    };
    let first = changes(&room.bob, 2, 10).await.expect("a page");
    assert!(first.rev < first.head_rev, "{first:?}");
    assert_eq!((first.after.get(), first.read), (2, None));
    let last = changes(&room.bob, first.rev.get(), 200).await.expect("a page");
    assert_eq!((last.after, last.read), (first.rev, Some(room.read(&room.bob).await)));
    let read = last.read.expect("a marker");
    assert_eq!((read.unread_count, read.mention_count, read.as_of_rev), (20, 20, last.head_rev));
    assert_eq!(changes(&room.carol, 0, 200).await.expect("a page").read, None, "carol is not in the channel");
}
