//! Facts about what one person keeps in one team, on the embedded store and on MySQL.

use futures_util::future::join_all;
use serde_json::json;
use syncspace_protocol::channels::{CreateChannel, EditChannel, MarkRead, MoveMarker, MyChannel};
use syncspace_protocol::limits::{DRAFTS_MAX, MESSAGE_BYTES_MAX, ORDERED_CHANNELS_MAX, SAVED_MESSAGES_MAX};
use syncspace_protocol::messages::{EditMessage, Message, MessageQuery, SendMessage};
use syncspace_protocol::page::{CursorQuery, PageQuery};
use syncspace_protocol::personal::{
    ChannelOrder, ChannelPreferences, Draft, DraftQuery, EditChannelPreferences, MyChannelOrder, NotifyLevel, PutDraft,
    ThreadMembership,
};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, ErrorCode, MemberId, Patch, Rev, Seq, StreamId, TeamId, UserId};
use syncspace_server::service::{Actor, ServiceError, ThreadChoice};
use syncspace_server::store::{Queries, Sql, Statement, Store, drafts, params, saved, threads};

use crate::explain::{self, Plan};
use crate::place::{Place, Rig, body, on_both_stores, refused};

on_both_stores! {
    preferences_are_part_of_the_membership_and_change_field_by_field,
    muting_changes_no_count,
    an_order_is_one_change_however_many_move,
    a_muted_person_is_listed_until_unmuted,
    whoever_takes_part_in_a_thread_follows_it,
    who_stopped_following_is_not_made_to_follow_again,
    a_thread_has_its_own_marker,
    threads_are_listed_unread_first_and_page_by_page,
    threads_of_a_channel_that_was_left_are_not_shown,
    whoever_comes_back_has_read_the_threads_of_the_absence,
    whoever_follows_while_being_named_has_not_read_it,
    saved_messages_are_listed_while_they_may_be_read,
    so_many_messages_are_saved_at_most,
    the_last_writer_of_a_draft_wins_unless_it_expects_another,
    a_cleared_draft_is_none_and_a_write_can_be_repeated,
    drafts_are_bounded,
    nothing_of_it_is_kept_for_strangers,
    changes_of_the_own_stream_say_what_the_lists_say,
}

/// What is read for a person's lists and counts.
fn hot_statements() -> Vec<Statement> {
    let id = |number: u64| UserId::try_from(number).expect("an id");
    let (user, team) = (id(1), TeamId::try_from(1).expect("an id"));
    let channel = ChannelId::try_from(1).expect("an id");
    let reader = saved::Reader {
        member: MemberId::try_from(1).expect("an id"),
        user,
        sees_public: true,
        before: rev(100),
        limit: 50,
    };
    vec![
        threads::list_statement((user, team), None, 50),
        threads::count_statement(user, &[((channel, seq(1)), seq(2)), ((channel, seq(3)), seq(4))]),
        saved::list_statement(reader),
        saved::marks_statement(reader.member),
        saved::count_statement(reader),
        drafts::list_statement((reader.member, user), rev(100), 50),
        drafts::count_statement((reader.member, user)),
    ]
}

#[tokio::test]
async fn lists_and_counts_use_their_indexes_on_sqlite() {
    let store = Place::sqlite().store().await;
    for Statement { sql, params } in hot_statements() {
        for step in explain::steps(&store, &sql.sqlite(), params).await {
            let is_of_a_table = ["SEARCH ", "SCAN "].iter().any(|verb| step.starts_with(verb));
            let made_here = ["unread", "mentions", "named", "all_named", "(subquery", "threads", "marks", "seen"];
            let is_made_here = made_here.iter().any(|name| step.trim_start_matches("SCAN ").starts_with(name));
            assert!(!is_of_a_table || is_made_here || step.starts_with("SEARCH "), "{step}: {}", sql.sqlite());
        }
    }
}

#[tokio::test]
async fn lists_and_counts_use_their_indexes_on_mysql() {
    let room = Room::open(Place::mysql().await).await;
    let root = room.say(&room.bob, "question").await;
    // Enough rows that reading them all would be dearer.
    let content = |number: u32| if number.is_multiple_of(2) { "answer" } else { "@channel @bob answer" };
    let replies = (0..600).map(|number| room.answer(&room.alice, (number % 3 == 0).then_some(&root), content(number)));
    join_all(replies).await;
    let store = Store::open(&room.rig.place.url).await.expect("opens");
    (&store).query(&Sql::both("ANALYZE TABLE messages, message_mentions"), params![]).await.expect("analyses");
    for Statement { sql, params } in hot_statements() {
        let plan = Plan::of(&store, sql.mysql(), params).await;
        assert!(!plan.reads.is_empty(), "{}", plan.text);
        for read in plan.reads {
            let is_message = ["x", "r", "n", "m", "messages"].contains(&read.table.as_str());
            assert!(!is_message || !read.is_whole(), "{} is read as a whole: {}", read.table, sql.mysql());
        }
    }
}

