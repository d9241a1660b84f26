//! Forms: on a page of their own, or as a dialog above the chat.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{popup, style};
use crate::app::entry::{FieldId, Tag};
use crate::app::form::{Field, Form, Input};
use crate::app::text;

const COLUMNS: u16 = 66;

/// Lines of a form, the first and last that belong to the focused field, and where its cursor is.
#[derive(Default)]
struct Drawn {
    lines: Vec<Line<'static>>,
    focused: (usize, usize),
    cursor: Option<(usize, usize)>,
}

pub(super) fn draw_page(frame: &mut Frame<'_>, area: Rect, form: &Form<FieldId, Tag>) {
    draw(frame, area, form, "↑↓ Tab move · Enter go on · Esc back · F1 help · Ctrl+Q leave");
}

pub(super) fn draw_dialog(frame: &mut Frame<'_>, area: Rect, form: &Form<FieldId, Tag>) {
    draw(
        frame,
        area,
        form,
        if form.fields.is_empty() { "Enter or y goes on · Esc or n goes back" } else { "Enter go on · Esc back" },
    );
}

fn draw(frame: &mut Frame<'_>, area: Rect, form: &Form<FieldId, Tag>, keys: &str) {
    let columns = usize::from(area.width.min(COLUMNS).saturating_sub(4));
    let drawn = lines(form, columns, keys);
    let height = u16::try_from(drawn.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = popup(frame, area, &form.title, COLUMNS, height);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }.intersection(frame.area());
    if inside.is_empty() {
        return;
    }
    // A small window shows the part around the focused field.
    let visible = usize::from(inside.height);
    let first = (drawn.focused.1 + 1).saturating_sub(visible).min(drawn.focused.0);
    let shown: Vec<Line<'_>> = drawn.lines.into_iter().skip(first).take(visible).collect();
    frame.render_widget(Paragraph::new(shown), inside);
    if let Some((column, row)) = drawn.cursor {
        let x = inside.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX)).min(inside.right() - 1);
        let row = u16::try_from(row.saturating_sub(first)).unwrap_or(u16::MAX);
        if row < inside.height {
            frame.set_cursor_position((x, inside.y + row));
        }
    }
}

fn lines(form: &Form<FieldId, Tag>, columns: usize, keys: &str) -> Drawn {
    let mut drawn = Drawn::default();
    for line in &form.intro {
        for row in text::block(line, columns) {
            drawn.lines.push(Line::raw(row));
        }
    }
    if !form.intro.is_empty() {
        drawn.lines.push(Line::default());
    }
    for (at, field) in form.fields.iter().enumerate().filter(|&(at, _)| form.is_shown(at)) {
        let first = drawn.lines.len();
        push_field(&mut drawn, field, at == form.focus, columns);
        if at == form.focus {
            drawn.focused = (first, drawn.lines.len() - 1);
        }
        drawn.lines.push(Line::default());
    }
    if let Some(error) = &form.error {
        drawn.lines.extend(text::block(error, columns).into_iter().map(|row| Line::styled(row, style::BAD)));
        drawn.lines.push(Line::default());
    }
    match form.busy {
        Some(busy) => drawn.lines.push(Line::styled(busy, style::WARN)),
        None => drawn.lines.push(Line::from(vec![
            Span::styled(format!("[ {} ]", form.submit), style::STRONG),
            Span::styled("  Enter", style::DIM),
        ])),
    }
    drawn.lines.extend(text::block(keys, columns).into_iter().map(|row| Line::styled(row, style::DIM)));
    if form.fields.is_empty() {
        let last = drawn.lines.len().saturating_sub(1);
        drawn.focused = (last, last);
    }
    drawn
}

fn push_field(drawn: &mut Drawn, field: &Field<FieldId, Tag>, is_focused: bool, columns: usize) {
    let label_style = if is_focused { style::STRONG.patch(style::ACCENT) } else { style::STRONG };
    if let Input::Toggle(on) = field.input {
        let mark = if on { "[x] " } else { "[ ] " };
        let label = text::cut(field.label, columns.saturating_sub(4));
        drawn.lines.push(Line::from(vec![Span::styled(mark, style::ACCENT), Span::styled(label, label_style)]));
        if is_focused {
            drawn.cursor = Some((1, drawn.lines.len() - 1));
        }
        return;
    }
    let label = text::cut(field.label, columns);
    let hint = text::cut(&format!("  {}", field.hint), columns.saturating_sub(label.width()));
    drawn.lines.push(Line::from(vec![Span::styled(label, label_style), Span::styled(hint, style::DIM)]));
    match &field.input {
        Input::Line(input) => push_input(drawn, input.window(columns.saturating_sub(2), None), is_focused),
        Input::Secret(input) => push_input(drawn, input.window(columns.saturating_sub(2), Some('•')), is_focused),
        Input::Pick { options, chosen } => {
            for (at, (_, label)) in options.iter().enumerate() {
                let mark = if at == *chosen { "(•) " } else { "( ) " };
                let row = text::cut(&format!("{mark}{label}"), columns);
                let row_style = if at == *chosen && is_focused { style::CHOSEN } else { style::PLAIN };
                drawn.lines.push(Line::styled(row, row_style));
            }
        }
        Input::Toggle(_) => {}
    }
    if let Some(error) = &field.error {
        drawn.lines.extend(text::block(error, columns).into_iter().map(|row| Line::styled(row, style::BAD)));
    }
}

fn push_input(drawn: &mut Drawn, window: (String, usize), is_focused: bool) {
    let (shown, cursor) = window;
    let mark = if is_focused { "› " } else { "  " };
    drawn.lines.push(Line::from(vec![Span::styled(mark, style::ACCENT), Span::raw(shown)]));
    if is_focused {
        drawn.cursor = Some((cursor + 2, drawn.lines.len() - 1));
    }
}
