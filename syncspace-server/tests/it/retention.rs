//! Facts about how long messages are kept, on the embedded store and on MySQL.

use serde_json::{Value, json};
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::MessageQuery;
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::retention::{RetentionQuery, RetentionReport};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId};
use syncspace_server::service::{Batch, JobKind};
use syncspace_server::store::{Queries as _, Sql, params};

use crate::administration::{Scene, fill, kept, times};
use crate::place::{Place, body, on_both_stores, refused};

on_both_stores! {
    what_was_kept_long_enough_goes_with_all_that_belongs_to_it,
    whoever_is_nearer_to_the_message_decides_how_long_it_is_kept,
    messages_are_kept_for_a_number_of_days_or_for_ever,
    a_report_tells_what_goes_and_changes_nothing,
    a_message_that_is_older_than_one_before_it_waits_for_that,
    a_long_history_goes_in_parts_and_is_told_once,
    whoever_was_away_learns_how_far_messages_are_gone,
    what_is_unread_counts_no_longer_when_it_is_gone,
    a_channel_that_an_import_still_fills_keeps_everything,
}

const DAY_MS: i64 = 24 * 3600 * 1_000;

impl Scene {
    /// Keeps messages of a channel for so many days.
    async fn keep(&self, channel: ChannelId, days: impl Into<Value>) {
        let edit = body(json!({ "retention_days": days.into() }));
        self.rig.service.edit_channel(&self.alice, channel, edit).await.expect("settles");
    }

    async fn say(&self, channel: ChannelId, text: &str) -> Seq {
        let message = body(json!({ "content": text }));
        self.rig.service.send_message(&self.alice, channel, message).await.expect("sends").0.seq
    }

    fn days_pass(&self, days: i64) {
        self.rig.clock.advance_ms(days * DAY_MS);
    }

    /// Does the job until nothing is left to do; gives how many messages went in each part.
    async fn let_go(&self) -> Vec<u64> {
        let turn = self.rig.service.wait_for_turn(times()).await.expect("a turn");
        let mut parts = Vec::new();
        loop {
            match self.rig.service.run_batch(&turn, JobKind::Retention).await.expect("removes") {
                Batch::More(messages) => parts.push(messages),
                Batch::Last(messages) => {
                    assert_eq!(messages, 0, "it looked, and found nothing");
                    break;
                }
                Batch::TurnLost => unreachable!("nobody else asks for it"),
            }
        }
        turn.give_back().await;
        parts
    }

    /// Gives the texts of a channel.
    async fn texts(&self, channel: ChannelId) -> Vec<String> {
        let page = self.rig.service.messages(&self.alice, channel, MessageQuery::default()).await.expect("a page");
        page.items.into_iter().map(|message| message.content).collect()
    }

    async fn floor(&self, channel: ChannelId) -> u64 {
        self.rig.service.channel(&self.alice, channel).await.expect("a channel").head.floor_seq.get()
    }

    async fn report(&self, channel: ChannelId, query: RetentionQuery) -> RetentionReport {
        self.rig.service.channel_retention(&self.alice, channel, query).await.expect("a report")
    }
}

async fn what_was_kept_long_enough_goes_with_all_that_belongs_to_it(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let (channel, other) = (scene.channel("public", "short").await, scene.channel("public", "other").await);
    fill(&scene, channel).await;
    fill(&scene, other).await;
    let of_other = kept(&scene.rig, other).await;
    scene.keep(channel, 30).await;
    scene.days_pass(31);
    let young = scene.say(channel, "still here").await;
    service.catch_up().await.expect("indexes");
    let old = young.get() - 1;
    assert_eq!(scene.let_go().await, [old]);
    assert_eq!(scene.texts(channel).await, ["still here"]);
    assert_eq!(scene.floor(channel).await, old);
    // What people have for themselves stays; of the messages only the young one, which search finds.
    let left: Vec<_> = kept(&scene.rig, channel).await.into_iter().filter(|(_, rows)| *rows > 0).collect();
    let own = [("drafts", 1), ("scheduled_messages", 1), ("reminders", 1), ("channel_preferences", 1)];
    assert_eq!(left, [&[("messages", 1), ("message_search", 1)], &own[..]].concat());
    assert_eq!(kept(&scene.rig, other).await, of_other);
    let root = Seq::try_from(1).expect("a seq");
    refused(service.thread(&scene.bob, channel, root, MessageQuery::default()).await, ErrorCode::NotFound);
    refused(service.message(&scene.bob, channel, root).await, ErrorCode::NotFound);
    let saved = service.saved_messages(&scene.bob, scene.team, &CursorQuery::default()).await.expect("a list").items;
    assert_eq!(saved.len(), 1, "the one of the other channel");
    let reply = body(json!({ "content": "late", "client_id": "c" }));
    assert_eq!(service.send_message(&scene.bob, channel, reply).await.expect("sends").0.seq, young.next());
    let line = scene.audit(&scene.alice, json!({ "action": "retention.applied" })).await.expect("lines");
    assert_eq!(line.len(), 1, "{line:?}");
    let line = &line[0];
    assert_eq!((line.action, line.actor_id, line.channel_id), (AuditAction::RetentionApplied, None, Some(channel)));
    assert_eq!((&line.details["floor_seq"], &line.details["retention_days"]), (&json!(old), &json!(30)));
    assert_eq!(scene.let_go().await, [0; 0], "nothing is left to do");
}

