//! Actions on the message lists and on what is being written.

use syncspace_protocol::channels::{MarkRead, MoveMarker};
use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, Seq};

use super::Effects;
use super::link;
use crate::app::action::Action;
use crate::app::composer::{Composer, DraftKey};
use crate::app::entry::{self, Purpose};
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::outbox::{Parcel, ParcelState};
use crate::app::rows::RowContext;
use crate::app::state::{Focus, Modal, State, ThreadPane};
use crate::app::text;
use crate::app::timeline::{Place, Timeline};

pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    match action {
        Action::Send => send(state, effects),
        Action::NewLine => {
            if let Some(key) = state.draft_key() {
                state.chat.drafts.entry(key).or_default().new_line();
            }
        }
        Action::LeaveComposer => leave_composer(state),
        Action::SelectMessages => {
            let focus = if state.chat.focus == Focus::ThreadComposer { Focus::ThreadMessages } else { Focus::Messages };
            focus_on(state, focus);
        }
        Action::Up => with_list(state, |list, context, height, unsent| list.select(false, context, height, unsent)),
        Action::Down => with_list(state, |list, context, height, unsent| list.select(true, context, height, unsent)),
        Action::ScrollUp => scroll_pages(state, -1, 1),
        Action::ScrollDown => scroll_pages(state, 1, 1),
        Action::HalfUp => scroll_pages(state, -1, 2),
        Action::HalfDown => scroll_pages(state, 1, 2),
        Action::First => with_list(state, |list, context, height, unsent| {
            list.selected = list.first();
            list.reveal_selected(context, height, unsent);
        }),
        Action::Last => with_list(state, |list, _, _, _| {
            list.selected = list.last();
            list.place = Place::Bottom;
        }),
        Action::Thread | Action::Reply => open_thread(state, effects),
        Action::CloseThread => close_thread(state),
        Action::LeaveList if state.chat.focus == Focus::ThreadMessages => close_thread(state),
        Action::LeaveList => super::chat::focus_composer(state),
        Action::EditMessage => edit_selected(state),
        Action::DeleteMessage => ask_to_delete(state),
        Action::MarkUnread => mark_unread(state, effects),
        Action::Retry => {
            if let Some(channel_id) = state.chat.open {
                state.chat.outbox.retry(channel_id);
            }
        }
        Action::TakeBack => take_back(state),
        _ => {}
    }
}

/// Moves the keys to another part; a list that gets them has something selected.
pub(super) fn focus_on(state: &mut State, focus: Focus) {
    state.chat.focus = focus;
    if matches!(focus, Focus::Messages | Focus::ThreadMessages) {
        with_list(state, |list, context, height, unsent| {
            if list.selected.is_none_or(|seq| list.get(seq).is_none()) {
                list.selected = list.last();
                if list.place != Place::Bottom {
                    list.selected = list.seen(context, height, &[]).map(|(_, last)| last).or(list.last());
                }
            }
            list.reveal_selected(context, height, unsent);
        });
    }
}

