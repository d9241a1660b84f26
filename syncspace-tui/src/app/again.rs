//! What could not be read from the server for a while, and when it is asked for again.

use std::collections::HashMap;

use syncspace_protocol::{ChannelId, Seq, TeamId, Time};

/// Something to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reading {
    Team(TeamId),
    /// The newest messages of a channel.
    Log(ChannelId),
    /// How far a channel is read.
    Marker(ChannelId),
    Thread(ChannelId, Seq),
    /// Teams to join, while somebody in none of them chooses.
    Teams,
    /// People who are in no list.
    People,
}

/// What is asked for again; as much of it as there are teams and channels.
#[derive(Debug, Default)]
pub(crate) struct Again {
    due: HashMap<Reading, Time>,
}

impl Again {
    pub(crate) fn put(&mut self, reading: Reading, at: Time) {
        self.due.insert(reading, at);
    }

    /// Gives the next time at which something is asked for.
    pub(crate) fn next(&self) -> Option<Time> {
        self.due.values().min().copied()
    }

    /// Takes what is to be asked for now.
    pub(crate) fn take_due(&mut self, now: Time) -> Vec<Reading> {
        self.due.extract_if(|_, at| *at <= now).map(|(reading, _)| reading).collect()
    }

    /// Forgets it all: a new connection reads everything.
    pub(crate) fn clear(&mut self) {
        self.due.clear();
    }
}
