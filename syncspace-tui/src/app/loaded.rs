//! How much of the channels' logs stays in memory: a window around what is looked at, and the newest messages.
//!
//! What goes leaves a gap, which is a row on the screen and is filled again when it comes near: from the disk where it is
//! kept there, else from the server. The line that is being read never moves.

use std::collections::VecDeque;

use syncspace_protocol::ChannelId;
use syncspace_protocol::socket::Event as StreamEvent;

use super::timeline::Timeline;

/// Messages of the open channel, and of the open thread; with more, only a part of it stays.
pub(crate) const OPEN_MESSAGES_MAX: usize = 2_000;
/// Messages of any other channel.
pub(crate) const AWAY_MESSAGES_MAX: usize = 300;
/// Channels with loaded messages; those that were not open for the longest time go.
pub(crate) const CHANNELS_MAX: usize = 30;
/// Events of a channel that wait while it is read; what is above that comes again when it is followed.
pub(crate) const WAITING_MAX: usize = 1_000;
/// Events of a team, and of the person in it, that wait while it is read; with more it is read once again.
pub(crate) const TEAM_WAITING_MAX: usize = 1_000;

/// What stays of the open channel or thread, above and below the top of the screen, and at its end.
const OPEN: Part = Part { around: 500, newest: 300 };
/// What stays of any other channel.
const AWAY: Part = Part { around: 60, newest: 100 };

/// A part of a channel that stays, in messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) around: usize,
    pub(crate) newest: usize,
}

/// Bounds the loaded messages of the open channel or thread.
pub(crate) fn bound_open(timeline: &mut Timeline) {
    if timeline.len() > OPEN_MESSAGES_MAX {
        timeline.keep_only(OPEN);
    }
}

/// Bounds the loaded messages of a channel that is not open.
pub(crate) fn bound_away(timeline: &mut Timeline) {
    if timeline.len() > AWAY_MESSAGES_MAX {
        timeline.keep_only(AWAY);
    }
}

/// Events that came while a team is being read.
#[derive(Debug, Clone, Default)]
pub(crate) struct TeamWaiting {
    pub(crate) events: Vec<StreamEvent>,
    /// Whether there were more than are held: the answer that comes may lack what they say.
    pub(crate) has_missed: bool,
}

impl TeamWaiting {
    pub(crate) fn put(&mut self, event: StreamEvent) {
        if self.events.len() < TEAM_WAITING_MAX {
            self.events.push(event);
        } else {
            self.has_missed = true;
        }
    }
}

/// Channels with loaded messages, the one that was opened last at the end.
#[derive(Debug, Default)]
pub(crate) struct Lately(VecDeque<ChannelId>);

impl Lately {
    /// Notes that a channel is opened; gives those whose messages are to be forgotten.
    pub(crate) fn open(&mut self, channel_id: ChannelId) -> Vec<ChannelId> {
        self.0.retain(|held| *held != channel_id);
        self.0.push_back(channel_id);
        let over = self.0.len().saturating_sub(CHANNELS_MAX);
        self.0.drain(..over).collect()
    }
}
