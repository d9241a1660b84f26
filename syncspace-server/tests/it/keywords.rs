//! Facts about keywords and what has them, on the embedded store and on MySQL.

#![expect(clippy::panic, reason = "a test that cannot go on must fail, and say why")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::channels::MoveMarker;
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::limits::KEYWORDS_MAX;
use syncspace_protocol::messages::{Message, MessageType, SendMessage};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, ErrorCode, Rev, StreamId};
use syncspace_server::followers::Followers;
use syncspace_server::service::{Actor, Service, ThreadChoice};
use syncspace_server::store::keywords::listeners_statement;
use syncspace_server::store::{Queries, Sql, Statement, Store, params};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::counts::Room;
use crate::explain::{self, Plan};
use crate::place::{Place, Rig, SECRET, body, on_both_stores, refused};

on_both_stores! {
    keywords_are_kept_as_written_and_bounded,
    a_keyword_calls_whoever_is_in_the_channel_and_not_named,
    mentions_by_keyword_follow_edits_and_go_with_the_message,
    what_was_sent_before_calls_nobody,
    a_text_changed_before_much_else_is_looked_at,
    the_own_stream_tells_of_channel_and_thread,
    searches_find_what_mentions_by_a_keyword,
    whoever_left_is_told_nothing,
    instances_that_find_together_double_nothing,
    as_many_are_called_as_want_it,
    what_matches_nobody_costs_the_same_in_any_channel,
}

impl Room {
    async fn wants(&self, actor: &Actor, keywords: &[&str]) {
        let keywords = keywords.iter().map(|keyword| keyword.parse().expect("a keyword")).collect();
        self.rig.service.put_keywords(actor, Keywords { keywords }).await.expect("puts");
    }

    async fn find(&self) {
        self.rig.service.catch_up().await.expect("finds");
    }

    /// Sends, and waits until keywords were looked for.
    async fn say_and_find(&self, actor: &Actor, content: &str) -> Message {
        let said = self.say(actor, content).await;
        self.find().await;
        said
    }

    async fn mentions(&self, actor: &Actor) -> u32 {
        self.counts(actor).await.1
    }

    async fn own_stream(&self, actor: &Actor) -> StreamId {
        let team = self.rig.service.team(actor, self.team).await.expect("a team");
        StreamId::Member(team.membership.expect("a membership").member_id)
    }

    /// Gives what changed in somebody's own stream, and its newest rev.
    async fn own_changes(&self, actor: &Actor, after: Rev) -> (Vec<Change>, Rev) {
        let query = ChangesQuery { after, limit: Some(200) };
        let page = self.rig.service.changes(actor, self.own_stream(actor).await, query).await.expect("changes");
        (page.items, page.rev)
    }
}

async fn keywords_are_kept_as_written_and_bounded(place: Place) {
    let room = Room::open(place).await;
    assert_eq!(room.rig.service.keywords(&room.bob).await.expect("reads"), Keywords::default());
    room.wants(&room.bob, &["Deploy", "C++", "release  train", "deploy"]).await;
    let kept = room.rig.service.keywords(&room.bob).await.expect("reads");
    let kept: Vec<_> = kept.keywords.iter().map(|keyword| keyword.as_str()).collect();
    assert_eq!(kept, ["Deploy", "C++", "release train"]);
    assert_eq!(room.rig.service.keywords(&room.alice).await.expect("reads"), Keywords::default());
    let many: Vec<String> = (0..=KEYWORDS_MAX).map(|number| format!("w{number}")).collect();
    let many = room.rig.service.put_keywords(&room.bob, body(json!({"keywords": many}))).await;
    assert_eq!(refused(many, ErrorCode::InvalidField).field.as_deref(), Some("keywords"));
    room.wants(&room.bob, &[]).await;
    assert_eq!(room.rig.service.keywords(&room.bob).await.expect("reads"), Keywords::default());
}

