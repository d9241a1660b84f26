//! Facts about search and its index, on the embedded store and on MySQL.

#![expect(clippy::panic, reason = "a test fails by panicking, also in its helpers")]

mod corpus;
mod permission;
mod plans;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::channels::{CreateChannel, EditChannel};
use syncspace_protocol::error::{ErrorCode, ErrorDetail};
use syncspace_protocol::messages::{EditMessage, Message, SendMessage};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::search::{SearchHit, SearchPage, SearchParams, SearchSort};
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, TeamId};
use syncspace_server::followers::Followers;
use syncspace_server::service::{Actor, ServiceError};
use syncspace_server::store::{Queries, Sql, params};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::place::{Place, Rig, SECRET, body, on_both_stores, refused};

on_both_stores! {
    words_are_found_however_they_look,
    phrases_stand_in_a_row,
    filters_leave_out_what_is_not_so,
    a_message_with_a_file_is_found_by_it,
    reactions_and_pins_come_into_the_index_and_go,
    saved_messages_are_found_by_their_person_alone,
    saved_messages_are_found_page_by_page,
    days_begin_where_the_person_is,
    names_that_do_not_exist_are_told,
    hostile_queries_are_words_or_refused,
    edits_and_deletions_reach_the_index,
    an_index_that_is_behind_says_so,
    the_index_is_made_anew_from_nothing,
    pages_show_every_hit_once,
    hits_come_with_what_stands_around_them,
    instances_that_index_together_double_nothing,
    a_channel_that_cannot_be_indexed_keeps_no_other_back,
    a_search_that_takes_long_ends_and_can_go_on,
}

/// Alice's team with Bob in it, and a public channel of both.
pub(crate) struct Room {
    pub(crate) rig: Rig,
    pub(crate) alice: Actor,
    pub(crate) bob: Actor,
    pub(crate) team: TeamId,
    pub(crate) channel: ChannelId,
}

impl Room {
    pub(crate) async fn open(place: Place) -> Self {
        let rig = place.open_rig().await;
        let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
        let new = body(serde_json::json!({"name": "eng", "is_public": false}));
        let team: TeamId = rig.service.create_team(&alice, new).await.expect("makes a team").team.id;
        let room = Self { rig, alice, bob, team, channel: ChannelId::try_from(1).expect("an id") };
        room.put(&bob, TeamRole::Member).await;
        let channel = room.make_channel("general", "public").await;
        room.rig.service.join_channel(&bob, channel).await.expect("joins");
        Self { channel, ..room }
    }

    pub(crate) async fn put(&self, user: &Actor, role: TeamRole) {
        let put = PutTeamMember { role };
        self.rig.service.put_team_member(&self.alice, self.team, user.user_id, put).await.expect("puts");
    }

    pub(crate) async fn make_channel(&self, name: &str, kind: &str) -> ChannelId {
        let new: CreateChannel = body(serde_json::json!({"kind": kind, "name": name}));
        self.rig.service.create_channel(&self.alice, self.team, new).await.expect("makes a channel").channel.id
    }

    pub(crate) async fn say_in(&self, channel: ChannelId, actor: &Actor, content: &str) -> Message {
        let new = SendMessage { content: content.to_owned(), ..SendMessage::default() };
        self.rig.service.send_message(actor, channel, new).await.expect("sends").0
    }

    pub(crate) async fn say(&self, content: &str) -> Message {
        self.say_in(self.channel, &self.alice, content).await
    }

    async fn answer(&self, root: &Message, content: &str) -> Message {
        let new =
            SendMessage { content: content.to_owned(), parent_message_id: Some(root.id), ..SendMessage::default() };
        self.rig.service.send_message(&self.bob, root.channel_id, new).await.expect("sends").0
    }

    pub(crate) async fn index(&self) {
        self.rig.service.catch_up().await.expect("indexes");
    }

    fn asks(&self, q: &str) -> SearchParams {
        SearchParams { q: q.to_owned(), team_id: self.team, sort: None, time_zone: None, cursor: None, limit: Some(50) }
    }

    pub(crate) async fn search(&self, actor: &Actor, q: &str) -> Result<SearchPage, ServiceError> {
        self.rig.service.search(actor, self.asks(q)).await
    }

