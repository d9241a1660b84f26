//! Whether the person may write in a channel, and why where not. The server decides; this is said before anything is typed.

use syncspace_protocol::ChannelId;
use syncspace_protocol::channels::{ChannelRole, Posting};
use syncspace_protocol::teams::TeamRole;

use super::action::Action;
use super::state::State;
use super::world::ChannelState;

/// Gives why nothing can be sent to a channel; none where it can.
pub(crate) fn obstacle(state: &State, channel_id: ChannelId) -> Option<String> {
    let world = &state.world;
    let Some(held) = world.channels.get(&channel_id) else {
        return Some(format!("you are no longer in {}", world.label_of(channel_id)));
    };
    let label = world.channel_label(&held.channel);
    if !held.is_joined() {
        return Some(match world.gone.contains_key(&channel_id) {
            true => format!("you are no longer in {label}"),
            false => format!("you are not in {label}: {} or /join joins", state.keys.name(Action::NewChannel)),
        });
    }
    if held.channel.archived_at.is_some() {
        return Some(format!("{label} is archived"));
    }
    let is_reader = held.channel.posting == Posting::Admins && !manages(state, held);
    is_reader.then(|| format!("only admins write in {label}"))
}

/// Tells whether the person manages a channel: as its admin, as one of its team, or of the server.
pub(crate) fn manages(state: &State, held: &ChannelState) -> bool {
    let team = state.world.teams.get(&held.channel.team_id).and_then(|team| team.membership);
    let of_team = team.is_some_and(|team| matches!(team.role, TeamRole::Admin | TeamRole::Owner));
    let of_channel = held.membership.is_some_and(|membership| membership.role == ChannelRole::Admin);
    let of_server = state.world.me.as_ref().is_some_and(|me| me.is_admin);
    !held.is_direct() && (of_team || of_channel || of_server)
}
