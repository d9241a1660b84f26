//! The text of messages as rows: Markdown as people write it in chats, with the bytes of the source that each row shows.
//!
//! Pure. Decides what is where and what it means, never its colours. Whatever the text, no row is wider than asked, and
//! the work is bounded by [`BODY_BYTES_MAX`] and [`BODY_ROWS_MAX`].

mod marks;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod wrap;

use std::ops::Range;

use syncspace_protocol::text::clean_text;

use super::rows::Tone;
pub(crate) use marks::{Marks, Syntax};
use table::Table;
pub(crate) use wrap::columns_of;
pub(crate) use wrap::{BodyRow, Piece, Shown};
use wrap::{cut, row, wrap};

/// Longest text that is laid out, in bytes; a server takes far less.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most rows of one text; the rest is counted.
pub(crate) const BODY_ROWS_MAX: usize = 2_000;
/// Code blocks of one message that are told apart.
const CODES_MAX: usize = 100;

/// A link in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its address, clean.
    pub(crate) url: String,
    pub(crate) source: Range<usize>,
}

/// A block of code in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CodeText {
    /// As it was named; empty where it was not.
    pub(crate) language: String,
    /// The code, without its fence.
    pub(crate) text: String,
}

/// The text of a message, laid out.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) rows: Vec<BodyRow>,
    /// Rows that were not made, because there are too many.
    pub(crate) left_out: usize,
    pub(crate) links: Vec<Link>,
    pub(crate) codes: Vec<CodeText>,
}

/// A word of code and what it is, by bytes of the code.
pub(crate) type Colours = Vec<(Range<usize>, Syntax)>;

/// What makes a text look as it does, beside itself.
pub(crate) struct Dress<'a> {
    pub(crate) columns: usize,
    /// Bytes by which it calls this person, in order and without overlap.
    pub(crate) called: &'a [Range<usize>],
    /// Whether short names are drawn as emoji.
    pub(crate) has_emoji: bool,
    /// Gives what the words of some code are; none while that is not known.
    pub(crate) colours: &'a dyn Fn(&CodeText) -> Option<std::rc::Rc<Colours>>,
}

/// A block as it was read, before it has a width.
struct Block {
    /// What stands left of its first row.
    first: Vec<Piece>,
    /// What stands left of its other rows.
    rest: Vec<Piece>,
    /// Whether a blank line stands above it.
    is_apart: bool,
    kind: Kind,
}

enum Kind {
    Lines(Vec<Vec<Piece>>),
    Code(Code),
    Table(Table),
    Rule(Range<usize>),
}

#[derive(Default)]
struct Code {
    language: String,
    /// Name of its file, or a title.
    title: String,
    text: String,
    lines: Vec<CodeLine>,
    is_line_open: bool,
}

/// A line of code: pieces with their place in the code.
struct CodeLine {
    pieces: Vec<(usize, Piece)>,
}

/// Gives the part of a message's text that is laid out, clean: every range counts in it.
pub(crate) fn source_of(content: &str) -> String {
    let mut end = content.len().min(BODY_BYTES_MAX);
    while !content.is_char_boundary(end) {
        end -= 1;
    }
    clean_text(&content[..end]).into_owned()
}

/// Lays out a text that [`source_of`] gave.
pub(crate) fn lay_out(source: &str, dress: &Dress<'_>) -> Body {
    let (blocks, links) = read::read(source, dress);
    lay_out_blocks(blocks, links, dress)
}

/// Gives the words of a text that [`source_of`] gave, line by line, without the marks that make them look as they do.
pub(crate) fn lines(source: &str) -> Vec<Vec<Piece>> {
    let dress = Dress { columns: usize::from(u16::MAX), called: &[], has_emoji: false, colours: &|_| None };
    let of_block = |block: Block| match block.kind {
        Kind::Lines(lines) => lines,
        Kind::Code(code) => {
            let line = |line: CodeLine| line.pieces.into_iter().map(|(_, piece)| piece).collect();
            code.lines.into_iter().map(line).collect()
        }
        Kind::Table(table) => table.rows.into_iter().map(|row| row.join(&Piece::sign(Tone::Dim, " │ "))).collect(),
        Kind::Rule(_) => Vec::new(),
    };
    read::read(source, &dress).0.into_iter().flat_map(of_block).collect()
}

