//! What is typed into the search, and what of it was asked.

use std::collections::VecDeque;

use syncspace_protocol::search::{SearchHit, SearchSort};
use syncspace_protocol::{TeamId, Time};

use crate::app::completion::{Choice, members, rank};
use crate::app::line_input::LineInput;
use crate::app::message::Failure;
use crate::app::state::State;
use crate::app::text;

/// Letters of a filter's name before it is offered: most words are no filters.
const FILTER_CHARS_MIN: usize = 2;
/// Days back that are offered for a date.
const DAYS_BACK: [(i32, &str); 4] = [(0, "today"), (1, "yesterday"), (7, "a week ago"), (30, "30 days ago")];

/// What is searched: a text, in an order, in the open team or in all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) order: SearchSort,
    pub(crate) is_everywhere: bool,
}

/// The line of the search page.
#[derive(Debug, Default)]
pub(crate) struct SearchField {
    pub(crate) input: LineInput,
    pub(crate) order: SearchSort,
    /// Whether all teams are searched instead of the open one.
    pub(crate) is_everywhere: bool,
    /// What the list in front answers, or will.
    pub(crate) asked: Option<Asked>,
    /// When what is typed is asked by itself: after a pause.
    pub(crate) due: Option<Time>,
    /// What is wrong with what was typed, and what to write instead.
    pub(crate) wrong: Option<String>,
    /// What each team has found, where all of them are searched.
    pub(crate) parts: Vec<TeamPart>,
}

/// What one team has found, of a search in all of them.
#[derive(Debug, Default)]
pub(crate) struct TeamPart {
    pub(crate) team_id: Option<TeamId>,
    pub(crate) is_asked: bool,
    /// Where its next page begins.
    pub(crate) next: Option<String>,
    /// What it has found and is not listed yet: another team may have what comes before.
    pub(crate) held: VecDeque<SearchHit>,
    /// How many of its hits are listed.
    pub(crate) listed: usize,
    pub(crate) failure: Option<Failure>,
}

/// The filters as the page explains them.
pub(crate) const FILTERS: [(&str, &str); 11] = [
    ("deploy error", "both words, in any order"),
    ("\"deploy error\"", "these words in a row"),
    ("from:@alice  from:me", "who wrote it"),
    ("in:#general  in:@bob", "where it stands"),
    ("before:2026-11-22", "sent before that day"),
    ("after:2026-11-22", "sent after that day"),
    ("on:2026-11-22", "sent on that day"),
    ("has:link file code reaction", "with such a thing"),
    ("is:thread pinned saved", "what it is"),
    ("mentions:me", "calls you"),
    ("-from:@bob", "not so: - before any"),
];

impl SearchField {
    pub(crate) fn with_text(text: &str) -> Self {
        Self { input: LineInput::new(text), ..Self::default() }
    }

    /// Tells whether the list answers what stands in the line.
    pub(crate) fn is_answered(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| *asked == self.wanted())
    }

    /// Gives what stands in the line, and how it is to be searched.
    pub(crate) fn wanted(&self) -> Asked {
        let text = self.input.text().trim().to_owned();
        Asked { text, order: self.order, is_everywhere: self.is_everywhere }
    }

    /// Gives the field as another one was turned.
    pub(crate) fn in_order_of(self, other: &Self) -> Self {
        Self { order: other.order, is_everywhere: other.is_everywhere, ..self }
    }

    /// Tells whether a filter is begun: that is no question yet, unless Enter asks it.
    pub(crate) fn is_begun(&self) -> bool {
        self.input.before_cursor().ends_with(':')
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.input.text().trim().is_empty()
    }

    pub(crate) const fn order_words(&self) -> &'static str {
        match self.order {
            SearchSort::Time => "newest first",
            SearchSort::Relevance => "best first",
        }
    }
}