/// Alice's team and channel with Bob in it, and Carol who is in the team alone.
struct Room {
    rig: Rig,
    alice: Actor,
    bob: Actor,
    carol: Actor,
    team: TeamId,
    channel: ChannelId,
}

impl Room {
    async fn open(place: Place) -> Self {
        let rig = place.open_rig().await;
        let alice = rig.register_actor("alice").await;
        let bob = rig.register_actor("bob").await;
        let carol = rig.register_actor("carol").await;
        let new = body(json!({"name": "eng", "is_public": false}));
        let team: TeamId = rig.service.create_team(&alice, new).await.expect("makes a team").team.id;
        for user in [&bob, &carol] {
            let put = PutTeamMember { role: TeamRole::Member };
            rig.service.put_team_member(&alice, team, user.user_id, put).await.expect("adds");
        }
        let mut room = Self { rig, alice, bob, carol, team, channel: ChannelId::try_from(1).expect("an id") };
        room.channel = room.make("general", "public").await;
        room.rig.service.join_channel(&room.bob, room.channel).await.expect("joins");
        room
    }

    /// Makes a channel of Alice's.
    async fn make(&self, name: &str, kind: &str) -> ChannelId {
        let new: CreateChannel = body(json!({"kind": kind, "name": name}));
        self.rig.service.create_channel(&self.alice, self.team, new).await.expect("makes a channel").channel.id
    }

    async fn say(&self, actor: &Actor, content: &str) -> Message {
        self.answer(actor, None, content).await
    }

    async fn answer(&self, actor: &Actor, root: Option<&Message>, content: &str) -> Message {
        let parent_message_id = root.map(|root| root.id);
        let new = SendMessage { content: content.to_owned(), parent_message_id, ..SendMessage::default() };
        self.rig.service.send_message(actor, self.channel, new).await.expect("sends").0
    }

    async fn prefer(
        &self,
        actor: &Actor,
        channel: ChannelId,
        edit: serde_json::Value,
    ) -> Result<ChannelPreferences, ServiceError> {
        let edit: EditChannelPreferences = body(edit);
        self.rig.service.edit_channel_preferences(actor, channel, edit).await
    }

    async fn mine(&self, actor: &Actor, channel: ChannelId) -> MyChannel {
        self.rig.service.channel(actor, channel).await.expect("a channel")
    }

    /// Gives how somebody stands to a thread.
    async fn standing(&self, actor: &Actor, root: &Message) -> Option<ThreadMembership> {
        let query = MessageQuery::default();
        self.rig.service.thread(actor, self.channel, root.seq, query).await.expect("a thread").membership
    }

    /// Gives unread replies and mentions of a thread that somebody follows.
    async fn unread(&self, actor: &Actor, root: &Message) -> Option<(u32, u32)> {
        let standing = self.standing(actor, root).await.filter(|standing| standing.is_following)?;
        Some((standing.read.unread_count, standing.read.mention_count))
    }

    async fn choose(
        &self,
        actor: &Actor,
        root: &Message,
        choice: ThreadChoice,
    ) -> Result<ThreadMembership, ServiceError> {
        self.rig.service.choose_thread(actor, self.channel, root.seq, choice).await
    }

    /// Gives the roots of somebody's threads, in the order of the list.
    async fn threads(&self, actor: &Actor, limit: u32) -> Vec<u64> {
        let mut roots = Vec::new();
        let mut cursor = None;
        loop {
            let query = CursorQuery { cursor, limit: Some(limit) };
            let page = self.rig.service.threads(actor, self.team, &query).await.expect("threads");
            roots.extend(page.items.iter().map(|thread| thread.root.seq.get()));
            cursor = page.next;
            if cursor.is_none() {
                return roots;
            }
        }
    }

    async fn saved(&self, actor: &Actor) -> Vec<u64> {
        let mut places = Vec::new();
        let mut cursor = None;
        loop {
            let query = CursorQuery { cursor, limit: Some(1) };
            let page = self.rig.service.saved_messages(actor, self.team, &query).await.expect("saved messages");
            places.extend(page.items.iter().map(|saved| saved.message.seq.get()));
            cursor = page.next;
            if cursor.is_none() {
                return places;
            }
        }
    }

    async fn put_draft(&self, parent: Option<Seq>, expected: Option<u64>, text: &str) -> Result<Draft, ServiceError> {
        let expected_rev = expected.map(rev);
        let query = DraftQuery { parent_seq: parent, expected_rev };
        self.rig.service.put_draft(&self.bob, self.channel, query, PutDraft { content: text.to_owned() }).await
    }

    async fn drafts(&self) -> Vec<(Option<u64>, String)> {
        let page = self.rig.service.drafts(&self.bob, self.team, &CursorQuery::default()).await.expect("drafts");
        page.items.into_iter().map(|draft| (draft.parent_seq.map(Seq::get), draft.content)).collect()
    }

