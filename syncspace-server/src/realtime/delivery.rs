//! From an announced change to the mailboxes of its followers: through the rev gate, in order, together where a stream is busy.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syncspace_protocol::{Rev, StreamId, TeamId, UserId};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::Frame;
use super::connection::Connection;
use super::gate::{Behind, Gate, Verdict, before};
use super::hub::{Connections, Hub, Known};
use super::pace::{Pace, When};
use crate::log::{Audience, Committed, void_frame};

/// How long an event is kept whose predecessor has not come: two instances that write one stream announce side by side.
const EARLY_WAIT: Duration = Duration::from_millis(50);

/// A stream's gate, and when its events go out.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) gate: Gate<Handed>,
    pace: Pace,
    /// The missing rev for which a wait was arranged.
    awaited: Option<Rev>,
}

/// What goes to the followers of a stream.
pub(super) struct Handed {
    frame: Frame,
    audience: Audience,
    team: TeamId,
    /// What those get who do not see it, made for the first of them.
    void: OnceCell<Frame>,
}

impl Handed {
    fn new(event: &Committed) -> Self {
        let (audience, team) = (event.route.audience, event.route.team);
        Self { frame: event.frame.clone(), audience, team, void: OnceCell::new() }
    }

    fn frame_for(&self, connection: &Connection, stream: StreamId, rev: Rev) -> &Frame {
        if connection.is_in(self.audience, self.team) {
            &self.frame
        } else {
            self.void.get_or_init(|| void_frame(stream, rev))
        }
    }
}

/// What is to happen to a stream at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Errand {
    /// Hand out what gathered.
    HandOut,
    /// Give up what is missing, if it is still this.
    GiveUp(Rev),
}

/// What streams wait for.
#[derive(Default)]
pub(super) struct Clockwork {
    errands: Mutex<BinaryHeap<Reverse<(Instant, StreamId, Errand)>>>,
    is_earlier: Notify,
    /// Without somebody who keeps time nothing may wait.
    is_running: AtomicBool,
}

impl Clockwork {
    fn errands(&self) -> MutexGuard<'_, BinaryHeap<Reverse<(Instant, StreamId, Errand)>>> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    fn arrange(&self, at: Instant, stream: StreamId, errand: Errand) {
        let is_first = {
            let mut errands = self.errands();
            let is_first = errands.peek().is_none_or(|Reverse((first, ..))| at < *first);
            errands.push(Reverse((at, stream, errand)));
            is_first
        };
        if is_first {
            self.is_earlier.notify_one();
        }
    }

    /// Gives the next errand whose time has come, or when it comes.
    fn next(&self, now: Instant) -> Result<(StreamId, Errand), Option<Instant>> {
        let mut errands = self.errands();
        match errands.peek() {
            Some(&Reverse((at, stream, errand))) if at <= now => {
                errands.pop();
                Ok((stream, errand))
            }
            first => Err(first.map(|&Reverse((at, ..))| at)),
        }
    }
}

impl Hub {
    /// Hands committed changes to their followers, and lets them act on who follows what.
    pub(super) fn offer(&self, events: &[Committed]) {
        let connections = self.connections();
        let mut gathering: Vec<StreamId> = Vec::new();
        for event in events {
            let stream = event.route.stream;
            let is_in_order = self.pass_gate(&connections, event);
            if may_gather(event) {
                // A commit names a stream mostly many times in a row.
                if gathering.last() != Some(&stream) && !gathering.contains(&stream) {
                    gathering.push(stream);
                }
            } else {
                // Before the effects: who is leaving still gets the event that says so.
                self.hand_out(&connections, stream);
            }
            for &effect in &event.route.effects {
                self.apply(&connections, effect);
                if !is_in_order && let Some(user) = effect.mover() {
                    // A later change may have come before: what holds now is in the database.
                    connections.of_user(user).for_each(|connection| connection.ask_refresh());
                }
            }
        }
        for stream in gathering {
            self.hand_out_in_time(&connections, stream);
        }
    }

    /// Shows a change to its stream's gate; true where nothing was or is missing before it.
    fn pass_gate(&self, connections: &Connections, event: &Committed) -> bool {
        let stream = event.route.stream;
        let mut shard = self.shard(stream);
        let Some(followed) = shard.get_mut(&stream) else { return false };
        let was_complete = followed.gate.missing().is_none();
        let is_accepted = match followed.gate.offer(event.route.rev, Handed::new(event)) {
            Verdict::Accepted => true,
            Verdict::Early | Verdict::Drop => false,
            Verdict::Gap(behind) => {
                fall_behind(connections, stream, &behind);
                false
            }
        };
        self.await_missing(connections, stream, followed);
        is_accepted && was_complete
    }

