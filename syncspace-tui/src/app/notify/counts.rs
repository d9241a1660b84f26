//! How much is unread and calls the person, and how the window's title says so.

use crate::app::state::State;
use crate::app::world::ChannelState;

/// Gives the window's title: how often the person was called, and the program.
pub(crate) fn title(state: &State, calls: u32) -> Option<String> {
    if !state.settings.has_title {
        return None;
    }
    Some(if calls == 0 { "SyncSpace".to_owned() } else { format!("({calls}) SyncSpace") })
}

/// Gives how many messages are unread outside muted channels, and how many of them call the person.
pub(crate) fn counts(state: &State) -> (u32, u32) {
    let all = state.world.channels.values().filter(|channel| is_heard(channel));
    all.fold((0, 0), |sum, channel| add(sum, unread_of(state, channel)))
}

/// Gives the same of some channels without the open one, and the one of them to go to first, where it calls.
pub(crate) fn elsewhere(state: &State, is_one: impl Fn(&ChannelState) -> bool) -> (u32, u32, Option<&ChannelState>) {
    let is_one =
        |channel: &&ChannelState| is_heard(channel) && Some(channel.channel.id) != state.chat.open && is_one(channel);
    let all = || state.world.channels.values().filter(is_one);
    let (messages, calls) = all().fold((0, 0), |sum, channel| add(sum, unread_of(state, channel)));
    let calling = all().filter(|channel| unread_of(state, channel).1 > 0);
    let here = |channel: &ChannelState| Some(channel.channel.team_id) == state.chat.team;
    let first = calling.min_by_key(|channel| (!channel.is_direct(), !here(channel), channel.channel.id));
    (messages, calls, first)
}

fn is_heard(channel: &ChannelState) -> bool {
    channel.membership.is_some_and(|membership| !membership.preferences.is_muted)
}

/// Gives what is unread in a channel, and how much of it calls the person: of a direct one, all.
fn unread_of(state: &State, channel: &ChannelState) -> (u32, u32) {
    let unread = state.world.unread(channel.channel.id);
    (unread.messages, if channel.is_direct() { unread.messages.max(unread.mentions) } else { unread.mentions })
}

const fn add(sum: (u32, u32), one: (u32, u32)) -> (u32, u32) {
    (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))
}
