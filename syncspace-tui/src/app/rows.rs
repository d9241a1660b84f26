//! Messages as rows of text with a meaning each; colours are the view's business.

use jiff::tz::TimeZone;
use syncspace_protocol::mentions::{Mention, Mentioned, find_mentions};
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::{Seq, Time, UserId};

use super::outbox::{Parcel, ParcelState};
use super::text;

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
    Quote,
    System,
    Failed,
}

/// One row of the message list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The message it belongs to; none for what is not sent yet.
    pub(crate) seq: Option<Seq>,
    /// Whether it is drawn across the whole width, as a line with a word on it.
    pub(crate) is_rule: bool,
    pub(crate) spans: Vec<(Tone, String)>,
}

/// What rows are made from, beside the messages.
pub(crate) struct RowContext<'a> {
    /// Gives the name of a person.
    pub(crate) name: &'a dyn Fn(UserId) -> String,
    pub(crate) zone: &'a TimeZone,
    pub(crate) columns: usize,
    /// Whether this is a thread: then replies need no quote of their root.
    pub(crate) is_thread: bool,
    pub(crate) me: Option<UserId>,
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
        Self { seq, is_rule: false, spans }
    }

    fn rule(seq: Seq, tone: Tone, word: String) -> Self {
        Self { seq: Some(seq), is_rule: true, spans: vec![(tone, word)] }
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
        self.push_body(message, &mut rows);
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
        let state = match &parcel.state {
            ParcelState::Sending | ParcelState::Sent(_) => (Tone::Dim, "sending…".to_owned()),
            ParcelState::Waiting => (Tone::Dim, "waiting for the connection…".to_owned()),
            ParcelState::Later { .. } => (Tone::Dim, "the server is busy, trying again…".to_owned()),
            ParcelState::Failed(reason) => {
                (Tone::Failed, format!("not sent: {}  (Ctrl+R send again, Alt+E edit)", text::line(reason)))
            }
        };
        let columns = self.text_columns();
        let mut rows = vec![Row::of(None, vec![(state.0, text::cut(&format!("↑ {}", state.1), columns))])];
        let body = text::block(&parcel.content, columns);
        rows.extend(body.into_iter().map(|line| Row::of(None, vec![(Tone::Dim, line)])));
        rows
    }

    fn author_row(&self, message: &Message) -> Row {
        let name = text::cut(&(self.name)(message.sender_id), self.text_columns().saturating_sub(7).max(4));
        let edited = if message.is_edited && message.deleted_at.is_none() { "  edited" } else { "" };
        let time = format!("  {}{edited}", self.clock(message.created_at));
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
            Some(root) => {
                let first = root.content.lines().next().unwrap_or_default();
                format!("{}: {}", (self.name)(root.sender_id), text::line(first))
            }
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
        let columns = self.text_columns().saturating_sub(mark.chars().count()).max(1);
        let mut body = text::block(&message.content, columns);
        if let Some(file) = &message.file_url {
            body.extend(text::block(file, columns));
        }
        for line in body {
            let mut spans = vec![(Tone::Quote, mark.to_owned())];
            spans.extend(self.body_spans(message, line));
            rows.push(Row::of(seq, spans));
        }
        // A grouped message has no author line to carry the mark.
        let has_author = rows.iter().any(|row| row.spans.iter().any(|(tone, _)| matches!(tone, Tone::Author(_))));
        if message.is_edited
            && !has_author
            && let Some(last) = rows.last_mut()
        {
            last.spans.push((Tone::Dim, " (edited)".to_owned()));
        }
    }

    /// Sets off the names by which the message calls this person.
    fn body_spans(&self, message: &Message, line: String) -> Vec<(Tone, String)> {
        let Some(me) = self.me.filter(|&me| message.mentions.here || message.mentions.count_for(me)) else {
            return vec![(Tone::Body, line)];
        };
        let my_key = fold_key(&(self.name)(me));
        let is_me = |mention: &Mention<'_>| match mention.mentioned {
            Mentioned::Channel => message.mentions.channel,
            Mentioned::Here => message.mentions.here,
            Mentioned::Name { written, trimmed } => {
                message.mentions.users.contains(&me) && (fold_key(written) == my_key || fold_key(trimmed) == my_key)
            }
        };
        let mut spans = Vec::new();
        let mut from = 0;
        for mention in find_mentions(&line).into_iter().filter(is_me) {
            spans.push((Tone::Body, line[from..mention.range.start].to_owned()));
            from = mention.range.end;
            spans.push((Tone::Mention, line[mention.range].to_owned()));
        }
        spans.push((Tone::Body, line[from..].to_owned()));
        spans.retain(|(_, words)| !words.is_empty());
        spans
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
