//! Entries of a page as rows of text with a meaning each.

use syncspace_client::Unread;
use syncspace_protocol::files::{FileEntry, size_words};
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::personal::MyThread;
use syncspace_protocol::scheduled::{Scheduled, ScheduledState};
use syncspace_protocol::search::{Highlight, SearchHit};
use syncspace_protocol::{ChannelId, Time};
use unicode_width::UnicodeWidthStr;

use super::PageKind;
use super::item::{Item, place};
use super::list::Source;
use super::snippet::{self, Spans};
use crate::app::action::{Action, scope};
use crate::app::composer::DraftKey;
use crate::app::outbox::{Parcel, ParcelState};
use crate::app::rows::Tone;
use crate::app::state::{Link, State};
use crate::app::{text, when};

/// Columns left of the text: the mark of the chosen entry, and a blank.
pub(crate) const GUTTER_COLUMNS: usize = 2;
/// Rows of an entry's own text.
const TEXT_ROWS: usize = 2;
/// In windows with fewer rows, entries stand without a blank row between them, and with less around them.
const ROOMY_ROWS: u16 = 20;
/// The space before a line of context.
const INDENT: &str = "  ";

/// Gives the rows of an entry, with the blank one that parts it from the next.
pub(crate) fn rows(state: &State, item: &Item, columns: usize) -> Vec<Spans> {
    let columns = columns.saturating_sub(GUTTER_COLUMNS).max(1);
    let is_roomy = state.rows >= ROOMY_ROWS;
    let mut rows = match item {
        Item::Hit(hit) => hit_rows(state, hit, columns, is_roomy),
        Item::Saved(saved) => {
            let words = format!("saved {}", at(state, saved.saved_at));
            message_rows(state, &saved.message, &[], columns, &[(Tone::Dim, words)])
        }
        Item::Thread(thread) => thread_rows(state, thread, columns),
        Item::Scheduled(scheduled) => scheduled_rows(state, scheduled, columns),
        Item::File(entry) => file_rows(state, entry, columns),
        Item::Draft { key, text } => draft_rows(state, *key, text, columns),
        Item::Unsent(parcel) => unsent_rows(state, parcel, columns),
    };
    if is_roomy {
        rows.push(Spans::new());
    }
    rows
}

fn hit_rows(state: &State, hit: &SearchHit, columns: usize, is_roomy: bool) -> Vec<Spans> {
    let SearchHit { message, highlights, context } = hit;
    let is_unread = state.chat.pages.kind == PageKind::Mentions && is_unread(state, message);
    let note = if is_unread { vec![(Tone::New, "● new".to_owned())] } else { Vec::new() };
    let mut rows = message_rows(state, message, highlights, columns, &note);
    let around = |sign: &str, message: &Message| {
        let words = format!("{INDENT}{sign} {}: {}", state.world.name(message.sender_id), text::gist(message));
        vec![(Tone::Dim, text::cut(&words, columns))]
    };
    if let Some(root) = &context.root {
        rows.insert(1, around("┌", root));
    }
    if let Some(before) = context.before.as_ref().filter(|_| is_roomy) {
        rows.insert(1, around("↑", before));
    }
    rows.extend(context.after.as_ref().filter(|_| is_roomy).map(|after| around("↓", after)));
    rows
}

/// Tells whether a message is not read yet: by its thread's marker where it is a reply.
pub(crate) fn is_unread(state: &State, message: &Message) -> bool {
    let read = match message.parent_seq {
        Some(root) => {
            let standing = state.notify.standing((message.channel_id, root));
            standing.map(|thread| thread.read.last_read_seq)
        }
        None => state.world.book.as_ref().and_then(|book| book.read_up_to(message.channel_id)),
    };
    read.is_some_and(|read| message.seq > read)
}

fn message_rows(
    state: &State,
    message: &Message,
    found: &[Highlight],
    columns: usize,
    notes: &[(Tone, String)],
) -> Vec<Spans> {
    let mut notes = notes.to_vec();
    if state.own.is_saved(place(message)) && state.chat.pages.kind != PageKind::Saved {
        notes.push((Tone::Dim, "saved".to_owned()));
    }
    let author = (Tone::Author(message.sender_id), state.world.name(message.sender_id));
    let time = (Tone::Dim, at(state, message.created_at));
    let parts = [(Tone::Strong, label(state, message.channel_id)), author, time];
    let mut rows = vec![head(parts.into_iter().chain(notes), columns)];
    if message.deleted_at.is_some() {
        rows.push(vec![(Tone::Dim, text::cut("message deleted", columns))]);
    } else {
        let files = Some(text::files(message)).filter(|files| !files.is_empty());
        if files.is_none() || !message.content.is_empty() {
            rows.extend(found_rows(message, found, columns));
        }
        rows.extend(files.map(|files| vec![(Tone::Dim, text::cut(&files, columns))]));
    }
    rows
}

