//! What can stand in place of the word before the cursor: above the composer, below the search.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::{cover, style};
use crate::app::completion::List;
use crate::app::text;

const COLUMNS: u16 = 64;

/// Gives the area of the list above a composer.
pub(super) fn above(composer: Rect, list: &List) -> Rect {
    let rows = rows(list).min(composer.y);
    Rect::new(composer.x, composer.y - rows, composer.width.min(COLUMNS), rows)
}

/// Gives the area of the list below a line, and above a row.
pub(super) fn below(line: Rect, end: u16, list: &List) -> Rect {
    let rows = rows(list).min(end.saturating_sub(line.bottom()));
    Rect::new(line.x, line.bottom(), line.width.min(COLUMNS), rows)
}

fn rows(list: &List) -> u16 {
    u16::try_from(list.choices.len()).unwrap_or(u16::MAX).saturating_add(2)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, list: &List) {
    let area = area.intersection(frame.area());
    if area.height < 3 || area.width < 8 {
        return;
    }
    cover(frame, area);
    let block = Block::bordered().border_style(style::LINE).title_bottom(Line::styled(" Tab takes it ", style::DIM));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let columns = usize::from(inside.width);
    let lines: Vec<Line<'_>> = list
        .choices
        .iter()
        .enumerate()
        .map(|(at, choice)| {
            let label = text::cut(&choice.label, columns.saturating_sub(2));
            let about = text::cut(&choice.about, columns.saturating_sub(label.width() + 4));
            let padding = " ".repeat(columns.saturating_sub(label.width() + about.width() + 2));
            let line = Line::from(vec![
                Span::raw(format!(" {label}{padding}")),
                Span::styled(format!("{about} "), style::DIM),
            ]);
            if at == list.chosen { line.patch_style(style::CHOSEN) } else { line }
        })
        .collect();
    let shown = lines.into_iter().skip((list.chosen + 1).saturating_sub(usize::from(inside.height)));
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inside);
}
