//! Colours by meaning: the sixteen of the terminal's own palette, so that its theme is the theme.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use syncspace_protocol::UserId;

use crate::app::rows::Tone;

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const DIM: Style = Style::new().fg(Color::DarkGray);
pub(super) const LINE: Style = Style::new().fg(Color::DarkGray);
pub(super) const ACCENT: Style = Style::new().fg(Color::Cyan);
pub(super) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const GOOD: Style = Style::new().fg(Color::Green);
pub(super) const WARN: Style = Style::new().fg(Color::Yellow);
pub(super) const BAD: Style = Style::new().fg(Color::Red);

const AUTHORS: [Color; 6] = [Color::Cyan, Color::Green, Color::Magenta, Color::Yellow, Color::Blue, Color::LightRed];

pub(super) fn of(tone: Tone) -> Style {
    match tone {
        Tone::Body => PLAIN,
        Tone::Mention => STRONG.patch(WARN),
        Tone::Author(user_id) => STRONG.fg(author(user_id)),
        Tone::Dim | Tone::Quote | Tone::Day => DIM,
        Tone::New => BAD.add_modifier(Modifier::BOLD),
        Tone::System => DIM.add_modifier(Modifier::ITALIC),
        Tone::Failed => BAD,
    }
}

fn author(user_id: UserId) -> Color {
    let count = AUTHORS.len() as u64;
    let at = usize::try_from(user_id.get() % count).unwrap_or(0);
    AUTHORS[at]
}

/// Draws a line from top to bottom.
pub(super) fn vertical_line(frame: &mut Frame<'_>, area: Rect) {
    let area = area.intersection(frame.area());
    for y in (area.y..area.bottom()).filter(|_| area.width > 0) {
        frame.buffer_mut()[(area.x, y)].set_symbol("│").set_style(LINE);
    }
}