    /// Sees to it that what is missing is not waited for without end.
    fn await_missing(&self, connections: &Connections, stream: StreamId, followed: &mut Followed) {
        let missing = followed.gate.missing();
        if missing.is_some() && !self.clockwork.is_running() {
            fall_behind(connections, stream, &followed.gate.give_up());
            return;
        }
        if missing != followed.awaited
            && let Some(rev) = missing
        {
            self.clockwork.arrange(Instant::now() + EARLY_WAIT, stream, Errand::GiveUp(rev));
        }
        followed.awaited = missing;
    }

    /// Hands out what waits in a stream.
    fn hand_out(&self, connections: &Connections, stream: StreamId) {
        if let Some(followed) = self.shard(stream).get_mut(&stream) {
            hand_out(connections, stream, followed, Instant::now());
        }
    }

    /// Hands out what waits in a stream, or lets it gather for a moment.
    fn hand_out_in_time(&self, connections: &Connections, stream: StreamId) {
        let mut shard = self.shard(stream);
        let Some(followed) = shard.get_mut(&stream) else { return };
        let (events, followers) = (followed.gate.waiting(), followed.gate.followers().len());
        if events == 0 {
            return;
        }
        let now = Instant::now();
        let when = if self.clockwork.is_running() { followed.pace.decide(now, events, followers) } else { When::Now };
        match when {
            When::Now => hand_out(connections, stream, followed, now),
            When::At(due) => self.clockwork.arrange(due, stream, Errand::HandOut),
            When::Arranged => {}
        }
    }

    /// Does what streams wait for, each at its time; never ends.
    pub(super) async fn keep_time(&self) {
        let _running = Running::start(&self.clockwork.is_running);
        loop {
            match self.clockwork.next(Instant::now()) {
                Ok((stream, errand)) => self.run(stream, errand),
                Err(None) => self.clockwork.is_earlier.notified().await,
                Err(Some(at)) => {
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = self.clockwork.is_earlier.notified() => {}
                    }
                }
            }
        }
    }

    fn run(&self, stream: StreamId, errand: Errand) {
        let connections = self.connections();
        let mut shard = self.shard(stream);
        let Some(followed) = shard.get_mut(&stream) else { return };
        match errand {
            Errand::HandOut => {
                followed.pace.arrived();
                hand_out(&connections, stream, followed, Instant::now());
            }
            Errand::GiveUp(rev) if followed.gate.missing() == Some(rev) => {
                fall_behind(&connections, stream, &followed.gate.give_up());
                self.await_missing(&connections, stream, followed);
            }
            Errand::GiveUp(_) => {}
        }
    }

    /// Learns that a stream is committed up to `head`: whoever has less is behind.
    pub(super) fn confirm(&self, stream: StreamId, head: Rev) {
        let connections = self.connections();
        if let Some(followed) = self.shard(stream).get_mut(&stream) {
            fall_behind(&connections, stream, &followed.gate.confirm(head));
        }
    }

    /// Gives every open gate with the newest rev it accepted.
    pub(super) fn followed_streams(&self) -> Vec<Known> {
        let mut known = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(shard.iter().filter_map(|(&stream, followed)| Some((stream, followed.gate.accepted()?))));
        }
        known
    }

    /// Hands a frame that is not kept to the live followers of a stream, but for one person.
    pub(super) fn pass_on(&self, stream: StreamId, frame: &Frame, but: UserId) {
        let connections = self.connections();
        let shard = self.shard(stream);
        for &number in shard.get(&stream).map_or(&[][..], |followed| followed.gate.followers()) {
            // What does not fit is lost: the next one says the same.
            if let Some(connection) = connections.get(number).filter(|connection| connection.user != but) {
                connection.push(frame);
            }
        }
    }
}

/// Says that somebody keeps time, until it is dropped.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn start(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Release);
        Self(flag)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Tells whether a change may wait for others: one that decides who follows what, or who sees what, may not.
fn may_gather(event: &Committed) -> bool {
    event.route.effects.is_empty()
        && event.route.audience == Audience::Everyone
        && matches!(event.route.stream, StreamId::Channel(_))
}

fn hand_out(connections: &Connections, stream: StreamId, followed: &mut Followed, now: Instant) {
    followed.gate.hand_out(|number, events| {
        let Some(connection) = connections.get(number) else { return false };
        let frames = events.iter().map(|(rev, handed)| handed.frame_for(connection, stream, *rev));
        let queued = connection.push_some(frames);
        match events.get(queued) {
            Some(&(first_lost, _)) => {
                connection.fall_behind(stream, before(first_lost));
                false
            }
            None => true,
        }
    });
    followed.pace.handed(now);
}

