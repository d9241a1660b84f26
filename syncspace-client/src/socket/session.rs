//! The connection as a pure machine: inputs and the time in, actions out. No socket, no clock, no task.

mod exchange;

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use syncspace_protocol::limits::{FRAME_BYTES_MAX, RESUME_STREAMS_MAX};
use syncspace_protocol::socket::{Ack, CloseReason, Event, EventBody, Hello, Op, Outcome, Reply, Request, ServerFrame};
use syncspace_protocol::status::Presence;
use syncspace_protocol::sync::{Changes, ResumeStatus};
use syncspace_protocol::{Epoch, ErrorCode, Rev, StreamId, UserId};
use tokio::time::Instant;

use super::backoff::Backoff;
use super::follow::{Follows, ReadFailure, Step};
use super::pending::Pending;
use super::{ConnectOptions, Update};
use crate::bounds::{CLOSE_TIMEOUT, HEARTBEATS_MISSED_MAX, HELLO_TIMEOUT, STABLE_AFTER};
use crate::{ClientError, ServerUrl};

pub(super) use exchange::{Action, Input, OpenFailure};

/// The machine.
#[derive(Debug)]
pub(super) struct Session<T> {
    server: ServerUrl,
    phase: Phase,
    backoff: Backoff,
    follows: Follows,
    /// The newest rev that this connection has brought of each stream that is not followed.
    passed: BTreeMap<StreamId, Rev>,
    epoch: Option<Epoch>,
    /// The people whose presence was asked for last: asked for again on every new connection.
    watched: Vec<UserId>,
    pending: Pending<Asked<T>>,
    actions: Vec<Action<T>>,
}

#[derive(Debug)]
enum Phase {
    Waiting { until: Instant },
    Opening,
    Greeting { until: Instant },
    Live(Live),
    Ended,
}

#[derive(Debug)]
struct Live {
    since: Instant,
    /// When the server last gave a sign of life.
    heard: Instant,
    silence_max: Duration,
    frame_bytes_max: usize,
    closing: Option<Closing>,
}

/// The server said that it will close.
#[derive(Debug, Clone, Copy)]
struct Closing {
    until: Instant,
    reason: CloseReason,
    reconnect_after: Option<Duration>,
}

#[derive(Debug)]
enum Asked<T> {
    ByConsumer(T),
    Resume,
    /// The last watch list, on a new connection.
    Watch,
}

impl<T> Session<T> {
    /// Makes a machine that opens a socket at its first tick.
    pub(super) fn new(server: ServerUrl, options: ConnectOptions, now: Instant, random: fastrand::Rng) -> Self {
        let mut follows = Follows::default();
        for (stream, rev) in options.resume {
            follows.follow(stream, rev, true);
        }
        Self {
            server,
            phase: Phase::Waiting { until: now },
            backoff: Backoff::new(random),
            follows,
            passed: BTreeMap::new(),
            epoch: options.epoch,
            watched: Vec::new(),
            pending: Pending::new(),
            actions: Vec::new(),
        }
    }

    /// Takes an input, and gives what is to be done.
    pub(super) fn handle(&mut self, now: Instant, input: Input<T>) -> Vec<Action<T>> {
        match input {
            Input::Tick => self.tick(now),
            Input::Opened => self.phase = Phase::Greeting { until: now + HELLO_TIMEOUT },
            Input::OpenFailed(OpenFailure::LoggedOut { reason }) => self.log_out(reason),
            Input::OpenFailed(OpenFailure::Later { reason, retry_after }) => self.disconnect(now, reason, retry_after),
            Input::Frame(frame) => self.frame(now, frame),
            Input::Heard => self.heard(now),
            Input::Closed(reason) => self.closed(now, reason),
            Input::Page { stream, after, outcome } => self.page(now, stream, after, outcome),
            Input::Ask(op, asker) => self.ask(now, op, asker),
            Input::Follow(stream, rev) => self.follow(stream, rev),
            Input::Unfollow(stream) => self.follows.unfollow(stream),
            Input::ReconnectNow => self.reconnect_now(now),
            Input::Close => self.close(),
        }
        mem::take(&mut self.actions)
    }