fn found_rows(message: &Message, found: &[Highlight], columns: usize) -> Vec<Spans> {
    let rows = if message.message_type == MessageType::Code { snippet::rows } else { snippet::read_rows };
    rows(&message.content, found, columns, TEXT_ROWS)
}

fn file_rows(state: &State, entry: &FileEntry, columns: usize) -> Vec<Spans> {
    let sender = (Tone::Author(entry.uploader_id), state.world.name(entry.uploader_id));
    let time = (Tone::Dim, at(state, entry.created_at));
    let size = size_words(entry.file.size_bytes);
    let name = text::cut(&format!("▤ {}", text::line(&entry.file.name)), columns.saturating_sub(12).max(4));
    let about = text::cut(&format!("  {size}"), columns.saturating_sub(name.width()));
    vec![
        vec![(Tone::Strong, name), (Tone::Dim, about)],
        head([(Tone::Dim, label(state, entry.channel_id)), sender, time], columns),
    ]
}

fn thread_rows(state: &State, thread: &MyThread, columns: usize) -> Vec<Spans> {
    let root = &thread.root;
    let unread = thread_unread(state, thread);
    let noun = if root.reply_count == 1 { "reply" } else { "replies" };
    let last = root.last_reply_at.map(|last| format!(", last {}", at(state, last))).unwrap_or_default();
    let mut notes = Vec::new();
    if unread.messages > 0 {
        notes.push((Tone::New, format!("● {} new", unread.messages)));
    }
    if unread.mentions > 0 {
        notes.push((Tone::New, format!("@{}", unread.mentions)));
    }
    if thread.membership.is_muted {
        notes.push((Tone::Dim, "muted".to_owned()));
    }
    let mut rows = message_rows(state, root, &[], columns, &notes);
    let words = format!("{INDENT}↳ {} {noun}{last}", root.reply_count);
    rows.push(vec![(Tone::Dim, text::cut(&words, columns))]);
    rows
}

/// Gives what is unread in a thread: as it is counted here, else as it was listed.
pub(crate) fn thread_unread(state: &State, thread: &MyThread) -> Unread {
    let key = (thread.membership.channel_id, thread.membership.root_seq);
    let read = thread.membership.read;
    let listed = Unread { messages: read.unread_count, mentions: read.mention_count };
    state.notify.thread_unread(key).unwrap_or(listed)
}

fn scheduled_rows(state: &State, scheduled: &Scheduled, columns: usize) -> Vec<Spans> {
    let time = match scheduled.state {
        ScheduledState::Failed => (Tone::Failed, format!("not sent {}", at(state, scheduled.send_at))),
        _ => (Tone::Strong, at(state, scheduled.send_at)),
    };
    let thread = scheduled.parent_message_id.map(|_| (Tone::Dim, "in a thread".to_owned()));
    let edited = state.chat.pages.edits.get(&scheduled.id).map(|_| (Tone::New, "changed, not saved: e".to_owned()));
    let to = (Tone::Dim, format!("to {}", label(state, scheduled.channel_id)));
    let parts = [Some(time), edited, Some(to), thread];
    let mut rows = vec![head(parts.into_iter().flatten(), columns)];
    if !scheduled.content.is_empty() {
        rows.extend(snippet::read_rows(&scheduled.content, &[], columns, TEXT_ROWS));
    }
    if !scheduled.files.is_empty() {
        let names: Vec<_> = scheduled.files.iter().map(|file| text::line(&file.name)).collect();
        rows.push(vec![(Tone::Dim, text::cut(&format!("with {}", names.join(", ")), columns))]);
    }
    // Also where it cannot be gone on with, as without a connection, what was typed is there to be read.
    let typed = state.chat.pages.edits.get(&scheduled.id).filter(|_| state.chat.pages.editing != Some(scheduled.id));
    if let Some(typed) = typed {
        let words = format!("{INDENT}→ {}", text::line(&typed.text()));
        rows.push(vec![(Tone::New, text::cut(&words, columns))]);
    }
    if let Some(failure) = &scheduled.failure {
        rows.push(vec![(Tone::Failed, text::cut(&text::line(failure), columns))]);
    }
    rows
}

fn draft_rows(state: &State, key: DraftKey, draft: &str, columns: usize) -> Vec<Spans> {
    let (to, channel_id) = match key {
        DraftKey::Channel(channel_id) => ("to", channel_id),
        DraftKey::Thread(channel_id, _) => ("reply in a thread of", channel_id),
        DraftKey::Edit(channel_id, _) => ("edit of a message in", channel_id),
        DraftKey::Arriving => return vec![vec![(Tone::Dim, "being opened".to_owned())]],
    };
    let mut rows = vec![head([(Tone::Dim, to.to_owned()), (Tone::Strong, label(state, channel_id))], columns)];
    rows.extend(snippet::rows(draft, &[], columns, TEXT_ROWS));
    rows
}

