//! The line of what everybody on the server sees.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use syncspace_protocol::server::BannerLevel;

use super::style;
use crate::app::{State, text};

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let Some(banner) = state.banner() else { return };
    let (sign, style) = match banner.level {
        BannerLevel::Warning => ("! ", style::STRONG.patch(style::WARN)),
        BannerLevel::Info | BannerLevel::Unknown => ("", style::STRONG.patch(style::ACCENT)),
    };
    let words = format!(" {sign}{}", text::line(&banner.text));
    let line = Line::from(Span::styled(text::cut(&words, usize::from(area.width)), style));
    frame.render_widget(line, area);
}
