//! Reads again what a busy or stumbling server did not give, as long as the connection is there.

use syncspace_protocol::TeamId;

use super::Effects;
use crate::app::again::Reading;
use crate::app::entry::Purpose;
use crate::app::loaded::TeamWaiting;
use crate::app::message::{Effect, Failure};
use crate::app::state::{Link, Screen, State};
use crate::app::world::Log;

/// What could not be read is asked for again after this, in milliseconds, where the server did not say later.
const AGAIN_MS: u64 = 5_000;
/// The longest such wait, in milliseconds.
const AGAIN_MS_MAX: u64 = 60_000;
/// Teams to join are looked for so often, in milliseconds, while that is all there is to do.
const TEAMS_MS: i64 = 5_000;

/// Has something read again after a while where that may help; tells whether it is.
pub(super) fn note(state: &mut State, reading: Reading, failure: &Failure) -> bool {
    let is_later = failure.is_transient && state.link == Link::Online;
    if is_later {
        let wait = failure.retry_after_ms.unwrap_or(AGAIN_MS).clamp(AGAIN_MS, AGAIN_MS_MAX);
        state.chat.again.put(reading, state.later(i64::try_from(wait).unwrap_or(i64::MAX)));
    }
    is_later
}

/// Has a team read again after a while: not all that was heard of it could be held.
pub(super) fn read_team_later(state: &mut State, team_id: TeamId) {
    let at = state.later(i64::try_from(AGAIN_MS_MAX).unwrap_or(i64::MAX));
    if let Some(team) = state.world.teams.get_mut(&team_id) {
        team.waiting = Some(TeamWaiting::default());
        state.chat.again.put(Reading::Team(team_id), at);
    }
}

/// Asks for what is due.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    if state.link != Link::Online {
        return;
    }
    for reading in state.chat.again.take_due(state.now) {
        match reading {
            Reading::Team(id) if state.world.teams.get(&id).is_some_and(|team| team.waiting.is_some()) => {
                effects.push(Effect::LoadTeam(id));
            }
            Reading::Log(channel_id) => {
                if let Some(channel) = state.world.channels.get_mut(&channel_id)
                    && matches!(channel.log, Log::Failed(_))
                {
                    channel.log = Log::Loading(Vec::new());
                    effects.push(Effect::LoadMessages { channel_id, before: None });
                }
            }
            Reading::Marker(channel_id) => drop(state.chat.counting.remove(&channel_id)),
            Reading::Thread(channel_id, root) => {
                if let Some(thread) = &mut state.chat.thread
                    && (thread.channel_id, thread.root) == (channel_id, root)
                {
                    thread.error = None;
                    effects.push(Effect::LoadThread { channel_id, root });
                }
            }
            Reading::People => state.world.asked.clear(),
            Reading::Teams if is_choosing_team(state) => effects.push(Effect::FindTeams),
            Reading::Team(_) | Reading::Teams => {}
        }
    }
}

/// Looks for new teams now and then, as long as the form for the first one is there: no event tells of them.
pub(super) fn look_for_teams(state: &mut State) {
    if is_choosing_team(state) {
        let at = state.later(TEAMS_MS);
        state.chat.again.put(Reading::Teams, at);
    }
}

fn is_choosing_team(state: &State) -> bool {
    matches!(&state.screen, Screen::Entry { form, .. } if form.purpose == Purpose::Team)
}

/// Begins anew with a connection: whatever failed before may be read now.
pub(super) fn connected(state: &mut State, effects: &mut Effects) {
    state.chat.again.clear();
    state.world.asked.clear();
    for channel in state.world.channels.values_mut().filter(|channel| matches!(channel.log, Log::Failed(_))) {
        channel.log = Log::Unloaded;
    }
    if let Some(thread) = &mut state.chat.thread
        && thread.error.take().is_some()
    {
        effects.push(Effect::LoadThread { channel_id: thread.channel_id, root: thread.root });
    }
}
