//! What stands inside a line: marks, links, addresses, calls, code.

use std::ops::Range;

use super::{Open, Reader};
use crate::app::markdown::Link;
use crate::app::markdown::marks::Marks;
use crate::app::markdown::wrap::{Piece, clean};
use crate::app::rows::Tone;
use crate::app::text;

impl Reader<'_> {
    /// Opens a mark. Inside a word, as in `2*3*4`, it is rather none: then it is shown.
    pub(super) fn open(&mut self, marks: Marks, range: &Range<usize>) {
        let is_in_url = range.start < self.read_to;
        let before = self.source[..range.start].chars().next_back();
        let after = self.source[range.end..].chars().next();
        let is_inside = [before, after].into_iter().all(|c| c.is_some_and(char::is_alphanumeric));
        let signs = if marks.has(Marks::STRONG) || self.source[range.clone()].starts_with("~~") { 2 } else { 1 };
        let sign = self.source[range.clone()].chars().take(signs).collect::<String>();
        if is_in_url {
            self.marks.push(Open { marks: Marks::NONE, literal: Some(sign) });
        } else if is_inside {
            let piece = Piece::new(self.tone(), sign.clone(), range.start..range.start + sign.len());
            self.push(piece);
            self.marks.push(Open { marks: Marks::NONE, literal: Some(sign) });
        } else {
            self.marks.push(Open { marks, literal: None });
        }
    }

    /// Ends a link: where it shows other words than its address, the address stands behind them.
    pub(super) fn end_link(&mut self, range: &Range<usize>) {
        let Some(link) = self.link.take() else { return };
        let is_same = link.shown == link.url || link.url.strip_prefix("mailto:") == Some(link.shown.as_str());
        if is_same {
            return;
        }
        let text = if link.shown.is_empty() { link.url.clone() } else { format!(" ({})", link.url) };
        let from = self.read_to.clamp(range.start, range.end);
        let mut piece = Piece::new(Tone::Dim, text, from..range.end);
        piece.link = Some(link.index);
        self.push(piece);
    }

    pub(super) fn tone(&self) -> Tone {
        let mut marks = self.marks.iter().fold(Marks::NONE, |all, open| all.with(open.marks));
        if self.link.is_some() {
            marks = marks.with(Marks::LINK);
        }
        if marks == Marks::NONE { Tone::Body } else { Tone::Marked(marks) }
    }

    /// Takes ordinary text: addresses and mentions in it are set off.
    pub(super) fn text(&mut self, text: &str, range: Range<usize>) {
        let is_as_typed = self.source.get(range.clone()) == Some(text);
        if !is_as_typed {
            if range.start >= self.read_to {
                self.push(Piece::new(self.tone(), clean(text), range));
            }
            return;
        }
        let mut at = range.start.max(self.read_to);
        while at < range.end {
            let url = self.urls.iter().find(|url| url.start >= at && url.start < range.end).cloned();
            match url.filter(|_| self.link.is_none()) {
                Some(url) => {
                    self.plain(at..url.start);
                    self.url(url.clone());
                    at = url.end;
                }
                None => {
                    self.plain(at..range.end);
                    at = range.end;
                }
            }
        }
    }

    /// Takes an address that stands in the text. It is one whole, whatever the parser sees in it.
    fn url(&mut self, range: Range<usize>) {
        let url = self.source[range.clone()].to_owned();
        let index = self.links.len();
        self.links.push(Link { url: url.clone(), source: range.clone() });
        let Tone::Marked(marks) = self.tone() else {
            return self.push(Piece { link: Some(index), ..Piece::new(Tone::Marked(Marks::LINK), url, range) });
        };
        self.push(Piece { link: Some(index), ..Piece::new(Tone::Marked(marks.with(Marks::LINK)), url, range) });
    }

    fn plain(&mut self, range: Range<usize>) {
        let mut from = range.start;
        for called in self.called.iter().filter(|called| called.start >= range.start && called.end <= range.end) {
            self.words(from..called.start);
            self.push(Piece::new(Tone::Mention, &self.source[called.clone()], called.clone()));
            from = called.end;
        }
        self.words(from..range.end);
    }

    /// Takes words: short names in them are drawn as emoji.
    fn words(&mut self, range: Range<usize>) {
        let words = &self.source[range.clone()];
        let names = if self.has_emoji { text::short_names(words) } else { Vec::new() };
        let mut from = range.start;
        for (name, glyph) in names {
            let (start, end) = (range.start + name.start, range.start + name.end);
            self.push(Piece::new(self.tone(), &self.source[from..start], from..start));
            self.push(Piece::new(self.tone(), glyph, start..end));
            from = end;
        }
        self.push(Piece::new(self.tone(), &self.source[from..range.end], from..range.end));
    }

    pub(super) fn inline_code(&mut self, text: &str, range: Range<usize>) {
        if range.start < self.read_to {
            return;
        }
        let source = &self.source[range.clone()];
        let inside = source.find(text).map(|at| range.start + at..range.start + at + text.len());
        let marks = if let Tone::Marked(marks) = self.tone() { marks } else { Marks::NONE };
        let piece = Piece::new(Tone::Marked(marks.with(Marks::CODE)), clean(text), inside.unwrap_or(range.clone()));
        self.push(piece);
        self.read_to = range.end;
    }

    /// Takes what is shown as it was typed.
    pub(super) fn raw(&mut self, text: &str, range: Range<usize>) {
        let mut at = range.start;
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.next_line();
            }
            self.push(Piece::new(self.tone(), line, at..(at + line.len()).min(range.end)));
            at += line.len() + 1;
        }
    }
}