async fn a_keyword_calls_whoever_is_in_the_channel_and_not_named(place: Place) {
    let room = Room::open(place).await;
    for person in [&room.alice, &room.bob, &room.carol] {
        room.wants(person, &["deploy", "release train"]).await;
    }
    room.say_and_find(&room.alice, "we DEPLOY the Release-Train").await;
    assert_eq!(room.counts(&room.bob).await, (1, 1), "one message, however many keywords it has");
    assert_eq!(room.mentions(&room.alice).await, 0, "never one's own");
    room.rig.service.join_channel(&room.carol, room.channel).await.expect("joins");
    assert_eq!(room.mentions(&room.carol).await, 0, "she was not in the channel");
    for quiet in ["redeployed", "`deploy`", "train release", "@bob_ deploy", "@channel deploy"] {
        let before = room.mentions(&room.bob).await;
        room.say_and_find(&room.alice, quiet).await;
        let named = u32::from(quiet.starts_with('@'));
        assert_eq!(room.mentions(&room.bob).await, before + named, "{quiet}");
    }
    let code = SendMessage { content: "deploy".to_owned(), message_type: MessageType::Code, ..SendMessage::default() };
    let before = room.mentions(&room.bob).await;
    room.rig.service.send_message(&room.alice, room.channel, code).await.expect("sends");
    room.find().await;
    assert_eq!(room.mentions(&room.bob).await, before);
    let last = room.say_and_find(&room.carol, "deploy").await;
    assert_eq!((room.mentions(&room.bob).await, room.mentions(&room.alice).await), (before + 1, 1));
    room.mark(MoveMarker::Advance, last.seq.get(), None).await;
    assert_eq!(room.mentions(&room.bob).await, 0);
}

async fn mentions_by_keyword_follow_edits_and_go_with_the_message(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.bob, &["deploy"]).await;
    let said = room.say_and_find(&room.alice, "hello").await;
    for (content, mentions) in
        [("deploy", 1), ("deploy it", 1), ("hello", 0), ("deploy @bob_", 1), ("deploy again", 1), ("@bob_", 1)]
    {
        room.edit(&room.alice, &said, content).await;
        room.find().await;
        assert_eq!(room.mentions(&room.bob).await, mentions, "{content}");
    }
    room.edit(&room.alice, &said, "deploy").await;
    room.find().await;
    room.delete(&room.alice, &said).await;
    room.find().await;
    assert_eq!(room.counts(&room.bob).await, (0, 0));
    // Without a keyword what it called before still goes.
    let said = room.say_and_find(&room.alice, "deploy").await;
    room.wants(&room.bob, &[]).await;
    room.find().await;
    assert_eq!(room.mentions(&room.bob).await, 1, "what has called stays counted");
    room.delete(&room.alice, &said).await;
    room.find().await;
    assert_eq!(room.mentions(&room.bob).await, 0);
}

/// A row comes with its last change: here long after the change of its text, and in another batch.
async fn a_text_changed_before_much_else_is_looked_at(place: Place) {
    const MORE_THAN_A_BATCH: usize = 250;
    let room = Room::open(place).await;
    room.wants(&room.bob, &["deploy"]).await;
    let called = room.say_and_find(&room.alice, "deploy").await;
    let quiet = room.say_and_find(&room.alice, "hello").await;
    assert_eq!(room.mentions(&room.bob).await, 1);
    room.mark(MoveMarker::Set, 0, None).await;
    room.edit(&room.alice, &called, "never mind").await;
    room.edit(&room.alice, &quiet, "deploy now").await;
    for number in 0..MORE_THAN_A_BATCH {
        room.say(&room.alice, &format!("{number}")).await;
    }
    let tada = "tada".parse().expect("a name");
    for message in [&called, &quiet] {
        room.rig.service.react(&room.alice, room.channel, message.seq, &tada).await.expect("reacts");
    }
    room.find().await;
    assert_eq!(room.mentions(&room.bob).await, 1);
    room.mark(MoveMarker::Set, called.seq.get(), None).await;
    assert_eq!(room.mentions(&room.bob).await, 1, "by the one that has the word now");
}

async fn what_was_sent_before_calls_nobody(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.carol, &["anything"]).await;
    let said = room.say_and_find(&room.alice, "deploy").await;
    room.wants(&room.bob, &["deploy"]).await;
    let service = &room.rig.service;
    let tada = "tada".parse().expect("a name");
    service.react(&room.alice, room.channel, said.seq, &tada).await.expect("reacts");
    room.answer(&room.alice, Some(&said), "yes").await;
    room.find().await;
    assert_eq!(room.mentions(&room.bob).await, 0);
    room.edit(&room.alice, &said, "deploy now").await;
    room.find().await;
    assert_eq!(room.mentions(&room.bob).await, 1, "who writes anew calls");
}