    /// Gives what Bob's own stream says after a rev, with the revs.
    async fn changes(&self, after: Rev) -> Vec<Change> {
        let stream = self.own_stream().await;
        let mut items = Vec::new();
        let mut after = after;
        loop {
            let query = ChangesQuery { after, limit: Some(1) };
            let page = self.rig.service.changes(&self.bob, stream, query).await.expect("changes");
            items.extend(page.items);
            after = page.rev;
            if page.rev == page.head_rev {
                return items;
            }
        }
    }

    async fn own_stream(&self) -> StreamId {
        let mine = self.rig.service.team(&self.bob, self.team).await.expect("a team").membership;
        StreamId::Member(mine.expect("a membership").member_id)
    }

    async fn head(&self) -> Rev {
        let query = ChangesQuery { after: Rev::ZERO, limit: Some(1) };
        self.rig.service.changes(&self.bob, self.own_stream().await, query).await.expect("changes").head_rev
    }
}

fn seq(number: u64) -> Seq {
    Seq::try_from(number).expect("a seq")
}

fn rev(number: u64) -> Rev {
    Rev::try_from(number).expect("a rev")
}

fn read(to: u64, mode: MoveMarker, known_rev: Option<Rev>) -> ThreadChoice {
    ThreadChoice::Read(MarkRead { seq: seq(to), mode, known_rev })
}

async fn preferences_are_part_of_the_membership_and_change_field_by_field(place: Place) {
    let room = Room::open(place).await;
    let usual = room.mine(&room.bob, room.channel).await.membership.expect("a membership").preferences;
    assert_eq!(usual, ChannelPreferences::default());
    let muted = room.prefer(&room.bob, room.channel, json!({"is_muted": true, "notify": "all"})).await.expect("mutes");
    assert_eq!((muted.is_muted, muted.notify, muted.is_favourite), (true, Some(NotifyLevel::All), false));
    let both = room.prefer(&room.bob, room.channel, json!({"is_favourite": true})).await.expect("favours");
    assert_eq!(both, ChannelPreferences { is_favourite: true, rev: muted.rev.next(), ..muted });
    let same = room.prefer(&room.bob, room.channel, json!({"is_muted": true})).await.expect("does nothing");
    assert_eq!(same, both, "what changes nothing takes no rev");
    let usual = room.prefer(&room.bob, room.channel, json!({"notify": null})).await.expect("clears");
    assert_eq!((usual.notify, usual.is_muted), (None, true));
    assert_eq!(room.mine(&room.bob, room.channel).await.membership.expect("one").preferences, usual);
    assert_eq!(
        room.mine(&room.alice, room.channel).await.membership.expect("one").preferences,
        ChannelPreferences::default(),
        "nobody else's channel changes"
    );
    let listed = room.rig.service.channels(&room.bob, room.team, &PageQuery::default()).await.expect("channels");
    let listed = listed.items.into_iter().find(|mine| mine.channel.id == room.channel).expect("the channel");
    assert_eq!(listed.membership.expect("one").preferences, usual);
    let hidden = room.prefer(&room.bob, room.channel, json!({"is_hidden": true})).await;
    assert_eq!(refused(hidden, ErrorCode::InvalidField).field.as_deref(), Some("is_hidden"));
    let direct: CreateChannel = body(json!({"kind": "direct", "user_id": room.alice.user_id}));
    let direct = room.rig.service.create_channel(&room.bob, room.team, direct).await.expect("opens").channel.id;
    assert!(room.prefer(&room.bob, direct, json!({"is_hidden": true})).await.expect("hides").is_hidden);
}

async fn muting_changes_no_count(place: Place) {
    let room = Room::open(place).await;
    room.prefer(&room.bob, room.channel, json!({"is_muted": true, "notify": "none"})).await.expect("mutes");
    room.rig.service.mute_user(&room.bob, room.team, room.alice.user_id, true).await.expect("mutes");
    room.say(&room.alice, "@bob, are you there?").await;
    let read = room.mine(&room.bob, room.channel).await.membership.expect("a membership").read;
    assert_eq!((read.unread_count, read.mention_count), (1, 1));
}

