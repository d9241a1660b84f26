//! The way to a message wherever it stands, and back: permalinks, results of searches, the places where one was.
//!
//! What is not loaded is asked for around its place, from the server or from the disk, and shown once it is there.

use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::{ChannelId, Seq};

use super::Effects;
use super::{chat, messages};
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::state::{Chat, Focus, Link, State};
use crate::app::timeline::{Part, Place};
use crate::app::trail::View;
use crate::app::world::Log;

const LOADING: &str = "Loading that message …";

/// A message that is shown once it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sought {
    channel_id: ChannelId,
    seq: Seq,
    /// How it is looked at; in the middle of the screen, and selected, where that does not matter.
    view: Option<View>,
    asked: Asked,
}

/// How far the search for it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Not,
    Waiting,
    Answered,
}

impl Sought {
    /// Tells whether it is asked for with this part of a log.
    fn is_in(&self, channel_id: ChannelId, part: Part) -> bool {
        self.channel_id == channel_id && part == Part::Around(self.seq)
    }
}

/// Shows a message in its channel, among what stands around it.
pub(super) fn show(state: &mut State, place: MessagePlace, effects: &mut Effects) {
    let MessagePlace { channel_id, seq } = place;
    if !state.world.channels.contains_key(&channel_id) {
        state.complain("It stands in a channel that you are not in.");
        return;
    }
    let is_here = state.chat.open == Some(channel_id);
    leave_stop(state);
    open(state, channel_id, effects);
    let stop = View { channel_id, top: None, selected: Some(seq) };
    if is_here {
        state.chat.trail.visit(stop);
    } else {
        state.chat.trail.leave(stop);
    }
    seek(state, Sought { channel_id, seq, view: None, asked: Asked::Not }, effects);
}

/// Looks at a channel as it was looked at before.
pub(super) fn show_view(state: &mut State, view: View, effects: &mut Effects) {
    let channel_id = view.channel_id;
    let is_here = state.chat.open == Some(channel_id);
    open(state, channel_id, effects);
    match view.top.map(|(seq, _)| seq) {
        Some(seq) => seek(state, Sought { channel_id, seq, view: Some(view), asked: Asked::Not }, effects),
        // Left before it was loaded: its message is what was to be seen.
        None => match view.selected {
            Some(seq) if !is_at_end(state, seq) => {
                seek(state, Sought { channel_id, seq, view: None, asked: Asked::Not }, effects);
            }
            // Another channel begins where it is unread.
            None if !is_here => {}
            selected => {
                if let Some(list) = state.open_channel_mut().and_then(|open| open.timeline_mut()) {
                    (list.place, list.selected) = (Place::Bottom, selected);
                }
            }
        },
    }
}

fn open(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    chat::open_channel(state, channel_id, effects);
    state.chat.thread = None;
    state.chat.editing = None;
    // It is this place that is to be seen, not what is unread.
    state.chat.jump_after = None;
}

/// Tells whether a message stands on the last screen of its channel.
fn is_at_end(state: &State, seq: Seq) -> bool {
    let Some(pane) = layout::areas(state).main else { return false };
    let Some(list) = state.open_channel().and_then(|open| open.timeline()) else { return false };
    list.iter().rev().take(usize::from(pane.messages.height)).any(|message| message.seq == seq)
}

/// Gives how the open channel is looked at.
pub(super) fn view_now(state: &State) -> Option<View> {
    let open = state.open_channel()?;
    let channel_id = open.channel.id;
    let Some(list) = open.timeline() else { return Some(View::newest(channel_id)) };
    let areas = layout::areas(state);
    let columns = areas.main.or(areas.thread).map_or(state.columns, |pane| pane.messages.width);
    let top = state.with_rows(columns, false, |context| list.top_rows(context));
    Some(View { channel_id, top, selected: list.selected })
}