async fn the_own_stream_tells_of_channel_and_thread(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.bob, &["deploy"]).await;
    let root = room.say(&room.bob, "question").await;
    room.find().await;
    let (_, before) = room.own_changes(&room.bob, Rev::ZERO).await;
    let reply = room.answer(&room.alice, Some(&root), "we deploy").await;
    let query = ChangesQuery { after: Rev::ZERO, limit: Some(1) };
    let page = room.rig.service.changes(&room.bob, StreamId::Channel(room.channel), query).await.expect("changes");
    room.find().await;
    let (changes, after) = room.own_changes(&room.bob, before).await;
    let [Change::MyChannel { membership, .. }, Change::MyThread { thread }] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!((membership.read.mention_count, membership.read.as_of_rev), (1, page.head_rev));
    assert_eq!(membership.read, room.read(&room.bob).await);
    assert_eq!((thread.root_seq, thread.read.unread_count, thread.read.mention_count), (root.seq, 1, 1));
    assert_eq!(after.get(), before.get() + 2, "one number for each");
    room.delete(&room.alice, &reply).await;
    room.find().await;
    let (changes, _) = room.own_changes(&room.bob, after).await;
    let [Change::MyChannel { membership, .. }, Change::MyThread { thread }] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!((membership.read.mention_count, thread.read.mention_count), (0, 0));
    // Whoever does not follow the thread hears of the channel alone.
    let service = &room.rig.service;
    service.choose_thread(&room.bob, room.channel, root.seq, ThreadChoice::Follow(false)).await.expect("unfollows");
    let (_, before) = room.own_changes(&room.bob, Rev::ZERO).await;
    room.answer(&room.alice, Some(&root), "deploy again").await;
    room.find().await;
    let (changes, _) = room.own_changes(&room.bob, before).await;
    assert!(matches!(changes.as_slice(), [Change::MyChannel { .. }]), "{changes:?}");
}

async fn searches_find_what_mentions_by_a_keyword(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.bob, &["deploy"]).await;
    room.say_and_find(&room.alice, "we deploy").await;
    let named = room.say(&room.alice, "hello @bob_").await;
    let edited = room.say(&room.alice, "nothing").await;
    room.find().await;
    let mentions = || async {
        let params = body(json!({"q": "mentions:me", "team_id": room.team}));
        let page = room.rig.service.search(&room.bob, params).await.expect("searches");
        assert!(!page.behind);
        page.items.into_iter().map(|hit| hit.message.content).collect::<Vec<_>>()
    };
    assert_eq!(mentions().await, ["hello @bob_", "we deploy"]);
    room.edit(&room.alice, &edited, "deploy it").await;
    room.delete(&room.alice, &named).await;
    room.find().await;
    assert_eq!(mentions().await, ["deploy it", "we deploy"]);
    room.wants(&room.bob, &[]).await;
    room.edit(&room.alice, &edited, "deploy it again").await;
    room.find().await;
    assert_eq!(mentions().await, ["we deploy"]);
}

async fn whoever_left_is_told_nothing(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.bob, &["deploy"]).await;
    let said = room.say_and_find(&room.alice, "deploy").await;
    room.say(&room.alice, "deploy twice").await;
    room.rig.service.leave_channel(&room.bob, room.channel).await.expect("leaves");
    let (_, before) = room.own_changes(&room.bob, Rev::ZERO).await;
    room.delete(&room.alice, &said).await;
    room.find().await;
    assert_eq!(room.own_changes(&room.bob, before).await, (vec![], before));
    room.rig.service.join_channel(&room.bob, room.channel).await.expect("joins");
    room.mark(MoveMarker::Set, 0, None).await;
    assert_eq!(room.mentions(&room.bob).await, 0, "one is deleted, the other came after he had left");
}

/// Two instances look at one database while messages are sent.
async fn instances_that_find_together_double_nothing(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.bob, &["apple"]).await;
    let (other, _) = room.rig.place.service(RegistrationMode::Open, &[SECRET]).await;
    let Room { rig, alice, bob, channel, .. } = room;
    let Rig { service, .. } = &rig;
    let service: &Service = service;
    let closing = CancellationToken::new();
    let other = Arc::new(other);
    let followers = Followers { look_every: Duration::from_millis(20) };
    let task = tokio::spawn(followers.run(other.clone(), closing.clone()));
    let mut last = None;
    for number in 0..40 {
        let new = SendMessage { content: format!("apple {number}"), ..SendMessage::default() };
        last = Some(service.send_message(&alice, channel, new).await.expect("sends").0);
        service.catch_up().await.expect("finds");
    }
    let mentions = || async {
        let mine = service.channel(&bob, channel).await.expect("a channel");
        mine.membership.expect("a membership").read.mention_count
    };
    let all_found = async {
        while mentions().await < 40 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), all_found).await.expect("all are found in time");
    service.delete_message(&alice, channel, last.expect("sent").seq).await.expect("deletes");
    let one_less = async {
        while mentions().await != 39 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), one_less).await.expect("none was counted twice");
    closing.cancel();
    task.await.expect("ends");
}