    /// Gives the contents of Alice's hits, newest first.
    async fn finds(&self, q: &str) -> Vec<String> {
        let page = self.search(&self.alice, q).await.expect("searches");
        assert!(!page.is_partial && page.next.is_none(), "{q}: {page:?}");
        page.items.into_iter().map(|hit| hit.message.content).collect()
    }

    #[track_caller]
    fn refuses(&self, outcome: Result<SearchPage, ServiceError>, part: &str) -> ErrorDetail {
        let detail = refused(outcome, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some("q"));
        assert!(detail.message.contains(part), "{}", detail.message);
        detail
    }
}

async fn words_are_found_however_they_look(place: Place) {
    let room = Room::open(place).await;
    let texts = [
        "a B 7",
        "I like C++",
        "and C#",
        "foo_bar is x.foo_bar(1)",
        "foo bar",
        "the .NET runtime",
        "see https://example.org/a-b?q=1.",
        "mail alice@example.org!",
        "東京タワーの日本語",
        "Résumé of the café",
        "STRASSE, straße",
        "the about of to",
        "x-ray a.b.c",
    ];
    for text in texts {
        room.say(text).await;
    }
    room.index().await;
    for (q, found) in [
        ("b", &["x-ray a.b.c", "see https://example.org/a-b?q=1.", "a B 7"][..]),
        ("7", &["a B 7"]),
        ("c++", &["I like C++"]),
        ("C#", &["and C#"]),
        ("c", &["x-ray a.b.c", "and C#", "I like C++"]),
        ("foo_bar", &["foo_bar is x.foo_bar(1)"]),
        ("foo", &["foo bar", "foo_bar is x.foo_bar(1)"]),
        (".net", &["the .NET runtime"]),
        ("https://example.org/a-b?q=1", &["see https://example.org/a-b?q=1."]),
        ("ALICE@example.ORG", &["mail alice@example.org!"]),
        ("example.org", &["mail alice@example.org!", "see https://example.org/a-b?q=1."]),
        ("日本", &["東京タワーの日本語"]),
        ("京", &["東京タワーの日本語"]),
        ("東語", &[]),
        ("resume cafe", &["Résumé of the café"]),
        ("Strasse", &["STRASSE, straße"]),
        ("the", &["the about of to", "Résumé of the café", "the .NET runtime"]),
        ("about", &["the about of to"]),
        ("of to", &["the about of to"]),
        ("a.b.c", &["x-ray a.b.c"]),
        ("x-ray", &["x-ray a.b.c"]),
        ("abc", &[]),
    ] {
        assert_eq!(room.finds(q).await, found, "{q}");
    }
}

async fn phrases_stand_in_a_row(place: Place) {
    let room = Room::open(place).await;
    for text in ["error budget", "budget error", "the error, budget!", "error of the budget"] {
        room.say(text).await;
    }
    room.index().await;
    assert_eq!(room.finds("\"error budget\"").await, ["the error, budget!", "error budget"]);
    assert_eq!(room.finds("error budget -\"error budget\"").await, ["error of the budget", "budget error"]);
    assert_eq!(room.finds("budget -error").await, [""; 0]);
    assert_eq!(room.finds("-budget").await, [""; 0]);
}

async fn filters_leave_out_what_is_not_so(place: Place) {
    let room = Room::open(place).await;
    let ops = room.make_channel("ops", "private").await;
    let root = room.say("plain deploy").await;
    room.say_in(room.channel, &room.bob, "deploy by @alice").await;
    room.say_in(ops, &room.alice, "deploy `now`, see https://x.org").await;
    room.answer(&root, "deploy done, @channel").await;
    let direct = body(serde_json::json!({"kind": "direct", "user_id": room.bob.user_id}));
    let direct = room.rig.service.create_channel(&room.alice, room.team, direct).await.expect("opens").channel.id;
    room.say_in(direct, &room.alice, "deploy between us").await;
    room.index().await;
    for (q, found) in [
        ("deploy from:@bob", &["deploy done, @channel", "deploy by @alice"][..]),
        ("from:@bob", &["deploy done, @channel", "deploy by @alice"]),
        ("deploy from:me", &["deploy between us", "deploy `now`, see https://x.org", "plain deploy"]),
        ("deploy from:@bob from:@ALICE in:#ops", &["deploy `now`, see https://x.org"]),
        ("deploy -from:@bob in:general", &["plain deploy"]),
        ("in:@bob", &["deploy between us"]),
        ("in:#ops in:@bob", &["deploy between us", "deploy `now`, see https://x.org"]),
        ("deploy -in:#general -in:@bob", &["deploy `now`, see https://x.org"]),
        ("has:link", &["deploy `now`, see https://x.org"]),
        ("has:code -has:file", &["deploy `now`, see https://x.org"]),
        ("has:file", &[]),
        ("deploy is:thread", &["deploy done, @channel", "plain deploy"]),
        ("deploy -is:thread -has:link", &["deploy between us", "deploy by @alice"]),
        ("mentions:me", &["deploy done, @channel", "deploy by @alice"]),
        ("mentions:me from:bob -is:thread", &["deploy by @alice"]),
        ("in:#general -mentions:me", &["plain deploy"]),
    ] {
        assert_eq!(room.finds(q).await, found, "{q}");
    }
    assert_eq!(room.search(&room.bob, "deploy").await.expect("searches").items.len(), 4, "all but the private one");
}