async fn whoever_is_nearer_to_the_message_decides_how_long_it_is_kept(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let root = scene.rig.admin().await;
    let mut channels = Vec::new();
    for name in ["inherits", "short", "forever"] {
        let channel = scene.channel("private", name).await;
        scene.say(channel, "old").await;
        channels.push(channel);
    }
    let [inherits, short, forever] = channels[..] else { unreachable!("three were made") };
    let direct = body(json!({ "kind": "direct", "user_id": scene.bob.user_id }));
    let direct = service.create_channel(&scene.alice, scene.team, direct).await.expect("opens").channel.id;
    scene.say(direct, "old").await;
    scene.keep(short, 5).await;
    scene.keep(forever, 0).await;
    let texts = async || {
        let mut texts = Vec::new();
        for channel in [inherits, short, forever, direct] {
            texts.push(scene.texts(channel).await.len());
        }
        texts
    };
    scene.days_pass(10);
    scene.let_go().await;
    assert_eq!(texts().await, [1, 0, 1, 1], "nobody but one channel says anything");
    let server = body(json!({ "retention_days": 20 }));
    service.edit_server_settings(&root, server).await.expect("settles");
    scene.let_go().await;
    assert_eq!(texts().await, [1, 0, 1, 1], "ten days are no twenty");
    let team = body(json!({ "settings": { "retention_days": 0 } }));
    service.edit_team(&scene.alice, scene.team, team).await.expect("settles");
    scene.days_pass(20);
    scene.let_go().await;
    assert_eq!(texts().await, [1, 0, 1, 1], "the team keeps what the server would not");
    let team = body(json!({ "settings": { "retention_days": null } }));
    service.edit_team(&scene.alice, scene.team, team).await.expect("settles");
    scene.let_go().await;
    assert_eq!(texts().await, [0, 0, 1, 0], "the server decides of direct channels too");
}

async fn messages_are_kept_for_a_number_of_days_or_for_ever(place: Place) {
    let scene = Scene::on(place).await;
    let (service, alice) = (&scene.rig.service, &scene.alice);
    let root = scene.rig.admin().await;
    let channel = scene.channel("public", "general").await;
    let too_long = || json!({ "retention_days": 36_501 });
    let detail = refused(service.edit_channel(alice, channel, body(too_long())).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("retention_days"));
    assert_eq!(detail.message, "messages are kept for 1 to 36500 days, or for ever: 0");
    let settings = body(json!({ "settings": too_long() }));
    let detail = refused(service.edit_team(alice, scene.team, settings).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("settings.retention_days"));
    refused(service.edit_server_settings(&root, body(too_long())).await, ErrorCode::InvalidField);
    let query = RetentionQuery::with(Some(36_501));
    refused(service.channel_retention(alice, channel, query).await, ErrorCode::InvalidField);
    let edit = body(json!({ "retention_days": 36_500 }));
    let edited = service.edit_channel(alice, channel, edit).await.expect("settles");
    assert_eq!(edited.retention_days, Some(36_500));
    let edit = json!({ "retention_days": 7 });
    let detail = refused(service.edit_channel(&scene.bob, channel, body(edit)).await, ErrorCode::Forbidden);
    assert_eq!(detail.message, "only the team's admins say how long messages are kept");
    refused(service.channel_retention(&scene.bob, channel, RetentionQuery::with(Some(7))).await, ErrorCode::Forbidden);
    let settled = service.channel_retention(&scene.bob, channel, RetentionQuery::NOW).await.expect("tells");
    assert_eq!(settled.retention_days, Some(36_500), "whoever reads there may know");
}

