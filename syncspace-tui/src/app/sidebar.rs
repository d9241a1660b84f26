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

/// Gives what stands in the rows of the side bar.
pub(crate) fn rows(state: &State) -> Vec<EntryId> {
    let mut rows = Vec::new();
    for &team_id in state.world.teams.keys() {
        rows.push(EntryId::Team(team_id));
        if state.chat.team == Some(team_id) {
            rows.extend(state.world.joined(team_id).iter().copied().map(EntryId::Channel));
        }
    }
    rows
}

/// Gives one row of the side bar. Of thousands, only those on the screen are made.
pub(crate) fn entry(state: &State, id: EntryId) -> Option<Entry> {
    match id {
        EntryId::Team(team_id) => state.world.teams.get(&team_id).map(|team| Entry {
            id,
            label: text::line(team.team.name.as_str()),
            unread: state.world.team_unread(team_id),
            is_open: state.chat.team == Some(team_id),
            presence: None,
            is_direct: false,
        }),
        EntryId::Channel(channel_id) => {
            state.world.channels.get(&channel_id).map(|channel| channel_entry(state, channel))
        }
    }
}

fn channel_entry(state: &State, channel: &ChannelState) -> Entry {
    let partner = state.world.partner(&channel.channel);
    let presence = partner.map(|id| state.world.presence.get(&id).copied().unwrap_or(PresenceStatus::Unknown));
    let is_direct = channel.is_direct();
    let label = if is_direct {
        state.world.channel_name(&channel.channel).into_owned()
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
    teams.flat_map(|&team| state.world.joined(team).to_vec()).collect()
}

/// Gives the channel before or after the open one, within its team.
pub(crate) fn neighbour(state: &State, forward: bool) -> Option<ChannelId> {
    let channels = state.world.joined(state.chat.team?);
    let at = channels.iter().position(|&id| Some(id) == state.chat.open);
    let count = channels.len();
    let next = match at {
        Some(at) if forward => (at + 1) % count,
        Some(at) => (at + count - 1) % count,
        None => 0,
    };
    channels.get(next).copied()
}

/// Gives the next channel with something unread: first what calls the person, then direct messages, then the rest, of each the
/// open team before the others.
pub(crate) fn next_unread(state: &State) -> Option<ChannelId> {
    let unread = |id: &ChannelId| state.world.unread(*id) != Unread::default() && Some(*id) != state.chat.open;
    let rank = |id: &ChannelId| {
        let channel = state.world.channels.get(id);
        let is_other_team = channel.is_none_or(|channel| Some(channel.channel.team_id) != state.chat.team);
        let is_calling = state.world.unread(*id).mentions > 0;
        (!is_calling, !channel.is_some_and(ChannelState::is_direct), is_other_team)
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

/// Tells whether something in the open channel is unread.
pub(crate) fn is_open_unread(state: &State) -> bool {
    state.chat.open.is_some_and(|open| state.world.unread(open) != Unread::default())
}

/// Gives the first of the rows on a screen of that many: the cursor, or the open channel, is always in sight.
pub(crate) fn first_row(state: &State, rows: &[EntryId], height: usize) -> usize {
    let at = rows.iter().position(|id| Some(*id) == state.chat.sidebar_cursor).unwrap_or(0);
    (at + 1).saturating_sub(height)
}

/// Gives the entries on a screen of that many rows.
pub(crate) fn shown(state: &State, height: usize) -> Vec<EntryId> {
    let rows = rows(state);
    let first = first_row(state, &rows, height);
    rows.into_iter().skip(first).take(height).collect()
}

/// Gives the entry that stands for a channel: its team, where that is not the open one.
pub(crate) fn entry_of(state: &State, channel: &ChannelState) -> EntryId {
    let team_id = channel.channel.team_id;
    if state.chat.team == Some(team_id) { EntryId::Channel(channel.channel.id) } else { EntryId::Team(team_id) }
}
