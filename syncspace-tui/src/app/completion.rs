//! What can stand in place of the word before the cursor: people, channels, emoji, commands; in the search, filters.
//!
//! Made anew from the draft whenever it is asked for; only what the person chose in the list is kept.

use std::collections::BTreeSet;

use syncspace_protocol::users::Person;
use syncspace_protocol::{TeamId, UserId};

use super::message::FolderEntry;
use super::pages::{self, PageKind};
use super::paths::{Word, whole, word_of, words};
use super::picker::find_emoji;
use super::slash;
use super::state::{Focus, State};
use super::text;

/// Entries of the list.
pub(crate) const CHOICES_MAX: usize = 8;
/// Letters of an emoji's name before it is looked for: `:)` is none.
const EMOJI_CHARS_MIN: usize = 2;

/// What the person did in the list of a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) word: String,
    pub(crate) at: usize,
    /// Whether the person moved in it: then Enter takes the entry.
    pub(crate) has_moved: bool,
    pub(crate) is_dismissed: bool,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What comes in place of the word.
    pub(crate) insert: String,
    pub(crate) label: String,
    pub(crate) about: String,
}

/// A folder in which a path is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// From the root on.
    pub(crate) path: String,
    /// Folders first; nothing while it is being read.
    pub(crate) entries: Vec<FolderEntry>,
    pub(crate) is_read: bool,
    /// Whether Tab was pressed while it was being read.
    pub(crate) is_wanted: bool,
}

/// An open list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) word: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) chosen: usize,
    pub(crate) has_moved: bool,
}

/// Gives the list for the word before the cursor, where there is one.
pub(crate) fn open(state: &State) -> Option<List> {
    if state.modal.is_some() {
        return None;
    }
    if let Some((before, path)) = typed_path(state) {
        return list(state, &before[path.range.start..], paths(state, &path));
    }
    let is_search = state.chat.focus == Focus::PageInput;
    let (word, is_first) = if is_search { (word_of_search(state)?, false) } else { word_of_draft(state)? };
    let choices = if is_search { pages::search::completions(state, word) } else { choices(state, word, is_first) };
    list(state, word, choices)
}

/// Gives the list of what can stand in place of a word; none where the person wants none.
fn list(state: &State, word: &str, mut choices: Vec<Choice>) -> Option<List> {
    let held = Some(&state.chat.completion).filter(|chosen| chosen.word == word);
    if held.is_some_and(|chosen| chosen.is_dismissed) {
        return None;
    }
    choices.truncate(CHOICES_MAX);
    // A word that stands there already needs no list.
    if choices.is_empty() || (choices.len() == 1 && choices[0].insert.trim_end() == word) {
        return None;
    }
    let chosen = held.map_or(0, |chosen| chosen.at).min(choices.len() - 1);
    let has_moved = held.is_some_and(|chosen| chosen.has_moved);
    Some(List { word: word.to_owned(), choices, chosen, has_moved })
}

/// Gives the word before the cursor of a draft, and whether it is the first one.
fn word_of_draft(state: &State) -> Option<(&str, bool)> {
    if !matches!(state.chat.focus, Focus::Composer | Focus::ThreadComposer) {
        return None;
    }
    let (line, before) = state.composer()?.before_cursor();
    let word = before.rsplit([' ', '\t', '(']).next().unwrap_or_default();
    Some((word, line == 0 && word.len() == before.len()))
}

/// Gives the word before the cursor of the search; none within a phrase, where a filter is text.
fn word_of_search(state: &State) -> Option<&str> {
    let pages = &state.chat.pages;
    let before = pages.search.input.before_cursor();
    let is_filter = pages.kind == PageKind::Search && before.matches('"').count().is_multiple_of(2);
    is_filter.then(|| before.rsplit(' ').next().unwrap_or_default())
}

/// Gives the text before the cursor of a draft that sends files, and the path that is being typed at its end.
fn typed_path(state: &State) -> Option<(&str, Word)> {
    if !matches!(state.chat.focus, Focus::Composer | Focus::ThreadComposer) || state.chat.editing.is_some() {
        return None;
    }
    let (line, before) = state.composer()?.before_cursor();
    let later = || before.strip_prefix("/later ").and_then(|rest| rest.split_once("/upload ")).map(|(_, files)| files);
    let command = before.strip_prefix("/upload ").or_else(later).filter(|_| line == 0)?;
    let words = words(command);
    let is_first = words.len() <= 1;
    let end = words.into_iter().next_back().filter(|word| word.range.end == command.len());
    // Behind a blank the next one begins: of those after the first nobody knows whether they are no text.
    let word = end.or_else(|| command.trim().is_empty().then(|| Word::empty_at(command.len())))?;
    (is_first || word.is_like_path()).then_some((command, word))
}

/// Gives the folder of a path as it is typed, and what is typed of a name in it.
fn parted(path: &str) -> (&str, &str) {
    path.rfind('/').map_or(("", path), |at| path.split_at(at + 1))
}

/// Gives the folder in which a path is being typed, from the root on.
pub(crate) fn folder(state: &State) -> Option<String> {
    let (_, word) = typed_path(state)?;
    let (folder, _) = parted(&word.text);
    whole(if folder.is_empty() { "." } else { folder }).ok()
}

fn paths(state: &State, typed: &Word) -> Vec<Choice> {
    let (folder, begun) = parted(&typed.text);
    let entries = state.chat.folder.iter().flat_map(|folder| &folder.entries);
    // Hidden ones are for who asks for them.
    let fits = |entry: &&FolderEntry| {
        entry.name.starts_with(begun) && (!entry.name.starts_with('.') || begun.starts_with('.'))
    };
    let choice = |entry: &FolderEntry| {
        let end = if entry.is_file { "" } else { "/" };
        Choice {
            insert: word_of(&format!("{folder}{}{end}", entry.name), !entry.is_file),
            label: format!("{}{end}", entry.name),
            about: String::new(),
        }
    };
    entries.filter(fits).take(CHOICES_MAX).map(choice).collect()
}

