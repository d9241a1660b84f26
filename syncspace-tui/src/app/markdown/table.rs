//! A table of a message: aligned, with its cells wrapped where it is too wide, as it was typed where it has too many columns.

use pulldown_cmark::Alignment;

use super::wrap::{Piece, columns_of, wrap};
use crate::app::rows::Tone;

/// Stands between two columns.
const BETWEEN: &str = " │ ";
/// Columns that a cell keeps, however little room there is.
const CELL_COLUMNS_MIN: usize = 6;

/// A table as it was read.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) alignments: Vec<Alignment>,
    /// Cells of each row, the head first.
    pub(super) rows: Vec<Vec<Vec<Piece>>>,
    /// Where the last cell ended in the source.
    pub(super) read_to: usize,
}

impl Table {
    /// Gives its lines in at most so many columns; none where it does not fit.
    pub(super) fn lines(&self, columns: usize) -> Option<Vec<Vec<Piece>>> {
        let count = self.rows.iter().map(Vec::len).max()?;
        let room = columns.checked_sub(columns_of(BETWEEN) * count.saturating_sub(1))?;
        // With less than one column for each cell it is not even measured.
        if count > room {
            return None;
        }
        let natural: Vec<usize> = (0..count)
            .map(|at| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width_of(cell)).max().unwrap_or(0))
            .collect();
        let widths = fitted(&natural, room)?;
        let mut lines = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            self.push_row(row, &widths, &mut lines);
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
                lines.push(vec![Piece::sign(Tone::Dim, rule.join("─┼─"))]);
            }
        }
        Some(lines)
    }

    /// Gives the lines of a row: as many as its longest cell has.
    fn push_row(&self, row: &[Vec<Piece>], widths: &[usize], lines: &mut Vec<Vec<Piece>>) {
        let mut cells: Vec<_> =
            row.iter().zip(widths).map(|(cell, &width)| wrap(cell.clone(), width).into_iter()).collect();
        let height = cells.iter().map(ExactSizeIterator::len).max().unwrap_or(0).max(1);
        for _ in 0..height {
            let parts = widths.iter().enumerate();
            let parts =
                parts.map(|(at, &width)| (width, cells.get_mut(at).and_then(Iterator::next).unwrap_or_default()));
            lines.push(self.line(parts));
        }
    }

    fn line(&self, cells: impl Iterator<Item = (usize, Vec<Piece>)>) -> Vec<Piece> {
        let mut line = Vec::new();
        for (at, (width, cell)) in cells.enumerate() {
            if at > 0 {
                line.push(Piece::sign(Tone::Dim, BETWEEN));
            }
            let free = width.saturating_sub(width_of(&cell));
            let left = match self.alignments.get(at) {
                Some(Alignment::Right) => free,
                Some(Alignment::Center) => free / 2,
                Some(Alignment::Left | Alignment::None) | None => 0,
            };
            line.push(Piece::sign(Tone::Body, " ".repeat(left)));
            line.extend(cell);
            line.push(Piece::sign(Tone::Body, " ".repeat(free - left)));
        }
        line.retain(|piece| !piece.text.is_empty());
        line
    }
}

fn width_of(cell: &[Piece]) -> usize {
    cell.iter().map(|piece| columns_of(&piece.text)).sum()
}

/// Gives each column what it needs, and the widest ones an equal share of what is left; none where that is too little.
fn fitted(natural: &[usize], room: usize) -> Option<Vec<usize>> {
    let mut narrow_first: Vec<usize> = (0..natural.len()).collect();
    narrow_first.sort_by_key(|&at| natural[at]);
    let mut widths = natural.to_vec();
    let mut left = room;
    for (done, at) in narrow_first.into_iter().enumerate() {
        widths[at] = natural[at].min(left / (natural.len() - done));
        if widths[at] < natural[at].min(CELL_COLUMNS_MIN) {
            return None;
        }
        left -= widths[at];
    }
    Some(widths)
}
