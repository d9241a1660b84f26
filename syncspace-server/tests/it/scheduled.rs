//! One list of facts about messages that are sent later, checked on the embedded store and on MySQL.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::json;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::limits::SCHEDULED_MESSAGES_MAX;
use syncspace_protocol::messages::{Message, MessageQuery, MessageType};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::{Scheduled, ScheduledState};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::{ChannelId, FileId, MemberId, Rev, ScheduledId, StreamId, TeamId, Time};
use syncspace_server::jobs::Jobs;
use syncspace_server::service::{
    Actor, Batch, BrokenOff, Clock, Due, JobKind, LeaseTimes, Made, Service, ServiceError, later,
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::place::{Place, Rig, SECRET, body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    a_message_is_sent_once_when_its_time_comes,
    an_instance_that_was_held_up_sends_nothing_twice,
    many_lookers_send_each_message_once,
    two_instances_send_each_message_once,
    whoever_lost_sight_of_the_channel_is_told_what_to_do,
    what_may_not_be_sent_stays_and_says_why,
    whoever_is_switched_off_sends_nothing_and_loses_nothing,
    what_is_edited_or_cancelled_is_not_sent_as_it_was,
    sending_now_is_refused_to_its_author_and_changes_nothing,
    a_reply_goes_into_its_thread,
    files_wait_with_their_message_and_go_with_it,
    odd_times_texts_and_places_are_refused,
    nobody_sees_what_others_schedule,
    a_person_schedules_so_many_at_most,
    the_list_is_paged_by_time,
    every_change_is_in_the_stream_of_its_author,
    a_request_with_a_key_schedules_once,
    the_jobs_send_what_is_due_and_are_woken_by_what_comes_sooner,
}

/// Longer than a file waits for a message.
const TWO_DAYS_MS: i64 = 48 * 3600 * 1_000;
const MINUTE_MS: i64 = 60_000;
/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(20);
const TIMES: LeaseTimes =
    LeaseTimes { term: Duration::from_secs(1), renewal: Duration::from_millis(200), look: Duration::from_millis(20) };

/// A person in a team with a channel.
struct Scene {
    place: Place,
    service: Arc<Service>,
    clock: Clock,
    alice: Actor,
    team: TeamId,
    channel: ChannelId,
    member: MemberId,
}

impl Scene {
    async fn on(place: Place) -> Self {
        Self::of(place.open_rig().await).await
    }

    async fn of(rig: Rig) -> Self {
        let Rig { service, clock, place, .. } = rig;
        let alice = register(&service, "alice").await;
        let team =
            service.create_team(&alice, body(json!({ "name": "eng", "is_public": true }))).await.expect("a team");
        let channel = body(json!({ "kind": "public", "name": "general" }));
        let channel = service.create_channel(&alice, team.team.id, channel).await.expect("a channel").channel.id;
        let member = team.membership.expect("a membership").member_id;
        Self { place, service: Arc::new(service), clock, alice, team: team.team.id, channel, member }
    }

    /// Gives another instance on the same database, whose clock shows the same.
    async fn other_instance(&self) -> Service {
        let (service, clock) = self.place.service(RegistrationMode::Open, &[SECRET]).await;
        clock.advance_ms(self.clock.now().unix_ms() - clock.now().unix_ms());
        service
    }

    fn in_ms(&self, ms: i64) -> Time {
        later(self.clock.now(), ms)
    }

    async fn try_schedule(&self, actor: &Actor, content: &str, send_at: Time) -> Result<Scheduled, ServiceError> {
        let message = json!({ "channel_id": self.channel, "content": content, "send_at": send_at });
        self.service.schedule_message_once(actor, None, self.team, body(message)).await.map(Made::into_inner)
    }

    async fn schedule(&self, content: &str, ms: i64) -> ScheduledId {
        self.try_schedule(&self.alice, content, self.in_ms(ms)).await.expect("schedules").id
    }

    async fn look(&self, id: ScheduledId) -> Scheduled {
        self.service.scheduled_message(&self.alice, self.team, id).await.expect("one's own")
    }

    async fn listed(&self) -> Vec<Scheduled> {
        self.service.scheduled(&self.alice, self.team, &PageQuery::default()).await.expect("a list").items
    }

    async fn edit(&self, id: ScheduledId, edit: serde_json::Value) -> Result<Scheduled, ServiceError> {
        self.service.edit_scheduled(&self.alice, self.team, id, body(edit)).await
    }

    async fn cancel(&self, id: ScheduledId) -> Result<(), ServiceError> {
        self.service.cancel_scheduled(&self.alice, self.team, id).await
    }

    async fn send_now(&self, id: ScheduledId) -> Result<Scheduled, ServiceError> {
        self.service.send_scheduled_now(&self.alice, self.team, id).await
    }

    async fn upload(&self, actor: &Actor) -> FileInfo {
        let bytes = &mut futures_util::stream::iter([Ok::<_, BrokenOff>(Bytes::from_static(b"bytes"))]);
        let made = self.service.upload_once(actor, None, self.channel, body(json!({ "name": "a.txt" })), None, bytes);
        made.await.expect("uploads").into_inner()
    }

    async fn schedule_files(&self, content: &str, files: &[FileId], ms: i64) -> Result<Scheduled, ServiceError> {
        let message =
            json!({ "channel_id": self.channel, "content": content, "files": files, "send_at": self.in_ms(ms) });
        self.service.schedule_message_once(&self.alice, None, self.team, body(message)).await.map(Made::into_inner)
    }

    async fn collect(&self) -> u64 {
        let turn = timeout(WAIT, self.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
        let batch = self.service.run_batch(&turn, JobKind::Files).await.expect("collects");
        turn.give_back().await;
        let Batch::Last(rows) = batch else { unreachable!("few rows") };
        rows
    }

    /// Reads the channel as somebody who is in it.
    async fn log(&self) -> Vec<Message> {
        let page = self.service.messages(&self.alice, self.channel, MessageQuery::default()).await;
        page.expect("messages").items
    }

    async fn contents(&self) -> Vec<String> {
        self.log().await.into_iter().map(|message| message.content).collect()
    }

    async fn do_due(&self) -> Due {
        let turn = timeout(WAIT, self.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
        let due = self.service.do_due(&turn).await.expect("does it");
        turn.give_back().await;
        due
    }

    async fn changes(&self, after: Rev) -> Vec<Scheduled> {
        let stream = StreamId::Member(self.member);
        let page = self.service.changes(&self.alice, stream, ChangesQuery { after, limit: Some(200) }).await;
        let scheduled = page.expect("changes").items.into_iter().filter_map(|change| match change {
            Change::MyScheduled { scheduled } => Some(scheduled),
            _ => None,
        });
        scheduled.collect()
    }
}

async fn register(service: &Service, name: &str) -> Actor {
    let tokens = service.register(&origin(), register_body(name)).await.expect("registers");
    service.authenticate(&tokens.access_token.0).await.expect("authenticates")
}

async fn a_message_is_sent_once_when_its_time_comes(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.schedule("later", MINUTE_MS).await;
    assert_eq!(scene.do_due().await, Due::NothingFor(Some(Duration::from_millis(60_000))));
    scene.clock.advance_ms(MINUTE_MS - 1);
    assert_eq!(scene.do_due().await, Due::NothingFor(Some(Duration::from_millis(1))));
    assert!(scene.log().await.is_empty());
    scene.clock.advance_ms(1);
    assert_eq!(scene.do_due().await, Due::Done(1));
    assert_eq!(scene.do_due().await, Due::NothingFor(None));
    let log = scene.log().await;
    let [message] = log.as_slice() else { unreachable!("{log:?}") };
    assert_eq!((message.content.as_str(), message.sender_id), ("later", scene.alice.user_id));
    assert_eq!(message.client_id.as_str(), format!("scheduled-{id}"));
    let sent = scene.look(id).await;
    assert_eq!((sent.state, sent.content.as_str(), &sent.failure), (ScheduledState::Sent, "", &None));
    assert_eq!(sent.message.map(|place| (place.id, place.seq)), Some((message.id, message.seq)));
    assert!(scene.listed().await.is_empty());
}

async fn an_instance_that_was_held_up_sends_nothing_twice(place: Place) {
    let scene = Scene::on(place).await;
    scene.schedule("once", MINUTE_MS).await;
    let other = scene.other_instance().await;
    let stale = timeout(WAIT, scene.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
    let fresh = timeout(WAIT, other.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
    scene.clock.advance_ms(MINUTE_MS);
    // Each instance has a clock of its own here, and the other one's stands still.
    assert_eq!(scene.service.do_due(&stale).await.expect("looks"), Due::TurnLost);
    assert!(scene.log().await.is_empty());
    assert!(matches!(other.do_due(&fresh).await.expect("looks"), Due::NothingFor(Some(_))));
    fresh.give_back().await;
    assert_eq!(scene.do_due().await, Due::Done(1));
    assert_eq!(scene.contents().await, ["once"]);
}

async fn many_lookers_send_each_message_once(place: Place) {
    let scene = Scene::on(place).await;
    for number in 0..20 {
        scene.schedule(&format!("{number}"), MINUTE_MS + number).await;
    }
    scene.clock.advance_ms(2 * MINUTE_MS);
    let turn = timeout(WAIT, scene.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
    // All of them read the list before any has sent, and "now" comes in between.
    let ids: Vec<_> = scene.listed().await.into_iter().map(|scheduled| scheduled.id).collect();
    let looks = join_all((0..4).map(|_| scene.service.do_due(&turn)));
    let (looks, now) = tokio::join!(looks, join_all(ids.iter().map(|&id| scene.send_now(id))));
    assert!(looks.iter().all(Result::is_ok), "{looks:?}");
    assert!(now.iter().all(|sent| sent.as_ref().is_ok_and(|sent| sent.state == ScheduledState::Sent)), "{now:?}");
    let mut contents = scene.contents().await;
    contents.sort_by_key(|content| content.parse::<u32>().expect("a number"));
    assert_eq!(contents, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

async fn two_instances_send_each_message_once(place: Place) {
    let scene = Scene::on(place).await;
    for number in 0..20 {
        scene.schedule(&format!("{number}"), MINUTE_MS + number).await;
    }
    let ids: Vec<_> = scene.listed().await.into_iter().map(|scheduled| scheduled.id).collect();
    scene.clock.advance_ms(2 * MINUTE_MS);
    let other = scene.other_instance().await;
    let turn = timeout(WAIT, scene.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn");
    // The other instance has lanes of its own: only the lock of the author's stream stands between them.
    let now = join_all(ids.iter().map(|&id| other.send_scheduled_now(&scene.alice, scene.team, id)));
    let (due, now) = tokio::join!(scene.service.do_due(&turn), now);
    assert!(matches!(due, Ok(Due::Done(_) | Due::NothingFor(_))), "{due:?}");
    assert!(now.iter().all(|sent| sent.as_ref().is_ok_and(|sent| sent.state == ScheduledState::Sent)), "{now:?}");
    let mut contents = scene.contents().await;
    contents.sort_by_key(|content| content.parse::<u32>().expect("a number"));
    assert_eq!(contents, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

async fn whoever_lost_sight_of_the_channel_is_told_what_to_do(place: Place) {
    let mut scene = Scene::on(place).await;
    let private = body(json!({ "kind": "private", "name": "secret" }));
    scene.channel = scene.service.create_channel(&scene.alice, scene.team, private).await.expect("makes").channel.id;
    let bob = register(&scene.service, "bob").await;
    scene.service.join_team(&bob, scene.team).await.expect("joins");
    let put = body(json!({ "role": "admin" }));
    scene.service.put_channel_member(&scene.alice, scene.channel, bob.user_id, put).await.expect("adds");
    let id = scene.schedule("too late", MINUTE_MS).await;
    scene.service.leave_channel(&scene.alice, scene.channel).await.expect("leaves");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let why = scene.look(id).await.failure.expect("a reason");
    assert!(why.contains("come back and give it a time"), "{why}");
}

async fn what_may_not_be_sent_stays_and_says_why(place: Place) {
    let scene = Scene::on(place).await;
    let bob = register(&scene.service, "bob").await;
    scene.service.join_team(&bob, scene.team).await.expect("joins");
    scene.service.join_channel(&bob, scene.channel).await.expect("joins");
    let left = scene.schedule("after leaving", MINUTE_MS).await;
    scene.service.leave_channel(&scene.alice, scene.channel).await.expect("leaves");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let failed = scene.look(left).await;
    assert_eq!((failed.state, failed.content.as_str()), (ScheduledState::Failed, "after leaving"));
    assert_eq!(failed.failure.as_deref(), Some("join the channel first"));
    assert_eq!(scene.listed().await, [failed], "it stays in the list");
    assert_eq!(scene.do_due().await, Due::NothingFor(None), "and is not tried again by itself");

    scene.service.join_channel(&scene.alice, scene.channel).await.expect("joins");
    let again = scene.edit(left, json!({ "send_at": scene.in_ms(MINUTE_MS) })).await.expect("edits");
    assert_eq!((again.state, again.failure), (ScheduledState::Waiting, None));
    let archived = scene.schedule("into the archive", 2 * MINUTE_MS).await;
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    assert_eq!(scene.contents().await, ["after leaving"]);
    let archive = body(json!({ "is_archived": true }));
    scene.service.edit_channel(&scene.alice, scene.channel, archive).await.expect("archives");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let failed = scene.look(archived).await;
    assert!(failed.failure.as_ref().is_some_and(|why| why.contains("archived")), "{failed:?}");

    // Out of the team nothing is sent, and nothing is lost for whoever comes back.
    scene
        .service
        .put_team_member(&scene.alice, scene.team, bob.user_id, body(json!({ "role": "owner" })))
        .await
        .expect("an owner");
    let restore = body(json!({ "is_archived": false }));
    scene.service.edit_channel(&scene.alice, scene.channel, restore).await.expect("restores");
    let gone = scene.schedule("after leaving the team", MINUTE_MS).await;
    scene.service.leave_team(&scene.alice, scene.team).await.expect("leaves");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    refused(scene.service.scheduled(&scene.alice, scene.team, &PageQuery::default()).await, ErrorCode::Forbidden);
    scene.service.join_team(&scene.alice, scene.team).await.expect("joins");
    assert_eq!(scene.look(gone).await.state, ScheduledState::Failed);
}

async fn whoever_is_switched_off_sends_nothing_and_loses_nothing(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    let scene = Scene::of(rig).await;
    let id = scene.schedule("good morning", MINUTE_MS).await;
    scene.service.deactivate_user(&root, scene.alice.user_id).await.expect("switches off");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    scene.service.edit_user(&root, scene.alice.user_id, body(json!({ "is_active": true }))).await.expect("on again");
    let failed = scene.look(id).await;
    assert!(failed.failure.as_ref().is_some_and(|why| why.contains("switched off")), "{failed:?}");
    assert_eq!(failed.content, "good morning");
    assert!(scene.log().await.is_empty());
    assert_eq!(scene.send_now(id).await.expect("sends").state, ScheduledState::Sent);
    assert_eq!(scene.contents().await, ["good morning"]);
}

async fn what_is_edited_or_cancelled_is_not_sent_as_it_was(place: Place) {
    let scene = Scene::on(place).await;
    let (edited, cancelled) = (scene.schedule("one", MINUTE_MS).await, scene.schedule("two", MINUTE_MS).await);
    scene.edit(edited, json!({ "content": "three", "send_at": scene.in_ms(2 * MINUTE_MS) })).await.expect("edits");
    let before = scene.look(edited).await;
    assert_eq!(scene.edit(edited, json!({})).await.expect("no change"), before, "and no rev");
    scene.cancel(cancelled).await.expect("cancels");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::NothingFor(Some(Duration::from_millis(60_000))));
    let gone = scene.look(cancelled).await;
    assert_eq!((gone.state, gone.content.as_str()), (ScheduledState::Cancelled, ""));
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    assert_eq!(scene.contents().await, ["three"]);
    for over in [edited, cancelled] {
        refused(scene.edit(over, json!({ "content": "four" })).await, ErrorCode::Conflict);
    }
    refused(scene.cancel(edited).await, ErrorCode::Conflict);
    scene.cancel(cancelled).await.expect("it is cancelled: the answer may have been lost");
    assert_eq!(scene.look(cancelled).await, gone, "and no rev");
    refused(scene.send_now(cancelled).await, ErrorCode::Conflict);
    assert_eq!(scene.send_now(edited).await.expect("a repeat"), scene.look(edited).await);
    assert_eq!(scene.contents().await, ["three"]);
}

async fn sending_now_is_refused_to_its_author_and_changes_nothing(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.schedule("now", MINUTE_MS).await;
    scene.service.leave_channel(&scene.alice, scene.channel).await.expect("leaves");
    let before = scene.look(id).await;
    refused(scene.send_now(id).await, ErrorCode::Forbidden);
    assert_eq!(scene.look(id).await, before);
    scene.service.join_channel(&scene.alice, scene.channel).await.expect("joins");
    assert_eq!(scene.send_now(id).await.expect("sends").state, ScheduledState::Sent);
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::NothingFor(None));
    assert_eq!(scene.contents().await, ["now"]);
}

async fn a_reply_goes_into_its_thread(place: Place) {
    let scene = Scene::on(place).await;
    let root = body(json!({ "content": "root" }));
    let (root, _) = scene.service.send_message(&scene.alice, scene.channel, root).await.expect("sends");
    let reply = |parent| {
        let send_at = scene.in_ms(MINUTE_MS);
        let reply = json!({
            "channel_id": scene.channel, "content": "reply", "parent_message_id": parent, "send_at": send_at,
        });
        scene.service.schedule_message_once(&scene.alice, None, scene.team, body(reply))
    };
    let detail = refused(reply(root.id.get() + 1_000_000).await, ErrorCode::NotFound);
    assert_eq!(detail.field.as_deref(), Some("parent_message_id"));
    let (first, second) = (reply(root.id.get()).await, reply(root.id.get()).await);
    scene.send_now(first.expect("schedules").into_inner().id).await.expect("sends");
    let log = scene.log().await;
    assert_eq!((log[0].reply_count, log[1].parent_seq), (1, Some(root.seq)));
    scene.service.delete_message(&scene.alice, scene.channel, root.seq).await.expect("deletes");
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    let failed = scene.look(second.expect("schedules").into_inner().id).await;
    assert!(failed.failure.as_ref().is_some_and(|why| why.contains("was deleted")), "{failed:?}");
}

async fn odd_times_texts_and_places_are_refused(place: Place) {
    let scene = Scene::on(place).await;
    let try_schedule = |content: &'static str, ms| scene.try_schedule(&scene.alice, content, scene.in_ms(ms));
    for (content, ms, field) in [
        ("", MINUTE_MS, "content"),
        (" \u{1b}[0m\n", MINUTE_MS, "content"),
        ("x", 0, "send_at"),
        ("x", -1, "send_at"),
        ("x", 366 * 24 * 60 * MINUTE_MS + 1, "send_at"),
    ] {
        let detail = refused(try_schedule(content, ms).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field), "{content:?} in {ms} ms");
    }
    try_schedule("x", 366 * 24 * 60 * MINUTE_MS).await.expect("the last moment");
    let other = scene.service.create_team(&scene.alice, body(json!({ "name": "ops" }))).await.expect("a team").team.id;
    let message = json!({ "channel_id": scene.channel, "content": "x", "send_at": scene.in_ms(MINUTE_MS) });
    let elsewhere = scene.service.schedule_message_once(&scene.alice, None, other, body(message)).await;
    refused(elsewhere, ErrorCode::NotFound);
    let id = scene.schedule("x", MINUTE_MS).await;
    refused(scene.edit(id, json!({ "content": "" })).await, ErrorCode::InvalidField);
    refused(scene.edit(id, json!({ "send_at": scene.in_ms(-1) })).await, ErrorCode::InvalidField);
    refused(scene.service.scheduled_message(&scene.alice, other, id).await, ErrorCode::NotFound);
    let cursor = PageQuery { cursor: Some("7".to_owned()), ..PageQuery::default() };
    refused(scene.service.scheduled(&scene.alice, scene.team, &cursor).await, ErrorCode::InvalidField);
}

async fn nobody_sees_what_others_schedule(place: Place) {
    let scene = Scene::on(place).await;
    let id = scene.schedule("mine", MINUTE_MS).await;
    let (bob, carol) = (register(&scene.service, "bob").await, register(&scene.service, "carol").await);
    scene.service.join_team(&bob, scene.team).await.expect("joins");
    let (service, team) = (&scene.service, scene.team);
    assert!(service.scheduled(&bob, team, &PageQuery::default()).await.expect("a list").items.is_empty());
    refused(service.scheduled_message(&bob, team, id).await, ErrorCode::NotFound);
    refused(service.edit_scheduled(&bob, team, id, body(json!({ "content": "his" }))).await, ErrorCode::NotFound);
    refused(service.cancel_scheduled(&bob, team, id).await, ErrorCode::NotFound);
    refused(service.send_scheduled_now(&bob, team, id).await, ErrorCode::NotFound);
    refused(scene.try_schedule(&bob, "not in the channel", scene.in_ms(1)).await, ErrorCode::Forbidden);
    refused(scene.try_schedule(&carol, "not in the team", scene.in_ms(1)).await, ErrorCode::Forbidden);
    let private = body(json!({ "is_public": false }));
    service.edit_team(&scene.alice, team, private).await.expect("private now");
    refused(service.scheduled(&carol, team, &PageQuery::default()).await, ErrorCode::NotFound);
    assert_eq!(scene.look(id).await.content, "mine");
}

async fn a_person_schedules_so_many_at_most(place: Place) {
    let scene = Scene::on(place).await;
    let last = scene.schedule("one of many", MINUTE_MS).await;
    for _ in 1..SCHEDULED_MESSAGES_MAX {
        scene.schedule("one of many", MINUTE_MS).await;
    }
    let refusal = scene.try_schedule(&scene.alice, "one too many", scene.in_ms(MINUTE_MS)).await;
    assert!(refused(refusal, ErrorCode::Conflict).message.contains("cancel some"));
    scene.cancel(last).await.expect("cancels");
    scene.schedule("in its place", MINUTE_MS).await;
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(100));
    scene.schedule("and on", MINUTE_MS).await;
}

async fn the_list_is_paged_by_time(place: Place) {
    let scene = Scene::on(place).await;
    let mut expected = Vec::new();
    for (content, ms) in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2), ("d", 4)] {
        expected.push((ms, scene.schedule(content, ms * MINUTE_MS).await));
    }
    expected.sort_unstable();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let query = PageQuery { cursor, limit: Some(2), ..PageQuery::default() };
        let page = scene.service.scheduled(&scene.alice, scene.team, &query).await.expect("a page");
        assert!(page.items.len() <= 2);
        found.extend(page.items.into_iter().map(|scheduled| scheduled.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

async fn every_change_is_in_the_stream_of_its_author(place: Place) {
    let scene = Scene::on(place).await;
    let (sent, cancelled) = (scene.schedule("one", MINUTE_MS).await, scene.schedule("two", 2 * MINUTE_MS).await);
    let waiting = scene.changes(Rev::ZERO).await;
    assert_eq!(waiting, [scene.look(sent).await, scene.look(cancelled).await]);
    let head = waiting[1].rev;
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    scene.cancel(cancelled).await.expect("cancels");
    let changed = scene.changes(head).await;
    assert_eq!(changed, [scene.look(sent).await, scene.look(cancelled).await]);
    assert!(changed[0].rev > head && changed[1].rev > changed[0].rev, "{changed:?}");
    assert_eq!(scene.changes(changed[0].rev).await, changed[1..]);
}

async fn a_request_with_a_key_schedules_once(place: Place) {
    let scene = Scene::on(place).await;
    let key = "one".parse().expect("a key");
    let message = json!({ "channel_id": scene.channel, "content": "x", "send_at": scene.in_ms(MINUTE_MS) });
    let schedule = || scene.service.schedule_message_once(&scene.alice, Some(&key), scene.team, body(message.clone()));
    let Made::New(first) = schedule().await.expect("schedules") else { unreachable!("nothing was there") };
    scene.clock.advance_ms(MINUTE_MS);
    assert_eq!(scene.do_due().await, Due::Done(1));
    // Its time is over, and the repeat is answered all the same.
    let Made::Repeat(again) = schedule().await.expect("the same") else { unreachable!("made twice") };
    assert_eq!((again.id, again.state), (first.id, ScheduledState::Sent));
    assert_eq!(scene.log().await.len(), 1);
}

async fn the_jobs_send_what_is_due_and_are_woken_by_what_comes_sooner(place: Place) {
    let scene = Scene::on(place).await;
    scene.schedule("in a year", 300 * 24 * 60 * MINUTE_MS).await;
    let closing = CancellationToken::new();
    let work = tokio::spawn(Jobs { jobs: Vec::new(), turn: TIMES }.run(scene.service.clone(), closing.clone()));
    scene.schedule("soon", 1).await;
    scene.clock.advance_ms(1);
    let sent = async {
        while scene.contents().await != ["soon"] {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(WAIT, sent).await.expect("sent in time");
    closing.cancel();
    timeout(WAIT, work).await.expect("ends").expect("no panic");
    assert_eq!(scene.listed().await.len(), 1);
}

async fn files_wait_with_their_message_and_go_with_it(place: Place) {
    let scene = Scene::on(place).await;
    let (first, second, third) =
        (scene.upload(&scene.alice).await, scene.upload(&scene.alice).await, scene.upload(&scene.alice).await);
    let sent = scene.schedule_files("", &[first.id], 2 * TWO_DAYS_MS).await.expect("schedules");
    assert_eq!((sent.content.as_str(), sent.files.as_slice()), ("", std::slice::from_ref(&first)));
    let changed = scene.schedule_files("see", &[second.id], 2 * TWO_DAYS_MS).await.expect("schedules").id;
    let cancelled = scene.schedule_files("see", &[second.id], 2 * TWO_DAYS_MS).await.expect("schedules").id;
    // Refused: what is not there, nothing at all, and what somebody else uploaded.
    refused(scene.schedule_files("", &[], MINUTE_MS).await, ErrorCode::InvalidField);
    refused(scene.edit(sent.id, json!({ "files": [] })).await, ErrorCode::InvalidField);
    let bob = register(&scene.service, "bob").await;
    scene.service.join_team(&bob, scene.team).await.expect("joins");
    scene.service.join_channel(&bob, scene.channel).await.expect("joins");
    let others = scene.upload(&bob).await.id;
    refused(scene.schedule_files("x", &[others], MINUTE_MS).await, ErrorCode::NotFound);
    refused(scene.edit(changed, json!({ "files": [second.id, others] })).await, ErrorCode::NotFound);
    let edited = scene.edit(changed, json!({ "files": [third.id, second.id] })).await.expect("edits");
    assert_eq!(edited.files, [third.clone(), second.clone()]);
    let edited = scene.edit(changed, json!({ "files": [third.id] })).await.expect("edits");
    assert_eq!((edited.content.as_str(), edited.files.as_slice()), ("see", std::slice::from_ref(&third)));
    refused(scene.service.delete_file(&scene.alice, first.id).await, ErrorCode::Conflict);

    // Days later those that wait are there, and Bob's, which nothing carries, is not.
    scene.clock.advance_ms(TWO_DAYS_MS);
    assert_eq!(scene.collect().await, 1);
    scene.cancel(cancelled).await.expect("cancels");
    scene.clock.advance_ms(TWO_DAYS_MS);
    assert_eq!(scene.collect().await, 1, "nothing is to carry it any more");
    refused(scene.service.file(&scene.alice, second.id).await, ErrorCode::NotFound);
    scene.do_due().await;
    let log = scene.log().await;
    let carried: Vec<_> = log.iter().filter(|message| !message.files.is_empty()).collect();
    assert_eq!(carried.iter().map(|message| message.files[0].id).collect::<Vec<_>>(), [first.id, third.id]);
    assert_eq!((carried[0].message_type, carried[0].content.as_str()), (MessageType::File, ""));
    let look = scene.look(sent.id).await;
    assert_eq!((look.state, look.files.len()), (ScheduledState::Sent, 0));
    scene.clock.advance_ms(TWO_DAYS_MS);
    assert_eq!(scene.collect().await, 0, "messages carry them");
    assert_eq!(scene.service.file(&scene.alice, third.id).await.expect("there").message_seq, Some(carried[1].seq));
}