async fn a_message_with_a_file_is_found_by_it(place: Place) {
    let room = Room::open(place).await;
    room.say("nothing comes with this").await;
    let mut sent = Vec::new();
    for content in ["", "see the plan"] {
        let mut bytes = futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"x"))]);
        let file =
            room.rig.service.upload_once(&room.alice, None, room.channel, Default::default(), None, &mut bytes).await;
        let message = serde_json::json!({"content": content, "files": [file.expect("uploads").into_inner().id]});
        sent.push(room.rig.service.send_message(&room.alice, room.channel, body(message)).await.expect("sends").0);
    }
    room.index().await;
    assert_eq!(room.finds("has:file").await, ["see the plan", ""]);
    assert_eq!(room.finds("plan has:file").await, ["see the plan"]);
    assert_eq!(room.finds("comes -has:file").await, ["nothing comes with this"]);
    room.rig.service.delete_message(&room.alice, room.channel, sent[1].seq).await.expect("deletes");
    room.index().await;
    assert_eq!(room.finds("has:file").await, [""]);
}

async fn reactions_and_pins_come_into_the_index_and_go(place: Place) {
    let room = Room::open(place).await;
    let (liked, kept) = (room.say("deploy liked").await, room.say("deploy kept").await);
    let emoji: Emoji = "tada".parse().expect("a name");
    let service = &room.rig.service;
    service.react(&room.bob, room.channel, liked.seq, &emoji).await.expect("reacts");
    service.pin(&room.alice, room.channel, kept.seq).await.expect("pins");
    room.index().await;
    assert_eq!(room.finds("deploy has:reaction").await, ["deploy liked"]);
    assert_eq!(room.finds("deploy is:pinned").await, ["deploy kept"]);
    assert_eq!(room.finds("deploy -has:reaction -is:pinned").await, [""; 0]);
    service.unreact(&room.bob, room.channel, liked.seq, &emoji).await.expect("takes it back");
    service.unpin(&room.alice, room.channel, kept.seq).await.expect("unpins");
    // Before the index hears of it: what it says is never believed.
    assert_eq!(room.finds("has:reaction").await, [""; 0]);
    room.index().await;
    assert_eq!(room.finds("deploy -has:reaction -is:pinned").await, ["deploy kept", "deploy liked"]);
}

