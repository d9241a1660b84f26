//! The text of a message read as Markdown, into blocks of pieces that know where they stand in it.
//!
//! Chat is not a document: a line break is one, blanks at the beginning of a line stay, addresses need no brackets, and
//! what is typed is never swallowed.

mod inline;

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::marks::Marks;
use super::table::Table;
use super::wrap::{Piece, clean, expand_tabs};
use super::{Block, Code, CodeLine, Dress, Kind, Link};
use crate::app::rows::Tone;

/// Quotes and lists inside each other that are shown as such.
const DEPTH_MAX: usize = 5;

/// A quote or an item of a list that is open.
enum Container {
    Quote,
    Item { marker: Piece, is_marked: bool },
}

/// A mark that is open.
struct Open {
    marks: Marks,
    /// What is shown in place of a mark inside a word, where it is rather no mark.
    literal: Option<String>,
}

/// A link that is open.
struct OpenLink {
    url: String,
    shown: String,
    index: usize,
}

/// What was read so far.
pub(super) struct Reader<'a> {
    source: &'a str,
    /// Ranges with a tone of their own: mentions.
    called: &'a [Range<usize>],
    has_emoji: bool,
    urls: Vec<Range<usize>>,
    /// Definitions of links, which the parser takes out of the text.
    definitions: Vec<Range<usize>>,
    blocks: Vec<Block>,
    links: Vec<Link>,
    containers: Vec<Container>,
    lines: Option<Vec<Vec<Piece>>>,
    heading: Option<Piece>,
    marks: Vec<Open>,
    link: Option<OpenLink>,
    code: Option<Code>,
    table: Option<Table>,
    /// Everything before this byte is shown.
    read_to: usize,
    /// Where the last block ended.
    block_end: usize,
}

