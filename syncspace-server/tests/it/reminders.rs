//! One list of facts about reminders, checked on the embedded store and on MySQL.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{REMINDER_NOTE_CHARS_MAX, REMINDERS_MAX};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::reminders::{MyReminder, Reminder, ReminderState};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::{ChannelId, MemberId, ReminderId, Rev, Seq, StreamId, TeamId, Time};
use syncspace_server::jobs::Jobs;
use syncspace_server::service::{Actor, Clock, Due, LeaseTimes, Made, Service, ServiceError, later};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::place::{Place, Rig, SECRET, body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    a_reminder_comes_once_and_stays_until_it_is_done,
    many_lookers_of_several_instances_make_each_come_once,
    one_that_is_put_off_comes_again,
    a_deleted_message_is_told_of_and_not_shown,
    what_may_not_be_read_any_more_is_told_of_and_not_shown,
    whoever_left_the_team_finds_the_reminder_on_return,
    odd_times_notes_and_places_are_refused,
    nobody_sees_what_others_are_reminded_of,
    a_person_has_so_many_reminders_at_most,
    the_list_is_paged_by_time,
    every_change_is_in_the_stream_of_its_person,
    a_request_with_a_key_reminds_once,
    the_jobs_make_it_come_and_are_woken_by_what_comes_sooner,
}

const MINUTE_MS: i64 = 60_000;
/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(20);
const TIMES: LeaseTimes =
    LeaseTimes { term: Duration::from_secs(1), renewal: Duration::from_millis(200), look: Duration::from_millis(20) };

/// Two people in a team with a channel, where one said something.
struct Scene {
    place: Place,
    service: Arc<Service>,
    clock: Clock,
    alice: Actor,
    bob: Actor,
    team: TeamId,
    channel: ChannelId,
    member: MemberId,
}

async fn register(service: &Service, name: &str) -> Actor {
    let tokens = service.register(&origin(), register_body(name)).await.expect("registers");
    service.authenticate(&tokens.access_token.0).await.expect("authenticates")
}

impl Scene {
    async fn on(place: Place) -> Self {
        let Rig { service, clock, place, .. } = place.open_rig().await;
        let (alice, bob) = (register(&service, "alice").await, register(&service, "bob").await);
        let team = service.create_team(&bob, body(json!({ "name": "eng", "is_public": true }))).await.expect("a team");
        let team = team.team.id;
        let member = service.join_team(&alice, team).await.expect("joins").membership.expect("a membership").member_id;
        let channel = body(json!({ "kind": "public", "name": "general" }));
        let channel = service.create_channel(&bob, team, channel).await.expect("a channel").channel.id;
        let scene = Self { place, service: Arc::new(service), clock, alice, bob, team, channel, member };
        scene.say(channel, "look at this").await;
        scene
    }

    async fn say(&self, channel: ChannelId, content: &str) -> Seq {
        let message = body(json!({ "content": content }));
        self.service.send_message(&self.bob, channel, message).await.expect("sends").0.seq
    }

    /// Makes a channel that nobody finds, with both in it and one message.
    async fn private_channel(&self) -> ChannelId {
        let channel = body(json!({ "kind": "private", "name": "plans" }));
        let channel = self.service.create_channel(&self.bob, self.team, channel).await.expect("a channel").channel.id;
        let put = body(json!({ "role": "member" }));
        self.service.put_channel_member(&self.bob, channel, self.alice.user_id, put).await.expect("adds");
        self.say(channel, "between us").await;
        channel
    }

    fn in_ms(&self, ms: i64) -> Time {
        later(self.clock.now(), ms)
    }

    async fn try_remind(&self, actor: &Actor, reminder: Value) -> Result<Reminder, ServiceError> {
        self.service.remind_once(actor, None, self.team, body(reminder)).await.map(Made::into_inner)
    }

    fn of_channel(&self, channel: ChannelId, ms: i64) -> Value {
        json!({ "channel_id": channel, "seq": 1, "remind_at": self.in_ms(ms), "note": "answer it" })
    }

    async fn remind(&self, ms: i64) -> ReminderId {
        self.try_remind(&self.alice, self.of_channel(self.channel, ms)).await.expect("reminds").id
    }

    async fn look(&self, id: ReminderId) -> MyReminder {
        self.service.reminder(&self.alice, self.team, id).await.expect("one's own")
    }

    async fn listed(&self) -> Vec<MyReminder> {
        self.service.reminders(&self.alice, self.team, &PageQuery::default()).await.expect("a list").items
    }

    async fn edit(&self, id: ReminderId, edit: Value) -> Result<Reminder, ServiceError> {
        self.service.edit_reminder(&self.alice, self.team, id, body(edit)).await
    }