/// Runs a function on the list that the keys go to, with what it needs to know of the screen.
pub(super) fn with_list(state: &mut State, run: impl FnOnce(&mut Timeline, &RowContext<'_>, usize, usize)) {
    let Some((pane, in_thread)) = layout::areas(state).focused(state.chat.focus) else { return };
    with_timeline(state, in_thread, pane.messages.width, |list, context, unsent| {
        run(list, context, usize::from(pane.messages.height), unsent);
    });
}

/// Runs a function on one of the two lists, taken out of the state for that long.
pub(super) fn with_timeline(
    state: &mut State,
    in_thread: bool,
    columns: u16,
    run: impl FnOnce(&mut Timeline, &RowContext<'_>, usize),
) {
    let unsent = state.unsent_rows(columns, in_thread).len();
    let Some(mut list) = timeline_mut(state, in_thread).map(std::mem::take) else { return };
    let name = |id| state.world.name(id);
    let context = RowContext {
        name: &name,
        zone: &state.zone,
        columns: usize::from(columns),
        is_thread: in_thread,
        me: state.world.my_id(),
    };
    run(&mut list, &context, unsent);
    if let Some(place) = timeline_mut(state, in_thread) {
        *place = list;
    }
}

fn timeline_mut(state: &mut State, in_thread: bool) -> Option<&mut Timeline> {
    if in_thread {
        state.chat.thread.as_mut().and_then(|thread| thread.timeline.as_mut())
    } else {
        state.open_channel_mut().and_then(|open| open.timeline_mut())
    }
}

fn scroll_pages(state: &mut State, direction: isize, part: usize) {
    with_list(state, |list, context, height, unsent| {
        // One row of the page before stays in sight.
        let rows = isize::try_from((height / part).saturating_sub(1).max(1)).unwrap_or(1);
        list.scroll(rows * direction, context, height, unsent);
    });
    keep_selected_in_sight(state);
}

/// Scrolls a list by rows, as a wheel does.
pub(super) fn scroll_rows(state: &mut State, rows: isize) {
    with_list(state, |list, context, height, unsent| list.scroll(rows, context, height, unsent));
    keep_selected_in_sight(state);
}

fn keep_selected_in_sight(state: &mut State) {
    if !matches!(state.chat.focus, Focus::Messages | Focus::ThreadMessages) {
        return;
    }
    with_list(state, |list, context, height, _| {
        if let (Some(selected), Some((first, last))) = (list.selected, list.seen(context, height, &[])) {
            list.selected = Some(selected.clamp(first, last));
        }
    });
}

fn leave_composer(state: &mut State) {
    if state.chat.editing.take().is_some() {
        state.say("Not changed. What you typed is kept: press e on the message to go on.");
        return;
    }
    let focus = if state.chat.focus == Focus::ThreadComposer { Focus::ThreadMessages } else { Focus::Messages };
    focus_on(state, focus);
}

fn send(state: &mut State, effects: &mut Effects) {
    let Some(key) = state.draft_key() else { return };
    let Some(draft) = state.chat.drafts.get(&key).filter(|draft| !draft.is_blank()) else { return };
    let content = draft.text();
    if content.len() > MESSAGE_BYTES_MAX {
        let over = content.len() - MESSAGE_BYTES_MAX;
        state.complain(format!("Too long by {over} bytes: a message has at most {MESSAGE_BYTES_MAX}."));
        return;
    }
    let (channel_id, parent) = match key {
        DraftKey::Edit(channel_id, seq) => {
            effects.push(Effect::Edit { channel_id, seq, content });
            state.chat.editing = None;
            return;
        }
        DraftKey::Arriving => {
            state.say("Not sent yet: it is still being opened.");
            return;
        }
        DraftKey::Channel(channel_id) => (channel_id, None),
        DraftKey::Thread(channel_id, root) => {
            let root_id = state.chat.thread.as_ref().map(|thread| thread.root_id);
            (channel_id, root_id.map(|id| (root, id)))
        }
    };
    let client_id = state.client_ids.next(state.now);
    state.chat.outbox.push(Parcel { client_id, channel_id, parent, content, state: ParcelState::Waiting });
    state.chat.drafts.remove(&key);
    state.chat.typing_sent = None;
    link::try_now(state, effects);
    if let Some(list) = timeline_mut(state, parent.is_some()) {
        list.place = Place::Bottom;
        list.read_before = None;
    }
}

/// Opens the thread of the selected message, to write in it: who opens one reads its end, and often answers.
fn open_thread(state: &mut State, effects: &mut Effects) {
    if matches!(state.chat.focus, Focus::ThreadMessages) {
        state.chat.focus = Focus::ThreadComposer;
        return;
    }
    let Some((channel_id, message)) = state.selected() else { return };
    // A reply belongs to the thread of its root.
    let (root, root_id) = match message.parent_seq.zip(message.parent_message_id) {
        Some((seq, id)) => (seq, id),
        None => (message.seq, message.id),
    };
    state.chat.thread = Some(ThreadPane { channel_id, root, root_id, timeline: None, error: None });
    state.chat.focus = Focus::ThreadComposer;
    effects.push(Effect::LoadThread { channel_id, root });
}

fn close_thread(state: &mut State) {
    state.chat.thread = None;
    focus_on(state, Focus::Messages);
}

fn edit_selected(state: &mut State) {
    let Some((channel_id, message)) = state.selected() else { return };
    let (seq, content) = (message.seq, message.content.clone());
    state.chat.drafts.entry(DraftKey::Edit(channel_id, seq)).or_insert_with(|| Composer::with_text(&content));
    state.chat.editing = Some((channel_id, seq));
    let in_thread = state.chat.focus == Focus::ThreadMessages;
    state.chat.focus = if in_thread { Focus::ThreadComposer } else { Focus::Composer };
}

/// Sets the marker before the selected message. Until the channel is opened again, seeing it does not count as reading it.
fn mark_unread(state: &mut State, effects: &mut Effects) {
    let Some((channel_id, seq)) = state.selected().map(|(channel_id, message)| (channel_id, message.seq)) else {
        return;
    };
    let seq = Seq::try_from(seq.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
    if let Some(timeline) = timeline_mut(state, false) {
        timeline.read_before = Some(seq);
    }
    state.chat.kept_unread = Some(channel_id);
    state.chat.marked.remove(&channel_id);
    if let Some(book) = &mut state.world.book {
        book.settle_all();
    }
    effects.push(Effect::MarkRead { channel_id, mark: MarkRead { seq, mode: MoveMarker::Set, known_rev: None } });
    state.say("Marked unread from here.");
}

fn ask_to_delete(state: &mut State) {
    let Some((channel_id, message)) = state.selected() else { return };
    let first = text::cut(&text::line(message.content.lines().next().unwrap_or_default()), 50);
    let author = state.world.name(message.sender_id);
    let lines = [format!("{author}: {first}"), "It cannot be brought back.".to_owned()];
    let purpose = Purpose::DeleteMessage(channel_id, message.seq);
    state.modal = Some(Modal::Form(entry::question(purpose, "Delete this message?", &lines, "Delete")));
}

fn take_back(state: &mut State) {
    let Some(parcel) = state.chat.open.and_then(|channel_id| state.chat.outbox.take_back(channel_id)) else { return };
    let key = match parcel.parent {
        Some((root, _)) => DraftKey::Thread(parcel.channel_id, root),
        None => DraftKey::Channel(parcel.channel_id),
    };
    let draft = state.chat.drafts.entry(key).or_default();
    // What was typed since stays, below.
    let rest = if draft.is_empty() { String::new() } else { format!("\n{}", draft.text()) };
    *draft = Composer::with_text(&format!("{}{rest}", parcel.content));
    super::chat::focus_composer(state);
}

/// Drops the draft of an edit that the server has taken.
pub(super) fn edit_done(state: &mut State, channel_id: ChannelId, seq: Seq) {
    state.chat.drafts.remove(&DraftKey::Edit(channel_id, seq));
}

/// Puts a message into the lists that show it.
pub(super) fn put_in_thread(state: &mut State, message: &Message) {
    if let Some(thread) = &mut state.chat.thread
        && thread.channel_id == message.channel_id
        && (message.seq == thread.root || message.parent_seq == Some(thread.root))
        && let Some(timeline) = &mut thread.timeline
    {
        timeline.put(message.clone());
    }
}

/// Selects the message that a row of the screen belongs to.
pub(super) fn select_row(state: &mut State, row: usize) {
    let Some((pane, in_thread)) = layout::areas(state).focused(state.chat.focus) else { return };
    let unsent = state.unsent_rows(pane.messages.width, in_thread);
    with_list(state, |list, context, height, _| {
        let rows = list.visible(context, height, &unsent);
        let blank = height.saturating_sub(rows.len());
        if let Some(seq) = row.checked_sub(blank).and_then(|row| rows.get(row)).and_then(|row| row.seq) {
            list.selected = Some(seq);
        }
    });
}