/// Reads a clean text.
pub(super) fn read(source: &str, dress: &Dress<'_>) -> (Vec<Block>, Vec<Link>) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(source, options);
    let mut definitions: Vec<Range<usize>> =
        parser.reference_definitions().iter().map(|(_, definition)| definition.span.clone()).collect();
    definitions.sort_by_key(|span| std::cmp::Reverse(span.start));
    let urls = LinkFinder::new().kinds(&[LinkKind::Url]).links(source).map(|link| link.start()..link.end()).collect();
    let mut reader = Reader {
        source,
        called: dress.called,
        has_emoji: dress.has_emoji,
        urls,
        definitions,
        blocks: Vec::new(),
        links: Vec::new(),
        containers: Vec::new(),
        lines: None,
        heading: None,
        marks: Vec::new(),
        link: None,
        code: None,
        table: None,
        read_to: 0,
        block_end: 0,
    };
    for (event, range) in parser.into_offset_iter() {
        reader.take(event, range);
    }
    reader.end_leaf();
    reader.push_definitions(source.len());
    (reader.blocks, reader.links)
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, &range),
            Event::End(end) => self.end(end, &range),
            Event::Text(text) => match &mut self.code {
                Some(code) => push_code(code, &text, range),
                None => self.text(&text, range),
            },
            Event::Code(text) => self.inline_code(&text, range),
            Event::Html(text) | Event::InlineHtml(text) => self.raw(&text, range),
            Event::SoftBreak | Event::HardBreak => self.line_break(&range),
            Event::Rule => {
                self.end_leaf();
                self.push_block(Kind::Rule(range.clone()), range);
            }
            Event::TaskListMarker(is_done) => {
                let sign = if is_done { "[x] " } else { "[ ] " };
                self.push(Piece::new(Tone::Dim, sign, range));
            }
            // Not asked of the parser.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.raw(&text, range);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.begin_leaf(range.start),
            Tag::Heading { level, .. } => {
                self.begin_leaf(range.start);
                // Only where it is written so: a line of dashes below makes a heading as well.
                if self.source[range.clone()].starts_with('#') {
                    let sign = format!("{} ", "#".repeat(depth(level)));
                    self.heading = Some(Piece::new(Tone::Dim, sign.clone(), range.start..range.start + sign.len() - 1));
                }
                self.marks.push(Open { marks: Marks::HEADING, literal: None });
            }
            Tag::BlockQuote(_) => {
                self.end_leaf();
                self.containers.push(Container::Quote);
            }
            Tag::Item => {
                self.end_leaf();
                let marker = self.marker(range);
                self.containers.push(Container::Item { marker, is_marked: false });
            }
            Tag::CodeBlock(kind) => {
                self.end_leaf();
                let info = match kind {
                    CodeBlockKind::Fenced(info) => clean(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                let (language, title) = info.trim().split_once(' ').unwrap_or((info.trim(), ""));
                let (language, title) = (language.to_owned(), title.trim().to_owned());
                self.code = Some(Code { language, title, ..Code::default() });
            }
            Tag::Table(alignments) => {
                self.end_leaf();
                self.table = Some(Table { alignments, ..Table::default() });
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableCell => self.lines = Some(vec![Vec::new()]),
            Tag::Emphasis => self.open(Marks::EMPHASIS, range),
            Tag::Strong => self.open(Marks::STRONG, range),
            Tag::Strikethrough => self.open(Marks::STRUCK, range),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }
                if self.link.is_none() && range.start >= self.read_to =>
            {
                let index = self.links.len();
                let url = clean(&dest_url);
                self.links.push(Link { url: url.clone(), source: range.clone() });
                self.link = Some(OpenLink { url, shown: String::new(), index });
            }
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd, range: &Range<usize>) {
        match end {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_leaf(),
            TagEnd::Heading(_) => {
                self.end_leaf();
                self.marks.clear();
            }
            TagEnd::BlockQuote(_) => {
                self.end_leaf();
                self.containers.pop();
            }
            TagEnd::Item => {
                self.end_leaf();
                if let Some(Container::Item { is_marked: false, .. }) = self.containers.last() {
                    // An item with nothing in it is a line as well.
                    self.push_block(Kind::Lines(vec![Vec::new()]), range.clone());
                }
                self.containers.pop();
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.push_block(Kind::Code(code), range.clone());
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.push_block(Kind::Table(table), range.clone());
                }
            }
            TagEnd::TableCell => {
                let cell = self.lines.take().unwrap_or_default().into_iter().flatten().collect();
                let cell = expand_tabs(cell);
                if let Some(table) = &mut self.table {
                    table.read_to = range.end;
                    table.rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
                }
            }
            TagEnd::TableRow => self.end_table_row(range),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                if let Some(Open { literal: Some(sign), .. }) = self.marks.pop() {
                    // An address may have taken a part of it.
                    let start = range.end.saturating_sub(sign.len()).max(self.read_to);
                    if let Some(rest) = self.source.get(start..range.end) {
                        self.push(Piece::new(self.tone(), rest, start..range.end));
                    }
                }
            }
            TagEnd::Link | TagEnd::Image => self.end_link(range),
            _ => {}
        }
    }

    /// Shows the cells for which the head has no column: the parser passes over them, and nothing typed is swallowed.
    fn end_table_row(&mut self, range: &Range<usize>) {
        let Some(table) = &mut self.table else { return };
        let rest = self.source.get(table.read_to..range.end).unwrap_or_default();
        let words = rest.trim_matches(|c: char| c == '|' || c.is_whitespace());
        if let (Some(row), Some(at), false) = (table.rows.last_mut(), rest.find(words), words.is_empty()) {
            let start = table.read_to + at;
            row.push(expand_tabs(vec![Piece::new(Tone::Body, words, start..start + words.len())]));
        }
    }

    /// Begins a new line, with the blanks that the next one begins with.
    fn line_break(&mut self, range: &Range<usize>) {
        self.next_line();
        let rest = &self.source[range.end..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        // Inside a list they only say where its text stands.
        if self.containers.is_empty() && blanks > 0 {
            let range = range.end..range.end + blanks;
            self.push(Piece::new(Tone::Body, &self.source[range.clone()], range));
        }
    }

    fn next_line(&mut self) {
        self.lines.get_or_insert_with(|| vec![Vec::new()]).push(Vec::new());
    }

    fn push(&mut self, mut piece: Piece) {
        if piece.text.is_empty() {
            return;
        }
        self.read_to = self.read_to.max(piece.source.end);
        if let Some(link) = &mut self.link {
            link.shown.push_str(&piece.text);
            piece.link = piece.link.or(Some(link.index));
        }
        let lines = self.lines.get_or_insert_with(|| vec![Vec::new()]);
        if let Some(line) = lines.last_mut() {
            line.push(piece);
        }
    }

    fn begin_leaf(&mut self, start: usize) {
        self.end_leaf();
        self.lines = Some(vec![Vec::new()]);
        let line_start = self.source[..start].rfind('\n').map_or(0, |at| at + 1);
        let before = &self.source[line_start..start];
        if self.containers.is_empty() && !before.is_empty() && before.trim().is_empty() {
            self.push(Piece::new(Tone::Body, before, line_start..start));
        }
    }

    fn end_leaf(&mut self) {
        let heading = self.heading.take();
        let Some(mut lines) = self.lines.take() else { return };
        // What an HTML block ends with is the end of its line.
        if lines.len() > 1 && lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        if let (Some(sign), Some(first)) = (heading, lines.first_mut()) {
            first.insert(0, sign);
        }
        let bytes = lines.iter().flatten().map(|piece| &piece.source);
        let start = bytes.clone().map(|range| range.start).min().unwrap_or(self.read_to);
        let end = bytes.map(|range| range.end).max().unwrap_or(self.read_to);
        self.push_block(Kind::Lines(lines), start..end);
    }

    fn push_block(&mut self, kind: Kind, range: Range<usize>) {
        self.push_definitions(range.start);
        let (first, rest) = self.prefixes();
        self.push_with(kind, range, first, rest);
    }

    fn push_with(&mut self, kind: Kind, range: Range<usize>, first: Vec<Piece>, rest: Vec<Piece>) {
        let between = self.source.get(self.block_end..range.start).unwrap_or_default();
        let is_apart = !self.blocks.is_empty() && has_blank_line(between);
        let last = self.source[range.clone()].trim_end();
        self.block_end = self.block_end.max(range.start + last.len());
        self.read_to = self.read_to.max(range.end);
        self.blocks.push(Block { first, rest, is_apart, kind });
    }

    /// Shows the definitions of links that stand before a place, as they were typed.
    fn push_definitions(&mut self, before: usize) {
        while let Some(span) = self.definitions.pop_if(|span| span.start < before) {
            let mut at = span.start;
            let mut lines = Vec::new();
            for line in self.source[span.clone()].split('\n') {
                lines.push(vec![Piece::new(Tone::Body, line, at..at + line.len())]);
                at += line.len() + 1;
            }
            self.push_with(Kind::Lines(lines), span, Vec::new(), Vec::new());
        }
    }

    /// Gives what stands left of the first row of a block, and of its others.
    fn prefixes(&mut self) -> (Vec<Piece>, Vec<Piece>) {
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        let hidden = self.containers.len().saturating_sub(DEPTH_MAX);
        for (at, container) in self.containers.iter_mut().enumerate() {
            match container {
                Container::Quote if at < hidden => {}
                Container::Quote => {
                    first.push(Piece::sign(Tone::Quote, "▎ "));
                    rest.push(Piece::sign(Tone::Quote, "▎ "));
                }
                Container::Item { marker, is_marked } => {
                    let blank = Piece::sign(Tone::Body, " ".repeat(super::wrap::columns_of(&marker.text)));
                    let sign = if *is_marked { blank.clone() } else { marker.clone() };
                    if at >= hidden || !*is_marked {
                        first.push(sign);
                    }
                    if at >= hidden {
                        rest.push(blank);
                    }
                    *is_marked = true;
                }
            }
        }
        (first, rest)
    }

    /// Gives the sign of an item: a number as it was typed, else a bullet.
    fn marker(&self, range: &Range<usize>) -> Piece {
        let typed = self.source[range.clone()].split_whitespace().next().unwrap_or_default();
        let source = range.start..range.start + typed.len();
        if typed.starts_with(|c: char| c.is_ascii_digit()) {
            Piece::new(Tone::Dim, format!("{typed} "), source)
        } else {
            Piece::new(Tone::Dim, "• ", range.start..range.start + typed.len().min(1))
        }
    }
}

fn push_code(code: &mut Code, text: &str, range: Range<usize>) {
    let mut at = range.start;
    for line in text.split_inclusive('\n') {
        let line_text = line.strip_suffix('\n').unwrap_or(line);
        let is_begun = code.is_line_open;
        let offset = code.text.len();
        code.text.push_str(line);
        let end = (at + line_text.len()).min(range.end);
        match code.lines.last_mut() {
            Some(last) if is_begun => last.pieces.push((offset, Piece::new(Tone::Code, line_text, at..end))),
            _ => code.lines.push(CodeLine { pieces: vec![(offset, Piece::new(Tone::Code, line_text, at..end))] }),
        }
        code.is_line_open = !line.ends_with('\n');
        at += line.len();
    }
}

fn has_blank_line(between: &str) -> bool {
    let blanks = between.split('\n').skip(1);
    let count = between.matches('\n').count();
    // The last part is the beginning of the line on which the next block stands.
    count > 1 && blanks.take(count - 1).any(|line| line.trim_matches([' ', '\t', '>']).is_empty())
}

const fn depth(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