/// More than one transaction tells.
async fn as_many_are_called_as_want_it(place: Place) {
    let room = Room::open(place).await;
    let mut people = Vec::new();
    for number in 0..120 {
        let person = room.rig.register_actor(&format!("person{number}")).await;
        let add = PutTeamMember { role: TeamRole::Member };
        room.rig.service.put_team_member(&room.alice, room.team, person.user_id, add).await.expect("adds");
        room.rig.service.join_channel(&person, room.channel).await.expect("joins");
        room.wants(&person, &[if number % 10 == 0 { "other" } else { "deploy" }]).await;
        people.push(person);
    }
    room.say_and_find(&room.alice, "deploy").await;
    for (number, person) in people.iter().enumerate() {
        assert_eq!(room.mentions(person).await, u32::from(number % 10 != 0), "{number}");
    }
}

async fn what_matches_nobody_costs_the_same_in_any_channel(place: Place) {
    let room = Room::open(place).await;
    room.wants(&room.carol, &["somewhere else"]).await;
    room.say_and_find(&room.alice, "first").await;
    let statements = |content: &'static str| {
        let room = &room;
        async move {
            room.say(&room.alice, content).await;
            let before = room.rig.service.statement_counts();
            room.find().await;
            let after = room.rig.service.statement_counts();
            (after.reads - before.reads, after.changes - before.changes, after.transactions - before.transactions)
        }
    };
    let alone =
        statements("twenty words that nobody has among keywords and so on until there are enough of them all").await;
    for number in 0..30 {
        let person = room.rig.register_actor(&format!("person{number}")).await;
        let add = PutTeamMember { role: TeamRole::Member };
        room.rig.service.put_team_member(&room.alice, room.team, person.user_id, add).await.expect("adds");
        room.rig.service.join_channel(&person, room.channel).await.expect("joins");
        room.wants(&person, &["deploy", "release train"]).await;
    }
    room.find().await;
    let crowded =
        statements("twenty other words that nobody wants to hear and so on until there are enough of them all").await;
    assert_eq!(crowded, alone);
}

/// What is asked of a batch's words.
fn look_up() -> Statement {
    let channels: Vec<ChannelId> = (1..=16).map(|id| ChannelId::try_from(id).expect("an id")).collect();
    let words: Vec<String> = (0..200).map(|number| format!("word{number}")).collect();
    listeners_statement(&channels, &words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn keywords_are_looked_up_by_words_on_sqlite() {
    let store = Place::sqlite().store().await;
    let Statement { sql, params } = look_up();
    let steps = explain::steps(&store, &sql.sqlite(), params).await;
    let [words, people] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(words.starts_with("SEARCH k USING INDEX user_keywords_lookup"), "{words}");
    assert!(people.starts_with("SEARCH m USING PRIMARY KEY (user_id=? AND channel_id=?)"), "{people}");
}

#[tokio::test]
async fn keywords_are_looked_up_by_words_on_mysql() {
    let room = Room::open(Place::mysql().await).await;
    let store = Store::open(&room.rig.place.url).await.expect("opens");
    let insert = "INSERT INTO user_keywords (user_id, place, keyword, lookup) VALUES (?,?,?,?)";
    for user in 1..=300_i64 {
        for place in 1..=10_i64 {
            let word = format!("w{user}x{place}");
            (&store).execute(&Sql::both(insert), params![user, place, &word, &word]).await.expect("inserts");
        }
    }
    (&store).query(&Sql::both("ANALYZE TABLE user_keywords"), params![]).await.expect("analyses");
    let Statement { sql, params } = look_up();
    let plan = Plan::of(&store, sql.mysql(), params).await;
    let [words, people] = plan.reads.as_slice() else { panic!("{}", plan.text) };
    assert_eq!([words.table.as_str(), people.table.as_str()], ["k", "m"], "words come first: {}", plan.text);
    let is_right = words.index.as_deref() == Some("user_keywords_lookup") && !words.is_whole();
    assert!(is_right, "every keyword is read: {}", plan.text);
}