    async fn finish(&self, id: ReminderId) {
        self.service.finish_reminder(&self.alice, self.team, id).await.expect("ends");
    }

    async fn do_due(&self) -> Due {
        let turn = timeout(WAIT, self.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
        let due = self.service.do_due(&turn).await.expect("does it");
        turn.give_back().await;
        due
    }

    async fn changes(&self, after: Rev) -> Vec<Reminder> {
        let stream = StreamId::Member(self.member);
        let page = self.service.changes(&self.alice, stream, ChangesQuery { after, limit: Some(200) }).await;
        let reminders = page.expect("changes").items.into_iter().filter_map(|change| match change {
            Change::MyReminder { reminder } => Some(reminder),
            _ => None,
        });
        reminders.collect()
    }

    async fn head(&self) -> Rev {
        let query = ChangesQuery { after: Rev::ZERO, limit: Some(1) };
        self.service.changes(&self.alice, StreamId::Member(self.member), query).await.expect("changes").head_rev
    }
}

async fn a_reminder_comes_once_and_stays_until_it_is_done(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.remind(MINUTE_MS).await;
    let waiting = scene.look(id).await;
    assert_eq!((waiting.reminder.state, waiting.reminder.note.as_deref()), (ReminderState::Waiting, Some("answer it")));
    assert_eq!(waiting.message.expect("it is there").content, "look at this");
    scene.clock.advance_ms(MINUTE_MS - 1);
    assert_eq!(scene.do_due().await, Due::NothingFor(Some(Duration::from_millis(1))));
    // A message that is due at the same time goes out in the same look.
    let message = json!({ "channel_id": scene.channel, "content": "good morning", "send_at": scene.in_ms(1) });
    scene.service.schedule_message_once(&scene.bob, None, scene.team, body(message)).await.expect("schedules");
    scene.clock.advance_ms(1);
    assert_eq!(scene.do_due().await, Due::Done(2));
    assert_eq!(scene.do_due().await, Due::NothingFor(None));
    let due = scene.look(id).await;
    assert_eq!((due.reminder.state, due.reminder.is_message_gone), (ReminderState::Due, false));
    assert_eq!(scene.listed().await, [due], "it stays in the list");
    scene.finish(id).await;
    assert!(scene.listed().await.is_empty());
    let done = scene.look(id).await.reminder;
    assert_eq!((done.state, done.note), (ReminderState::Done, None));
    let head = scene.head().await;
    scene.finish(id).await;
    assert_eq!(scene.head().await, head, "another device that says so too changes nothing");
    assert!(refused(scene.edit(id, json!({ "note": "x" })).await, ErrorCode::Conflict).message.contains("a new one"));
}

async fn many_lookers_of_several_instances_make_each_come_once(place: Place) {
    let scene = Scene::on(place).await;
    let (other, other_clock) = scene.place.service(RegistrationMode::Open, &[SECRET]).await;
    for number in 0..20 {
        scene.remind(MINUTE_MS + number).await;
    }
    let before = scene.head().await;
    for clock in [&scene.clock, &other_clock] {
        clock.advance_ms(scene.clock.now().unix_ms() - clock.now().unix_ms() + 2 * MINUTE_MS);
    }
    let turn = timeout(WAIT, scene.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
    // All of them read the list before any has done anything, the other instance with a turn that is shown to be good.
    let looks = (0..3).map(|_| scene.service.do_due(&turn));
    let (looks, others) = tokio::join!(join_all(looks), join_all((0..3).map(|_| other.do_due(&turn))));
    assert!(looks.iter().chain(&others).all(Result::is_ok), "{looks:?} {others:?}");
    let changes = scene.changes(before).await;
    assert_eq!(changes.len(), 20);
    assert!(changes.iter().all(|reminder| reminder.state == ReminderState::Due), "{changes:?}");
    assert_eq!(scene.head().await.get(), before.get() + 20, "one rev for each");
}

async fn one_that_is_put_off_comes_again(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.remind(MINUTE_MS).await;
    let early = scene.edit(id, json!({ "remind_at": scene.in_ms(2 * MINUTE_MS), "note": null })).await.expect("edits");
    assert_eq!((early.state, &early.note), (ReminderState::Waiting, &None));
    assert_eq!(scene.edit(id, json!({})).await.expect("no change"), early, "and no rev");
    scene.clock.advance_ms(MINUTE_MS);
    assert!(matches!(scene.do_due().await, Due::NothingFor(Some(_))));
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let noted = scene.edit(id, json!({ "note": "still" })).await.expect("edits");
    assert_eq!(noted.state, ReminderState::Due, "a note does not put it off");
    let snoozed = scene.edit(id, json!({ "remind_at": scene.in_ms(MINUTE_MS) })).await.expect("edits");
    assert_eq!((snoozed.state, snoozed.note.as_deref()), (ReminderState::Waiting, Some("still")));
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    assert_eq!(scene.look(id).await.reminder.state, ReminderState::Due);
    // One that is ended before its time never comes.
    let ended = scene.remind(MINUTE_MS).await;
    scene.finish(ended).await;
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::NothingFor(None));
}

async fn a_deleted_message_is_told_of_and_not_shown(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.remind(MINUTE_MS).await;
    scene.service.delete_message(&scene.bob, scene.channel, Seq::ZERO.next()).await.expect("deletes");
    let waiting = scene.look(id).await;
    assert_eq!((waiting.message, waiting.reminder.is_message_gone), (None, false), "the list says so at once");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let due = scene.look(id).await;
    assert_eq!((due.reminder.state, due.reminder.is_message_gone), (ReminderState::Due, true));
    assert_eq!((due.message, due.reminder.note.as_deref()), (None, Some("answer it")));
    refused(scene.try_remind(&scene.alice, scene.of_channel(scene.channel, 1)).await, ErrorCode::NotFound);
}

async fn what_may_not_be_read_any_more_is_told_of_and_not_shown(place: Place) {
    let scene = Scene::on(place).await;
    let channel = scene.private_channel().await;
    let id = scene.try_remind(&scene.alice, scene.of_channel(channel, MINUTE_MS)).await.expect("reminds").id;
    scene.service.remove_channel_member(&scene.bob, channel, scene.alice.user_id).await.expect("removes");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    for seen in [scene.look(id).await, scene.listed().await.remove(0)] {
        assert_eq!((seen.reminder.state, seen.reminder.is_message_gone), (ReminderState::Due, true));
        assert_eq!(seen.message, None);
    }
    let told = serde_json::to_string(&scene.changes(Rev::ZERO).await).expect("JSON");
    assert!(!told.contains("between us"), "{told}");
    refused(scene.try_remind(&scene.alice, scene.of_channel(channel, 1)).await, ErrorCode::NotFound);
    let put = body(json!({ "role": "member" }));
    scene.service.put_channel_member(&scene.bob, channel, scene.alice.user_id, put).await.expect("adds");
    assert_eq!(scene.look(id).await.message.expect("readable again").content, "between us");
}

async fn whoever_left_the_team_finds_the_reminder_on_return(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.remind(MINUTE_MS).await;
    scene.service.leave_team(&scene.alice, scene.team).await.expect("leaves");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    refused(scene.service.reminders(&scene.alice, scene.team, &PageQuery::default()).await, ErrorCode::Forbidden);
    scene.service.join_team(&scene.alice, scene.team).await.expect("joins");
    assert_eq!(scene.look(id).await.reminder.state, ReminderState::Due);
}

async fn odd_times_notes_and_places_are_refused(place: Place) {
    let scene = Scene::on(place).await;
    let year_ms = 366 * 24 * 60 * MINUTE_MS;
    for (change, field) in [
        (json!({ "remind_at": scene.in_ms(0) }), "remind_at"),
        (json!({ "remind_at": scene.in_ms(-1) }), "remind_at"),
        (json!({ "remind_at": scene.in_ms(year_ms + 1) }), "remind_at"),
        (json!({ "note": "x".repeat(REMINDER_NOTE_CHARS_MAX + 1) }), "note"),
    ] {
        let mut reminder = scene.of_channel(scene.channel, MINUTE_MS);
        for (name, value) in change.as_object().expect("fields") {
            reminder[name] = value.clone();
        }
        let detail = refused(scene.try_remind(&scene.alice, reminder).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field), "{change}");
    }
    let id = scene.remind(year_ms).await;
    refused(scene.edit(id, json!({ "remind_at": scene.in_ms(-1) })).await, ErrorCode::InvalidField);
    let mut noted = scene.of_channel(scene.channel, MINUTE_MS);
    noted["note"] = json!(" \u{1b}[31mred\nalert ");
    let cleaned = scene.try_remind(&scene.alice, noted).await.expect("reminds");
    assert!(!cleaned.note.expect("a note").contains(['\u{1b}', '\n']));
    let mut nowhere = scene.of_channel(scene.channel, MINUTE_MS);
    nowhere["seq"] = json!(99);
    refused(scene.try_remind(&scene.alice, nowhere).await, ErrorCode::NotFound);
    let other = scene.service.create_team(&scene.alice, body(json!({ "name": "ops" }))).await.expect("a team").team.id;
    let elsewhere = body(scene.of_channel(scene.channel, MINUTE_MS));
    refused(scene.service.remind_once(&scene.alice, None, other, elsewhere).await, ErrorCode::NotFound);
    refused(scene.service.reminder(&scene.alice, other, id).await, ErrorCode::NotFound);
    let cursor = PageQuery { cursor: Some("7".to_owned()), ..PageQuery::default() };
    refused(scene.service.reminders(&scene.alice, scene.team, &cursor).await, ErrorCode::InvalidField);
}

