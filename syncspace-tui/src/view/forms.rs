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
/// Options of a choice that are shown at once: what follows it stays in sight.
const OPTIONS_SHOWN_MAX: usize = 8;

/// Lines of a form, the first and last that belong to the focused field, and where its cursor is.
#[derive(Default)]
struct Drawn {
    lines: Vec<Line<'static>>,
    focused: (usize, usize),
    chosen: Option<usize>,
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
        match (&form.copied, form.fields.is_empty()) {
            (Some(_), _) => "y copies it · Enter or Esc closes",
            (None, true) => "Enter or y goes on · Esc or n goes back",
            (None, false) => "Enter go on · Esc back",
        },
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
    let count = drawn.lines.len();
    let shown: Vec<Line<'_>> = drawn.lines.into_iter().skip(first).take(visible).collect();
    frame.render_widget(Paragraph::new(shown), inside);
    let more = |sign: &'static str, y: u16| {
        (Line::styled(sign, style::DIM), Rect { x: inside.right(), y, width: 1, height: 1 })
    };
    // On the border's side, where nothing is typed.
    let above = (first > 0).then(|| more("↑", inside.y));
    let below = (first + visible < count).then(|| more("↓", inside.bottom() - 1));
    for (sign, at) in above.into_iter().chain(below) {
        frame.render_widget(sign, at.intersection(frame.area()));
    }
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
            // Of a choice the chosen option is what is looked at.
            let last = drawn.lines.len() - 1;
            drawn.focused = drawn.chosen.take().map_or((first, last), |chosen| (chosen, chosen));
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
        Input::Line(input) => {
            push_input(drawn, input.window(columns.saturating_sub(2), None), is_focused);
            if let Some(shown) = drawn.lines.last_mut().filter(|_| is_focused && input.is_offered()) {
                // As a selected text looks: what is typed takes its place.
                shown.spans.iter_mut().skip(1).for_each(|span| span.style = style::CHOSEN);
            }
        }
        Input::Secret(input) => push_input(drawn, input.window(columns.saturating_sub(2), Some('•')), is_focused),
        Input::Pick { options, chosen } => push_options(drawn, (options, *chosen), is_focused, columns),
        Input::Toggle(_) => {}
    }
    if let Some(error) = &field.error {
        drawn.lines.extend(text::block(error, columns).into_iter().map(|row| Line::styled(row, style::BAD)));
    }
}

/// Shows the options around the chosen one, and how many more there are.
fn push_options(drawn: &mut Drawn, (options, chosen): (&[(Tag, String)], usize), is_focused: bool, columns: usize) {
    let first = (chosen + 1).saturating_sub(OPTIONS_SHOWN_MAX / 2).min(options.len().saturating_sub(OPTIONS_SHOWN_MAX));
    let more =
        |sign: &str, count: usize| Line::styled(text::cut(&format!("    {sign} {count} more"), columns), style::DIM);
    if first > 0 {
        drawn.lines.push(more("↑", first));
    }
    for (at, (_, label)) in options.iter().enumerate().skip(first).take(OPTIONS_SHOWN_MAX) {
        let mark = if at == chosen { "(•) " } else { "( ) " };
        let row = text::cut(&format!("{mark}{label}"), columns);
        let is_looked_at = at == chosen && is_focused;
        if is_looked_at {
            drawn.chosen = Some(drawn.lines.len());
        }
        drawn.lines.push(Line::styled(row, if is_looked_at { style::CHOSEN } else { style::PLAIN }));
    }
    let below = options.len().saturating_sub(first + OPTIONS_SHOWN_MAX);
    if below > 0 {
        drawn.lines.push(more("↓", below));
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
