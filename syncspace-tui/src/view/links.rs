//! Links of the terminal (OSC 8) over the addresses of messages.
//!
//! A link is written as one cell that takes the columns of all of its text in a row: it opens and ends in one piece,
//! whatever is drawn around it. What several rows show of one address has one name, so that the terminal takes it for one.

use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use syncspace_protocol::Seq;
use unicode_width::UnicodeWidthStr;

use crate::app::markdown::Body;
use crate::app::rows::{GUTTER_COLUMNS, Row};
use crate::app::text;

const END: &str = "\x1b]8;;\x1b\\";

/// A part of a row that shows an address.
pub(super) struct LinkRun {
    x: u16,
    y: u16,
    /// What stood in each of its cells when it was found.
    symbols: Vec<String>,
    /// What begins the link: nothing in it is as others wrote it.
    begin: String,
}

/// Finds the addresses in a row that stands on the screen.
pub(super) fn find(buffer: &Buffer, area: Rect, y: u16, seq: Seq, row: &Row, body: &Body) -> Vec<LinkRun> {
    let run = |columns: &std::ops::Range<usize>, number: usize| {
        let target = text::link_target(&body.links.get(number)?.url)?;
        let column = |column: usize| u16::try_from(column + GUTTER_COLUMNS).ok()?.checked_add(area.x);
        let (x, end) = (column(columns.start)?, column(columns.end)?.min(area.right()));
        let symbols =
            (x..end).map(|x| buffer.cell((x, y)).map(|cell| cell.symbol().to_owned())).collect::<Option<_>>()?;
        Some(LinkRun { x, y, symbols, begin: format!("\x1b]8;id={}-{number};{target}\x1b\\", seq.get()) })
    };
    row.shown.iter().filter_map(|shown| run(&shown.columns, shown.link?)).collect()
}

/// Makes links of what still stands there: what was drawn over it in the meantime stays as it is.
pub(super) fn write(buffer: &mut Buffer, runs: &[LinkRun]) {
    for run in runs {
        let cells = run.symbols.iter().zip(run.x..);
        if cells.clone().all(|(symbol, x)| buffer.cell((x, run.y)).is_some_and(|cell| cell.symbol() == symbol)) {
            let end = run.x.saturating_add(u16::try_from(run.symbols.len()).unwrap_or(u16::MAX));
            write_run(buffer, run, end);
        }
    }
}

/// Writes each stretch of one style as a link of its own, under the same name.
fn write_run(buffer: &mut Buffer, run: &LinkRun, end: u16) {
    let mut x = run.x;
    while x < end {
        let style = buffer[(x, run.y)].style();
        let mut words = String::new();
        let mut next = x;
        while next < end && buffer[(next, run.y)].style() == style {
            let symbol = buffer[(next, run.y)].symbol();
            words.push_str(symbol);
            // Behind a wide character stands a cell that is not drawn.
            next = next.saturating_add(u16::try_from(symbol.width()).unwrap_or(1).max(1));
        }
        let columns = NonZeroU16::new(next.min(end) - x).unwrap_or(NonZeroU16::MIN);
        let cell = &mut buffer[(x, run.y)];
        cell.set_symbol(&format!("{}{words}{END}", run.begin));
        cell.set_diff_option(CellDiffOption::ForcedWidth(columns));
        x = next;
    }
}