async fn nobody_sees_what_others_are_reminded_of(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.remind(MINUTE_MS).await;
    let (service, team, bob) = (&scene.service, scene.team, &scene.bob);
    assert!(service.reminders(bob, team, &PageQuery::default()).await.expect("a list").items.is_empty());
    refused(service.reminder(bob, team, id).await, ErrorCode::NotFound);
    refused(service.edit_reminder(bob, team, id, body(json!({ "note": "his" }))).await, ErrorCode::NotFound);
    refused(service.finish_reminder(bob, team, id).await, ErrorCode::NotFound);
    let carol = register(service, "carol").await;
    refused(scene.try_remind(&carol, scene.of_channel(scene.channel, 1)).await, ErrorCode::Forbidden);
    assert_eq!(scene.look(id).await.reminder.note.as_deref(), Some("answer it"));
}

async fn a_person_has_so_many_reminders_at_most(place: Place) {
    let scene = Scene::on(place).await;
    let last = scene.remind(MINUTE_MS).await;
    join_all((1..REMINDERS_MAX).map(|_| scene.remind(MINUTE_MS))).await;
    let refusal = scene.try_remind(&scene.alice, scene.of_channel(scene.channel, MINUTE_MS)).await;
    assert!(refused(refusal, ErrorCode::Conflict).message.contains("end some"));
    scene.finish(last).await;
    scene.remind(MINUTE_MS).await;
}