async fn a_report_tells_what_goes_and_changes_nothing(place: Place) {
    let scene = Scene::on(place).await;
    let (service, alice) = (&scene.rig.service, &scene.alice);
    let root = scene.rig.admin().await;
    let (full, empty) = (scene.channel("public", "full").await, scene.channel("public", "empty").await);
    fill(&scene, full).await;
    let old = u64::try_from(kept(&scene.rig, full).await[0].1).expect("a count");
    scene.days_pass(31);
    scene.say(full, "young").await;
    let nothing = RetentionReport { channels: 1, ..RetentionReport::default() };
    assert_eq!(scene.report(full, RetentionQuery::NOW).await, nothing);
    let all = RetentionReport { retention_days: Some(30), channels: 1, messages: old, files: 1, file_bytes: 5 };
    assert_eq!(scene.report(full, RetentionQuery::with(Some(30))).await, all);
    assert_eq!(scene.report(full, RetentionQuery::with(Some(31))).await.messages, 0, "exactly thirty-one days");
    assert_eq!(scene.report(empty, RetentionQuery::with(Some(30))).await.messages, 0);
    let of_team = service.team_retention(alice, scene.team, RetentionQuery::with(Some(30))).await.expect("a report");
    assert_eq!(of_team, RetentionReport { channels: 2, ..all });
    let of_server = service.server_retention(&root, RetentionQuery::with(Some(30))).await.expect("a report");
    assert_eq!(of_server, RetentionReport { channels: 2, ..all });
    scene.keep(full, 30).await;
    assert_eq!(scene.report(full, RetentionQuery::NOW).await, all);
    assert_eq!(scene.report(full, RetentionQuery::with(None)).await, nothing, "as the team says");
    let of_team = service.team_retention(alice, scene.team, RetentionQuery::with(Some(30))).await.expect("a report");
    assert_eq!((of_team.channels, of_team.messages), (1, 0), "a channel that says it itself is none of them");
    assert_eq!(scene.floor(full).await, 0, "nothing went yet");
    assert_eq!(scene.let_go().await, [old]);
    assert_eq!(scene.report(full, RetentionQuery::NOW).await, RetentionReport { retention_days: Some(30), ..nothing });
}

/// Writes messages of a channel that is empty, each that many days old; the rows of an imported history.
async fn write(scene: &Scene, channel: ChannelId, ages: &[i64]) {
    let store = scene.rig.place.store().await;
    let mut tx = store.begin().await.expect("begins");
    for (seq, age) in (1_i64..).zip(ages) {
        let insert = Sql::both(
            "INSERT INTO messages (channel_id, seq, id, team_id, sender_id, content, message_type, client_id, \
             client_digest, created_at, updated_at, reply_count, is_edited, rev) VALUES \
             (?,?,?,?,?,?,'text',?,'',?,?,0,0,?)",
        );
        let at = syncspace_server::service::later(scene.rig.clock.now(), -age * DAY_MS);
        let values = params![
            channel,
            seq,
            seq + 1_000_000,
            scene.team,
            scene.alice.user_id,
            seq.to_string(),
            seq.to_string(),
            at,
            at,
            seq
        ];
        tx.execute(&insert, values).await.expect("inserts");
    }
    let count = i64::try_from(ages.len()).expect("few");
    let heads = Sql::both("UPDATE channel_heads SET last_seq = ?, last_rev = ? WHERE channel_id = ?");
    tx.execute(&heads, params![count, count, channel]).await.expect("updates");
    tx.commit().await.expect("commits");
}

async fn a_message_that_is_older_than_one_before_it_waits_for_that(place: Place) {
    let scene = Scene::on(place).await;
    let channel = scene.channel("public", "general").await;
    write(&scene, channel, &[40, 10, 40, 5]).await;
    scene.keep(channel, 30).await;
    assert_eq!(scene.report(channel, RetentionQuery::NOW).await.messages, 1);
    assert_eq!(scene.let_go().await, [1]);
    assert_eq!(scene.texts(channel).await, ["2", "3", "4"]);
    scene.days_pass(21);
    assert_eq!(scene.let_go().await, [2]);
    assert_eq!(scene.texts(channel).await, ["4"]);
}