async fn an_order_is_one_change_however_many_move(place: Place) {
    let room = Room::open(place).await;
    let mut channels = vec![room.channel];
    for name in ["one", "two"] {
        let channel = room.make(name, "public").await;
        room.rig.service.join_channel(&room.bob, channel).await.expect("joins");
        channels.push(channel);
    }
    let service = &room.rig.service;
    let order =
        |channel_ids: Vec<ChannelId>| service.order_channels(&room.bob, room.team, ChannelOrder { channel_ids });
    let read = async || service.channel_order(&room.bob, room.team).await.expect("an order");
    let [general, one, two]: [ChannelId; 3] = channels.try_into().expect("three channels");
    assert_eq!(read().await, MyChannelOrder { channel_ids: Vec::new(), rev: Rev::ZERO });
    let before = room.head().await;
    let first = order(vec![two, general, one]).await.expect("orders");
    assert_eq!((first.rev, read().await), (before.next(), first.clone()));
    let second = order(vec![two, one]).await.expect("orders");
    assert_eq!((second.rev, &second.channel_ids), (first.rev.next(), &vec![two, one]));
    assert_eq!(order(vec![two, one]).await.expect("does nothing"), second);
    assert_eq!(room.changes(before).await, [Change::MyChannelOrder { order: second.clone() }]);
    let twice = refused(order(vec![two, two]).await, ErrorCode::InvalidField);
    assert_eq!(twice.field.as_deref(), Some("channel_ids"));
    let strange = room.make("secret", "private").await;
    refused(order(vec![two, strange]).await, ErrorCode::InvalidField);
    refused(order(vec![two; ORDERED_CHANNELS_MAX + 1]).await, ErrorCode::InvalidField);
    service.leave_channel(&room.bob, one).await.expect("leaves");
    assert_eq!(read().await, second, "what was left keeps its place");
    refused(order(vec![one, two]).await, ErrorCode::InvalidField);
}

async fn a_muted_person_is_listed_until_unmuted(place: Place) {
    let room = Room::open(place).await;
    let mute = |user, is_muted| room.rig.service.mute_user(&room.bob, room.team, user, is_muted);
    let listed = async || {
        let query = PageQuery::default();
        let page = room.rig.service.muted_users(&room.bob, room.team, &query).await.expect("a list");
        page.items.into_iter().map(|muted| muted.user.id).collect::<Vec<_>>()
    };
    let muted = mute(room.alice.user_id, true).await.expect("mutes");
    assert_eq!(mute(room.alice.user_id, true).await.expect("does nothing"), muted);
    mute(room.carol.user_id, true).await.expect("mutes");
    assert_eq!(listed().await, [room.alice.user_id, room.carol.user_id]);
    // Who left the team stays on the list, and is taken off it.
    room.rig.service.remove_team_member(&room.alice, room.team, room.carol.user_id).await.expect("removes");
    assert!(!mute(room.carol.user_id, false).await.expect("unmutes").is_muted);
    assert_eq!(listed().await, [room.alice.user_id]);
    refused(mute(room.bob.user_id, true).await, ErrorCode::InvalidField);
    let stranger = room.rig.register_actor("dave").await;
    refused(mute(stranger.user_id, true).await, ErrorCode::NotFound);
    refused(mute(stranger.user_id, false).await, ErrorCode::NotFound);
}

async fn whoever_takes_part_in_a_thread_follows_it(place: Place) {
    let room = Room::open(place).await;
    room.rig.service.join_channel(&room.carol, room.channel).await.expect("joins");
    let root = room.say(&room.alice, "who is in?").await;
    assert_eq!(room.standing(&room.alice, &root).await, None, "nobody has answered yet");
    let first = room.answer(&room.bob, Some(&root), "me").await;
    assert_eq!(room.unread(&room.alice, &root).await, Some((1, 0)), "whoever began it");
    assert_eq!(room.unread(&room.bob, &root).await, Some((0, 0)), "whoever answered");
    assert_eq!(room.standing(&room.carol, &root).await, None);
    room.answer(&room.alice, Some(&first), "and you, @carol?").await;
    assert_eq!(room.unread(&room.carol, &root).await, Some((1, 1)), "whoever was named, and not what came before");
    assert_eq!(room.unread(&room.bob, &root).await, Some((1, 0)));
    let last = room.answer(&room.carol, Some(&root), "yes, @bob").await;
    assert_eq!(room.unread(&room.bob, &root).await, Some((2, 1)));
    assert_eq!(room.unread(&room.alice, &root).await, Some((2, 0)));
    room.rig.service.delete_message(&room.carol, room.channel, last.seq).await.expect("deletes");
    assert_eq!(room.unread(&room.bob, &root).await, Some((1, 0)));
    let thread = room.rig.service.thread(&room.bob, room.channel, root.seq, MessageQuery::default()).await;
    assert_eq!(thread.expect("a thread").participants, [room.alice.user_id, room.bob.user_id]);
    let told = room.changes(Rev::ZERO).await;
    let is_of_channels = |change: &Change| matches!(change, Change::MyChannel { .. });
    assert!(told.iter().all(is_of_channels), "a send takes no rev of anybody's own stream: {told:?}");
}

