//! A list of messages below its title.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::layout::{Pane, SIDEBAR_MIN_COLUMNS};
use crate::app::rows::{GUTTER_COLUMNS, Row};
use crate::app::state::{Focus, Link};
use crate::app::text;
use crate::app::timeline::{Older, Timeline};
use crate::app::world::{ChannelState, Log};

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, pane: Pane, in_thread: bool) {
    let title = if in_thread { thread_title(state) } else { channel_title(state) };
    let columns = usize::from(pane.title.width);
    let has_keys = state.chat.focus == if in_thread { Focus::ThreadMessages } else { Focus::Messages };
    let title_style = if has_keys { style::CHOSEN } else { style::STRONG };
    let padded = format!("{:columns$}", text::cut(&title, columns));
    frame.render_widget(Line::styled(padded, title_style), pane.title);
    match list(state, in_thread) {
        Ok(timeline) => rows(frame, state, pane, timeline, in_thread),
        Err(words) => {
            let at = Rect { height: pane.messages.height.min(1), ..pane.messages };
            frame.render_widget(Line::styled(format!("  {words}"), style::DIM), at);
        }
    }
}

fn list(state: &State, in_thread: bool) -> Result<&Timeline, String> {
    if in_thread {
        let thread = state.chat.thread.as_ref();
        let error = thread.and_then(|thread| thread.error.clone());
        return thread
            .and_then(|thread| thread.timeline.as_ref())
            .ok_or_else(|| error.unwrap_or_else(|| "Loading the thread …".to_owned()));
    }
    let Some(open) = state.open_channel() else {
        return Err(if state.chat.team.is_some() {
            "You are in no channel of this team. Alt+C joins or makes one.".to_owned()
        } else {
            "Loading …".to_owned()
        });
    };
    match &open.log {
        Log::Loaded(timeline) => Ok(timeline),
        Log::Failed(reason) => Err(format!("The messages could not be loaded: {reason}")),
        Log::Unloaded | Log::Loading(_) if state.link == Link::Online => Err("Loading …".to_owned()),
        Log::Unloaded | Log::Loading(_) => Err("Waiting for the connection …".to_owned()),
    }
}

fn channel_title(state: &State) -> String {
    let Some(open) = state.open_channel() else { return String::new() };
    let team = state.world.teams.get(&open.channel.team_id);
    let is_narrow = state.columns < SIDEBAR_MIN_COLUMNS || !state.chat.has_sidebar;
    let team = team.filter(|_| is_narrow).map(|team| format!("{} / ", text::line(team.team.name.as_str())));
    let about = open.channel.description.as_deref().map(|about| format!(" · {}", text::line(about)));
    let archived = if open.channel.archived_at.is_some() { " (archived)" } else { "" };
    let label = state.world.channel_label(&open.channel);
    format!("{}{label}{archived}{}", team.unwrap_or_default(), about.unwrap_or_default())
}

fn thread_title(state: &State) -> String {
    let thread = state.chat.thread.as_ref();
    let channel = thread.and_then(|thread| state.world.channels.get(&thread.channel_id));
    let label = channel.map(|channel| state.world.channel_label(&channel.channel)).unwrap_or_default();
    format!("Thread in {label}")
}

fn rows(frame: &mut Frame<'_>, state: &State, pane: Pane, timeline: &Timeline, in_thread: bool) {
    let (area, columns) = (pane.messages, pane.messages.width);
    let height = usize::from(area.height);
    let unsent = state.unsent_rows(columns, in_thread);
    let shown = state.with_rows(columns, in_thread, |context| timeline.visible(context, height, &unsent));
    let mut lines: Vec<Line<'_>> = Vec::with_capacity(height);
    // A short history stands right above the composer, where the next message will be.
    let blank = height.saturating_sub(shown.len());
    for at in 0..blank {
        lines.push(if at + 1 == blank { beginning(state, timeline, in_thread) } else { Line::default() });
    }
    lines.extend(shown.iter().map(|row| line(row, timeline, usize::from(columns), is_marked(state, in_thread))));
    frame.render_widget(Paragraph::new(lines), area);
}

/// Tells whether the selected message is marked: only while the keys go to its list.
fn is_marked(state: &State, in_thread: bool) -> bool {
    state.chat.focus == if in_thread { Focus::ThreadMessages } else { Focus::Messages }
}

fn beginning(state: &State, timeline: &Timeline, in_thread: bool) -> Line<'static> {
    let words = match timeline.older {
        Older::Loading => "Loading older messages …".to_owned(),
        Older::End if in_thread => return Line::default(),
        Older::End => {
            let label = state.open_channel().map(|open: &ChannelState| state.world.channel_label(&open.channel));
            format!("The beginning of {}", label.unwrap_or_default())
        }
        Older::More | Older::Failed => return Line::default(),
    };
    Line::styled(format!("  {words}"), style::DIM)
}

fn line(row: &Row, timeline: &Timeline, columns: usize, is_marked: bool) -> Line<'static> {
    let is_selected = is_marked && row.seq.is_some() && row.seq == timeline.selected;
    if row.is_rule {
        let word = row.spans.first().map(|(tone, word)| (style::of(*tone), word.clone()));
        let (rule_style, word) = word.unwrap_or((style::DIM, String::new()));
        let word = text::cut(&word, columns.saturating_sub(8));
        let rest = columns.saturating_sub(word.width() + 7);
        return Line::styled(format!("  ── {word} {}", "─".repeat(rest)), rule_style);
    }
    let gutter = if is_selected { "▌ " } else { "  " };
    let gutter = text::cut(gutter, columns.min(GUTTER_COLUMNS));
    let mut spans = vec![Span::styled(gutter, style::ACCENT)];
    spans.extend(row.spans.iter().map(|(tone, words)| Span::styled(words.clone(), style::of(*tone))));
    Line::from(spans)
}
