//! The pages over the chat: what keys do in them, what is opened from them, and the way back.

mod everywhere;
mod items;
mod kept;
mod lists;
mod search;
mod threads;

use crossterm::event::KeyEvent;
use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, MessageId, Seq, UserId};

use super::Effects;
use super::{chat, jump, messages, parcels};
use crate::app::action::Action;
use crate::app::composer::DraftKey;
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::outbox::Parcel;
use crate::app::pages::item::{Item, place};
use crate::app::pages::{Origin, PageKind, rows};
use crate::app::state::{Focus, Modal, State, ThreadPane};

pub(super) use items::{cancelled, put_scheduled, set_time, taken_off};
pub(super) use kept::{take_edits, take_lists, tell_edits, tell_lists};
pub(super) use lists::{answered, take_threads};
pub(super) use search::{complete, found_kept, look_for};

/// Does an action that is about pages; tells whether it was one.
pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) -> bool {
    match action {
        Action::Search => show(state, PageKind::Search),
        Action::Threads => show(state, PageKind::Threads),
        Action::Mentions => show(state, PageKind::Mentions),
        Action::Saved => show(state, PageKind::Saved),
        Action::Scheduled => show(state, PageKind::Scheduled),
        Action::Files => show(state, PageKind::Files),
        Action::Drafts => show(state, PageKind::Drafts),
        Action::LeaveList if state.chat.pages.is_away => come_back(state),
        _ if state.chat.focus.is_page() => return act_on_page(state, action, effects),
        _ => return false,
    }
    true
}

fn act_on_page(state: &mut State, action: Action, effects: &mut Effects) -> bool {
    let page = isize::try_from(visible_items(state).max(1)).unwrap_or(1);
    match action {
        Action::LeavePage if state.chat.pages.editing.is_some() => items::leave_edit(state),
        Action::LeavePage => leave(state, effects),
        Action::NextPage | Action::PreviousPage => {
            let kind = state.chat.pages.kind.neighbour(action == Action::NextPage);
            show(state, kind);
        }
        Action::OpenItem => enter(state, effects),
        Action::NewLine => items::new_line(state),
        Action::EditItem => items::edit(state, effects),
        Action::CopyText => items::copy(state, effects),
        Action::SaveFiles => items::save_file(state, effects),
        Action::EditTime => items::ask_time(state),
        Action::SendNow => items::send_now(state, effects),
        Action::DeleteItem => items::delete(state, effects),
        Action::Order => search::turn(state),
        Action::Everywhere => search::widen(state),
        Action::Reload => state.chat.pages.front_mut().is_stale = true,
        Action::Up => go(state, -1),
        Action::Down => go(state, 1),
        Action::ScrollUp => go(state, -page),
        Action::ScrollDown => go(state, page),
        Action::First => go(state, isize::MIN),
        Action::Last => go(state, isize::MAX),
        _ => return false,
    }
    true
}

/// Puts a page in front; what was typed and chosen in it is as it was.
pub(super) fn show(state: &mut State, kind: PageKind) {
    if !state.chat.focus.is_page() {
        jump::leave_stop(state);
        // What a page has opened is no place to come back to: that is where the first page was opened.
        if !state.chat.pages.is_away || state.chat.pages.origin.is_none() {
            state.chat.pages.origin = Some(origin(state));
        }
        state.chat.editing = None;
    }
    let pages = &mut state.chat.pages;
    (pages.is_away, pages.editing, pages.kind) = (false, None, kind);
    // What happened since it was in front is read anew.
    if kind != PageKind::Search {
        pages.front_mut().is_stale = true;
    }
    state.chat.focus = state.chat.pages.focus();
}

fn origin(state: &State) -> Origin {
    let thread = state.chat.thread.as_ref().map(|thread| (thread.channel_id, thread.root, thread.root_id));
    Origin { view: jump::view_now(state), thread, focus: state.chat.focus }
}

/// Goes back to the page from which something was opened, to the very line.
fn come_back(state: &mut State) {
    jump::leave_stop(state);
    state.chat.pages.is_away = false;
    state.chat.thread = None;
    if state.chat.pages.kind != PageKind::Search {
        state.chat.pages.front_mut().is_stale = true;
    }
    state.chat.focus = state.chat.pages.focus();
}

/// Goes back to where the person was before the page, to the very line.
fn leave(state: &mut State, effects: &mut Effects) {
    let Some(origin) = state.chat.pages.origin.take() else {
        state.chat.focus = Focus::Composer;
        return;
    };
    if let Some(view) = origin.view.filter(|view| state.world.channels.contains_key(&view.channel_id)) {
        jump::show_view(state, view, effects);
    }
    if let Some((channel_id, root, root_id)) = origin.thread {
        open_thread(state, (channel_id, root, root_id), effects);
    }
    state.chat.focus = origin.focus;
}

