//! The list at the side: teams, and below the open one its channels and direct messages.

use syncspace_client::Unread;
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::{ChannelId, TeamId};

use super::state::State;
use super::text;
use super::world::ChannelState;

/// Names an entry of the side bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EntryId {
    Team(TeamId),
    Channel(ChannelId),
}

/// One row of the side bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) label: String,
    pub(crate) unread: Unread,
    /// Whether it is the open team or channel.
    pub(crate) is_open: bool,
    /// Of the other person of a direct channel.
    pub(crate) presence: Option<PresenceStatus>,
    pub(crate) is_direct: bool,
}

/// Gives the rows of the side bar.
pub(crate) fn entries(state: &State) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (&team_id, team) in &state.world.teams {
        let is_open = state.chat.team == Some(team_id);
        entries.push(Entry {
            id: EntryId::Team(team_id),
            label: text::line(team.team.name.as_str()),
            unread: state.world.team_unread(team_id),
            is_open,
            presence: None,
            is_direct: false,
        });
        if is_open {
            let channels = state.world.joined_channels(team_id);
            entries.extend(channels.into_iter().map(|channel| channel_entry(state, channel)));
        }
    }
    entries
}

fn channel_entry(state: &State, channel: &ChannelState) -> Entry {
    let partner = state.world.partner(&channel.channel);
    let presence = partner.map(|id| state.world.presence.get(&id).copied().unwrap_or(PresenceStatus::Unknown));
    let is_direct = channel.is_direct();
    let label = if is_direct {
        state.world.channel_name(&channel.channel)
    } else {
        state.world.channel_label(&channel.channel)
    };
    Entry {
        id: EntryId::Channel(channel.channel.id),
        label,
        unread: state.world.unread(channel.channel.id),
        is_open: state.chat.open == Some(channel.channel.id),
        presence,
        is_direct,
    }
}

/// Gives the channels in the order of the side bar, of all teams.
pub(crate) fn all_channels(state: &State) -> Vec<ChannelId> {
    let teams = state.world.teams.keys();
    teams.flat_map(|&team| state.world.joined_channels(team)).map(|channel| channel.channel.id).collect()
}

/// Gives the channel before or after the open one, within its team.
pub(crate) fn neighbour(state: &State, forward: bool) -> Option<ChannelId> {
    let channels: Vec<ChannelId> =
        state.world.joined_channels(state.chat.team?).iter().map(|channel| channel.channel.id).collect();
    let at = channels.iter().position(|&id| Some(id) == state.chat.open);
    let count = channels.len();
    let next = match at {
        Some(at) if forward => (at + 1) % count,
        Some(at) => (at + count - 1) % count,
        None => 0,
    };
    channels.get(next).copied()
}

/// Gives the next channel with something unread: the open team first, mentions and direct messages before the rest.
pub(crate) fn next_unread(state: &State) -> Option<ChannelId> {
    let unread = |id: &ChannelId| state.world.unread(*id) != Unread::default() && Some(*id) != state.chat.open;
    let rank = |id: &ChannelId| {
        let channel = state.world.channels.get(id);
        let is_other_team = channel.is_none_or(|channel| Some(channel.channel.team_id) != state.chat.team);
        let is_to_me = state.world.unread(*id).mentions > 0 || channel.is_some_and(ChannelState::is_direct);
        (is_other_team, !is_to_me)
    };
    let all = all_channels(state);
    // From the open channel on, so that repeated presses visit every one of them.
    let open = all.iter().position(|&id| Some(id) == state.chat.open).map_or(0, |at| at + 1);
    all[open.min(all.len())..]
        .iter()
        .chain(&all[..open.min(all.len())])
        .filter(|id| unread(id))
        .min_by_key(|id| rank(id))
        .copied()
}

/// Gives the first entry on a screen of that many rows: the cursor, or the open channel, is always in sight.
pub(crate) fn first_row(state: &State, height: usize) -> usize {
    let entries = entries(state);
    let at = entries.iter().position(|entry| Some(entry.id) == state.chat.sidebar_cursor).unwrap_or(0);
    (at + 1).saturating_sub(height)
}
