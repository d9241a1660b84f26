//! The top line where there are several accounts: each with its number, its connection and what is unread in it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::style;
use crate::app::State;
use crate::app::others::{self, MarkLink, Part, Segment};

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let mut spans = Vec::new();
    for segment in others::strip(&state.others, area.width) {
        if !spans.is_empty() {
            spans.push(Span::raw(" "));
        }
        spans.extend(spans_of(&segment));
    }
    frame.render_widget(Line::from(spans), area);
}

fn spans_of(segment: &Segment) -> impl Iterator<Item = Span<'static>> + '_ {
    segment.parts.iter().map(|(part, words)| {
        let style = match part {
            Part::Name if segment.is_front => style::STRONG.patch(style::ACCENT),
            Part::Name => style::PLAIN,
            Part::Link(MarkLink::Online) => style::GOOD,
            Part::Link(MarkLink::Connecting) => style::WARN,
            Part::Link(MarkLink::Offline | MarkLink::Asks) => style::BAD,
            Part::Calls => style::STRONG.patch(style::BAD),
            Part::Unread => style::STRONG.patch(style::WARN),
        };
        Span::styled(words.clone(), style)
    })
}
