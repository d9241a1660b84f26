//! Streams of one connection whose missed changes are still to be sent: they take turns, and a failing one pauses. Pure.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use syncspace_protocol::{ChannelId, Rev, StreamId};
use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
struct Lag {
    /// Up to which rev the client has everything.
    after: Rev,
    /// Not to be read before.
    paused_until: Option<Instant>,
}

/// Streams that are behind.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    lags: BTreeMap<StreamId, Lag>,
    /// Whose turn was last.
    last: Option<StreamId>,
}

impl Backlog {
    /// Notes that a stream is behind; where it is already, it stays as it is.
    pub(super) fn add(&mut self, stream: StreamId, after: Rev) {
        self.lags.entry(stream).or_insert(Lag { after, paused_until: None });
    }

    /// Notes how far a stream that is behind has got.
    pub(super) fn put(&mut self, stream: StreamId, after: Rev) {
        self.lags.insert(stream, Lag { after, paused_until: None });
    }

    /// Lets a stream pause that could not be read.
    pub(super) fn pause(&mut self, stream: StreamId, until: Instant) {
        if let Some(lag) = self.lags.get_mut(&stream) {
            lag.paused_until = Some(until);
        }
    }

    /// Notes that a stream is behind no longer.
    pub(super) fn remove(&mut self, stream: StreamId) {
        self.lags.remove(&stream);
        if self.lags.is_empty() {
            // An empty map may keep a node.
            *self = Self::default();
        }
    }

    /// Tells whether a stream is behind.
    pub(super) fn contains(&self, stream: StreamId) -> bool {
        self.lags.contains_key(&stream)
    }

    /// Gives the next stream that may be read, in turn, and after which rev.
    pub(super) fn turn(&mut self, now: Instant) -> Option<(StreamId, Rev)> {
        let is_due = |&(_, lag): &(&StreamId, &Lag)| lag.paused_until.is_none_or(|until| until <= now);
        let later = self.last.map(|last| self.lags.range((Excluded(last), Unbounded)));
        let (&stream, lag) = later.into_iter().flatten().chain(&self.lags).find(is_due)?;
        self.last = Some(stream);
        Some((stream, lag.after))
    }

    /// Gives channels that may be read, in turn, from the one whose turn it is; the turn goes on after them.
    pub(super) fn channels(&mut self, now: Instant, count_max: usize) -> Vec<(ChannelId, Rev)> {
        let from = self.last.map_or(Unbounded, Included);
        let later = self.lags.range((from, Unbounded));
        let sooner = self.last.map(|last| self.lags.range(..last)).into_iter().flatten();
        let due = later.chain(sooner).filter(|(_, lag)| lag.paused_until.is_none_or(|until| until <= now));
        let channels = due.filter_map(|(&stream, lag)| match stream {
            StreamId::Channel(channel) => Some((channel, lag.after)),
            StreamId::Team(_) | StreamId::Member(_) => None,
        });
        let channels: Vec<_> = channels.take(count_max).collect();
        if let Some(&(last, _)) = channels.last() {
            self.last = Some(StreamId::Channel(last));
        }
        channels
    }

    /// Gives when the first of the streams that pause goes on.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.lags.values().filter_map(|lag| lag.paused_until).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stream(number: u64) -> StreamId {
        StreamId::Channel(number.try_into().unwrap())
    }

    fn rev(number: u64) -> Rev {
        number.try_into().unwrap()
    }

    fn backlog(streams: &[u64]) -> Backlog {
        let mut backlog = Backlog::default();
        streams.iter().for_each(|&number| backlog.add(stream(number), rev(number)));
        backlog
    }

    #[test]
    fn streams_take_turns() {
        let mut backlog = backlog(&[1, 2, 3]);
        let now = Instant::now();
        let turns: Vec<_> = (0..4).map(|_| backlog.turn(now)).collect();
        assert_eq!(turns, [1, 2, 3, 1].map(|number| Some((stream(number), rev(number)))));
    }

    #[test]
    fn a_stream_that_fails_pauses_while_the_others_go_on() {
        let mut backlog = backlog(&[1, 2]);
        let now = Instant::now();
        let until = now + Duration::from_millis(500);
        backlog.pause(stream(1), until);
        for _ in 0..3 {
            assert_eq!(backlog.turn(now), Some((stream(2), rev(2))));
        }
        backlog.remove(stream(2));
        assert_eq!((backlog.turn(now), backlog.paused_until()), (None, Some(until)));
        assert_eq!(backlog.turn(until), Some((stream(1), rev(1))));
    }

    #[test]
    fn channels_are_read_together_from_the_one_whose_turn_it_is() {
        let mut backlog = backlog(&[1, 2, 3]);
        let now = Instant::now();
        backlog.pause(stream(3), now + Duration::from_millis(500));
        assert_eq!(backlog.turn(now), Some((stream(1), rev(1))));
        let pair = |number: u64| (number.try_into().unwrap(), rev(number));
        assert_eq!(backlog.channels(now, 9), [pair(1), pair(2)]);
        assert_eq!(backlog.channels(now, 1), [pair(2)]);
    }

    #[test]
    fn what_is_behind_already_is_not_moved_on() {
        let mut backlog = backlog(&[4]);
        backlog.add(stream(4), rev(9));
        assert_eq!(backlog.turn(Instant::now()), Some((stream(4), rev(4))));
        backlog.put(stream(4), rev(7));
        assert_eq!(backlog.turn(Instant::now()), Some((stream(4), rev(7))));
        backlog.remove(stream(4));
        assert_eq!(backlog.turn(Instant::now()), None);
    }
}