async fn saved_messages_are_found_by_their_person_alone(place: Place) {
    let room = Room::open(place).await;
    let ops = room.make_channel("ops", "private").await;
    let (kept, other) = (room.say("deploy kept").await, room.say("deploy other").await);
    let secret = room.say_in(ops, &room.alice, "deploy secret").await;
    let service = &room.rig.service;
    let save = |channel, message: &Message, is_saved| service.save_message(&room.alice, channel, message.seq, is_saved);
    save(room.channel, &kept, true).await.expect("saves");
    save(ops, &secret, true).await.expect("saves");
    room.index().await;
    for (q, found) in [
        ("is:saved", &["deploy secret", "deploy kept"][..]),
        ("deploy is:saved in:#general", &["deploy kept"]),
        ("kept IS:Saved", &["deploy kept"]),
        ("other is:saved", &[]),
        ("deploy -is:saved", &["deploy other"]),
        ("-is:saved", &["deploy other"]),
        ("is:saved from:@bob", &[]),
        ("is:saved before:2026-11-22", &[]),
    ] {
        assert_eq!(room.finds(q).await, found, "{q}");
    }
    assert!(room.search(&room.bob, "is:saved").await.expect("searches").items.is_empty(), "nobody else's");
    let all = room.search(&room.bob, "deploy -is:saved").await.expect("searches");
    assert_eq!(all.items.len(), 2, "what another saved is not saved");
    // Who reads by the server's rights alone saves nothing.
    let root = room.rig.admin().await;
    assert!(room.search(&root, "is:saved").await.expect("searches").items.is_empty());
    // What may not be read any more is not found, though it stays saved.
    let put = body(serde_json::json!({"role": "owner"}));
    service.put_team_member(&room.alice, room.team, room.bob.user_id, put).await.expect("an owner");
    let put = body(serde_json::json!({"role": "guest"}));
    service.put_team_member(&room.bob, room.team, room.alice.user_id, put).await.expect("a guest");
    service.leave_channel(&room.alice, ops).await.expect("leaves");
    assert_eq!(room.finds("is:saved").await, ["deploy kept"]);
    save(room.channel, &other, true).await.expect("saves");
    save(room.channel, &kept, false).await.expect("takes it off");
    assert_eq!(room.finds("is:saved").await, ["deploy other"], "at once, whatever the index knows");
    service.delete_message(&room.alice, room.channel, other.seq).await.expect("deletes");
    assert_eq!(room.finds("is:saved").await, [""; 0]);
}

async fn saved_messages_are_found_page_by_page(place: Place) {
    let room = Room::open(place).await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let message = room.say(&format!("deploy {number}")).await;
        room.rig.service.save_message(&room.alice, room.channel, message.seq, true).await.expect("saves");
        room.say("deploy, not kept").await;
        expected.insert(0, message.content);
    }
    for sort in [SearchSort::Time, SearchSort::Relevance] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let params = SearchParams { cursor, limit: Some(3), sort: Some(sort), ..room.asks("deploy is:saved") };
            let page = room.rig.service.search(&room.alice, params).await.expect("searches");
            found.extend(page.items.into_iter().map(|hit| hit.message.content));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{sort:?}");
    }
}

async fn days_begin_where_the_person_is(place: Place) {
    let room = Room::open(place).await;
    // 2026-11-22T17:26:21.500Z, and nine hours later.
    room.say("evening").await;
    room.rig.clock.advance_ms(9 * 3600 * 1000);
    room.say("night").await;
    room.index().await;
    for (q, zone, found) in [
        ("on:2026-11-22", "UTC", &["evening"][..]),
        ("on:2026-11-23", "+07:00", &["night", "evening"]),
        ("before:2026-11-23", "UTC", &["evening"]),
        ("before:2026-11-23", "-03:00", &["night", "evening"]),
        ("after:2026-11-22", "UTC", &["night"]),
        ("after:2026-11-22", "-03:00", &[]),
        ("-before:2026-11-23", "UTC", &["night"]),
        ("-after:2026-11-22", "UTC", &["evening"]),
        ("-on:2026-11-22", "UTC", &["night"]),
        ("after:2026-11-21 before:2026-11-23", "UTC", &["evening"]),
    ] {
        let params = SearchParams { time_zone: Some(zone.to_owned()), ..room.asks(q) };
        let page = room.rig.service.search(&room.alice, params).await.expect("searches");
        let contents: Vec<_> = page.items.into_iter().map(|hit| hit.message.content).collect();
        assert_eq!(contents, found, "{q} {zone}");
    }
    let params = SearchParams { time_zone: Some("Nowhere/Land".to_owned()), ..room.asks("a") };
    let detail = refused(room.rig.service.search(&room.alice, params).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("time_zone"));
}