async fn who_stopped_following_is_not_made_to_follow_again(place: Place) {
    let room = Room::open(place).await;
    let root = room.say(&room.alice, "who is in?").await;
    let before = room.choose(&room.bob, &root, ThreadChoice::Follow(false)).await.expect("says no beforehand");
    assert!(!before.is_following && before.read.rev > Rev::ZERO);
    room.answer(&room.alice, Some(&root), "@bob?").await;
    assert!(!room.standing(&room.bob, &root).await.expect("a row").is_following);
    let again = room.choose(&room.bob, &root, ThreadChoice::Follow(true)).await.expect("follows");
    assert_eq!((again.is_following, again.read.rev), (true, before.read.rev.next()));
    let same = room.choose(&room.bob, &root, ThreadChoice::Follow(true)).await.expect("does nothing");
    assert_eq!(same, again);
    // Whoever follows out of the blue has read what is there.
    room.rig.service.join_channel(&room.carol, room.channel).await.expect("joins");
    let carols = room.choose(&room.carol, &root, ThreadChoice::Follow(true)).await.expect("follows");
    assert_eq!(carols.read.unread_count, 0);
    room.answer(&room.alice, Some(&root), "anybody?").await;
    assert_eq!(room.unread(&room.carol, &root).await, Some((1, 0)));
    let missing = ThreadChoice::Follow(true);
    refused(room.rig.service.choose_thread(&room.bob, room.channel, seq(99), missing).await, ErrorCode::NotFound);
}

async fn a_thread_has_its_own_marker(place: Place) {
    let room = Room::open(place).await;
    let root = room.say(&room.bob, "question").await;
    for number in 0..3 {
        room.answer(&room.alice, Some(&root), &format!("answer {number}")).await;
    }
    let unread = |standing: ThreadMembership| (standing.read.last_read_seq.get(), standing.read.unread_count);
    let moved = room.choose(&room.bob, &root, read(3, MoveMarker::Advance, None)).await.expect("reads");
    assert_eq!(unread(moved), (3, 1));
    let late = room.choose(&room.bob, &root, read(2, MoveMarker::Advance, None)).await.expect("does nothing");
    assert_eq!(late, moved);
    let set = room.choose(&room.bob, &root, read(1, MoveMarker::Set, None)).await.expect("sets");
    assert_eq!(unread(set), (1, 3));
    let old = room.choose(&room.bob, &root, read(4, MoveMarker::Advance, Some(moved.read.rev))).await;
    assert_eq!(old.expect("does nothing"), set, "an advance that did not know of the set");
    let whole = room.choose(&room.bob, &root, read(99, MoveMarker::Advance, Some(set.read.rev))).await.expect("reads");
    assert_eq!(unread(whole), (4, 0), "not beyond what is there");
    // The channel's marker is another one.
    let channel = room.mine(&room.bob, room.channel).await.membership.expect("a membership").read;
    assert_eq!(channel.last_read_seq, Seq::ZERO);
    let muted = room.choose(&room.bob, &root, ThreadChoice::Mute(true)).await.expect("mutes");
    assert!(muted.is_muted && unread(muted) == (4, 0));
    for choice in [read(1, MoveMarker::Advance, None), ThreadChoice::Mute(true)] {
        room.choose(&room.alice, &root, ThreadChoice::Follow(false)).await.expect("stops");
        let refusal = refused(room.choose(&room.alice, &root, choice).await, ErrorCode::Conflict);
        assert!(refusal.message.contains("follow it first"), "{}", refusal.message);
    }
}

async fn threads_are_listed_unread_first_and_page_by_page(place: Place) {
    let room = Room::open(place).await;
    let mut roots = Vec::new();
    for number in 0..4 {
        roots.push(room.say(&room.bob, &format!("question {number}")).await);
    }
    for root in &roots {
        room.rig.clock.advance_ms(1_000);
        room.answer(&room.alice, Some(root), "answer").await;
    }
    for limit in [1, 2, 3, 4, 200] {
        assert_eq!(room.threads(&room.bob, limit).await, [4, 3, 2, 1], "{limit}");
    }
    room.choose(&room.bob, &roots[3], read(99, MoveMarker::Advance, None)).await.expect("reads");
    room.choose(&room.bob, &roots[2], ThreadChoice::Mute(true)).await.expect("mutes");
    room.choose(&room.bob, &roots[0], ThreadChoice::Follow(false)).await.expect("stops");
    for limit in [1, 2, 200] {
        assert_eq!(room.threads(&room.bob, limit).await, [2, 4, 3], "{limit}");
    }
    for cursor in ["x", "1.2", "3.1.1"] {
        let query = CursorQuery { cursor: Some(cursor.to_owned()), limit: None };
        let refusal = refused(room.rig.service.threads(&room.bob, room.team, &query).await, ErrorCode::InvalidField);
        assert_eq!(refusal.field.as_deref(), Some("cursor"));
    }
}

async fn threads_of_a_channel_that_was_left_are_not_shown(place: Place) {
    let room = Room::open(place).await;
    let root = room.say(&room.bob, "question").await;
    room.answer(&room.alice, Some(&root), "answer").await;
    room.choose(&room.bob, &root, ThreadChoice::Mute(true)).await.expect("mutes");
    let is_thread = |change: &Change| matches!(change, Change::MyThread { .. });
    assert!(room.changes(Rev::ZERO).await.iter().any(is_thread));
    room.rig.service.leave_channel(&room.bob, room.channel).await.expect("leaves");
    assert_eq!(room.threads(&room.bob, 10).await, [0_u64; 0]);
    assert!(!room.changes(Rev::ZERO).await.iter().any(is_thread), "not even its numbers");
    refused(room.choose(&room.bob, &root, ThreadChoice::Follow(true)).await, ErrorCode::Forbidden);
    room.rig.service.join_channel(&room.bob, room.channel).await.expect("joins");
    assert_eq!(room.threads(&room.bob, 10).await, [1]);
}

