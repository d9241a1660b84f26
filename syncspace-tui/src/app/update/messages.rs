//! Actions on the message lists and on what is being written.

use syncspace_protocol::channels::{MarkRead, MoveMarker};
use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::{ChannelId, MessageId, Seq};

use super::Effects;
use super::{attach, link, parcels};
use crate::app::action::Action;
use crate::app::attachment::Attachment;
use crate::app::composer::{Composer, DraftKey};
use crate::app::entry::{self, Purpose};
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::on_message;
use crate::app::outbox::{Parcel, ParcelState};
use crate::app::picker::{Kind, Picker};
use crate::app::posting;
use crate::app::rows::RowContext;
use crate::app::state::{Focus, Modal, State, ThreadPane};
use crate::app::text;
use crate::app::timeline::{Place, Timeline};

pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    match action {
        Action::Send => send(state, MessageType::Text, effects),
        Action::SendAsCode => send(state, MessageType::Code, effects),
        Action::NewLine => {
            if let Some(key) = state.draft_key() {
                state.chat.drafts.entry(key).or_default().new_line();
            }
        }
        Action::Attach => attach::attach(state),
        Action::LeaveComposer => leave_composer(state),
        Action::SelectMessages => {
            let focus = if state.chat.focus == Focus::ThreadComposer { Focus::ThreadMessages } else { Focus::Messages };
            focus_on(state, focus);
            // What is on its way stands right above the composer.
            parcels::select_last(state);
        }
        Action::EditMessage | Action::DeleteMessage | Action::Retry if state.selected_parcel().is_some() => {
            act_on_parcel(state, action, effects);
        }
        Action::Up if parcels::up(state) => {}
        Action::Down if parcels::down(state) => {}
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
        Action::Menu if state.selected_parcel().is_some() => parcels::show(state),
        Action::CopyText if state.selected_parcel().is_some() => parcels::copy(state, effects),
        Action::EditMessage => edit_selected(state),
        Action::DeleteMessage => ask_to_delete(state),
        Action::Fold => fold(state),
        Action::MarkUnread => mark_unread(state, effects),
        Action::Retry => {
            if let Some(channel_id) = state.chat.open {
                state.chat.outbox.retry(channel_id);
            }
        }
        Action::TakeBack => take_back(state, effects),
        Action::SendLater => {
            if let Some(key) = state.draft_key() {
                state.modal = Some(Modal::Picker(Picker::new(Kind::Schedule(key))));
            }
        }
        Action::EditDraft => {
            if let Some(key) = state.draft_key() {
                let text = state.chat.drafts.get(&key).map(Composer::text).unwrap_or_default();
                effects.push(Effect::Editor { text, draft: Some(key) });
            }
        }
        other => super::deeds::act(state, other, effects),
    }
}

fn act_on_parcel(state: &mut State, action: Action, effects: &mut Effects) {
    let Some(client_id) = state.chat.parcel.clone() else { return };
    match action {
        Action::EditMessage => parcels::edit(state, &client_id, effects),
        Action::DeleteMessage => parcels::delete(state, &client_id),
        _ => parcels::retry(state, &client_id, effects),
    }
}

/// Moves the keys to another part; a list that gets them has something selected.
pub(super) fn focus_on(state: &mut State, focus: Focus) {
    state.chat.focus = focus;
    state.chat.parcel = None;
    if matches!(focus, Focus::Messages | Focus::ThreadMessages) {
        with_list(state, |list, context, height, unsent| {
            // What was selected before and is out of sight is not what the person looks at now.
            let seen = list.seen(context, height, &[]);
            if list.selected.zip(seen).is_none_or(|(seq, (first, last))| seq < first || seq > last) {
                list.selected = if list.place == Place::Bottom { list.last() } else { seen.map(|(_, last)| last) };
            }
            list.reveal_selected(context, height, unsent);
        });
    }
}

