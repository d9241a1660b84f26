//! A list of messages below its title.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use syncspace_protocol::{ClientId, Seq};
use unicode_width::UnicodeWidthStr;

use super::links::{self, LinkRun};
use super::style;
use crate::app::State;
use crate::app::action::Action;
use crate::app::layout::{Pane, SIDEBAR_MIN_COLUMNS};
use crate::app::markdown::source_of;
use crate::app::rows::{GUTTER_COLUMNS, Row};
use crate::app::selection::Selection;
use crate::app::state::{Focus, Link};
use crate::app::text;
use crate::app::timeline::{Older, Timeline};
use crate::app::world::{ChannelState, Log};

/// Draws the list; gives the addresses that stand in it.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, pane: Pane, in_thread: bool) -> Vec<LinkRun> {
    let title = if in_thread { thread_title(state) } else { channel_title(state) };
    let columns = usize::from(pane.title.width);
    let has_keys = state.chat.focus == if in_thread { Focus::ThreadMessages } else { Focus::Messages };
    let title_style = if has_keys { style::CHOSEN } else { style::STRONG };
    let padded = format!("{:columns$}", text::cut(&title, columns));
    frame.render_widget(Line::styled(padded, title_style), pane.title);
    match list(state, in_thread) {
        Ok(timeline) => rows(frame, state, pane, timeline, in_thread),
        Err(words) => {
            let rows = text::block(&words, columns.saturating_sub(GUTTER_COLUMNS)).into_iter();
            let rows: Vec<Line<'_>> = rows.map(|row| Line::styled(format!("  {row}"), style::DIM)).collect();
            frame.render_widget(Paragraph::new(rows), pane.messages);
            unsent(frame, state, pane.messages, in_thread);
            Vec::new()
        }
    }
}

/// Draws what is on its way where what has arrived is not there to be drawn.
fn unsent(frame: &mut Frame<'_>, state: &State, area: Rect, in_thread: bool) {
    let rows = state.unsent_rows(area.width, in_thread);
    let room = usize::from(area.height.saturating_sub(1)).min(rows.len());
    let marks = Marks { seq: None, parcel: state.chat.parcel.as_ref().filter(|_| is_marked(state, in_thread)) };
    let last = rows[rows.len() - room..].iter().map(|row| line(row, marks, usize::from(area.width)));
    let height = u16::try_from(room).unwrap_or(area.height);
    let at = Rect { y: area.bottom().saturating_sub(height), height, ..area };
    frame.render_widget(Paragraph::new(last.collect::<Vec<_>>()), at);
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
        return Err(if let Some(gone) = state.chat.open.filter(|_| state.is_open_gone()) {
            let label = state.world.label_of(gone);
            let (action, does) = if state.world.teams.is_empty() {
                (Action::NewTeam, "joins or makes a team")
            } else {
                (Action::Switcher, "goes elsewhere")
            };
            format!("You are no longer in {label}. {} {does}.", state.keys.name(action))
        } else if state.chat.team.is_some() {
            format!("You are in no channel of this team. {} joins or makes one.", state.keys.name(Action::NewChannel))
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
    let Some(open) = state.open_channel() else {
        let gone = state.chat.open.filter(|_| state.is_open_gone());
        return gone.map(|gone| state.world.label_of(gone)).unwrap_or_default();
    };
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

fn rows(frame: &mut Frame<'_>, state: &State, pane: Pane, timeline: &Timeline, in_thread: bool) -> Vec<LinkRun> {
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
    let marks = Marks {
        seq: timeline.selected.filter(|_| is_marked(state, in_thread) && state.chat.parcel.is_none()),
        parcel: state.chat.parcel.as_ref().filter(|_| is_marked(state, in_thread)),
    };
    lines.extend(shown.iter().map(|row| line(row, marks, usize::from(columns))));
    frame.render_widget(Paragraph::new(lines), area);
    if let Some(selection) = state.chat.selection.as_ref().filter(|selection| selection.in_thread == in_thread) {
        let rows = shown.iter().zip(blank..);
        rows.for_each(|(row, y)| draw_selected(frame, area, y, row, timeline, selection));
    }
    if !state.has_links() {
        return Vec::new();
    }
    let places = shown.iter().zip((blank..).filter_map(|y| area.y.checked_add(u16::try_from(y).ok()?)));
    let links = places.filter(|(row, y)| *y < area.bottom() && row.shown.iter().any(|shown| shown.link.is_some()));
    let links = links.filter_map(|(row, y)| {
        let message = row.seq.and_then(|seq| timeline.get(seq))?;
        let body = state.with_rows(columns, in_thread, |context| context.body(message));
        Some(links::find(frame.buffer_mut(), area, y, message.seq, row, &body))
    });
    links.flatten().collect()
}

/// Sets off what the pointer selected of a row.
fn draw_selected(frame: &mut Frame<'_>, area: Rect, y: usize, row: &Row, timeline: &Timeline, selection: &Selection) {
    let Some(message) = row.seq.and_then(|seq| timeline.get(seq)) else { return };
    for columns in selection.columns_of(row, &source_of(&message.content)) {
        let [x, width, y] =
            [columns.start + GUTTER_COLUMNS, columns.len(), y].map(|n| u16::try_from(n).unwrap_or(u16::MAX));
        let cells = Rect { x: area.x.saturating_add(x), y: area.y.saturating_add(y), width, height: 1 };
        frame.buffer_mut().set_style(cells.intersection(area), style::CHOSEN);
    }
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
            let alone = is_alone(state).then(|| format!(". {} invites others.", state.keys.name(Action::Invite)));
            let is_cut = state.open_channel().is_some_and(|open| open.head.floor_seq > Seq::ZERO);
            let what = if is_cut { "Older messages are no longer kept in" } else { "The beginning of" };
            format!("{what} {}{}", label.unwrap_or_default(), alone.unwrap_or_default())
        }
        Older::More | Older::Failed => return Line::default(),
    };
    Line::styled(format!("  {words}"), style::DIM)
}

/// Tells whether the open team has nobody but the person.
fn is_alone(state: &State) -> bool {
    let team = state.chat.team.and_then(|team_id| state.world.teams.get(&team_id));
    team.is_some_and(|team| team.waiting.is_none() && team.members.len() == 1)
}

/// What is selected in the list that has the keys.
#[derive(Clone, Copy)]
struct Marks<'a> {
    seq: Option<Seq>,
    parcel: Option<&'a ClientId>,
}

fn line(row: &Row, marks: Marks<'_>, columns: usize) -> Line<'static> {
    let is_selected =
        (row.seq.is_some() && row.seq == marks.seq) || (row.parcel.is_some() && row.parcel.as_ref() == marks.parcel);
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