async fn whoever_comes_back_has_read_the_threads_of_the_absence(place: Place) {
    let room = Room::open(place).await;
    let (root, other) = (room.say(&room.bob, "question").await, room.say(&room.bob, "another").await);
    room.answer(&room.alice, Some(&root), "answer").await;
    room.choose(&room.bob, &root, ThreadChoice::Mute(true)).await.expect("mutes");
    room.rig.service.leave_channel(&room.bob, room.channel).await.expect("leaves");
    for root in [&root, &other] {
        room.answer(&room.alice, Some(root), "@channel, anybody?").await;
    }
    room.rig.service.join_channel(&room.bob, room.channel).await.expect("joins");
    let mine = room.mine(&room.bob, room.channel).await.membership.expect("a membership").read;
    assert_eq!((mine.unread_count, mine.mention_count), (0, 0));
    for root in [&root, &other] {
        assert_eq!(room.unread(&room.bob, root).await, Some((0, 0)), "one rule for the channel and its threads");
    }
    room.answer(&room.alice, Some(&root), "@bob, there you are").await;
    assert_eq!(room.unread(&room.bob, &root).await, Some((1, 1)));
    assert!(room.standing(&room.bob, &root).await.expect("a row").is_muted, "what was chosen stays");
}

async fn whoever_follows_while_being_named_has_not_read_it(place: Place) {
    let room = Room::open(place).await;
    for round in 0..40 {
        let roots = join_all((0..8).map(|_| room.say(&room.alice, "question"))).await;
        // Many at once share a commit, so that the sends come in between the follows.
        let follows = join_all(roots.iter().map(|root| room.choose(&room.bob, root, ThreadChoice::Follow(true))));
        let named = join_all(roots.iter().map(|root| room.answer(&room.alice, Some(root), "@bob?")));
        let (follows, _) = tokio::join!(follows, named);
        assert!(follows.iter().all(Result::is_ok), "{follows:?}");
        for root in &roots {
            assert_eq!(room.unread(&room.bob, root).await, Some((1, 1)), "in whichever order they came, {round}");
        }
    }
}

async fn saved_messages_are_listed_while_they_may_be_read(place: Place) {
    let room = Room::open(place).await;
    let save = |channel, place, is_saved| room.rig.service.save_message(&room.bob, channel, seq(place), is_saved);
    for number in 1..=3 {
        room.say(&room.alice, &format!("m{number}")).await;
    }
    for place in [3, 1, 2] {
        save(room.channel, place, true).await.expect("saves");
    }
    assert_eq!(room.saved(&room.bob).await, [2, 1, 3], "the last saved first");
    let again = save(room.channel, 3, true).await.expect("does nothing");
    assert_eq!((again.is_saved, room.saved(&room.bob).await), (true, vec![2, 1, 3]));
    save(room.channel, 1, false).await.expect("takes it off");
    assert_eq!(room.saved(&room.bob).await, [2, 3]);
    room.rig.service.delete_message(&room.alice, room.channel, seq(2)).await.expect("deletes");
    assert_eq!(room.saved(&room.bob).await, [3], "a deleted one is gone");
    refused(save(room.channel, 2, true).await, ErrorCode::NotFound);
    save(room.channel, 2, false).await.expect("can still be taken off");
    assert_eq!(room.saved(&room.alice).await, [0_u64; 0], "nobody else's list");
    let secret = room.make("secret", "private").await;
    let put = body(json!({"role": "member"}));
    room.rig.service.put_channel_member(&room.alice, secret, room.bob.user_id, put).await.expect("adds");
    let new = SendMessage { content: "hush".to_owned(), ..SendMessage::default() };
    room.rig.service.send_message(&room.alice, secret, new).await.expect("sends");
    save(secret, 1, true).await.expect("saves");
    assert_eq!(room.saved(&room.bob).await, [1, 3]);
    room.rig.service.leave_channel(&room.bob, secret).await.expect("leaves");
    assert_eq!(room.saved(&room.bob).await, [3], "what may not be read is not listed");
    refused(save(secret, 1, true).await, ErrorCode::NotFound);
    // A public channel is read without being in it.
    room.rig.service.leave_channel(&room.bob, room.channel).await.expect("leaves");
    assert_eq!(room.saved(&room.bob).await, [3]);
}