/// Keeps something selected in the list that has the keys, also where its messages came later or anew.
pub(super) fn keep_selected(state: &mut State) {
    if matches!(state.chat.focus, Focus::Messages | Focus::ThreadMessages) && state.chat.parcel.is_none() {
        with_list(state, |list, context, height, unsent| {
            if list.selected.is_none_or(|seq| list.get(seq).is_none()) {
                list.selected = list.last();
                list.reveal_selected(context, height, unsent);
            }
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
    state.with_rows(columns, in_thread, |context| run(&mut list, context, unsent));
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
        list.try_again();
        // One row of the page before stays in sight.
        let rows = isize::try_from((height / part).saturating_sub(1).max(1)).unwrap_or(1);
        list.scroll(rows * direction, context, height, unsent);
    });
    keep_selected_in_sight(state);
}

/// Scrolls a list by rows, as a wheel does.
pub(super) fn scroll_rows(state: &mut State, rows: isize) {
    with_list(state, |list, context, height, unsent| {
        list.try_again();
        list.scroll(rows, context, height, unsent);
    });
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
    if state.draft_key() == Some(DraftKey::Arriving) && state.chat.arriving.as_ref().is_some_and(|one| one.has_failed) {
        super::chat::give_up(state);
        return;
    }
    if state.chat.editing.take().is_some() {
        state.say("Not changed. What you typed is kept: press e on the message to go on.");
        return;
    }
    let focus = if state.chat.focus == Focus::ThreadComposer { Focus::ThreadMessages } else { Focus::Messages };
    focus_on(state, focus);
}

fn send(state: &mut State, message_type: MessageType, effects: &mut Effects) {
    let Some(key) = state.draft_key() else { return };
    if key == DraftKey::Arriving {
        return super::chat::set_out_again(state, effects);
    }
    let Some(draft) = state.chat.drafts.get(&key).filter(|draft| !draft.is_blank()) else { return };
    let content = draft.text();
    if message_type == MessageType::Text && super::complete::run_command(state, key, effects) {
        return;
    }
    if let Some(why) = key.channel_id().and_then(|channel_id| posting::obstacle(state, channel_id)) {
        state.complain(format!("Not sent: {why}. What you typed is kept."));
        return;
    }
    if content.len() > MESSAGE_BYTES_MAX {
        let over = content.len() - MESSAGE_BYTES_MAX;
        state.complain(format!("Too long by {over} bytes: a message has at most {MESSAGE_BYTES_MAX}."));
        return;
    }
    if let DraftKey::Edit(channel_id, seq) = key {
        effects.push(Effect::Edit { channel_id, seq, content });
        state.chat.editing = None;
        return;
    }
    if let Some(to) = destination(state, key) {
        state.chat.drafts.remove(&key);
        send_off(state, to, (content, message_type, Vec::new()), effects);
    }
}

/// Sends files of this machine, with a text where there is one.
pub(super) fn send_files(
    state: &mut State,
    key: DraftKey,
    attachments: Vec<Attachment>,
    content: String,
    effects: &mut Effects,
) {
    if let Some(to) = destination(state, key) {
        send_off(state, to, (content, MessageType::Text, attachments), effects);
    }
}

/// Gives the channel that a draft is sent to, and the root that it answers.
pub(super) fn destination(state: &State, key: DraftKey) -> Option<(ChannelId, Option<(Seq, MessageId)>)> {
    match key {
        DraftKey::Channel(channel_id) => Some((channel_id, None)),
        DraftKey::Thread(channel_id, root) => {
            let root_id = state.chat.thread.as_ref().map(|thread| thread.root_id);
            Some((channel_id, root_id.map(|id| (root, id))))
        }
        DraftKey::Edit(..) | DraftKey::Arriving => None,
    }
}

fn send_off(
    state: &mut State,
    (channel_id, parent): (ChannelId, Option<(Seq, MessageId)>),
    (content, message_type, attachments): (String, MessageType, Vec<Attachment>),
    effects: &mut Effects,
) {
    let client_id = state.client_ids.next(state.now);
    let parcel =
        Parcel { client_id, channel_id, parent, content, message_type, attachments, state: ParcelState::Waiting };
    state.chat.outbox.push(parcel);
    state.chat.typing_sent = None;
    link::try_now(state, effects);
    if let Some(list) = timeline_mut(state, parent.is_some()) {
        list.place = Place::Bottom;
        list.read_before = None;
        // From now on the newest is what Up and Esc go to.
        list.selected = None;
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
    show_thread(state, channel_id, (root, root_id), effects);
}

/// Shows a thread, with the keys in its composer.
fn show_thread(state: &mut State, channel_id: ChannelId, (root, root_id): (Seq, MessageId), effects: &mut Effects) {
    let is_shown = |thread: &ThreadPane| (thread.channel_id, thread.root) == (channel_id, root);
    if !state.chat.thread.as_ref().is_some_and(is_shown) {
        state.chat.thread = Some(ThreadPane { channel_id, root, root_id, timeline: None, error: None });
        effects.push(Effect::LoadThread { channel_id, root });
    }
    state.chat.focus = Focus::ThreadComposer;
}

fn close_thread(state: &mut State) {
    state.chat.thread = None;
    focus_on(state, Focus::Messages);
}

/// Closes a thread that is no longer there, whatever the keys go to; what was typed in it is a draft.
pub(super) fn thread_is_gone(state: &mut State) {
    match state.chat.focus {
        Focus::ThreadMessages | Focus::ThreadComposer => close_thread(state),
        _ => state.chat.thread = None,
    }
    state.say("The thread is closed: its first message is no longer kept. What you typed in it is among the drafts.");
}

fn edit_selected(state: &mut State) {
    let Some((channel_id, message)) = state.selected() else { return };
    let (seq, content) = (message.seq, message.content.clone());
    state.chat.drafts.entry(DraftKey::Edit(channel_id, seq)).or_insert_with(|| Composer::with_text(&content));
    state.chat.editing = Some((channel_id, seq));
    let in_thread = state.chat.focus == Focus::ThreadMessages;
    state.chat.focus = if in_thread { Focus::ThreadComposer } else { Focus::Composer };
}

/// Unfolds the selected message, or folds it, with its first row in sight.
fn fold(state: &mut State) {
    let Some(id) = state.selected().map(|(_, message)| message.id) else { return };
    state.bodies.toggle_fold(id);
    with_list(state, |list, context, height, unsent| list.reveal_selected(context, height, unsent));
}

/// Sets the marker before the selected message. Until the channel is opened again, seeing it does not count as reading it.
fn mark_unread(state: &mut State, effects: &mut Effects) {
    if let Some(why) = on_message::obstacle(state, Action::MarkUnread) {
        state.say(format!("Not possible: {why}."));
        return;
    }
    let Some((channel_id, seq)) = state.selected().map(|(channel_id, message)| (channel_id, message.seq)) else {
        return;
    };
    let seq = Seq::try_from(seq.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
    if let Some(timeline) = timeline_mut(state, false) {
        timeline.read_before = Some(seq);
    }
    state.chat.kept_unread = Some(channel_id);
    state.chat.marked.remove(&channel_id);
    state.chat.shown = None;
    if let Some(book) = &mut state.world.book {
        book.settle_all();
    }
    effects.push(Effect::MarkRead { channel_id, mark: MarkRead { seq, mode: MoveMarker::Set, known_rev: None } });
    state.say("Marked unread from here.");
}

fn ask_to_delete(state: &mut State) {
    let Some((channel_id, message)) = state.selected() else { return };
    let first = text::cut(&text::gist(message), 50);
    let author = state.world.name(message.sender_id);
    let lines = [format!("{author}: {first}"), "It cannot be brought back.".to_owned()];
    let purpose = Purpose::DeleteMessage(channel_id, message.seq);
    state.modal = Some(Modal::Form(entry::question(purpose, "Delete this message?", &lines, "Delete")));
}

fn take_back(state: &mut State, effects: &mut Effects) {
    if let Some(parcel) = state.chat.open.and_then(|channel_id| state.chat.outbox.take_back(channel_id)) {
        put_back(state, parcel, effects);
    }
}

/// Puts a message that was not sent into the composer of its place, and shows that: a reply is edited in its thread.
pub(super) fn put_back(state: &mut State, parcel: Parcel, effects: &mut Effects) {
    let key = parcel.draft_key();
    if let Some(thread) = parcel.parent {
        show_thread(state, parcel.channel_id, thread, effects);
    }
    let draft = state.chat.drafts.entry(key).or_default();
    // What was typed since stays, below.
    let rest = if draft.is_empty() { String::new() } else { format!("\n{}", draft.text()) };
    *draft = Composer::with_text(&format!("{}{rest}", parcel.typed()));
    super::chat::focus_composer(state);
    if parcel.message_type == MessageType::Code {
        let key = state.keys.name(Action::SendAsCode);
        state.say(format!("It was code: {key} sends it as code again."));
    }
}

/// Takes what an editor made of a draft. What was only read stays as it is.
pub(super) fn edited_outside(
    state: &mut State,
    draft: Option<DraftKey>,
    text: Result<String, String>,
    effects: &mut Effects,
) {
    match (draft, text) {
        (Some(key), Ok(text)) => {
            let draft = state.chat.drafts.entry(key).or_default();
            if draft.text() != text {
                let left_out = draft.replace(&text);
                super::chat::typed(state, key, effects);
                super::say_left_out(state, left_out);
            }
        }
        (None, Ok(_)) => {}
        (Some(_), Err(reason)) => state.complain(format!("The draft is as it was: {}.", text::line(&reason))),
        (None, Err(reason)) => state.complain(format!("No editor: {}.", text::line(&reason))),
    }
}

/// Drops the draft of an edit that the server has taken, unless more was typed since.
pub(super) fn edit_done(state: &mut State, (channel_id, seq): (ChannelId, Seq), content: &str) {
    let key = DraftKey::Edit(channel_id, seq);
    if state.chat.drafts.get(&key).is_some_and(|draft| draft.text() == content) {
        state.chat.drafts.remove(&key);
    }
}

/// Puts a message into the open thread where it belongs there, and selects it there where it is to be.
pub(super) fn put_in_thread(state: &mut State, message: &Message, selected: Option<Seq>) {
    if let Some(thread) = &mut state.chat.thread
        && thread.channel_id == message.channel_id
        && (message.seq == thread.root || message.parent_seq == Some(thread.root))
        && let Some(timeline) = &mut thread.timeline
    {
        timeline.hear(message.clone());
        timeline.selected = selected.or(timeline.selected);
    }
}

/// Moves the keys to a list, and selects the message that a row of the screen belongs to.
pub(super) fn select_row(state: &mut State, focus: Focus, row: usize) {
    // Not by `focus_on`: that scrolls to what was selected before, and then another message is under the pointer.
    (state.chat.focus, state.chat.parcel) = (focus, None);
    let Some((pane, in_thread)) = layout::areas(state).focused(focus) else { return };
    let unsent = state.unsent_rows(pane.messages.width, in_thread);
    let mut parcel = None;
    with_list(state, |list, context, height, _| {
        let rows = list.visible(context, height, &unsent);
        let blank = height.saturating_sub(rows.len());
        let Some(row) = row.checked_sub(blank).and_then(|row| rows.get(row)) else { return };
        parcel = row.parcel.clone();
        if let Some(seq) = row.seq {
            list.selected = Some(seq);
        }
    });
    state.chat.parcel = parcel;
}