pub(super) fn open_thread(state: &mut State, thread: (ChannelId, Seq, MessageId), effects: &mut Effects) {
    let (channel_id, root, root_id) = thread;
    state.chat.thread = Some(ThreadPane { channel_id, root, root_id, timeline: None, error: None });
    state.chat.focus = Focus::ThreadMessages;
    effects.push(Effect::LoadThread { channel_id, root });
}

/// Opens the chosen entry in context, searches for what was typed, or saves what was edited.
fn enter(state: &mut State, effects: &mut Effects) {
    if state.chat.pages.editing.is_some() {
        return items::save_edit(state, effects);
    }
    if state.chat.pages.kind == PageKind::Search && !search::is_ready(state) {
        return search::ask_now(state, effects);
    }
    match state.chat.pages.front().chosen().cloned() {
        Some(Item::Hit(hit)) => open_message(state, place(&hit.message), effects),
        Some(Item::Saved(saved)) => open_message(state, place(&saved.message), effects),
        Some(Item::Thread(thread)) => {
            let root = &thread.root;
            open_message(state, place(root), effects);
            open_thread(state, (root.channel_id, root.seq, root.id), effects);
        }
        Some(Item::Scheduled(scheduled)) => {
            chat::open_channel(state, scheduled.channel_id, effects);
            state.chat.pages.is_away = true;
            messages::focus_on(state, Focus::Messages);
        }
        Some(Item::File(entry)) => {
            if let Some(seq) = entry.message_seq {
                open_message(state, MessagePlace { channel_id: entry.channel_id, seq }, effects);
            }
        }
        Some(Item::Draft { key, .. }) => open_draft(state, key, effects),
        Some(Item::Unsent(parcel)) => open_unsent(state, &parcel, effects),
        None => {}
    }
}

fn open_message(state: &mut State, place: MessagePlace, effects: &mut Effects) {
    jump::show(state, place, effects);
    // A channel that is not there any more leaves the page in front.
    if state.chat.open == Some(place.channel_id) {
        state.chat.pages.is_away = true;
        messages::focus_on(state, Focus::Messages);
    }
}

/// Shows a message that is not sent where it is to go; where nothing is there any more, the message alone.
fn open_unsent(state: &mut State, parcel: &Parcel, effects: &mut Effects) {
    if !state.world.channels.contains_key(&parcel.channel_id) {
        let sheet = parcels::sheet_of(state, parcel);
        state.modal = Some(Modal::Sheet { sheet, scroll: 0 });
        return;
    }
    chat::open_channel(state, parcel.channel_id, effects);
    state.chat.pages.is_away = true;
    messages::focus_on(state, Focus::Messages);
    state.chat.parcel = Some(parcel.client_id.clone());
}

fn open_draft(state: &mut State, key: DraftKey, effects: &mut Effects) {
    let Some(channel_id) = key.channel_id() else { return };
    if !state.world.channels.contains_key(&channel_id) {
        return parcels::show_gone(state, channel_id);
    }
    match key {
        DraftKey::Thread(_, root) => {
            let known = state.world.channels.get(&channel_id).and_then(|channel| channel.timeline()?.get(root));
            let root_id = known.map(|message| message.id);
            open_message(state, MessagePlace { channel_id, seq: root }, effects);
            match root_id {
                Some(root_id) => {
                    open_thread(state, (channel_id, root, root_id), effects);
                    state.chat.focus = Focus::ThreadComposer;
                }
                None => state.say("The draft stands in the thread of this message: t opens it."),
            }
        }
        DraftKey::Edit(_, seq) => {
            open_message(state, MessagePlace { channel_id, seq }, effects);
            state.chat.editing = Some((channel_id, seq));
            state.chat.focus = Focus::Composer;
        }
        DraftKey::Channel(_) | DraftKey::Arriving => chat::open_channel(state, channel_id, effects),
    }
    state.chat.pages.is_away = true;
}

fn go(state: &mut State, by: isize) {
    state.chat.pages.front_mut().go(by);
}

/// Gives how many entries stand whole on the screen.
fn visible_items(state: &State) -> usize {
    let Some(area) = layout::page_list(state) else { return 0 };
    let list = state.chat.pages.front();
    let mut rows_left = usize::from(area.height);
    let shown = list.items().get(list.first..).unwrap_or_default().iter().take_while(|item| {
        let rows = rows::rows(state, item, usize::from(area.width)).len();
        let fits = rows <= rows_left;
        rows_left = rows_left.saturating_sub(rows);
        fits
    });
    shown.count()
}

/// Takes a key that is no command: it is typed.
pub(super) fn press(state: &mut State, key: KeyEvent) {
    match state.chat.pages.editing {
        Some(id) => {
            if let Some(draft) = state.chat.pages.edits.get_mut(&id) {
                draft.press(key);
            }
        }
        None if state.chat.pages.kind == PageKind::Search && state.chat.pages.search.input.press(key) => {
            search::typed(state);
        }
        None => {}
    }
}