/// Gives a text as it is read, for where nothing of it is drawn; addresses stand behind the words that hide them.
pub(crate) fn plain(content: &str, columns: usize) -> String {
    let dress = Dress { columns, called: &[], has_emoji: false, colours: &|_| None };
    let body = lay_out(&source_of(content), &dress);
    let row = |row: &BodyRow| row.spans.iter().map(|(_, text)| text.as_str()).collect::<String>().trim_end().to_owned();
    body.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// Lays out code that is a message of its own.
pub(crate) fn lay_out_code(source: &str, language: &str, title: &str, dress: &Dress<'_>) -> Body {
    let mut code = Code { language: language.to_owned(), title: title.to_owned(), ..Code::default() };
    let mut at = 0;
    for line in source.split('\n') {
        let piece = Piece::new(Tone::Code, line, at..at + line.len());
        code.lines.push(CodeLine { pieces: vec![(at, piece)] });
        at += line.len() + 1;
    }
    code.text = source.to_owned();
    let block = Block { first: Vec::new(), rest: Vec::new(), is_apart: false, kind: Kind::Code(code) };
    lay_out_blocks(vec![block], Vec::new(), dress)
}

fn lay_out_blocks(blocks: Vec<Block>, links: Vec<Link>, dress: &Dress<'_>) -> Body {
    let mut body = Body { links, ..Body::default() };
    for block in blocks {
        if block.is_apart {
            push_row(&mut body, BodyRow::default());
        }
        let (first, rest) = (fitting(block.first, dress.columns), fitting(block.rest, dress.columns));
        let taken = |pieces: &[Piece]| pieces.iter().map(|piece| columns_of(&piece.text)).sum::<usize>();
        let columns = dress.columns.saturating_sub(taken(&first).max(taken(&rest))).max(1);
        for (number, pieces) in block_rows(block.kind, columns, &mut body, dress).into_iter().enumerate() {
            let prefix = if number == 0 { &first } else { &rest };
            push_row(&mut body, row(prefix.iter().cloned().chain(pieces).collect()));
        }
    }
    if body.rows.is_empty() {
        body.rows.push(BodyRow::default());
    }
    body
}

fn push_row(body: &mut Body, row: BodyRow) {
    if body.rows.len() < BODY_ROWS_MAX {
        body.rows.push(row);
    } else {
        body.left_out += 1;
    }
}

/// Gives as much of what stands left of a block as leaves half of the width to it.
fn fitting(mut prefix: Vec<Piece>, columns: usize) -> Vec<Piece> {
    while prefix.iter().map(|piece| columns_of(&piece.text)).sum::<usize>() > columns / 2 {
        prefix.remove(0);
    }
    prefix
}

fn block_rows(kind: Kind, columns: usize, body: &mut Body, dress: &Dress<'_>) -> Vec<Vec<Piece>> {
    match kind {
        Kind::Lines(lines) => lines.into_iter().flat_map(|line| wrap(line, columns)).collect(),
        Kind::Rule(source) => vec![vec![Piece::new(Tone::Dim, "─".repeat(columns.min(20)), source)]],
        Kind::Table(table) => match table.lines(columns) {
            Some(lines) => lines,
            None => typed_lines(&table, columns),
        },
        Kind::Code(code) => code_rows(code, columns, body, dress),
    }
}

/// Gives a table that does not fit: each row as a line of its cells.
fn typed_lines(table: &Table, columns: usize) -> Vec<Vec<Piece>> {
    let lines = table.rows.iter().map(|row| {
        let mut line = Vec::new();
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                line.push(Piece::sign(Tone::Dim, " │ "));
            }
            line.extend(cell.iter().cloned());
        }
        line
    });
    lines.flat_map(|line| wrap(line, columns)).collect()
}

/// Gives code behind a bar, below its language.
fn code_rows(code: Code, columns: usize, body: &mut Body, dress: &Dress<'_>) -> Vec<Vec<Piece>> {
    let bar = || Piece::sign(Tone::Dim, if columns > 4 { "│ " } else { "" });
    let inside = if columns > 4 { columns - 2 } else { columns };
    let text = CodeText { language: code.language.clone(), text: code.text };
    let colours = (dress.colours)(&text);
    let mut rows = Vec::new();
    let words: Vec<&str> = [code.language.as_str(), &code.title].into_iter().filter(|word| !word.is_empty()).collect();
    if !words.is_empty() && columns > 4 {
        for (number, name) in wrap(vec![Piece::sign(Tone::Dim, words.join(" · "))], inside).into_iter().enumerate() {
            let sign = Piece::sign(Tone::Dim, if number == 0 { "┌ " } else { "│ " });
            rows.push(std::iter::once(sign).chain(name).collect());
        }
    }
    if code.lines.is_empty() {
        rows.push(vec![bar()]);
    }
    for line in code.lines {
        let pieces = line.pieces.into_iter();
        let pieces: Vec<Piece> = match &colours {
            Some(colours) => pieces.flat_map(|(at, piece)| coloured(at, &piece, colours)).collect(),
            None => pieces.map(|(_, piece)| piece).collect(),
        };
        for row in cut(pieces, inside) {
            rows.push(std::iter::once(bar()).chain(row).filter(|piece| !piece.text.is_empty()).collect());
        }
    }
    if body.codes.len() < CODES_MAX {
        body.codes.push(text);
    }
    rows
}

/// Cuts a piece that stands at a byte of the code by what its words are.
fn coloured(at: usize, piece: &Piece, colours: &Colours) -> Vec<Piece> {
    let end = at + piece.text.len();
    let first = colours.partition_point(|(range, _)| range.end <= at);
    let mut parts = Vec::new();
    let mut from = at;
    for (range, syntax) in colours[first..].iter().take_while(|(range, _)| range.start < end) {
        let (start, stop) = (range.start.clamp(from, end), range.end.clamp(from, end));
        let is_cut_well = piece.text.is_char_boundary(start - at) && piece.text.is_char_boundary(stop - at);
        if !is_cut_well {
            continue;
        }
        parts.push(piece.part(from - at..start - at));
        parts.push(Piece { tone: Tone::Syntax(*syntax), ..piece.part(start - at..stop - at) });
        from = stop;
    }
    parts.push(piece.part(from - at..end - at));
    parts.retain(|part| !part.text.is_empty());
    parts
}