async fn names_that_do_not_exist_are_told(place: Place) {
    let room = Room::open(place).await;
    let eve = room.rig.register_actor("eve").await;
    room.make_channel("ops", "private").await;
    let ask = async |actor: &Actor, q: &str| room.search(actor, q).await;
    for (q, part) in [
        ("a from:@nobody", "at character 3: there is no @nobody in this team"),
        ("from:@eve", "there is no @eve in this team"),
        ("in:#nowhere", "no channel #nowhere in this team, or you may not see it"),
        ("in:@alice", "you have no direct channel with @alice"),
        ("in:#ops", "no channel #ops in this team, or you may not see it"),
        ("-in:#ops", "no channel #ops in this team, or you may not see it"),
        ("is:saved -is:saved", "leave one of both out"),
        ("mentions:me -mentions:me", "leave one of both out"),
        ("", "at least one word"),
        ("\"a", "never closed"),
    ] {
        room.refuses(ask(&room.bob, q).await, part);
    }
    refused(ask(&eve, "a").await, ErrorCode::NotFound);
    let odd = |change: fn(&mut SearchParams)| {
        let mut params = room.asks("a");
        change(&mut params);
        params
    };
    for (params, field) in [
        (odd(|params| params.limit = Some(0)), "limit"),
        (odd(|params| params.limit = Some(51)), "limit"),
        (odd(|params| params.cursor = Some("7".to_owned())), "cursor"),
        (
            odd(|params| (params.cursor, params.sort) = (Some("t-7-9".to_owned()), Some(SearchSort::Relevance))),
            "cursor",
        ),
    ] {
        let detail = refused(room.rig.service.search(&room.alice, params).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field));
    }
}

async fn hostile_queries_are_words_or_refused(place: Place) {
    let room = Room::open(place).await;
    room.say("drop table messages").await;
    room.say("100% of a_b").await;
    room.index().await;
    for (q, found) in [
        ("'; DROP TABLE messages; --", 1),
        ("\" OR 1=1 --\"", 0),
        ("+drop -table*", 0),
        ("drop* AND NEAR(table)", 0),
        ("drop AND table", 0),
        ("tokens:drop", 0),
        ("^drop", 1),
        ("(drop table)", 1),
        ("dro*", 0),
        ("%", -1),
        ("_", -1),
        ("a_b", 1),
        ("@#$%^&*()<>~", -1),
        ("\\\" ) OR (", 0),
        ("\u{0}@channel", 0),
        ("drop\u{0}table", 1),
        ("\u{202e}drop", 1),
    ] {
        match (room.search(&room.alice, q).await, found) {
            (Err(error), -1) => assert_eq!(error.code(), ErrorCode::InvalidField, "{q:?}"),
            (outcome, _) => {
                let page = outcome.unwrap_or_else(|error| panic!("{q:?}: {error}"));
                assert_eq!(i64::try_from(page.items.len()), Ok(found), "{q:?}: {page:?}");
            }
        }
    }
    assert_eq!(room.finds("drop").await, ["drop table messages"], "nothing was harmed");
}

async fn edits_and_deletions_reach_the_index(place: Place) {
    let room = Room::open(place).await;
    let (first, second) = (room.say("one apple").await, room.say("two apples, one apple").await);
    room.index().await;
    assert_eq!(room.finds("apple").await.len(), 2);
    let service = &room.rig.service;
    let edit = EditMessage { content: "one pear".to_owned(), expected_rev: None };
    service.edit_message(&room.alice, room.channel, first.seq, edit).await.expect("edits");
    service.delete_message(&room.alice, room.channel, second.seq).await.expect("deletes");
    // What the index still says is not believed.
    assert_eq!(room.finds("apple").await, [""; 0]);
    assert_eq!(room.finds("pear").await, [""; 0]);
    room.index().await;
    assert_eq!(room.finds("pear").await, ["one pear"]);
    assert_eq!(room.finds("one").await, ["one pear"]);
    assert_eq!(room.count("message_search").await, 1, "nothing of the deleted one is left");
    let root = room.say("a root").await;
    room.index().await;
    assert_eq!(room.finds("is:thread").await, [""; 0]);
    room.answer(&root, "a reply").await;
    room.index().await;
    assert_eq!(room.finds("is:thread").await, ["a reply", "a root"], "a reply changes its root");
    service
        .edit_channel(&room.alice, room.channel, EditChannel { is_archived: Some(true), ..EditChannel::default() })
        .await
        .expect("archives");
    assert_eq!(room.finds("pear").await, ["one pear"], "an archive can be searched");
    service.delete_channel(&room.alice, room.channel).await.expect("deletes");
    assert_eq!(room.finds("pear").await, [""; 0]);
}

impl Room {
    async fn count(&self, table: &str) -> i64 {
        let store = self.rig.place.store().await;
        let sql = Sql::built(format!("SELECT COUNT(*) FROM {table}"));
        let row = (&store).query_first(&sql, params![]).await.expect("counts").expect("a row");
        row.reader().take().expect("a number")
    }
}

