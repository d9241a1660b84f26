//! Messages as rows of text with a meaning each; colours are the view's business.

use std::ops::Range;
use std::rc::Rc;

use jiff::tz::TimeZone;
use syncspace_protocol::files::size_words;
use syncspace_protocol::mentions::{Mention, Mentioned, find_mentions};
use syncspace_protocol::messages::{Message, MessagePlace, MessageType};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::{ClientId, Seq, Time, UserId};
use unicode_width::UnicodeWidthStr;

use super::action::Action;
use super::bodies::{Bodies, FOLD_ROWS};
use super::markdown::{Body, Marks, Shown, Syntax};
use super::outbox::{Parcel, ParcelState};
use super::own::Own;
use super::pictures::{Cells, ImageId, Pictures, Place, Shown as PictureShown};
use super::text;
use super::timeline::{Gap, Missing};

/// Messages of one author less than this apart stand under one author line, in milliseconds.
const GROUP_MS_MAX: i64 = 5 * 60 * 1_000;
/// Columns left of the text: the mark of the selected message, and a blank.
pub(crate) const GUTTER_COLUMNS: usize = 2;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Body,
    /// A name by which this person is called.
    Mention,
    Author(UserId),
    Dim,
    Day,
    New,
    /// What is not loaded.
    Gap,
    Quote,
    System,
    Failed,
    /// Text with marks: bold, a link.
    Marked(Marks),
    /// A reaction of others, and one of one's own.
    Reaction,
    MyReaction,
    /// Code whose words are not told apart.
    Code,
    /// Two pixels of a picture in one cell; below none shows what is behind it.
    Pixels {
        above: (u8, u8, u8),
        below: Option<(u8, u8, u8)>,
    },
    /// A part of an image of the terminal.
    Image {
        image: ImageId,
        cells: Cells,
    },
    /// A word of code.
    Syntax(Syntax),
    /// What was looked for.
    Found,
    Strong,
}

/// One row of the message list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The message it belongs to; none for what is not sent yet.
    pub(crate) seq: Option<Seq>,
    /// The message on its way that it belongs to.
    pub(crate) parcel: Option<ClientId>,
    /// Whether it is drawn across the whole width, as a line with a word on it.
    pub(crate) is_rule: bool,
    pub(crate) spans: Vec<(Tone, String)>,
    /// Which bytes of the message's text its columns show.
    pub(crate) shown: Vec<Shown>,
}

/// What rows are made from, beside the messages.
pub(crate) struct RowContext<'a> {
    /// Gives the name of a person.
    pub(crate) name: &'a dyn Fn(UserId) -> String,
    /// Gives the key of an action.
    pub(crate) key: &'a dyn Fn(Action) -> String,
    pub(crate) zone: &'a TimeZone,
    pub(crate) columns: usize,
    /// Whether this is a thread: then replies need no quote of their root.
    pub(crate) is_thread: bool,
    /// Whether what waits goes out at any moment.
    pub(crate) is_online: bool,
    pub(crate) me: Option<UserId>,
    /// Whether short names are drawn as emoji.
    pub(crate) has_emoji: bool,
    pub(crate) bodies: &'a Bodies,
    /// Pictures of files; none where they are not shown.
    pub(crate) pictures: Option<&'a Pictures>,
    /// Whether they are images of the terminal.
    pub(crate) takes_images: bool,
    pub(crate) own: &'a Own,
}

/// What stands around a message and changes its rows.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) previous: Option<&'a Message>,
    /// The root of its thread, where it is loaded.
    pub(crate) root: Option<&'a Message>,
    /// The last message that was read when the list was opened.
    pub(crate) read: Option<Seq>,
}

impl Row {
    fn of(seq: Option<Seq>, spans: Vec<(Tone, String)>) -> Self {
        Self { seq, parcel: None, is_rule: false, spans, shown: Vec::new() }
    }

    /// Gives the row that stands for messages which are not loaded.
    pub(crate) fn gap(seq: Option<Seq>, missing: Missing, gap: Gap) -> Self {
        let missing = match missing {
            Missing::Messages(1) => "1 message".to_owned(),
            Missing::Messages(count) => format!("{count} messages"),
            Missing::Replies => "more replies".to_owned(),
        };
        let words = match gap {
            Gap::Open => format!("{missing} not loaded"),
            Gap::Loading => format!("loading {missing} …"),
            Gap::Failed => format!("{missing} not loaded; scroll to try again"),
        };
        Self { seq, parcel: None, is_rule: true, spans: vec![(Tone::Gap, words)], shown: Vec::new() }
    }

    fn rule(seq: Seq, tone: Tone, word: String) -> Self {
        Self { seq: Some(seq), parcel: None, is_rule: true, spans: vec![(tone, word)], shown: Vec::new() }
    }
}

