//! How far a thread is read: as far as it stands open in front of the person.

use syncspace_protocol::Seq;
use syncspace_protocol::channels::{MarkRead, MoveMarker};
use syncspace_protocol::messages::MessagePlace;

use super::super::Effects;
use crate::app::deed::Deed;
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::state::{Link, State};

/// Marks the open thread as read, where the person follows it and something in it is unread.
pub(super) fn mark_read(state: &mut State, effects: &mut Effects) {
    let is_seen = state.is_focused && state.modal.is_none() && state.link == Link::Online && !state.chat.is_browsing;
    let Some(pane) = layout::areas(state).thread.filter(|_| is_seen) else { return };
    let Some(thread) = &state.chat.thread else { return };
    let Some(list) = &thread.timeline else { return };
    let (channel_id, root) = (thread.channel_id, thread.root);
    let (columns, height) = (pane.messages.width, usize::from(pane.messages.height));
    let Some((_, last)) = state.with_rows(columns, true, |context| list.seen(context, height, &[])) else { return };
    let is_unread = state.notify.thread_unread((channel_id, root)).is_some_and(|unread| unread.messages > 0);
    let is_news = state.notify.standing((channel_id, root)).is_some_and(|held| last > held.read.last_read_seq);
    let asked = state.chat.pages.thread_marked;
    let is_asked = asked.is_some_and(|(channel, of, seq)| (channel, of) == (channel_id, root) && seq >= last);
    if !is_unread || !is_news || is_asked || last <= Seq::ZERO {
        return;
    }
    state.chat.pages.thread_marked = Some((channel_id, root, last));
    let mark = MarkRead { seq: last, mode: MoveMarker::Advance, known_rev: None };
    effects.push(Effect::Do(Box::new(Deed::ReadThread { place: MessagePlace { channel_id, seq: root }, mark })));
}