fn choices(state: &State, word: &str, is_first: bool) -> Vec<Choice> {
    let mut signs = word.chars();
    let sign = signs.next();
    let wanted = signs.as_str().to_lowercase();
    match sign {
        Some('@') => people(state, &wanted),
        Some('#') => channels(state, &wanted),
        Some(':') if wanted.chars().count() >= EMOJI_CHARS_MIN => emoji(&wanted),
        Some('/') if is_first && state.chat.editing.is_none() => commands(state, &wanted),
        _ => Vec::new(),
    }
}

fn people(state: &State, wanted: &str) -> Vec<Choice> {
    let Some(team_id) = state.chat.team else { return Vec::new() };
    let mut found: Vec<(usize, Choice)> =
        members(state, Some(team_id), wanted).into_iter().chain(groups(state, team_id, wanted)).collect();
    for (name, about) in [("channel", "everybody in this channel"), ("here", "whoever is online")] {
        if let Some(rank) = rank(name, wanted) {
            // Calling everybody is never what is offered first.
            let choice = Choice { insert: format!("@{name}"), label: format!("@{name}"), about: about.to_owned() };
            found.push((rank + 2, choice));
        }
    }
    found.sort_by(|a, b| (a.0, &a.1.label).cmp(&(b.0, &b.1.label)));
    found.into_iter().map(|(_, choice)| choice).collect()
}

/// Gives the people of a team, or of all teams, who are called so.
pub(crate) fn members(state: &State, team: Option<TeamId>, wanted: &str) -> Vec<(usize, Choice)> {
    let teams = state.world.teams.iter().filter(|(id, _)| team.is_none_or(|team| **id == team));
    let ids: BTreeSet<UserId> = teams.flat_map(|(_, team)| team.members.keys().copied()).collect();
    let people = ids.into_iter().filter_map(|id| state.world.people.get(&id)).filter(|person| person.is_active);
    let choice = |person: &Person| {
        let name = text::line(person.username.as_str());
        let full_name = text::line(person.full_name.as_deref().unwrap_or_default());
        let rank = rank(&name, wanted).or_else(|| rank_of_words(&full_name, wanted))?;
        Some((rank, Choice { insert: format!("@{name}"), label: format!("@{name}"), about: full_name }))
    };
    people.filter_map(choice).collect()
}

fn groups(state: &State, team_id: TeamId, wanted: &str) -> Vec<(usize, Choice)> {
    let groups = state.world.groups.values().filter(|group| group.team_id == team_id);
    groups
        .filter_map(|group| {
            let name = text::line(group.name.as_str());
            let rank = rank(&name, wanted)?;
            let about = format!("group of {}", group.user_ids.len());
            Some((rank, Choice { insert: format!("@{name}"), label: format!("@{name}"), about }))
        })
        .collect()
}

fn channels(state: &State, wanted: &str) -> Vec<Choice> {
    let of_team = state.world.channels.values().filter(|channel| Some(channel.channel.team_id) == state.chat.team);
    let mut found: Vec<(usize, Choice)> = of_team
        .filter(|channel| !channel.is_direct() && channel.channel.archived_at.is_none())
        .filter_map(|channel| {
            let name = state.world.channel_name(&channel.channel);
            let rank = rank(&name, wanted)?;
            let about = text::line(channel.channel.description.as_deref().unwrap_or_default());
            let label = state.world.channel_label(&channel.channel);
            Some((rank, Choice { insert: format!("#{name}"), label, about }))
        })
        .collect();
    found.sort_by(|a, b| (a.0, &a.1.label).cmp(&(b.0, &b.1.label)));
    found.into_iter().map(|(_, choice)| choice).collect()
}

fn emoji(wanted: &str) -> Vec<Choice> {
    let choice = |emoji: syncspace_protocol::reactions::Emoji| {
        let (glyph, name) = (text::emoji(&emoji), emoji.as_str());
        let label = if glyph.starts_with(':') { glyph } else { format!("{glyph} {name}") };
        Some(Choice { insert: emoji.glyph()?.to_owned(), label, about: String::new() })
    };
    find_emoji(wanted.trim_end_matches(':')).filter_map(choice).take(CHOICES_MAX).collect()
}

fn commands(state: &State, wanted: &str) -> Vec<Choice> {
    let fitting = slash::COMMANDS.iter().filter(|command| command.name.starts_with(wanted));
    let choice = |command: &slash::Command| Choice {
        insert: format!("/{}", command.name),
        label: format!("/{} {}", command.name, command.usage).trim_end().to_owned(),
        about: command.about.to_owned(),
    };
    let of_team = slash::of_team(state).filter(|command| command.name.as_str().starts_with(wanted));
    let of_team = of_team.map(|command| Choice {
        insert: format!("/{}", command.name),
        label: text::line(&format!("/{} {}", command.name, command.usage_hint.as_deref().unwrap_or_default())),
        about: text::line(command.description.as_deref().unwrap_or("of this team")),
    });
    fitting.map(choice).chain(of_team).collect()
}

/// Ranks a name: one that begins as wanted before one that has it inside.
pub(crate) fn rank(name: &str, wanted: &str) -> Option<usize> {
    let name = name.to_lowercase();
    if name.starts_with(wanted) { Some(0) } else { name.contains(wanted).then_some(1) }
}

fn rank_of_words(words: &str, wanted: &str) -> Option<usize> {
    words.to_lowercase().split_whitespace().any(|word| word.starts_with(wanted)).then_some(1)
}