/// Gives a message that did not go out, with the whole reason.
fn unsent_rows(state: &State, parcel: &Parcel, columns: usize) -> Vec<Spans> {
    let tone = if matches!(parcel.state, ParcelState::Failed(_)) { Tone::Failed } else { Tone::Dim };
    let to = if parcel.parent.is_some() { "reply in a thread of" } else { "message to" };
    let mut rows = vec![head([(Tone::Dim, to.to_owned()), (Tone::Strong, label(state, parcel.channel_id))], columns)];
    rows.extend(snippet::rows(&parcel.content, &[], columns, TEXT_ROWS));
    let words = format!("↑ {}", parcel.state.words(state.link == Link::Online));
    rows.extend(text::block(&words, columns).into_iter().map(|line| vec![(tone, line)]));
    let key =
        |(action, does): (Action, &str)| Some(format!("{} {does}", state.keys.map.first_label(action, scope::PAGE)?));
    let can = [
        (Action::SendNow, "sends"),
        (Action::EditItem, "edits"),
        (Action::CopyText, "copies"),
        (Action::DeleteItem, "deletes"),
    ];
    let keys: Vec<String> = can.into_iter().filter_map(key).collect();
    rows.push(vec![(Tone::Dim, text::cut(&keys.join(" · "), columns))]);
    rows
}

/// Puts parts side by side, as many as fit.
fn head(parts: impl IntoIterator<Item = (Tone, String)>, columns: usize) -> Spans {
    let mut row = Spans::new();
    let mut used = 0;
    for (tone, words) in parts {
        let gap = if used == 0 { "" } else { "  " };
        let room = columns.saturating_sub(used + gap.len());
        if room == 0 {
            break;
        }
        let words = text::cut(&words, room);
        used += gap.len() + words.width();
        row.push((Tone::Body, gap.to_owned()));
        row.push((tone, words));
    }
    row
}

fn label(state: &State, channel_id: ChannelId) -> String {
    let label = state.world.label_of(channel_id);
    let Some(channel) = state.world.channels.get(&channel_id) else { return label };
    let team = state.world.teams.get(&channel.channel.team_id).filter(|_| super::is_of_all(state));
    team.map_or(label.clone(), |team| format!("{} / {label}", text::line(team.team.name.as_str())))
}

fn at(state: &State, time: Time) -> String {
    when::words(time, state.now, &state.zone)
}

/// Gives the chosen entry of the page in front as words for a screen reader.
pub(crate) fn spoken(state: &State) -> Option<String> {
    const SPOKEN_COLUMNS: usize = 400;
    let pages = &state.chat.pages;
    let list = pages.front();
    let Some(item) = list.chosen() else { return Some(words_for_nothing(state)) };
    let rows = rows(state, item, SPOKEN_COLUMNS);
    let lines = rows.iter().map(|row| row.iter().map(|(_, words)| words.as_str()).collect::<String>());
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    let place = format!("{} of {}", list.chosen_at() + 1, list.items().len());
    Some(format!("{}: {place}\n{}", pages.kind.name(), lines.join("\n")))
}

/// Says why a page shows nothing, and what to do.
pub(crate) fn words_for_nothing(state: &State) -> String {
    let pages = &state.chat.pages;
    let list = pages.front();
    if let Some(problem) = &list.problem {
        return problem.clone();
    }
    let is_online = state.link == Link::Online;
    match (pages.kind, list.source) {
        (PageKind::Search, _) if pages.search.is_empty() => "Type what you look for.".to_owned(),
        (PageKind::Search, Source::Nowhere) => "Searching …".to_owned(),
        (PageKind::Search, _) if !pages.search.is_answered() || list.asked.is_some() => "Searching …".to_owned(),
        (_, Source::Nowhere) if is_online => "Loading …".to_owned(),
        (PageKind::Mentions, Source::Kept) => "Nothing that is kept here calls you.".to_owned(),
        (
            PageKind::Threads | PageKind::Saved | PageKind::Scheduled | PageKind::Files | PageKind::Mentions,
            Source::Nowhere,
        ) => "This list is the server's: it needs the connection, and comes as soon as there is one.".to_owned(),
        (PageKind::Search, Source::Kept) => {
            "Nothing that is kept here has this. Once you are online the server is asked.".to_owned()
        }
        (kind, _) => kind.nothing().to_owned(),
    }
}