impl RowContext<'_> {
    fn text_columns(&self) -> usize {
        self.columns.saturating_sub(GUTTER_COLUMNS).max(1)
    }

    /// Gives the rows of a message, with the day and "new" lines above it.
    pub(crate) fn rows_of_message(&self, message: &Message, around: Around<'_>) -> Vec<Row> {
        let Around { previous, root, read } = around;
        let mut rows = Vec::new();
        let day = self.day(message.created_at);
        if previous.is_none_or(|previous| self.day(previous.created_at) != day) {
            rows.push(Row::rule(message.seq, Tone::Day, day));
        }
        let is_first_new = read.is_some_and(|read| {
            message.seq > read
                && previous.is_none_or(|previous| previous.seq <= read)
                && Some(message.sender_id) != self.me
        });
        if is_first_new && !self.is_thread {
            rows.push(Row::rule(message.seq, Tone::New, "new".to_owned()));
        }
        let is_grouped = rows.is_empty() && previous.is_some_and(|previous| self.continues(previous, message));
        if message.message_type == MessageType::System {
            return self.system_rows(message, rows);
        }
        if !is_grouped {
            rows.push(self.author_row(message));
        }
        self.push_quote(message, previous, root, &mut rows);
        // A file needs no words.
        if !message.content.is_empty() || message.files.is_empty() {
            self.push_body(message, &mut rows);
        }
        self.push_files(message, &mut rows);
        self.push_reactions(message, &mut rows);
        if message.reply_count > 0 && !self.is_thread {
            let noun = if message.reply_count == 1 { "reply" } else { "replies" };
            let last = message.last_reply_at.map(|at| format!(", last {}", self.clock(at))).unwrap_or_default();
            let words = format!("↳ {} {noun}{last}", message.reply_count);
            rows.push(Row::of(Some(message.seq), vec![(Tone::Dim, text::cut(&words, self.text_columns()))]));
        }
        rows
    }

    /// Gives the rows of what is not sent yet.
    pub(crate) fn rows_of_parcel(&self, parcel: &Parcel) -> Vec<Row> {
        let words = parcel.state.words(self.is_online);
        let state = if matches!(parcel.state, ParcelState::Failed(_)) {
            let (again, edit) = ((self.key)(Action::Retry), (self.key)(Action::TakeBack));
            (Tone::Failed, format!("{words}  ({again} send again, {edit} edit)"))
        } else {
            (Tone::Dim, words)
        };
        let columns = self.text_columns();
        let words = text::block(&format!("↑ {}", state.1), columns).into_iter();
        let mut rows: Vec<Row> = words.map(|line| Row::of(None, vec![(state.0, line)])).collect();
        let body = text::block(&parcel.content, columns);
        let left_out = body.len().saturating_sub(FOLD_ROWS);
        rows.extend(body.into_iter().take(FOLD_ROWS).map(|line| Row::of(None, vec![(Tone::Dim, line)])));
        if left_out > 0 {
            rows.push(Row::of(None, vec![(Tone::Dim, text::cut(&format!("… {left_out} more lines"), columns))]));
        }
        for file in &parcel.attachments {
            let is_under_way = file.percent > 0 && file.uploaded.is_none();
            let percent = if is_under_way { format!("  {} %", file.percent) } else { String::new() };
            let line = text::cut(&format!("▤ {}{percent}", file.name()), columns);
            rows.push(Row::of(None, vec![(Tone::Dim, line)]));
        }
        rows.iter_mut().for_each(|row| row.parcel = Some(parcel.client_id.clone()));
        rows
    }

    fn author_row(&self, message: &Message) -> Row {
        let name = text::cut(&(self.name)(message.sender_id), self.text_columns().saturating_sub(7).max(4));
        let notes = self.notes(message).map(|notes| format!("  {notes}")).unwrap_or_default();
        let room = self.text_columns().saturating_sub(name.width());
        let time = text::cut(&format!("  {}{notes}", self.clock(message.created_at)), room);
        Row::of(Some(message.seq), vec![(Tone::Author(message.sender_id), name), (Tone::Dim, time)])
    }

    fn push_quote(&self, message: &Message, previous: Option<&Message>, root: Option<&Message>, rows: &mut Vec<Row>) {
        let Some(root_seq) = message.parent_seq.filter(|_| !self.is_thread) else { return };
        // Directly below its root, or below another reply to it, the quote would only repeat what stands there.
        if previous.is_some_and(|previous| previous.parent_seq == Some(root_seq)) && rows.is_empty() {
            return;
        }
        let quote = match root {
            Some(root) if root.deleted_at.is_some() => "a deleted message".to_owned(),
            Some(root) => format!("{}: {}", (self.name)(root.sender_id), text::gist(root)),
            None => "an earlier message".to_owned(),
        };
        let quote = text::cut(&format!("┌ {quote}"), self.text_columns());
        rows.push(Row::of(Some(message.seq), vec![(Tone::Quote, quote)]));
    }

    fn push_body(&self, message: &Message, rows: &mut Vec<Row>) {
        let seq = Some(message.seq);
        if message.deleted_at.is_some() {
            rows.push(Row::of(seq, vec![(Tone::Dim, text::cut("message deleted", self.text_columns()))]));
            return;
        }
        let is_reply = message.parent_seq.is_some() && !self.is_thread;
        let mark = if is_reply { "│ " } else { "" };
        let mark_columns = mark.chars().count();
        let columns = self.text_columns().saturating_sub(mark_columns).max(1);
        let body = self.body_in(message, columns);
        for body_row in body.rows.iter().take(self.rows_shown(message, &body)) {
            let mut row = Row::of(seq, Vec::with_capacity(body_row.spans.len() + 1));
            if is_reply {
                row.spans.push((Tone::Quote, mark.to_owned()));
            }
            row.spans.extend(body_row.spans.iter().cloned());
            row.shown.extend(body_row.shown.iter().map(|shown| Shown {
                columns: shown.columns.start + mark_columns..shown.columns.end + mark_columns,
                ..shown.clone()
            }));
            rows.push(row);
        }
        if let Some(words) = self.fold_words(message, &body) {
            rows.push(Row::of(seq, vec![(Tone::Quote, mark.to_owned()), (Tone::Dim, text::cut(&words, columns))]));
        }
        // A grouped message has no author line to carry them.
        let has_author = rows.iter().any(|row| row.spans.iter().any(|(tone, _)| matches!(tone, Tone::Author(_))));
        if let Some(notes) = self.notes(message).filter(|_| !has_author) {
            let notes = text::cut(&format!("({notes})"), columns);
            rows.push(Row::of(seq, vec![(Tone::Quote, mark.to_owned()), (Tone::Dim, notes)]));
        }
    }

    /// Gives what is to be known of a message beside its text.
    fn notes(&self, message: &Message) -> Option<String> {
        if message.deleted_at.is_some() {
            return None;
        }
        let place = MessagePlace { channel_id: message.channel_id, seq: message.seq };
        let notes = [
            message.is_edited.then(|| "edited".to_owned()),
            message.pinned.map(|pin| format!("pinned by {}", (self.name)(pin.user_id))),
            self.own.is_saved(place).then(|| "saved".to_owned()),
            message.forwarded_from.map(|from| format!("forwarded from {}", (self.name)(from.sender_id))),
            message.continued_seq.filter(|_| !self.is_thread).map(|_| "goes on in its thread".to_owned()),
        ];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        (!notes.is_empty()).then(|| notes.join(" · "))
    }

    /// Puts the files below a message: a line for each, and what it looks like below that.
    fn push_files(&self, message: &Message, rows: &mut Vec<Row>) {
        let mark = if message.parent_seq.is_some() && !self.is_thread { "│ " } else { "" };
        let columns = self.text_columns().saturating_sub(mark.width()).max(1);
        let place = Place { channel_id: message.channel_id, columns, takes_images: self.takes_images };
        for file in &message.files {
            let row = |spans: Vec<(Tone, String)>| {
                let mark = (Tone::Quote, mark.to_owned());
                Row::of(Some(message.seq), std::iter::once(mark).chain(spans).collect())
            };
            let shown = self.pictures.map_or(PictureShown::Nothing, |pictures| pictures.shown(file, place));
            let reason = match &shown {
                PictureShown::Words(reason) => format!(" · {reason}"),
                PictureShown::Nothing | PictureShown::Room(_) | PictureShown::Rows(_) => String::new(),
            };
            let about = format!("  {}{reason}", size_words(file.size_bytes));
            let name = text::cut(&format!("▤ {}", text::line(&file.name)), columns.saturating_sub(12).max(4));
            let about = text::cut(&about, columns.saturating_sub(name.width()));
            rows.push(row(vec![(Tone::Marked(Marks::LINK), name), (Tone::Dim, about)]));
            match shown {
                PictureShown::Rows(lines) => rows.extend(lines.into_iter().map(row)),
                PictureShown::Room(count) => rows.extend((0..count).map(|_| row(Vec::new()))),
                PictureShown::Nothing | PictureShown::Words(_) => {}
            }
        }
    }

    /// Puts the reactions below a message, in as many rows as they need.
    fn push_reactions(&self, message: &Message, rows: &mut Vec<Row>) {
        let place = MessagePlace { channel_id: message.channel_id, seq: message.seq };
        let columns = self.text_columns();
        let mut used = columns;
        for reaction in message.reactions.iter() {
            let emoji = &reaction.emoji;
            let emoji = if self.has_emoji { text::emoji(emoji) } else { format!(":{emoji}:") };
            let words = text::cut(&format!("{emoji} {}", reaction.count), columns);
            let is_mine =
                self.own.has_reacted(place, &reaction.emoji) || self.me.is_some_and(|me| reaction.users.contains(&me));
            let tone = if is_mine { Tone::MyReaction } else { Tone::Reaction };
            let width = words.width();
            match rows.last_mut().filter(|_| used + width + 2 <= columns) {
                Some(row) => {
                    row.spans.extend([(Tone::Dim, "  ".to_owned()), (tone, words)]);
                    used += width + 2;
                }
                None => {
                    rows.push(Row::of(Some(message.seq), vec![(tone, words)]));
                    used = width;
                }
            }
        }
    }

    /// Gives the text of a message as it is laid out in the list.
    pub(crate) fn body(&self, message: &Message) -> Rc<Body> {
        let is_reply = message.parent_seq.is_some() && !self.is_thread;
        let mark_columns = if is_reply { 2 } else { 0 };
        self.body_in(message, self.text_columns().saturating_sub(mark_columns).max(1))
    }

    fn body_in(&self, message: &Message, columns: usize) -> Rc<Body> {
        self.bodies.body(message, columns, self, |source| self.called(message, source))
    }

    /// Gives how many rows of a text are shown: a very long one is folded.
    fn rows_shown(&self, message: &Message, body: &Body) -> usize {
        // Folding a single row away would only put another in its place.
        let is_long = body.rows.len() > FOLD_ROWS + 1;
        if is_long && !self.bodies.is_unfolded(message.id) { FOLD_ROWS } else { body.rows.len() }
    }

    fn fold_words(&self, message: &Message, body: &Body) -> Option<String> {
        let hidden = body.rows.len() + body.left_out - self.rows_shown(message, body);
        if hidden == 0 {
            return None;
        }
        let (action, does) = if self.bodies.is_unfolded(message.id) {
            (Action::OpenInEditor, "shows them in the editor")
        } else {
            (Action::Fold, "unfolds")
        };
        Some(format!("… {hidden} more lines · {} {does}", (self.key)(action)))
    }

    /// Finds what calls this person in a message: names, and keywords in what others wrote.
    fn called(&self, message: &Message, source: &str) -> Vec<Range<usize>> {
        let mut called = self.named(message, source);
        if self.me != Some(message.sender_id) {
            called.extend(self.own.keywords.find_in(source));
        }
        called.sort_unstable_by_key(|range| (range.start, range.end));
        let mut end = 0;
        called.retain(|range| {
            let is_apart = range.start >= end;
            end = end.max(range.end);
            is_apart
        });
        called
    }

    /// Finds the names by which the message calls this person.
    fn named(&self, message: &Message, source: &str) -> Vec<Range<usize>> {
        let Some(me) = self.me.filter(|&me| message.mentions.here || message.mentions.count_for(me)) else {
            return Vec::new();
        };
        let my_key = fold_key(&(self.name)(me));
        let is_me = |mention: &Mention<'_>| match mention.mentioned {
            Mentioned::Channel => message.mentions.channel,
            Mentioned::Here => message.mentions.here,
            Mentioned::Name { written, trimmed } => {
                message.mentions.users.contains(&me) && (fold_key(written) == my_key || fold_key(trimmed) == my_key)
            }
        };
        find_mentions(source).into_iter().filter(is_me).map(|mention| mention.range).collect()
    }

    fn system_rows(&self, message: &Message, mut rows: Vec<Row>) -> Vec<Row> {
        let lines = text::block(&message.content, self.text_columns());
        rows.extend(lines.into_iter().map(|line| Row::of(Some(message.seq), vec![(Tone::System, line)])));
        rows
    }

    fn continues(&self, previous: &Message, message: &Message) -> bool {
        previous.sender_id == message.sender_id
            && previous.message_type == message.message_type
            && (self.is_thread || previous.parent_seq == message.parent_seq)
            && previous.deleted_at.is_none()
            && message.created_at.unix_ms().saturating_sub(previous.created_at.unix_ms()) < GROUP_MS_MAX
    }

    fn day(&self, time: Time) -> String {
        time.timestamp().to_zoned(self.zone.clone()).strftime("%A, %-d %B %Y").to_string()
    }

    fn clock(&self, time: Time) -> String {
        time.timestamp().to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }
}