    /// Gives when the next [`Input::Tick`] is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Waiting { until } | Phase::Greeting { until } => Some(*until),
            Phase::Live(live) => Some(live.deadline()),
            Phase::Opening | Phase::Ended => None,
        };
        [phase, self.pending.next_deadline(), self.follows.next_deadline()].into_iter().flatten().min()
    }

    /// Tells whether somebody waits for an answer.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    fn tick(&mut self, now: Instant) {
        match &self.phase {
            Phase::Waiting { until } if *until <= now => self.open(),
            Phase::Greeting { until } if *until <= now => {
                self.disconnect(now, "the server did not say hello".to_owned(), None);
            }
            Phase::Live(live) if live.deadline() <= now => match live.closing {
                Some(_) => self.closed(now, String::new()),
                None => self.disconnect(now, "the server has gone silent".to_owned(), None),
            },
            _ => {}
        }
        while let Some(asked) = self.pending.take_overdue(now) {
            match asked {
                Asked::ByConsumer(asker) => self.actions.push(Action::Finish(asker, Err(ClientError::TimedOut))),
                Asked::Resume => self.disconnect(now, "the server did not answer to resume".to_owned(), None),
                // The consumer shows what it was told last; the next list replaces it.
                Asked::Watch => {}
            }
        }
        let steps = self.follows.tick(now);
        self.take_steps(steps);
    }

    fn open(&mut self) {
        self.phase = Phase::Opening;
        self.actions.push(Action::Deliver(Update::Connecting { attempt: self.backoff.attempt() }));
        self.actions.push(Action::Open);
    }

    fn heard(&mut self, now: Instant) {
        if let Phase::Live(live) = &mut self.phase {
            live.heard = now;
        }
    }

    fn frame(&mut self, now: Instant, frame: ServerFrame) {
        self.heard(now);
        match frame {
            ServerFrame::Reply(reply) => self.reply(now, reply),
            ServerFrame::Event(Event { body: EventBody::Hello(hello), .. }) => self.hello(now, hello),
            ServerFrame::Event(Event { body: EventBody::Closing { reason, reconnect_after_ms }, .. }) => {
                self.closing(now, reason, reconnect_after_ms.map(Duration::from_millis));
            }
            ServerFrame::Event(event) => self.event(event),
        }
    }

    fn hello(&mut self, now: Instant, hello: Box<Hello>) {
        if !matches!(self.phase, Phase::Greeting { .. }) {
            return;
        }
        // Less than a second would take every pause for a death.
        let heartbeat = Duration::from_millis(hello.heartbeat_ms.max(1_000));
        self.phase = Phase::Live(Live {
            since: now,
            heard: now,
            silence_max: heartbeat.saturating_mul(HEARTBEATS_MISSED_MAX),
            frame_bytes_max: hello.limits.frame_bytes_max.max(FRAME_BYTES_MAX),
            closing: None,
        });
        self.passed.clear();
        // Streams that are not resumed go on from these numbers: whoever holds them needs no page.
        for team in &hello.teams {
            self.passed.insert(StreamId::Team(team.team.team.id), team.team_rev);
            if let Some(mine) = team.team.membership {
                self.passed.insert(StreamId::Member(mine.member_id), team.member_rev);
            }
        }
        let is_other_history = self.epoch.as_ref().is_some_and(|epoch| *epoch != hello.epoch);
        let epoch = hello.epoch.clone();
        self.epoch = Some(epoch.clone());
        self.actions.push(Action::Deliver(Update::Connected(hello)));
        if is_other_history {
            let steps = self.follows.reload_all();
            self.take_steps(steps);
        }
        self.resume(now, &epoch);
        if !self.watched.is_empty() {
            self.send(now, Op::Watch { users: self.watched.clone() }, Asked::Watch);
        }
    }

    /// Names what we hold. One frame at least: until then the server keeps every stream behind.
    fn resume(&mut self, now: Instant, epoch: &Epoch) {
        let held: Vec<(StreamId, Rev)> = self.follows.revs().collect();
        let mut parts = held.chunks(RESUME_STREAMS_MAX).peekable();
        loop {
            let streams = parts.next().unwrap_or_default().iter().copied().collect();
            let more = parts.peek().is_some();
            self.send(now, Op::Resume { streams, epoch: epoch.clone(), more }, Asked::Resume);
            if !more {
                return;
            }
        }
    }

    fn event(&mut self, event: Event) {
        let Some(stream) = event.stream else {
            if event.body != EventBody::Unknown {
                self.actions.push(Action::Deliver(Update::Event(event)));
            }
            return;
        };
        if self.follows.is_followed(stream) {
            let steps = self.follows.event(stream, event);
            self.take_steps(steps);
            return;
        }
        if let Some(rev) = event.rev {
            self.passed.insert(stream, rev);
        }
        self.actions.push(Action::Deliver(Update::Event(event)));
    }

    fn follow(&mut self, stream: StreamId, rev: Rev) {
        // Before `hello` it will be resumed. After, only what the socket brought is known.
        let is_certain = match self.phase {
            Phase::Live(_) => self.passed.get(&stream).is_some_and(|passed| *passed <= rev),
            _ => true,
        };
        let steps = self.follows.follow(stream, rev, is_certain);
        self.take_steps(steps);
    }

    fn page(&mut self, now: Instant, stream: StreamId, after: Rev, outcome: Result<Changes, ReadFailure>) {
        let is_other_history = matches!((&outcome, &self.epoch), (Ok(page), Some(epoch)) if page.epoch != *epoch);
        if is_other_history {
            // The next `hello` says so too, and reloads everything.
            self.disconnect(now, "the server's history was replaced".to_owned(), Some(Duration::ZERO));
            return;
        }
        let steps = self.follows.page(now, stream, after, outcome);
        self.take_steps(steps);
    }

    fn take_steps(&mut self, steps: Vec<Step>) {
        self.actions.extend(steps.into_iter().map(|step| match step {
            Step::Deliver(event) => Action::Deliver(Update::Event(event)),
            Step::Read { stream, after } => Action::Read { stream, after },
        }));
    }

    fn ask(&mut self, now: Instant, op: Op, asker: T) {
        if matches!(self.phase, Phase::Live(Live { closing: None, .. })) {
            if let Op::Watch { users } = &op {
                self.watched.clone_from(users);
            }
            self.send(now, op, Asked::ByConsumer(asker));
        } else {
            let error = self.not_connected();
            self.actions.push(Action::Finish(asker, Err(error)));
        }
    }

    fn send(&mut self, now: Instant, op: Op, asked: Asked<T>) {
        let frame_bytes_max = match &self.phase {
            Phase::Live(live) => live.frame_bytes_max,
            _ => FRAME_BYTES_MAX,
        };
        let id = self.pending.add(now, asked);
        let refusal = match serde_json::to_string(&Request { id, op }) {
            Ok(frame) if frame.len() <= frame_bytes_max => {
                self.actions.push(Action::Send(frame));
                return;
            }
            Ok(frame) => ClientError::refused(
                ErrorCode::TooLarge,
                format!("this makes a frame of {} bytes; the server takes {frame_bytes_max}", frame.len()),
            ),
            Err(source) => ClientError::Protocol { during: "a request".to_owned(), source: source.into() },
        };
        if let Some(Asked::ByConsumer(asker)) = self.pending.take(id) {
            self.actions.push(Action::Finish(asker, Err(refusal)));
        }
    }

    fn reply(&mut self, now: Instant, reply: Reply) {
        let Some(asked) = reply.re.and_then(|number| self.pending.take(number)) else { return };
        match (asked, reply.outcome) {
            (Asked::ByConsumer(asker), Outcome::Ok(Ack::Presence { users })) => {
                // Also among the updates: beside them, the answer could be taken for newer than a change that came after.
                self.deliver_presence(users.clone());
                self.actions.push(Action::Finish(asker, Ok(Ack::Presence { users })));
            }
            (Asked::ByConsumer(asker), Outcome::Ok(ack)) => self.actions.push(Action::Finish(asker, Ok(ack))),
            (Asked::ByConsumer(asker), Outcome::Error(detail)) => {
                self.actions.push(Action::Finish(asker, Err(ClientError::Refused(detail))));
            }
            (Asked::Resume, Outcome::Ok(Ack::Resume { streams })) => self.resumed(streams),
            (Asked::Watch, Outcome::Ok(Ack::Presence { users })) => self.deliver_presence(users),
            (Asked::Watch, _) => {}
            // Nothing to resume, and nothing to say about it.
            (Asked::Resume, Outcome::Ok(_)) => {}
            (Asked::Resume, Outcome::Error(detail)) => {
                let wait = detail.retry_after_ms.map(Duration::from_millis);
                self.disconnect(now, detail.message, wait);
            }
        }
    }

    fn deliver_presence(&mut self, users: Vec<Presence>) {
        let event = Event::outside_streams(EventBody::PresenceChanged { users });
        self.actions.push(Action::Deliver(Update::Event(event)));
    }

    fn resumed(&mut self, streams: BTreeMap<StreamId, ResumeStatus>) {
        for (stream, status) in streams {
            let steps = match status {
                ResumeStatus::Ok => Vec::new(),
                ResumeStatus::Reload => self.follows.reload(stream),
                ResumeStatus::Gone => self.follows.gone(stream),
            };
            self.take_steps(steps);
        }
    }

    fn closing(&mut self, now: Instant, reason: CloseReason, reconnect_after: Option<Duration>) {
        match &mut self.phase {
            _ if reason == CloseReason::SessionEnded => self.log_out("the session was ended".to_owned()),
            Phase::Live(live) => live.closing = Some(Closing { until: now + CLOSE_TIMEOUT, reason, reconnect_after }),
            _ => self.disconnect(now, reason_text(reason).to_owned(), reconnect_after),
        }
    }

    fn closed(&mut self, now: Instant, reason: String) {
        match &self.phase {
            Phase::Live(Live { closing: Some(closing), .. }) => {
                let closing = *closing;
                self.disconnect(now, reason_text(closing.reason).to_owned(), closing.reconnect_after);
            }
            Phase::Live(_) | Phase::Greeting { .. } | Phase::Opening => self.disconnect(now, reason, None),
            Phase::Waiting { .. } | Phase::Ended => {}
        }
    }

    /// Gives the connection up for now. A wait that the server asked for is kept; it has spread its clients itself.
    fn disconnect(&mut self, now: Instant, reason: String, wait: Option<Duration>) {
        if matches!(&self.phase, Phase::Live(live) if now.duration_since(live.since) >= STABLE_AFTER) {
            self.backoff.reset();
        }
        let retry_in = self.backoff.next_wait().max(wait.unwrap_or_default());
        let retry_in = wait.filter(|_| matches!(self.phase, Phase::Live(_))).unwrap_or(retry_in);
        self.phase = Phase::Waiting { until: now + retry_in };
        self.actions.push(Action::Shut);
        self.follows.interrupt();
        self.passed.clear();
        for asked in self.pending.take_all() {
            if let Asked::ByConsumer(asker) = asked {
                let error = self.not_connected();
                self.actions.push(Action::Finish(asker, Err(error)));
            }
        }
        self.actions.push(Action::Deliver(Update::Disconnected { reason, retry_in }));
    }

    fn reconnect_now(&mut self, now: Instant) {
        if let Phase::Waiting { until } = &mut self.phase {
            *until = now;
            self.tick(now);
        }
    }

    fn log_out(&mut self, reason: String) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        self.shut_for_good();
        self.actions.push(Action::Deliver(Update::LoggedOut { reason }));
        self.actions.push(Action::End);
    }

    fn close(&mut self) {
        self.shut_for_good();
        self.actions.push(Action::End);
    }

    fn shut_for_good(&mut self) {
        self.phase = Phase::Ended;
        self.actions.push(Action::Shut);
        for asked in self.pending.take_all() {
            if let Asked::ByConsumer(asker) = asked {
                let error = self.not_connected();
                self.actions.push(Action::Finish(asker, Err(error)));
            }
        }
    }

    fn not_connected(&self) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), source: "there is no connection at the moment".into() }
    }
}

impl Live {
    fn deadline(&self) -> Instant {
        let silent = self.heard + self.silence_max;
        self.closing.map_or(silent, |closing| closing.until.min(silent))
    }
}

const fn reason_text(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Draining => "the server is stopping or restarting",
        CloseReason::SessionEnded => "the session was ended",
        CloseReason::Unauthenticated => "the server wants to know again who this is",
        CloseReason::TooSlow => "the server's events were not read in time",
        CloseReason::Protocol => "the server did not understand this client",
        CloseReason::Unknown => "the server closed the connection",
    }
}

#[cfg(test)]
mod tests;