async fn the_list_is_paged_by_time(place: Place) {
    let scene = Scene::on(place).await;
    let mut expected = Vec::new();
    for minutes in [3, 1, 2, 2, 4] {
        expected.push((minutes, scene.remind(minutes * MINUTE_MS).await));
    }
    expected.sort_unstable();
    // What is due stands where it was.
    scene.clock.advance_ms(2 * MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(3));
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let query = PageQuery { cursor, limit: Some(2), ..PageQuery::default() };
        let page = scene.service.reminders(&scene.alice, scene.team, &query).await.expect("a page");
        assert!(page.items.len() <= 2 && page.items.iter().all(|item| item.message.is_some()));
        found.extend(page.items.into_iter().map(|item| item.reminder.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

async fn every_change_is_in_the_stream_of_its_person(place: Place) {
    let scene = Scene::on(place).await;
    let (first, second) = (scene.remind(MINUTE_MS).await, scene.remind(2 * MINUTE_MS).await);
    let waiting = scene.changes(Rev::ZERO).await;
    assert_eq!(waiting, [scene.look(first).await.reminder, scene.look(second).await.reminder]);
    let head = waiting[1].rev;
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    scene.finish(second).await;
    let changed = scene.changes(head).await;
    assert_eq!(changed, [scene.look(first).await.reminder, scene.look(second).await.reminder]);
    assert!(changed[0].rev > head && changed[1].rev > changed[0].rev, "{changed:?}");
}

async fn a_request_with_a_key_reminds_once(place: Place) {
    let scene = Scene::on(place).await;
    let key = "one".parse().expect("a key");
    let reminder = scene.of_channel(scene.channel, MINUTE_MS);
    let remind = || scene.service.remind_once(&scene.alice, Some(&key), scene.team, body(reminder.clone()));
    let Made::New(first) = remind().await.expect("reminds") else { unreachable!("nothing was there") };
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let Made::Repeat(again) = remind().await.expect("the same") else { unreachable!("made twice") };
    assert_eq!((again.id, again.state), (first.id, ReminderState::Due));
    assert_eq!(scene.listed().await.len(), 1);
}

async fn the_jobs_make_it_come_and_are_woken_by_what_comes_sooner(place: Place) {
    let scene = Scene::on(place).await;
    scene.remind(300 * 24 * 60 * MINUTE_MS).await;
    let closing = CancellationToken::new();
    let work = tokio::spawn(Jobs { jobs: Vec::new(), turn: TIMES }.run(scene.service.clone(), closing.clone()));
    let id = scene.remind(1).await;
    scene.clock.advance_ms(1);
    let came = async {
        while scene.look(id).await.reminder.state != ReminderState::Due {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(WAIT, came).await.expect("comes in time");
    closing.cancel();
    timeout(WAIT, work).await.expect("ends").expect("no panic");
}
