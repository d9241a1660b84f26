//! The gap rule: of a followed stream the consumer gets every change once, in order.
//!
//! The next rev is delivered, an older one dropped; a hole is read from the server while what comes after it is held.
//! Pure: what is to be delivered or read comes back as steps.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::sync::Changes;
use syncspace_protocol::{Rev, StreamId};
use tokio::time::Instant;

use crate::bounds::{HELD_EVENTS_MAX, REPAIR_RETRY};

/// The followed streams.
#[derive(Debug, Default)]
pub(super) struct Follows {
    streams: BTreeMap<StreamId, Follow>,
}

/// What comes of an event or a page.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every step is an event: a box would only cost an allocation")]
pub(super) enum Step {
    /// The consumer gets this.
    Deliver(Event),
    /// The changes after a rev are to be read; [`Follows::page`] takes the answer.
    Read { stream: StreamId, after: Rev },
}

/// Why changes could not be read, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadFailure {
    /// The rev is too old: the state must be read again.
    Reload,
    /// The stream may not be seen any more.
    Gone,
    /// It may work later.
    Later,
}

#[derive(Debug)]
struct Follow {
    /// Everything up to here was delivered, or was held by the consumer from the start.
    rev: Rev,
    repair: Option<Repair>,
}

/// A hole that is being read.
#[derive(Debug)]
struct Repair {
    /// Where a failed read is repeated; `None` while one is under way.
    retry_at: Option<Instant>,
    /// The last read was refused, as if there were no such stream.
    was_gone: bool,
    /// The hole is not closed before this.
    target: Rev,
    /// Events above the hole, as they came.
    held: VecDeque<Event>,
}

impl Follows {
    /// Follows a stream from a rev; with `is_certain`, nothing of it is missing before what the socket brings next.
    pub(super) fn follow(&mut self, stream: StreamId, rev: Rev, is_certain: bool) -> Vec<Step> {
        // A running read of an earlier follow must not be taken for ours, but its events must not be lost either:
        // what it held is read again.
        let repair = (!is_certain).then(|| Repair::up_to(rev));
        self.streams.insert(stream, Follow { rev, repair });
        if is_certain { Vec::new() } else { vec![Step::Read { stream, after: rev }] }
    }

