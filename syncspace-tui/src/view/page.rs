//! A page over the chat: its name among the others, what is typed, where the entries come from, and the entries.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::{composer, style};
use crate::app::State;
use crate::app::action::Action;
use crate::app::layout::PageParts;
use crate::app::pages::list::Source;
use crate::app::pages::rows::{self, GUTTER_COLUMNS};
use crate::app::pages::search::FILTERS;
use crate::app::pages::{self, PageKind, Pages, has_other_teams};
use crate::app::state::Link;
use crate::app::{text, when};

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, parts: PageParts) {
    let pages = &state.chat.pages;
    frame.render_widget(tabs(pages, usize::from(parts.tabs.width)), parts.tabs);
    team(frame, state, parts.tabs);
    line(frame, state, parts.line);
    frame.render_widget(status(state, usize::from(parts.status.width)), parts.status);
    if pages.front().items().is_empty() {
        nothing(frame, state, parts.list);
    } else {
        entries(frame, state, parts.list);
    }
    if let Some(area) = parts.edit {
        edit(frame, state, area);
    }
}

/// Gives the names of the pages, the one in front set off; where they do not fit side by side, that one alone.
fn tabs(pages: &Pages, columns: usize) -> Line<'static> {
    let blanks_that_fit = |blanks: &usize| {
        let all: usize = PageKind::ALL.iter().map(|kind| kind.name().width() + blanks).sum();
        all <= columns
    };
    let Some(blanks) = [2, 1].into_iter().find(blanks_that_fit) else {
        let next = pages.kind.neighbour(true).name();
        let name = format!(" {} ", pages.kind.name());
        let hint = text::cut(&format!(" Tab: {next}"), columns.saturating_sub(name.width()));
        return Line::from(vec![Span::styled(name, style::CHOSEN), Span::styled(hint, style::DIM)]);
    };
    let tab = |kind: &PageKind| {
        let style = if *kind == pages.kind { style::CHOSEN } else { style::DIM };
        Span::styled(format!("{:>blanks$}{} ", "", kind.name(), blanks = blanks - 1), style)
    };
    Line::from(PageKind::ALL.iter().map(tab).collect::<Vec<_>>())
}

/// Names the team that the page is of, where there are several and it has room behind the names of the pages.
fn team(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let team = state.chat.team.and_then(|id| state.world.teams.get(&id)).filter(|_| state.world.teams.len() > 1);
    let Some(team) = team.filter(|_| !pages::is_of_all(state)) else { return };
    let name = format!(" {} ", text::line(team.team.name.as_str()));
    let taken = tabs(&state.chat.pages, usize::from(area.width)).width();
    if taken + name.width() <= usize::from(area.width) {
        frame.render_widget(Line::styled(name, style::DIM).right_aligned(), area);
    }
}

/// Draws what is typed into the search; elsewhere what can be done here.
fn line(frame: &mut Frame<'_>, state: &State, area: Rect) {
    if area.is_empty() {
        return;
    }
    let columns = usize::from(area.width);
    let pages = &state.chat.pages;
    if pages.kind != PageKind::Search {
        let words = text::cut(&format!(" {}", about(state)), columns);
        return frame.render_widget(Line::styled(words, style::DIM), area);
    }
    let (shown, cursor) = pages.search.input.window(columns.saturating_sub(3), None);
    let hint = if shown.is_empty() { "words, \"phrases\", from: in: before: has: …" } else { "" };
    let spans = vec![
        Span::styled(" / ", style::ACCENT),
        Span::raw(text::cut(&shown, columns.saturating_sub(3))),
        Span::styled(text::cut(hint, columns.saturating_sub(3)), style::DIM),
    ];
    frame.render_widget(Line::from(spans), area);
    if state.modal.is_none() {
        let x = area.x.saturating_add(u16::try_from(cursor + 3).unwrap_or(u16::MAX)).min(area.right() - 1);
        frame.set_cursor_position((x, area.y));
    }
}

fn about(state: &State) -> String {
    let key = |action| state.keys.map.first_label(action, crate::app::action::scope::PAGE).unwrap_or_default();
    match state.chat.pages.kind {
        PageKind::Search => String::new(),
        PageKind::Threads => format!("{} unfollows · threads you follow, unread first", key(Action::DeleteItem)),
        PageKind::Mentions => "Messages that call you, unread first".to_owned(),
        PageKind::Saved => format!("{} takes one off · messages you saved, the last first", key(Action::DeleteItem)),
        PageKind::Scheduled => format!(
            "{} text · {} time · {} send now · {} delete",
            key(Action::EditItem),
            key(Action::EditTime),
            key(Action::SendNow),
            key(Action::DeleteItem)
        ),
        PageKind::Files => format!("{} saves one here · files of this team, the newest first", key(Action::SaveFiles)),
        PageKind::Drafts => format!("{} deletes · what you typed and did not send", key(Action::DeleteItem)),
    }
}