async fn so_many_messages_are_saved_at_most(place: Place) {
    let room = Room::open(place).await;
    for _ in 0..SAVED_MESSAGES_MAX / 1_000 {
        join_all((0..1_000).map(|_| room.say(&room.alice, "worth keeping"))).await;
    }
    let StreamId::Member(member) = room.own_stream().await else { unreachable!("one's own") };
    let all = Sql::both(
        "INSERT INTO saved_messages (member_id, channel_id, seq, team_id, is_saved, saved_at, rev) \
         SELECT ?, channel_id, seq, team_id, 1, created_at, rev FROM messages",
    );
    let store = Store::open(&room.rig.place.url).await.expect("opens");
    let mut tx = store.begin().await.expect("begins");
    tx.execute(&all, params![member]).await.expect("saves all");
    tx.commit().await.expect("commits");
    room.say(&room.alice, "one more").await;
    let save = |place, is_saved| room.rig.service.save_message(&room.bob, room.channel, seq(place), is_saved);
    let one_more = u64::from(SAVED_MESSAGES_MAX) + 1;
    let refusal = refused(save(one_more, true).await, ErrorCode::Conflict);
    assert!(refusal.message.contains("take some off"), "{}", refusal.message);
    assert!(save(1, true).await.expect("is saved already").is_saved);
    room.rig.service.delete_message(&room.alice, room.channel, seq(2)).await.expect("deletes");
    save(one_more, true).await.expect("in place of what is on the list no more");
}

async fn the_last_writer_of_a_draft_wins_unless_it_expects_another(place: Place) {
    let room = Room::open(place).await;
    let first = room.put_draft(None, Some(0), "hel").await.expect("writes");
    let second = room.put_draft(None, None, "hello").await.expect("writes");
    assert_eq!((second.content.as_str(), second.rev), ("hello", first.rev.next()));
    let refusal = refused(room.put_draft(None, Some(first.rev.get()), "help").await, ErrorCode::Conflict);
    assert!(refusal.message.contains("another device"), "{}", refusal.message);
    assert_eq!(room.put_draft(None, None, "hello").await.expect("does nothing"), second);
    let root = room.say(&room.alice, "question").await;
    let reply = room.answer(&room.alice, Some(&root), "come on").await;
    let below = room.put_draft(Some(reply.seq), None, "an answer").await.expect("writes");
    assert_eq!(below.parent_seq, Some(root.seq), "a reply names its thread");
    assert_eq!(room.drafts().await, [(Some(1), "an answer".to_owned()), (None, "hello".to_owned())]);
    let query = DraftQuery { parent_seq: None, expected_rev: Some(first.rev) };
    refused(room.rig.service.clear_draft(&room.bob, room.channel, query).await, ErrorCode::Conflict);
    let query = DraftQuery { parent_seq: None, expected_rev: Some(second.rev) };
    let cleared = room.rig.service.clear_draft(&room.bob, room.channel, query).await.expect("clears");
    assert_eq!((cleared.content.as_str(), cleared.rev), ("", below.rev.next()));
    assert_eq!(room.drafts().await, [(Some(1), "an answer".to_owned())]);
    refused(room.put_draft(Some(seq(99)), None, "to nothing").await, ErrorCode::NotFound);
    refused(room.put_draft(None, None, " \n ").await, ErrorCode::InvalidField);
    refused(room.put_draft(None, None, &"x".repeat(MESSAGE_BYTES_MAX + 1)).await, ErrorCode::InvalidField);
    let archive = EditChannel { is_archived: Some(true), ..EditChannel::default() };
    room.rig.service.edit_channel(&room.alice, room.channel, archive).await.expect("archives");
    room.put_draft(None, None, "for when it is restored").await.expect("writes");
}

async fn a_cleared_draft_is_none_and_a_write_can_be_repeated(place: Place) {
    let room = Room::open(place).await;
    let first = room.put_draft(None, Some(0), "hello").await.expect("writes");
    assert_eq!(
        room.put_draft(None, Some(0), "hello").await.expect("the answer was lost, the text stands there"),
        first
    );
    let query = DraftQuery { parent_seq: None, expected_rev: Some(first.rev) };
    let cleared = room.rig.service.clear_draft(&room.bob, room.channel, query).await.expect("clears");
    assert_eq!(room.rig.service.clear_draft(&room.bob, room.channel, query).await.expect("repeats"), cleared);
    let refusal = refused(room.put_draft(None, Some(first.rev.get()), "hello again").await, ErrorCode::Conflict);
    assert!(refusal.message.contains("another device"), "{}", refusal.message);
    // Another device reads the list, finds none, and says so.
    let second = room.put_draft(None, Some(0), "from the other one").await.expect("writes");
    refused(room.put_draft(None, Some(0), "over it").await, ErrorCode::Conflict);
    room.put_draft(None, Some(second.rev.get()), "after it").await.expect("writes");
}

