//! Hits of a search, with the names of channels and senders.

use serde::Serialize;
use syncspace_client::Client;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::search::{Highlight, SearchHit};
use syncspace_protocol::text::{clean_line, clean_text};

use super::message::Names;
use crate::output::{Cell, Column, Emphasis, Record, local_time, plain, plain_with};

/// A message that was found, and where.
#[derive(Debug, Serialize)]
pub(crate) struct HitRow {
    /// What the person calls the channel; null where it cannot be found out.
    channel: Option<String>,
    /// User name of the sender; null where it cannot be found out.
    sender: Option<String>,
    #[serde(flatten)]
    hit: SearchHit,
    /// Lines about what stands around it, where they are to be shown.
    #[serde(skip)]
    around: Around,
    #[serde(skip)]
    emphasis: Emphasis,
}

#[derive(Debug, Default)]
struct Around {
    before: Option<String>,
    after: Option<String>,
}

impl Record for HitRow {
    const PLURAL: &'static str = "messages found";
    const COLUMNS: &'static [Column] = &[
        Column::shown("channel"),
        Column::shown("seq"),
        Column::shown("created_at"),
        Column::shown("sender"),
        Column::shown("content"),
        Column::shown("id"),
        Column::shown("channel_id"),
        Column::shown("sender_id"),
        Column::shown("parent_seq"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let message = &self.hit.message;
        vec![
            Cell::maybe(self.channel.as_ref()),
            Cell::Number(message.seq.get()),
            Cell::Time(message.created_at),
            Cell::maybe(self.sender.as_ref()),
            Cell::text(&message.content),
            Cell::Number(message.id.get()),
            Cell::Number(message.channel_id.get()),
            Cell::Number(message.sender_id.get()),
            message.parent_seq.map_or(Cell::Empty, |seq| Cell::Number(seq.get())),
        ]
    }

    fn line(&self) -> Option<String> {
        let message = &self.hit.message;
        let channel = self.channel.clone().unwrap_or_else(|| format!("channel {}", message.channel_id));
        let text = match message.message_type {
            MessageType::Code => emphasised(&message.content, &self.hit.highlights, self.emphasis),
            _ => below(&plain_with(&message.content, &self.hit.highlights, self.emphasis)),
        };
        let line = format!("{} {}: {text}", clean_line(&channel), head(message, self.sender.as_deref()));
        let lines = self.around.before.iter().chain([&line]).chain(&self.around.after);
        Some(lines.map(String::as_str).collect::<Vec<_>>().join("\n"))
    }
}

fn head(message: &Message, sender: Option<&str>) -> String {
    let sender = sender.map_or_else(|| format!("user {}", message.sender_id), str::to_owned);
    format!("{}  {}  {}", message.seq, local_time(message.created_at), clean_line(&sender))
}

/// Puts further lines of a text below its first one.
fn below(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// Writes a text as it was written with what was found marked; its further lines stand below the first one, so that none looks like another hit.
fn emphasised(text: &str, highlights: &[Highlight], emphasis: Emphasis) -> String {
    let mut marked = String::new();
    let mut end = 0;
    // Each piece is cleaned by itself: no sequence of the text may swallow a mark.
    let piece = |from: usize, to: usize| below(&clean_text(text.get(from..to).unwrap_or_default()));
    // What lies outside comes from no server of ours.
    let inside = |highlight: &&Highlight| text.get(highlight.start..highlight.end).is_some();
    for highlight in highlights.iter().filter(inside) {
        marked.push_str(&piece(end, highlight.start));
        marked.push_str(emphasis.begin);
        marked.push_str(&piece(highlight.start, highlight.end));
        marked.push_str(emphasis.end);
        end = highlight.end;
    }
    marked.push_str(&piece(end, text.len()));
    marked
}

/// Finds the names of channels and senders, asking once for each.
pub(crate) struct Places {
    names: Names,
}

impl Places {
    pub(crate) fn new(client: &Client) -> Self {
        Self { names: Names::new(client) }
    }

    /// Puts names beside hits, and what stands around them where that is wanted.
    pub(crate) async fn rows(&mut self, hits: Vec<SearchHit>, with_context: bool, emphasis: Emphasis) -> Vec<HitRow> {
        let mut rows = Vec::with_capacity(hits.len());
        for hit in hits {
            let channel = self.names.channel(hit.message.channel_id).await;
            let sender = self.names.find(hit.message.sender_id).await;
            let around = if with_context { self.around(&hit).await } else { Around::default() };
            rows.push(HitRow { channel, sender, hit, around, emphasis });
        }
        rows
    }

    async fn around(&mut self, hit: &SearchHit) -> Around {
        let context = &hit.context;
        Around {
            before: self.aside(context.root.as_ref().or(context.before.as_ref())).await,
            after: self.aside(context.after.as_ref()).await,
        }
    }

    async fn aside(&mut self, message: Option<&Message>) -> Option<String> {
        let message = message?;
        let sender = self.names.find(message.sender_id).await;
        Some(format!("    {}: {}", head(message, sender.as_deref()), clean_line(&plain(&message.content))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOLD: Emphasis = Emphasis { begin: "<", end: ">" };

    #[test]
    fn what_was_found_is_marked() {
        let highlights = [Highlight { start: 2, end: 3 }, Highlight { start: 4, end: 6 }];
        assert_eq!(emphasised("a b é", &highlights, BOLD), "a <b> <é>");
        assert_eq!(emphasised("a\nb", &[], BOLD), "a\n    b");
    }

    #[test]
    fn a_text_cannot_steer_the_terminal_or_swallow_a_mark() {
        let highlights = [Highlight { start: 5, end: 6 }, Highlight { start: 90, end: 99 }];
        assert_eq!(emphasised("x\u{1b}]0;b\u{7}c", &highlights, BOLD), "x<b>c");
    }
}