/// Says where the entries come from, in which order, and what may be missing.
fn status(state: &State, columns: usize) -> Line<'static> {
    let pages = &state.chat.pages;
    let list = pages.front();
    if pages.kind == PageKind::Search && pages.search.is_empty() {
        return Line::default();
    }
    let is_kept = list.source == Source::Kept && pages.kind != PageKind::Drafts;
    let order = match pages.kind {
        PageKind::Search => {
            let key = state.keys.map.first_label(Action::Order, crate::app::action::scope::PAGE_INPUT);
            let turn = key.map(|key| format!(" ({key})")).unwrap_or_default();
            format!("{}{}{turn}", where_to(state), pages.search.order_words())
        }
        _ => String::new(),
    };
    let more = if list.next.is_some() { ", more below" } else { "" };
    let count = match list.items().len() {
        0 => String::new(),
        count => format!("{count} {}{more}", noun(pages.kind, count)),
    };
    // What was found in the cache is as new as the cache.
    let at = list.read_at.filter(|_| !matches!(pages.kind, PageKind::Search | PageKind::Mentions));
    let at = at.map(|at| format!(", as of {}", when::words(at, state.now, &state.zone))).unwrap_or_default();
    let source = match (is_kept, &state.link) {
        (false, _) => String::new(),
        (true, Link::Online) => format!("what is kept here{at} · being read anew"),
        (true, _) => format!("only what is kept here{at} · no connection"),
    };
    // A list that is only read anew does not say so: nothing of it moves.
    let is_searching = pages.kind == PageKind::Search && (list.asked.is_some() || !pages.search.is_answered());
    let busy = if is_searching && !list.items().is_empty() { "searching …" } else { "" };
    let note = list.note.clone().unwrap_or_default();
    let problem = list.problem.clone().filter(|_| !list.items().is_empty()).unwrap_or_default();
    let parts = [source, busy.to_owned(), problem, note, count, order];
    let words: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let is_warning = is_kept || list.note.is_some() || list.problem.is_some();
    let tone = if is_warning { style::WARN } else { style::DIM };
    Line::styled(text::cut(&format!(" {}", words.join(" · ")), columns), tone)
}

/// Says in which teams is searched, where there are several.
fn where_to(state: &State) -> String {
    if !has_other_teams(state) {
        return String::new();
    }
    let key = state.keys.map.first_label(Action::Everywhere, crate::app::action::scope::PAGE_INPUT);
    let here = if state.chat.pages.search.is_everywhere { "all teams" } else { "this team" };
    key.map_or(format!("{here} · "), |key| format!("{here} ({key}) · "))
}

/// Names what a page lists so many of.
const fn noun(kind: PageKind, count: usize) -> &'static str {
    match (kind, count) {
        (PageKind::Search, _) => "found",
        (PageKind::Threads, 1) => "thread",
        (PageKind::Threads, _) => "threads",
        (PageKind::Mentions | PageKind::Saved | PageKind::Scheduled, 1) => "message",
        (PageKind::Mentions | PageKind::Saved | PageKind::Scheduled, _) => "messages",
        (PageKind::Files, 1) => "file",
        (PageKind::Files, _) => "files",
        (PageKind::Drafts, 1) => "text",
        (PageKind::Drafts, _) => "texts",
    }
}

/// Says why there is nothing, and what to do; on the search page, what can be typed.
fn nothing(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let columns = usize::from(area.width).saturating_sub(GUTTER_COLUMNS).max(1);
    let is_problem = state.chat.pages.front().problem.is_some();
    let words = rows::words_for_nothing(state);
    let tone = if is_problem { style::BAD } else { style::DIM };
    let indented = |line: String| format!("{:GUTTER_COLUMNS$}{line}", "");
    let mut lines: Vec<Line<'_>> =
        text::block(&words, columns).into_iter().map(|line| Line::styled(indented(line), tone)).collect();
    if state.chat.pages.kind == PageKind::Search {
        lines.push(Line::default());
        let widest = FILTERS.iter().map(|(typed, _)| typed.width()).max().unwrap_or(0).min(columns);
        lines.extend(FILTERS.iter().map(|(typed, about)| {
            let typed = text::cut(typed, widest);
            let padding = " ".repeat(widest.saturating_sub(typed.width()) + 2);
            // In a narrow window the words are left out rather than cut: what is typed speaks for itself.
            let about = if about.width() <= columns.saturating_sub(widest + 2) { *about } else { "" };
            Line::from(vec![
                Span::styled(indented(typed), style::ACCENT),
                Span::raw(padding),
                Span::styled(about, style::DIM),
            ])
        }));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn entries(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let list = state.chat.pages.front();
    let (columns, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines: Vec<Line<'_>> = Vec::with_capacity(height);
    for (at, item) in list.items().iter().enumerate().skip(list.first) {
        if lines.len() >= height {
            break;
        }
        let is_chosen = at == list.chosen_at();
        for row in rows::rows(state, item, columns) {
            let mark = if is_chosen && !row.is_empty() { "▌ " } else { "  " };
            let mut spans = vec![Span::styled(text::cut(mark, columns.min(GUTTER_COLUMNS)), style::ACCENT)];
            spans.extend(row.into_iter().map(|(tone, words)| Span::styled(words, style::of(tone))));
            lines.push(Line::from(spans));
        }
    }
    lines.truncate(height);
    frame.render_widget(Paragraph::new(lines), area);
}

/// Draws the text of a scheduled message that is being edited. Its border says what it is.
fn edit(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let pages = &state.chat.pages;
    let Some(draft) = pages.editing.and_then(|id| pages.edits.get(&id)).filter(|_| !area.is_empty()) else { return };
    let offline = if state.link == Link::Online { "" } else { ", once online" };
    let keys = format!("(Enter saves{offline}, Esc leaves)");
    let columns = usize::from(area.width).saturating_sub(2);
    let titles = ["text of the scheduled message ", "scheduled ", ""].map(|what| format!(" {what}{keys} "));
    let title = titles.iter().find(|title| title.width() <= columns).unwrap_or(&titles[2]);
    let title = text::cut(title, columns);
    let block =
        Block::new().borders(Borders::TOP).border_style(style::ACCENT).title_top(Line::styled(title, style::STRONG));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }.intersection(frame.area());
    if !inside.is_empty() {
        composer::text_area(frame, draft, inside, true);
    }
}