async fn drafts_are_bounded(place: Place) {
    let room = Room::open(place).await;
    for _ in 0..DRAFTS_MAX {
        room.say(&room.alice, "question").await;
    }
    for place in 1..=u64::from(DRAFTS_MAX) {
        room.put_draft(Some(seq(place)), None, "x").await.expect("writes");
    }
    let refusal = refused(room.put_draft(None, None, "one more").await, ErrorCode::Conflict);
    assert!(refusal.message.contains("send or clear"), "{}", refusal.message);
    room.put_draft(Some(seq(1)), None, "what is there is changed").await.expect("writes");
    let query = DraftQuery { parent_seq: Some(seq(2)), expected_rev: None };
    room.rig.service.clear_draft(&room.bob, room.channel, query).await.expect("clears");
    room.put_draft(None, None, "one more").await.expect("writes");
    // What one can neither see nor clear does not count.
    let mut room = room;
    let other = room.make("other", "public").await;
    let left = std::mem::replace(&mut room.channel, other);
    room.rig.service.join_channel(&room.bob, room.channel).await.expect("joins");
    refused(room.put_draft(None, None, "and one more").await, ErrorCode::Conflict);
    room.rig.service.leave_channel(&room.bob, left).await.expect("leaves");
    room.put_draft(None, None, "and one more").await.expect("writes");
}

async fn nothing_of_it_is_kept_for_strangers(place: Place) {
    let room = Room::open(place).await;
    let root = room.say(&room.alice, "question").await;
    let dave = room.rig.register_actor("dave").await;
    let service = &room.rig.service;
    refused(room.prefer(&dave, room.channel, json!({"is_muted": true})).await, ErrorCode::NotFound);
    refused(room.prefer(&room.carol, room.channel, json!({"is_muted": true})).await, ErrorCode::Forbidden);
    refused(room.choose(&dave, &root, ThreadChoice::Follow(true)).await, ErrorCode::NotFound);
    refused(room.choose(&room.carol, &root, ThreadChoice::Follow(true)).await, ErrorCode::Forbidden);
    refused(service.save_message(&dave, room.channel, root.seq, true).await, ErrorCode::NotFound);
    refused(service.mute_user(&dave, room.team, room.bob.user_id, true).await, ErrorCode::NotFound);
    let order = ChannelOrder { channel_ids: vec![room.channel] };
    refused(service.order_channels(&dave, room.team, order).await, ErrorCode::NotFound);
    refused(service.channel_order(&dave, room.team).await, ErrorCode::NotFound);
    let draft = PutDraft { content: "x".to_owned() };
    refused(service.put_draft(&dave, room.channel, DraftQuery::default(), draft).await, ErrorCode::NotFound);
    refused(service.threads(&dave, room.team, &CursorQuery::default()).await, ErrorCode::NotFound);
    refused(service.saved_messages(&dave, room.team, &CursorQuery::default()).await, ErrorCode::NotFound);
    refused(service.drafts(&dave, room.team, &CursorQuery::default()).await, ErrorCode::NotFound);
    refused(service.muted_users(&dave, room.team, &PageQuery::default()).await, ErrorCode::NotFound);
    // Who reads a public channel without being in it may save what stands there.
    service.save_message(&room.carol, room.channel, root.seq, true).await.expect("saves");
}

async fn changes_of_the_own_stream_say_what_the_lists_say(place: Place) {
    let room = Room::open(place).await;
    let before = room.head().await;
    let root = room.say(&room.alice, "question").await;
    room.answer(&room.alice, Some(&root), "@bob?").await;
    let service = &room.rig.service;
    let edit = EditChannelPreferences { notify: Patch::Set(NotifyLevel::None), ..EditChannelPreferences::default() };
    let preferences = service.edit_channel_preferences(&room.bob, room.channel, edit).await.expect("prefers");
    let mute = service.mute_user(&room.bob, room.team, room.carol.user_id, true).await.expect("mutes");
    let thread = room.choose(&room.bob, &root, ThreadChoice::Mute(true)).await.expect("mutes");
    let saved = service.save_message(&room.bob, room.channel, root.seq, true).await.expect("saves");
    let draft = room.put_draft(None, None, "I").await.expect("writes");
    let expected = vec![
        Change::MyChannelPreferences { channel_id: room.channel, preferences },
        Change::MyUserMute { mute },
        Change::MyThread { thread },
        Change::MySaved { saved },
        Change::MyDraft { draft: draft.clone() },
    ];
    assert_eq!(room.changes(before).await, expected);
    let query = DraftQuery::default();
    let cleared = service.clear_draft(&room.bob, room.channel, query).await.expect("clears");
    assert_eq!(room.changes(draft.rev).await, [Change::MyDraft { draft: cleared }]);
    // An edit of a reply is counted in the thread, and takes nothing of the own stream.
    let head = room.head().await;
    let edit = EditMessage { content: "never mind".to_owned(), expected_rev: None };
    service.edit_message(&room.alice, room.channel, seq(2), edit).await.expect("edits");
    assert_eq!((room.unread(&room.bob, &root).await, room.head().await), (Some((1, 0)), head));
}