/// Notes in the trail how the open channel is looked at, before it is left.
pub(super) fn leave_stop(state: &mut State) {
    // Behind a page nothing is looked at: it was noted when the page came in front.
    if let Some(view) = view_now(state).filter(|_| !state.chat.focus.is_page()) {
        state.chat.trail.leave(view);
    }
}

/// Goes back to where one was, or forward again.
pub(super) fn step(state: &mut State, is_forward: bool, effects: &mut Effects) {
    leave_stop(state);
    let channels = &state.world.channels;
    match state.chat.trail.step(is_forward, |channel| channels.contains_key(&channel)) {
        Some(view) => show_view(state, view, effects),
        None if is_forward => state.say("There is nothing to go forward to."),
        None => state.say("This is where you began."),
    }
}

fn seek(state: &mut State, sought: Sought, effects: &mut Effects) {
    state.chat.sought = Some(sought);
    settle(state, effects);
}

/// Notes that a part of a log came that was asked for: another one than what is sought may be on its way, too.
pub(super) fn answered(chat: &mut Chat, channel_id: ChannelId, part: Part) {
    if let Some(sought) = &mut chat.sought
        && sought.is_in(channel_id, part)
        && sought.asked == Asked::Waiting
    {
        sought.asked = Asked::Answered;
    }
}

/// Notes that a part of a log could not be read.
pub(super) fn failed(chat: &mut Chat, channel_id: ChannelId, part: Part) {
    chat.sought.take_if(|sought| sought.is_in(channel_id, part));
}

/// Shows what is sought where it is there, and asks for it where it is not.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    let Some(sought) = state.chat.sought else { return };
    let Some(channel) = state.world.channels.get(&sought.channel_id).filter(|_| is_open(state, sought)) else {
        state.chat.sought = None;
        return;
    };
    let list = match &channel.log {
        Log::Loaded(list) => list,
        Log::Loading(_) => return,
        Log::Unloaded if state.link != Link::Online => return wait(state),
        Log::Unloaded => return,
        Log::Failed(_) => {
            state.chat.sought = None;
            return;
        }
    };
    if list.get(sought.seq).is_some() {
        state.chat.sought = None;
        state.notice.take_if(|notice| notice.text == LOADING);
        reveal(state, sought);
        return;
    }
    match sought.asked {
        Asked::Not => ask(state, sought, effects),
        Asked::Waiting => {}
        Asked::Answered if state.link == Link::Online => {
            state.chat.sought = None;
            state.complain("That message is not there any more.");
        }
        Asked::Answered => wait(state),
    }
}

fn is_open(state: &State, sought: Sought) -> bool {
    state.chat.open == Some(sought.channel_id)
}

fn ask(state: &mut State, sought: Sought, effects: &mut Effects) {
    let Sought { channel_id, seq, .. } = sought;
    if state.link == Link::Online {
        effects.push(Effect::LoadPart { channel_id, part: Part::Around(seq) });
    } else if state.told.is_on {
        effects.push(Effect::LoadKeptPart { channel_id, part: Part::Around(seq) });
    } else {
        return wait(state);
    }
    state.chat.sought = Some(Sought { asked: Asked::Waiting, ..sought });
    state.say(LOADING);
}

/// Gives up for now: once there is a connection it can be opened again.
fn wait(state: &mut State) {
    state.chat.sought = None;
    state.complain("That message is not kept here: it needs the connection. Open it again once you are online.");
}

fn reveal(state: &mut State, sought: Sought) {
    let Some(pane) = layout::areas(state).main else { return };
    let height = usize::from(pane.messages.height);
    messages::with_timeline(state, false, pane.messages.width, |list, context, unsent| match sought.view {
        Some(View { top: Some((seq, rows)), selected, .. }) => {
            list.show_top_rows(seq, rows, context);
            list.selected = selected;
        }
        _ => list.show_in_middle(sought.seq, context, height, unsent),
    });
    if sought.view.is_none() {
        messages::focus_on(state, Focus::Messages);
    }
}