async fn an_index_that_is_behind_says_so(place: Place) {
    let room = Room::open(place).await;
    room.index().await;
    let ops = room.make_channel("ops", "private").await;
    room.index().await;
    let behind = async |actor: &Actor| {
        let page = room.search(actor, "apple").await.expect("searches");
        assert_eq!(page.behind, page.behind_changes > 0);
        page.behind_changes
    };
    assert_eq!(behind(&room.bob).await, 0);
    room.say("apple").await;
    room.say("apple").await;
    room.say_in(ops, &room.alice, "apple").await;
    assert_eq!(behind(&room.bob).await, 2, "what may not be read does not count");
    assert_eq!(behind(&room.alice).await, 3);
    room.index().await;
    assert_eq!(behind(&room.alice).await, 0);
}

async fn the_index_is_made_anew_from_nothing(place: Place) {
    let room = Room::open(place).await;
    for number in 0..30 {
        room.say(&format!("apple {number}")).await;
    }
    room.index().await;
    let before = room.finds("apple").await;
    assert_eq!(before.len(), 30);
    room.rig.service.forget_index().await.expect("forgets");
    assert_eq!(
        (room.count("message_search").await, room.count("follower_marks WHERE follower = 'search'").await),
        (0, 0)
    );
    let page = room.search(&room.alice, "apple").await.expect("searches");
    assert!(page.items.is_empty() && page.behind);
    room.index().await;
    assert_eq!(room.finds("apple").await, before);
}

async fn pages_show_every_hit_once(place: Place) {
    let room = Room::open(place).await;
    for number in 0..57 {
        room.say(&format!("apple {number}{}", " apple".repeat(number % 5))).await;
        if number % 3 == 0 {
            room.rig.clock.advance_ms(1);
        }
        room.say("pear").await;
    }
    room.index().await;
    for sort in [SearchSort::Time, SearchSort::Relevance] {
        let (mut cursor, mut hits) = (None, Vec::<SearchHit>::new());
        loop {
            let params = SearchParams { sort: Some(sort), cursor, limit: Some(10), ..room.asks("apple") };
            let page = room.rig.service.search(&room.alice, params).await.expect("searches");
            assert!(!page.is_partial);
            assert!(page.items.len() == 10 || page.next.is_none());
            hits.extend(page.items);
            // Meanwhile sent: not among the hits of later pages.
            room.say("apple of later").await;
            room.index().await;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let hits: Vec<_> = hits.into_iter().filter(|hit| !hit.message.content.contains("later")).collect();
        let seqs: BTreeSet<_> = hits.iter().map(|hit| hit.message.seq).collect();
        assert_eq!((hits.len(), seqs.len()), (57, 57), "{sort:?}");
        if sort == SearchSort::Time {
            assert!(hits.is_sorted_by(|one, other| one.message.seq > other.message.seq));
        } else {
            assert!(hits[0].message.content.ends_with("apple apple apple apple"), "{}", hits[0].message.content);
        }
    }
}

async fn hits_come_with_what_stands_around_them(place: Place) {
    let room = Room::open(place).await;
    let before = room.say("before").await;
    let hit = room.say("the Apple of apple").await;
    let gone = room.say("after").await;
    room.rig.service.delete_message(&room.alice, room.channel, gone.seq).await.expect("deletes");
    let reply = room.answer(&before, "an apple below").await;
    room.index().await;
    let page = room.search(&room.alice, "apple").await.expect("searches");
    let [below, above] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((below.message.id, above.message.id), (reply.id, hit.id));
    let root = below.context.root.as_ref().expect("what it answers");
    assert_eq!((root.id, root.reply_count), (before.id, 1));
    assert_eq!((&below.context.before, &below.context.after), (&None, &None));
    assert_eq!(above.context.before.as_ref().map(|message| message.id), Some(before.id));
    assert_eq!(above.context.after, None, "what is deleted is left out");
    let shown: Vec<_> = above.highlights.iter().map(|mark| &hit.content[mark.start..mark.end]).collect();
    assert_eq!(shown, ["Apple", "apple"]);
}

/// Two instances work on one database while both send; a third one that starts later finds nothing left to do.
async fn instances_that_index_together_double_nothing(place: Place) {
    let room = Room::open(place).await;
    let (other, _) = room.rig.place.service(RegistrationMode::Open, &[SECRET]).await;
    let other = Arc::new(other);
    let closing = CancellationToken::new();
    let followers = Followers { look_every: Duration::from_millis(20) };
    let Room { rig, alice, bob, team, channel } = room;
    let Rig { service, clock, admin_token, place } = rig;
    let service = Arc::new(service);
    let tasks = [service.clone(), other.clone()].map(|service| tokio::spawn(followers.run(service, closing.clone())));
    for number in 0..40 {
        let sender = if number % 2 == 0 { &service } else { &other };
        let new = SendMessage { content: format!("apple {number}"), ..SendMessage::default() };
        sender.send_message(&alice, channel, new).await.expect("sends");
    }
    let params = SearchParams {
        q: "apple".to_owned(),
        team_id: team,
        sort: None,
        time_zone: None,
        cursor: None,
        limit: Some(50),
    };
    let all_found = async {
        while service.search(&bob, params.clone()).await.expect("searches").items.len() < 40 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), all_found).await.expect("all are found in time");
    closing.cancel();
    for task in tasks {
        task.await.expect("ends");
    }
    let service = Arc::into_inner(service).expect("nobody else has it");
    let room = Room { rig: Rig { service, clock, admin_token, place }, alice, bob, team, channel };
    assert_eq!(room.count("message_search").await, 40);
    let page = room.search(&room.alice, "apple").await.expect("searches");
    assert!(!page.behind && page.items.len() == 40);
}

