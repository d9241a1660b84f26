//! A channel that the server is asked to open: until it comes, and also where it does not, what is typed is for it.
//!
//! It owns what was asked for and how the wait went; the text is a draft like any other.

use syncspace_protocol::channels::CreateChannel;
use syncspace_protocol::{ChannelId, TeamId, UserId};

use super::action::Action;
use super::message::Effect;
use super::state::State;

/// What the server is asked to open; its answer names it, so that a late one is not taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A channel to join.
    Channel(ChannelId),
    /// The direct channel with a person.
    Person(TeamId, UserId),
    /// A channel that is made by a form.
    New(TeamId),
}

/// A channel on its way, or one that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arriving {
    pub(crate) wanted: Wanted,
    pub(crate) label: String,
    /// Whether it could not be opened: the composer stays its own until the person decides.
    pub(crate) has_failed: bool,
}

impl Wanted {
    /// Gives what a channel to be made is asked for as.
    pub(crate) const fn of(team_id: TeamId, body: &CreateChannel) -> Self {
        match body {
            CreateChannel::Direct { user_id } => Self::Person(team_id, *user_id),
            _ => Self::New(team_id),
        }
    }

    /// Gives what asks for it; none for what only a form can ask for.
    pub(crate) const fn ask(self) -> Option<Effect> {
        match self {
            Self::Channel(channel_id) => Some(Effect::JoinChannel(channel_id)),
            Self::Person(team_id, user_id) => {
                Some(Effect::CreateChannel { team_id, body: CreateChannel::Direct { user_id } })
            }
            Self::New(_) => None,
        }
    }
}

/// Names the channel on its way, and says what can be done where it did not come.
pub(crate) fn title(state: &State) -> String {
    match &state.chat.arriving {
        Some(Arriving { label, has_failed: true, .. }) => {
            let (again, leave) = (state.keys.name(Action::Send), state.keys.name(Action::LeaveComposer));
            format!("to {label} (not opened: {again} tries again, {leave} gives it up)")
        }
        Some(Arriving { label, .. }) => format!("to {label} (opening…)"),
        None => String::new(),
    }
}