pub(super) fn paste(state: &mut State, text: &str) {
    match state.chat.pages.editing {
        Some(id) => {
            if let Some(draft) = state.chat.pages.edits.get_mut(&id) {
                draft.paste(text);
            }
        }
        None if state.chat.pages.kind == PageKind::Search => {
            state.chat.pages.search.input.insert(text);
            search::typed(state);
        }
        None => {}
    }
}

/// Chooses the entry at a row of the list, and opens it where it was chosen already.
pub(super) fn click(state: &mut State, row: usize, effects: &mut Effects) {
    let Some(area) = layout::page_list(state) else { return };
    let list = state.chat.pages.front();
    let mut end = 0;
    let found = list.items().iter().enumerate().skip(list.first).find(|(_, item)| {
        end += rows::rows(state, item, usize::from(area.width)).len();
        row < end
    });
    let Some(at) = found.map(|(at, _)| at) else { return };
    if at == list.chosen_at() {
        enter(state, effects);
    } else {
        state.chat.pages.front_mut().choose(at);
    }
}

pub(super) fn wheel(state: &mut State, is_down: bool) {
    go(state, if is_down { 1 } else { -1 });
}

/// Notes what happened to things that pages list.
pub(super) fn heard(state: &mut State, event: &StreamEvent) {
    match &event.body {
        EventBody::MyThread { .. } => stale(state, PageKind::Threads),
        EventBody::MySaved { .. } => stale(state, PageKind::Saved),
        EventBody::MyScheduled { .. } => stale(state, PageKind::Scheduled),
        EventBody::MessageDeleted { .. } => stale(state, PageKind::Files),
        EventBody::MessageCreated { message, .. } => heard_message(state, message),
        EventBody::MyKeywordMentions { .. } => stale(state, PageKind::Mentions),
        EventBody::Changes { items, .. } => {
            for item in items {
                match item {
                    Change::MyThread { .. } => stale(state, PageKind::Threads),
                    Change::MySaved { .. } => stale(state, PageKind::Saved),
                    Change::MyScheduled { .. } => stale(state, PageKind::Scheduled),
                    Change::Message { message } => heard_message(state, message),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn heard_message(state: &mut State, message: &Message) {
    if !message.files.is_empty() {
        stale(state, PageKind::Files);
    }
    let thread = message.parent_seq.and_then(|root| state.notify.standing((message.channel_id, root)));
    if thread.is_some_and(|thread| thread.is_following) {
        stale(state, PageKind::Threads);
    }
    if state.world.my_id().is_some_and(|me| message.is_mention_of(me)) {
        stale(state, PageKind::Mentions);
    }
}

const fn stale(state: &mut State, kind: PageKind) {
    state.chat.pages.list_mut(kind).is_stale = true;
}

/// Does what follows for pages after every event: reads what is wanted, keeps the chosen entry in sight.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    threads::mark_read(state, effects);
    if !state.chat.focus.is_page() {
        return;
    }
    state.chat.focus = state.chat.pages.focus();
    lists::forget_other_team(state);
    forget_unseen(state);
    match state.chat.pages.kind {
        PageKind::Search => search::settle(state, effects),
        PageKind::Mentions => search::settle_mentions(state, effects),
        PageKind::Threads | PageKind::Saved | PageKind::Scheduled | PageKind::Files => lists::settle(state, effects),
        PageKind::Drafts => lists::gather_drafts(state),
    }
    reveal(state);
    ask_names(state, effects);
}

/// Forgets what stands in channels that are not there any more, or is no longer kept.
fn forget_unseen(state: &mut State) {
    let channels = &state.world.channels;
    let is_there = |item: &Item| {
        // What the person wrote stays, whatever became of its channel.
        let is_own = matches!(item, Item::Draft { .. } | Item::Unsent(_));
        let channel = item.channel_id().and_then(|channel_id| channels.get(&channel_id));
        is_own || channel.is_some_and(|channel| item.place().is_none_or(|place| place.seq > channel.head.floor_seq))
    };
    state.chat.pages.front_mut().retain(is_there);
}

fn reveal(state: &mut State) {
    let Some(area) = layout::page_list(state) else { return };
    let mut list = std::mem::take(state.chat.pages.front_mut());
    let (columns, height) = (usize::from(area.width), usize::from(area.height));
    list.reveal(height, |item| rows::rows(state, item, columns).len());
    *state.chat.pages.front_mut() = list;
}

/// Asks for people who stand on the page and are in no list that was read.
fn ask_names(state: &mut State, effects: &mut Effects) {
    let list = state.chat.pages.front();
    let unknown: Vec<UserId> =
        list.items().iter().flat_map(Item::people).filter(|id| !state.world.people.contains_key(id)).collect();
    for user_id in unknown {
        if state.world.asked.insert(user_id) {
            effects.push(Effect::LoadUser(user_id));
        }
    }
}