async fn a_long_history_goes_in_parts_and_is_told_once(place: Place) {
    let scene = Scene::on(place).await;
    let (channel, other) = (scene.channel("public", "long").await, scene.channel("public", "other").await);
    write(&scene, channel, &[vec![40; 450], vec![1; 3]].concat()).await;
    scene.say(other, "young").await;
    scene.keep(channel, 30).await;
    assert_eq!(scene.let_go().await, [200, 200, 50]);
    assert_eq!(scene.floor(channel).await, 450);
    assert_eq!(scene.texts(channel).await, ["451", "452", "453"]);
    let lines = scene.audit(&scene.alice, json!({ "action": "retention.applied" })).await.expect("lines");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].details["floor_seq"], json!(450));
    // Numbers go on where they were.
    assert_eq!(scene.say(channel, "next").await.get(), 454);
}

async fn whoever_was_away_learns_how_far_messages_are_gone(place: Place) {
    let scene = Scene::on(place).await;
    let channel = scene.channel("public", "general").await;
    scene.say(channel, "one").await;
    scene.say(channel, "two").await;
    scene.days_pass(31);
    scene.say(channel, "three").await;
    scene.keep(channel, 30).await;
    scene.let_go().await;
    scene.say(channel, "four").await;
    let stream = StreamId::Channel(channel);
    let changes = async |after: u64, limit: Option<u32>| {
        let query = ChangesQuery { after: Rev::try_from(after).expect("a rev"), limit };
        let page = scene.rig.service.changes(&scene.alice, stream, query).await.expect("changes");
        let told = page.items.iter().map(|change| match change {
            Change::Message { message } => message.content.clone(),
            Change::Floor { floor_seq, rev } => format!("up to {floor_seq} at {rev}"),
            other => unreachable!("{other:?}"),
        });
        (told.collect::<Vec<_>>(), page.rev.get())
    };
    assert_eq!(changes(0, None).await, (vec!["three".into(), "up to 2 at 4".into(), "four".into()], 5));
    assert_eq!(changes(3, None).await, (vec!["up to 2 at 4".into(), "four".into()], 5));
    assert_eq!(changes(4, None).await, (vec!["four".into()], 5));
}

async fn what_is_unread_counts_no_longer_when_it_is_gone(place: Place) {
    let scene = Scene::on(place).await;
    let (service, bob) = (&scene.rig.service, &scene.bob);
    let channel = scene.channel("public", "general").await;
    service.join_channel(bob, channel).await.expect("joins");
    let unread = async || {
        let mine = service.channel(bob, channel).await.expect("a channel").membership.expect("is in it");
        (mine.read.unread_count, mine.read.mention_count)
    };
    scene.say(channel, "hello @bob").await;
    scene.say(channel, "hello").await;
    scene.days_pass(31);
    scene.say(channel, "again @bob").await;
    assert_eq!(unread().await, (3, 2));
    scene.keep(channel, 30).await;
    scene.let_go().await;
    assert_eq!(unread().await, (1, 1));
}

async fn a_channel_that_an_import_still_fills_keeps_everything(place: Place) {
    let scene = Scene::on(place).await;
    let (service, team) = (&scene.rig.service, scene.team);
    let root = scene.rig.admin().await;
    let settings = body(json!({ "settings": { "retention_days": 30 } }));
    service.edit_team(&scene.alice, team, settings).await.expect("settles");
    let start = json!({ "source": "syncspace", "fingerprint": "f".repeat(64), "match_by": "username" });
    let import = service.start_import(&root, team, body(start)).await.expect("begins").into_inner().id;
    let lines = json!({ "lines": [
        { "type": "user", "username": "alice", "role": "member" },
        { "type": "channel", "key": "old", "kind": "public", "name": "old", "created_at": "2020-01-01T00:00:00Z" },
        { "type": "message", "channel": "old", "number": 1, "sender": "alice", "content": "long ago",
          "created_at": "2020-01-01T00:00:00Z" },
    ] });
    service.import_lines(&root, team, import, body(lines)).await.expect("takes them");
    assert_eq!(scene.let_go().await, [0; 0]);
    while service.finish_import(&root, team, import).await.expect("finishes").channels_left > 0 {}
    assert_eq!(scene.let_go().await, [1], "from now on it is a channel like others");
}