/// A row that cannot be read, as a newer instance may write one.
async fn a_channel_that_cannot_be_indexed_keeps_no_other_back(place: Place) {
    let room = Room::open(place).await;
    let ops = room.make_channel("ops", "public").await;
    room.say("apple").await;
    room.say_in(ops, &room.alice, "apple").await;
    let break_row = Sql::both("UPDATE messages SET code = 'no JSON' WHERE channel_id = ?");
    let store = room.rig.place.store().await;
    (&store).execute(&break_row, vec![room.channel.into()]).await.expect("breaks");
    let closing = CancellationToken::new();
    let Room { rig, alice, team, .. } = room;
    let service = Arc::new(rig.service);
    let followers = Followers { look_every: Duration::from_millis(20) };
    let task = tokio::spawn(followers.run(service.clone(), closing.clone()));
    let params =
        SearchParams { q: "apple".to_owned(), team_id: team, sort: None, time_zone: None, cursor: None, limit: None };
    let is_found = async {
        while service.search(&alice, params.clone()).await.expect("searches").items.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), is_found).await.expect("the other channel's is found in time");
    closing.cancel();
    task.await.expect("ends");
}

/// More rows than one request looks at, none of which fits.
async fn a_search_that_takes_long_ends_and_can_go_on(place: Place) {
    const ROWS: u64 = 40_000;
    let room = Room::open(place).await;
    let store = room.rig.place.store().await;
    let rows: Vec<u64> = (1..=ROWS).collect();
    for some in rows.chunks(1_000) {
        let values: Vec<_> = some
            .iter()
            .map(|id| {
                format!(
                    "({},'2026-11-20 00:00:00.000',{},{},{id},1,0,' xnothing ')",
                    room.team,
                    id + 1_000_000,
                    room.channel
                )
            })
            .collect();
        let sql = Sql::built(format!(
            "INSERT INTO message_search (team_id, created_at, message_id, channel_id, seq, sender_id, traits, tokens) \
             VALUES {}",
            values.join(",")
        ));
        (&store).execute(&sql, params![]).await.expect("inserts");
    }
    let old = "2026-11-19 00:00:00.000";
    let found = room.say("https://example.org").await;
    room.index().await;
    let older = Sql::both("UPDATE message_search SET created_at = ? WHERE message_id = ?");
    (&store).execute(&older, params![old, found.id]).await.expect("moves it back");
    let (mut cursor, mut hits, mut requests) = (None, Vec::new(), 0);
    loop {
        let params = SearchParams { cursor, ..room.asks("has:link") };
        let page = room.rig.service.search(&room.alice, params).await.expect("searches");
        assert_eq!(page.is_partial, page.next.is_some(), "an end before the end is told");
        hits.extend(page.items);
        requests += 1;
        assert!(requests < 100, "it gets on");
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(requests > 1, "one request does not look at everything");
    assert_eq!(hits.len(), 1);
}