/// A gap in a team's or person's own stream may hide that somebody came or went: those look again what they follow.
fn fall_behind(connections: &Connections, stream: StreamId, behind: &Behind) {
    for &(number, after) in behind {
        let Some(connection) = connections.get(number) else { continue };
        connection.fall_behind(stream, after);
        if !matches!(stream, StreamId::Channel(_)) {
            connection.ask_refresh();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use syncspace_protocol::ChannelId;

    use super::*;
    use crate::log::Route;

    fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
        number.try_into().unwrap()
    }

    fn stream() -> StreamId {
        StreamId::Channel(number(7))
    }

    fn event(rev: u64) -> Committed {
        let route = Route {
            team: number(3),
            stream: stream(),
            rev: number(rev),
            audience: Audience::Everyone,
            effects: Vec::new(),
        };
        Committed { route, frame: Frame::text(&rev.to_string()), revoked: None }
    }

    /// A channel with so many followers who have everything up to rev 1, and somebody who keeps time.
    async fn busy_hall(followers: u64) -> (Arc<Hub>, Vec<Arc<Connection>>) {
        let hub = Arc::new(Hub::new());
        let channel: (ChannelId, TeamId) = (number(7), number(3));
        let connections: Vec<_> = (1..=followers)
            .map(|user| {
                let (connection, _) = hub.attach(number(user), number(user)).unwrap();
                hub.reconcile(&connection, &[], &[channel], connection.moves()).unwrap();
                hub.open(stream(), number(1));
                assert!(hub.follow(&connection, (stream(), number(1))));
                connection
            })
            .collect();
        let timekeeper = Arc::clone(&hub);
        tokio::spawn(async move { timekeeper.keep_time().await });
        while !hub.clockwork.is_running() {
            tokio::task::yield_now().await;
        }
        (hub, connections)
    }

    fn texts(connection: &Connection) -> Vec<String> {
        let mut texts = Vec::new();
        connection.take_mail(|frame| texts.push(frame.as_str().to_owned()));
        texts
    }

    #[tokio::test]
    async fn what_gathers_goes_out_by_itself_and_in_order() {
        let (hub, connections) = busy_hall(20).await;
        hub.offer(&[event(2), event(3)]);
        assert_eq!(texts(&connections[0]), ["2", "3"], "a commit's events go out at once and together");
        (4..=9).for_each(|rev| hub.offer(&[event(rev)]));
        for connection in &connections[1..] {
            let mut seen = texts(connection);
            while seen.len() < 8 {
                tokio::task::yield_now().await;
                seen.extend(texts(connection));
            }
            assert_eq!(seen, ["2", "3", "4", "5", "6", "7", "8", "9"]);
        }
    }

    #[tokio::test]
    async fn an_early_event_waits_for_the_one_before_it() {
        let (hub, connections) = busy_hall(1).await;
        hub.offer(&[event(3)]);
        assert_eq!(texts(&connections[0]), [""; 0]);
        hub.offer(&[event(2)]);
        assert_eq!(texts(&connections[0]), ["2", "3"]);
        assert_eq!(connections[0].take_duty().behind, None);
    }

    #[tokio::test]
    async fn what_does_not_come_in_time_is_read() {
        let (hub, connections) = busy_hall(1).await;
        hub.offer(&[event(3)]);
        let mut behind = connections[0].take_duty().behind;
        assert_eq!(behind, None);
        while behind.is_none() {
            tokio::task::yield_now().await;
            behind = connections[0].take_duty().behind;
        }
        assert_eq!(behind, Some((stream(), number(1))));
        hub.offer(&[event(2), event(4)]);
        assert_eq!(texts(&connections[0]), [""; 0], "whoever is behind reads for itself");
    }

    #[test]
    fn whoever_takes_nothing_falls_behind_from_what_did_not_fit() {
        let hub = Hub::new();
        let (connection, _) = hub.attach(number(1), number(1)).unwrap();
        hub.reconcile(&connection, &[], &[(number(7), number(3))], connection.moves()).unwrap();
        hub.open(stream(), number(1));
        assert!(hub.follow(&connection, (stream(), number(1))));
        let events: Vec<_> = (2..5_000).map(event).collect();
        hub.offer(&events);
        let taken = texts(&connection);
        let (_, after) = connection.take_duty().behind.unwrap();
        assert_eq!(taken.last().unwrap(), &after.get().to_string(), "nothing is missing between");
        assert!(taken.len() < 2_000, "the mailbox is bounded: {}", taken.len());
    }
}