/// Gives what the word before the cursor can become: a filter, or what stands behind its colon.
pub(crate) fn completions(state: &State, word: &str) -> Vec<Choice> {
    let (minus, bare) = word.strip_prefix('-').map_or(("", word), |bare| ("-", bare));
    let Some((filter, typed)) = bare.split_once(':') else { return filters(minus, bare) };
    let (filter, typed) = (filter.to_lowercase(), typed.to_lowercase());
    let values = match filter.as_str() {
        "from" => senders(state, &typed),
        "in" => places(state, &typed),
        "has" => fixed(&typed, &[("link", ""), ("file", ""), ("code", ""), ("reaction", "")]),
        "is" => fixed(&typed, &[("thread", "with replies, or a reply"), ("pinned", ""), ("saved", "by you")]),
        "mentions" => fixed(&typed, &[("me", "calls you")]),
        "before" | "after" | "on" => days(state, &typed),
        _ => Vec::new(),
    };
    let whole = |value: Choice| Choice { insert: format!("{minus}{filter}:{} ", value.insert), ..value };
    values.into_iter().map(whole).collect()
}

fn filters(minus: &str, typed: &str) -> Vec<Choice> {
    let known = [
        ("from:", "who wrote it"),
        ("in:", "where it stands"),
        ("before:", "sent before a day"),
        ("after:", "sent after a day"),
        ("on:", "sent on a day"),
        ("has:", "a link, a file, code, a reaction"),
        ("is:", "in a thread, pinned, saved"),
        ("mentions:", "calls you"),
    ];
    if typed.chars().count() < FILTER_CHARS_MIN {
        return Vec::new();
    }
    let mut found = fixed(&typed.to_lowercase(), &known);
    found.iter_mut().for_each(|choice| choice.insert = format!("{minus}{}", choice.insert));
    found
}

fn fixed(typed: &str, values: &[(&str, &str)]) -> Vec<Choice> {
    let fitting = values.iter().filter(|(value, _)| value.starts_with(typed));
    let choice = |(value, about): &(&str, &str)| Choice {
        insert: (*value).to_owned(),
        label: (*value).to_owned(),
        about: (*about).to_owned(),
    };
    fitting.map(choice).collect()
}

fn senders(state: &State, typed: &str) -> Vec<Choice> {
    let wanted = typed.trim_start_matches('@');
    let team = state.chat.team.filter(|_| !state.chat.pages.search.is_everywhere);
    let mut found = members(state, team, wanted);
    let me = Choice { insert: "me".to_owned(), label: "me".to_owned(), about: "what you wrote".to_owned() };
    found.extend(rank("me", typed).filter(|rank| *rank == 0).map(|rank| (rank, me)));
    in_order(found)
}

fn places(state: &State, typed: &str) -> Vec<Choice> {
    let is_wanted = |team_id| state.chat.pages.search.is_everywhere || Some(team_id) == state.chat.team;
    let wanted = typed.trim_start_matches(['#', '@']);
    let channels = state.world.channels.values().filter(|channel| is_wanted(channel.channel.team_id));
    let choice = |channel: &crate::app::world::ChannelState| {
        let sign = if channel.is_direct() { '@' } else { '#' };
        // Several people have no name that the search knows.
        let name = match channel.channel.name.as_ref() {
            Some(name) => text::line(name.as_str()),
            None => state.world.name(state.world.partner(&channel.channel)?),
        };
        let is_sign = typed.is_empty() || typed.starts_with(sign) || !typed.starts_with(['#', '@']);
        let rank = rank(&name, wanted).filter(|_| is_sign)?;
        let about = text::line(channel.channel.description.as_deref().unwrap_or_default());
        Some((rank, Choice { insert: format!("{sign}{name}"), label: format!("{sign}{name}"), about }))
    };
    in_order(channels.filter_map(choice).collect())
}

/// Gives each once, those that begin as wanted first.
fn in_order(mut found: Vec<(usize, Choice)>) -> Vec<Choice> {
    found.sort_by(|a, b| (a.0, &a.1.label).cmp(&(b.0, &b.1.label)));
    found.dedup_by(|a, b| a.1.insert == b.1.insert);
    found.into_iter().map(|(_, choice)| choice).collect()
}

fn days(state: &State, typed: &str) -> Vec<Choice> {
    let today = state.now.timestamp().to_zoned(state.zone.clone()).date();
    let day = |(back, about): (i32, &str)| {
        let date = today.checked_sub(jiff::Span::new().days(back)).ok()?.to_string();
        let choice = Choice { insert: date.clone(), label: date.clone(), about: about.to_owned() };
        date.starts_with(typed).then_some(choice)
    };
    DAYS_BACK.into_iter().filter_map(day).collect()
}