    pub(super) fn unfollow(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    pub(super) fn is_followed(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Gives the newest rev of every followed stream.
    pub(super) fn revs(&self) -> impl Iterator<Item = (StreamId, Rev)> {
        self.streams.iter().map(|(stream, follow)| (*stream, follow.rev))
    }

    /// Forgets holes and what was held above them: the connection broke, and resuming will bring all of it.
    pub(super) fn interrupt(&mut self) {
        for follow in self.streams.values_mut() {
            follow.repair = None;
        }
    }

    /// Stops following a stream that the consumer must read again.
    pub(super) fn reload(&mut self, stream: StreamId) -> Vec<Step> {
        self.end(stream, EventBody::StreamReload {})
    }

    /// Stops following a stream that may not be seen any more.
    pub(super) fn gone(&mut self, stream: StreamId) -> Vec<Step> {
        self.end(stream, EventBody::StreamGone {})
    }

    pub(super) fn reload_all(&mut self) -> Vec<Step> {
        let streams = mem::take(&mut self.streams);
        streams.into_keys().map(|stream| Step::Deliver(stream_event(stream, EventBody::StreamReload {}))).collect()
    }

    fn end(&mut self, stream: StreamId, body: EventBody) -> Vec<Step> {
        match self.streams.remove(&stream) {
            Some(_) => vec![Step::Deliver(stream_event(stream, body))],
            None => Vec::new(),
        }
    }

    /// Takes an event of a followed stream.
    pub(super) fn event(&mut self, stream: StreamId, mut event: Event) -> Vec<Step> {
        if matches!(event.body, EventBody::StreamReload {} | EventBody::StreamGone {}) {
            self.streams.remove(&stream);
            return vec![Step::Deliver(event)];
        }
        let (Some(rev), Some(follow)) = (event.rev, self.streams.get_mut(&stream)) else {
            return vec![Step::Deliver(event)];
        };
        if rev <= follow.rev {
            return Vec::new();
        }
        if let Some(repair) = &mut follow.repair {
            repair.hold(rev, event);
            return Vec::new();
        }
        // A page says itself where it begins and ends.
        let follows_on = match &event.body {
            EventBody::Changes { after, .. } => *after <= follow.rev,
            _ => rev == follow.rev.next(),
        };
        if follows_on {
            // It may begin before what a read has brought meanwhile: that must not come twice.
            if let EventBody::Changes { items, after, .. } = &mut event.body {
                items.retain(|item| item.rev().is_none_or(|rev| rev > follow.rev));
                *after = follow.rev;
            }
            follow.rev = rev;
            return vec![Step::Deliver(event)];
        }
        let after = follow.rev;
        follow.repair.insert(Repair::up_to(rev)).hold(rev, event);
        vec![Step::Read { stream, after }]
    }

    /// Takes what a [`Step::Read`] brought.
    pub(super) fn page(
        &mut self,
        now: Instant,
        stream: StreamId,
        after: Rev,
        outcome: Result<Changes, ReadFailure>,
    ) -> Vec<Step> {
        let Some(follow) = self.streams.get_mut(&stream) else { return Vec::new() };
        let Some(repair) = follow.repair.as_mut().filter(|repair| repair.retry_at.is_none()) else { return Vec::new() };
        // The consumer said anew what it holds, while the old read was under way.
        if follow.rev != after {
            return Vec::new();
        }
        let page = match outcome {
            Ok(page) => page,
            Err(ReadFailure::Reload) => return self.reload(stream),
            // Who was removed and added again meanwhile hears of both by the own stream, in order; this answer is in none.
            Err(ReadFailure::Gone) if std::mem::replace(&mut repair.was_gone, true) => return self.gone(stream),
            Err(ReadFailure::Gone | ReadFailure::Later) => {
                repair.retry_at = Some(now + REPAIR_RETRY);
                return Vec::new();
            }
        };
        repair.was_gone = false;
        let (rev, is_last) = (page.rev, page.rev >= page.head_rev);
        let mut steps = Vec::new();
        if rev > follow.rev {
            follow.rev = rev;
            steps.push(Step::Deliver(Event::from_changes(page)));
        }
        if is_last && follow.rev >= repair.target {
            let held = mem::take(&mut repair.held);
            follow.repair = None;
            steps.extend(held.into_iter().flat_map(|event| self.event(stream, event)));
        } else if rev > after {
            steps.push(Step::Read { stream, after: rev });
        } else {
            // The store that answers has not reached what the socket already told.
            repair.retry_at = Some(now + REPAIR_RETRY);
        }
        steps
    }

    /// Repeats failed reads whose time has come.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        for (stream, follow) in &mut self.streams {
            if let Some(repair) = follow.repair.as_mut().filter(|repair| repair.retry_at.is_some_and(|at| at <= now)) {
                repair.retry_at = None;
                steps.push(Step::Read { stream: *stream, after: follow.rev });
            }
        }
        steps
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.streams.values().filter_map(|follow| follow.repair.as_ref()?.retry_at).min()
    }
}

impl Repair {
    const fn up_to(target: Rev) -> Self {
        Self { retry_at: None, was_gone: false, target, held: VecDeque::new() }
    }

    /// Holds an event; where there are too many, they are let go, and read again instead.
    fn hold(&mut self, rev: Rev, event: Event) {
        if self.held.len() < HELD_EVENTS_MAX {
            self.held.push_back(event);
        } else {
            self.held.clear();
            self.target = rev;
        }
    }
}

const fn stream_event(stream: StreamId, body: EventBody) -> Event {
    Event { stream: Some(stream), rev: None, body }
}

#[cfg(test)]
mod tests;
