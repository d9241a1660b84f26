//! The help: what can be done here, with the keys that do it now, found by typing.

use unicode_width::UnicodeWidthStr;

use super::action::{self, Action, Info};
use super::line_input::LineInput;
use super::state::{Focus, Screen, State};
use super::{layout, text};

/// Columns of the box, with its border.
pub(crate) const COLUMNS: u16 = 74;
/// A window that is narrower shows only the first key of each line: what it does needs the room.
const NARROW_COLUMNS: u16 = 60;
/// Rows of the box that are no lines: its border, the words looked for, the hint.
const FRAME_ROWS: u16 = 5;
/// Columns beside the keys and the help of a line: one before, two between, one after.
const GAP_COLUMNS: usize = 4;

/// Keys of a form: they are the same everywhere and need no table.
const FORM_KEYS: [(&str, &str); 6] = [
    ("Tab, Shift+Tab", "Next field, field before"),
    ("↑, ↓", "Choose, or move"),
    ("Space", "Yes or no"),
    ("Enter", "Go on"),
    ("Esc", "Back; what you typed stays"),
    ("Ctrl+Q", "Leave"),
];

/// What is looked for in the help, and how far it is scrolled.
#[derive(Debug, Default)]
pub(crate) struct Help {
    pub(crate) input: LineInput,
    pub(crate) scroll: usize,
}

/// One line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpLine {
    pub(crate) keys: String,
    pub(crate) help: &'static str,
}

/// Gives what the help is about.
pub(crate) const fn title(state: &State) -> &'static str {
    match (&state.screen, state.chat.focus) {
        (Screen::Entry { .. } | Screen::Waiting(_), _) => "Keys in this form",
        (Screen::Chat, Focus::Composer | Focus::ThreadComposer) => "Keys while writing",
        (Screen::Chat, Focus::Messages | Focus::ThreadMessages) => "Keys in the messages",
        (Screen::Chat, Focus::Sidebar) => "Keys in the side bar",
        (Screen::Chat, Focus::Page | Focus::PageInput) => "Keys on this page",
    }
}

/// How the help is laid out in a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) is_narrow: bool,
    pub(crate) keys_columns: usize,
    pub(crate) help_columns: usize,
    /// Rows of its lines that are seen at once. The box keeps the size that all its lines need.
    pub(crate) visible: usize,
}

impl Layout {
    pub(crate) fn of(state: &State) -> Self {
        let is_narrow = state.columns < NARROW_COLUMNS;
        let columns = usize::from(state.columns.min(COLUMNS).saturating_sub(2));
        let all = lines(state, "");
        let keys = all.iter().map(|line| line.keys(is_narrow).width()).max().unwrap_or(0).min(columns / 2);
        let help_columns = columns.saturating_sub(keys + GAP_COLUMNS).max(1);
        let room = usize::from(state.rows.saturating_sub(layout::top_rows(state) + FRAME_ROWS)).max(1);
        let layout = Self { is_narrow, keys_columns: keys, help_columns, visible: room };
        let needed: usize = all.iter().map(|line| layout.rows(line).len()).sum();
        Self { visible: needed.min(room).max(1), ..layout }
    }

    /// Gives the rows of what a line says.
    pub(crate) fn rows(&self, line: &HelpLine) -> Vec<String> {
        text::block(line.help, self.help_columns)
    }
}

impl HelpLine {
    /// Gives its keys as far as they are shown.
    pub(crate) fn keys(&self, is_narrow: bool) -> &str {
        let first = self.keys.find(", ").filter(|_| is_narrow);
        first.and_then(|end| self.keys.get(..end)).unwrap_or(&self.keys)
    }
}

/// Gives how far the help can be scrolled, in lines: to where its last line is the last one on the screen.
pub(crate) fn last_scroll(state: &State, typed: &str) -> usize {
    let (layout, lines) = (Layout::of(state), lines(state, typed));
    let mut rows = 0;
    let fits = |line: &&HelpLine| {
        rows += layout.rows(line).len();
        rows <= layout.visible
    };
    let at_end = lines.iter().rev().take_while(fits).count().max(1);
    lines.len().saturating_sub(at_end)
}

/// Gives what can be done here and fits the typed words: each stands in the keys, the name or the help.
pub(crate) fn lines(state: &State, typed: &str) -> Vec<HelpLine> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let fits = |keys: &str, name: &str, help: &str| {
        let all = format!("{keys} {name} {help}").to_lowercase();
        words.iter().all(|word| all.contains(word))
    };
    match state.screen {
        Screen::Chat => actions(state)
            .into_iter()
            .filter(|(keys, info)| fits(keys, info.name, info.help))
            // What has no key has a name, in the list of everything.
            .map(|(keys, info)| HelpLine { keys: if keys.is_empty() { palette(state) } else { keys }, help: info.help })
            .collect(),
        Screen::Entry { .. } | Screen::Waiting(_) => FORM_KEYS
            .iter()
            .filter(|(keys, help)| fits(keys, "", help))
            .map(|&(keys, help)| HelpLine { keys: keys.to_owned(), help })
            .collect(),
    }
}

/// Gives what can be done here with its keys; what stands twice in the table, once.
fn actions(state: &State) -> Vec<(String, &'static Info)> {
    let mut all: Vec<(String, &'static Info)> = Vec::new();
    for info in action::valid(state) {
        let keys = state.keys.map.label(info);
        match all.iter_mut().find(|(_, held)| held.action == info.action) {
            Some((held, _)) if held.is_empty() => *held = keys,
            Some((held, _)) => held.push_str(&format!(", {keys}")),
            None => all.push((keys, info)),
        }
    }
    all
}

fn palette(state: &State) -> String {
    let place = action::scope_of(state.chat.focus);
    let key = state.keys.map.first_label(Action::Palette, place);
    key.map(|key| format!("{key} …")).unwrap_or_default()
}
