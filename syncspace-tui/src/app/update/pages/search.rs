//! Searching: what is typed is asked after a pause or at Enter, of the server or, without a connection, of what is kept.

use syncspace_protocol::TeamId;
use syncspace_protocol::search::{SearchPage, SearchParams, SearchSort};

use super::super::Effects;
use super::everywhere;
use crate::app::deed::Deed;
use crate::app::kept::KeptHit;
use crate::app::kept_query::KeptQuery;
use crate::app::message::{Answer, Effect, Failure};
use crate::app::pages::PageKind;
use crate::app::pages::item::Item;
use crate::app::pages::list::{List, Source};
use crate::app::pages::rows;
use crate::app::pages::search::{Asked, SearchField};
use crate::app::state::{Link, State};
use crate::app::update::forms;

/// What is typed is asked after this pause, in milliseconds.
const PAUSE_MS: i64 = 400;
/// Hits of one page.
const PAGE_HITS: u32 = 30;
/// What the page of mentions asks for.
const MENTIONS: &str = "mentions:me";

/// Notes that what is typed changed.
pub(super) fn typed(state: &mut State) {
    let due = state.later(PAUSE_MS);
    let search = &mut state.chat.pages.search;
    search.wrong = None;
    search.due = (!search.is_empty() && !search.is_begun()).then_some(due);
    if search.is_empty() {
        search.asked = None;
        let team = state.chat.team;
        *state.chat.pages.list_mut(PageKind::Search) = List::of(team);
    }
}

/// Searches for a text in the page.
pub(in crate::app::update) fn look_for(state: &mut State, text: &str, effects: &mut Effects) {
    super::show(state, PageKind::Search);
    state.chat.pages.search = SearchField::with_text(text).in_order_of(&state.chat.pages.search);
    ask_now(state, effects);
}

/// Puts what was chosen in place of the word before the cursor.
pub(in crate::app::update) fn complete(state: &mut State, word: &str, with: &str) {
    state.chat.pages.search.input.replace_before(word.len(), with);
    typed(state);
}

/// Turns the order of the hits.
pub(super) fn turn(state: &mut State) {
    let now = state.now;
    let search = &mut state.chat.pages.search;
    search.order = match search.order {
        SearchSort::Time => SearchSort::Relevance,
        SearchSort::Relevance => SearchSort::Time,
    };
    search.due = (!search.is_empty()).then_some(now);
}

/// Searches in all teams instead of the open one, and back.
pub(super) fn widen(state: &mut State) {
    let now = state.now;
    let search = &mut state.chat.pages.search;
    search.is_everywhere = !search.is_everywhere;
    search.due = (!search.is_empty()).then_some(now);
}

/// Tells whether Enter opens the chosen hit: nothing else was typed since, and nothing is awaited.
pub(super) fn is_ready(state: &State) -> bool {
    let list = state.chat.pages.list(PageKind::Search);
    state.chat.pages.search.is_answered() && list.asked.is_none() && list.chosen().is_some()
}

/// Asks for what is typed at once.
pub(super) fn ask_now(state: &mut State, effects: &mut Effects) {
    if state.chat.pages.search.is_empty() {
        return;
    }
    // It is on its way already.
    if state.chat.pages.search.is_answered() && state.chat.pages.list(PageKind::Search).asked.is_some() {
        return;
    }
    state.chat.pages.search.due = Some(state.now);
    settle(state, effects);
}

/// Asks when it is time to, and reads on when the end is near.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    let is_online = state.link == Link::Online;
    let list = state.chat.pages.list(PageKind::Search);
    let is_behind = match list.source {
        // What only this machine found is looked for again once there is a connection.
        Source::Kept => is_online,
        Source::Server => false,
        Source::Nowhere => list.asked.is_none() && list.problem.is_none() && !state.chat.pages.search.is_begun(),
    };
    let is_due = state.chat.pages.search.due.is_some_and(|due| due <= state.now);
    let wanted = state.chat.pages.search.wanted();
    if !wanted.text.is_empty()
        && (is_due || (is_behind && state.chat.pages.search.due.is_none() && list.asked.is_none()))
    {
        state.chat.pages.search.due = None;
        state.chat.pages.search.asked = Some(wanted.clone());
        ask(state, PageKind::Search, &wanted, effects);
    } else if list.wants_more() && is_online && list.source == Source::Server {
        read_on(state, PageKind::Search, &wanted, effects);
    }
}

/// The same for the page of mentions, which asks for always the same.
pub(super) fn settle_mentions(state: &mut State, effects: &mut Effects) {
    let is_online = state.link == Link::Online;
    let list = state.chat.pages.list(PageKind::Mentions);
    let is_wanted = list.is_stale || (list.source == Source::Kept && is_online);
    let wanted = || Asked { text: MENTIONS.to_owned(), order: SearchSort::Time, is_everywhere: false };
    if is_wanted && list.asked.is_none() {
        ask(state, PageKind::Mentions, &wanted(), effects);
    } else if list.wants_more() && is_online && list.source == Source::Server {
        read_on(state, PageKind::Mentions, &wanted(), effects);
    }
}

fn ask(state: &mut State, kind: PageKind, wanted: &Asked, effects: &mut Effects) {
    let Some(team_id) = state.chat.team else { return };
    let is_online = state.link == Link::Online;
    let number = state.chat.pages.next_number();
    let list = state.chat.pages.list_mut(kind);
    (list.problem, list.is_stale, list.team) = (None, false, Some(team_id));
    if is_online {
        list.asked = Some(number);
        let teams = if wanted.is_everywhere { state.world.teams.keys().copied().collect() } else { vec![team_id] };
        let request = |&team_id: &TeamId| search_deed(state, number, team_id, wanted, None);
        effects.extend(teams.iter().map(request));
        if kind == PageKind::Search {
            state.chat.pages.search.parts = if wanted.is_everywhere { everywhere::parts(&teams) } else { Vec::new() };
        }
        return;
    }
    match KeptQuery::read(state, Some(team_id).filter(|_| !wanted.is_everywhere), &wanted.text) {
        Ok(query) => {
            state.chat.pages.list_mut(kind).asked = Some(number);
            effects.push(Effect::SearchKept { number, query });
        }
        Err(words) => wrong(state, kind, words),
    }
}

fn read_on(state: &mut State, kind: PageKind, wanted: &Asked, effects: &mut Effects) {
    let Some(team_id) = state.chat.team else { return };
    let number = state.chat.pages.next_number();
    if wanted.is_everywhere {
        let asked = everywhere::read_on(&mut state.chat.pages.search.parts);
        let request = |(team_id, cursor)| search_deed(state, number, team_id, wanted, cursor);
        effects.extend(asked.into_iter().map(request));
    } else {
        let cursor = state.chat.pages.list(kind).next.clone();
        effects.push(search_deed(state, number, team_id, wanted, cursor));
    }
    state.chat.pages.list_mut(kind).asked = Some(number);
}

fn search_deed(state: &State, number: u64, team_id: TeamId, wanted: &Asked, cursor: Option<String>) -> Effect {
    let params = SearchParams {
        q: wanted.text.clone(),
        team_id,
        sort: Some(wanted.order),
        time_zone: Some(zone(state)),
        cursor,
        limit: Some(PAGE_HITS),
    };
    Effect::Do(Box::new(Deed::Search { number, params }))
}

/// Gives where days begin for this person: the zone's name, else its distance from UTC now.
fn zone(state: &State) -> String {
    match state.zone.iana_name() {
        Some(name) => name.to_owned(),
        None => state.now.timestamp().to_zoned(state.zone.clone()).strftime("%:z").to_string(),
    }
}

fn wrong(state: &mut State, kind: PageKind, words: String) {
    let list = state.chat.pages.list_mut(kind);
    list.begin(Vec::new());
    (list.source, list.asked, list.next) = (Source::Nowhere, None, None);
    list.problem = Some(words.clone());
    if kind == PageKind::Search {
        state.chat.pages.search.wrong = Some(words);
    }
}

/// Gives the page that waits for the answer of that number.
fn page_of(state: &State, number: u64) -> Option<PageKind> {
    [PageKind::Search, PageKind::Mentions].into_iter().find(|kind| state.chat.pages.list(*kind).asked == Some(number))
}

/// Takes what the server found in a team.
pub(super) fn found(state: &mut State, number: u64, params: &SearchParams, answer: Answer<SearchPage>) {
    let Some(kind) = page_of(state, number) else { return };
    let is_more = params.cursor.is_some();
    let note = answer.as_ref().ok().and_then(note);
    if kind == PageKind::Search && !state.chat.pages.search.parts.is_empty() {
        let list = state.chat.pages.list_mut(kind);
        list.note = note.or(list.note.take().filter(|_| is_more));
        if everywhere::answered(&mut state.chat.pages.search.parts, params.team_id, answer) {
            found_everywhere(state, is_more);
        }
        return;
    }
    let read_at = state.now;
    state.chat.pages.list_mut(kind).asked = None;
    let page = match answer {
        Ok(page) => page,
        Err(failure) => return refused(state, kind, &failure),
    };
    let items: Vec<Item> = page.items.into_iter().map(|hit| Item::Hit(Box::new(hit))).collect();
    put(state, kind, Source::Server, is_more, items);
    let list = state.chat.pages.list_mut(kind);
    (list.next, list.note, list.read_at) = (page.next, note.or(list.note.take()), Some(read_at));
}

/// Lists what all teams have found, now that each has answered.
fn found_everywhere(state: &mut State, is_more: bool) {
    let kind = PageKind::Search;
    state.chat.pages.list_mut(kind).asked = None;
    let search = &mut state.chat.pages.search;
    let (hits, failure) = everywhere::take(&mut search.parts, search.order);
    let has_more = search.parts.iter().any(|part| part.next.is_some() || !part.held.is_empty());
    if let Some(failure) = failure {
        return refused(state, kind, &failure);
    }
    let problem = everywhere::problem(state);
    put(state, kind, Source::Server, is_more, hits.into_iter().map(|hit| Item::Hit(Box::new(hit))).collect());
    let list = state.chat.pages.list_mut(kind);
    // Each team has its own place to read on: that there is more is all that the list must know.
    (list.next, list.problem, list.read_at) = (has_more.then(String::new), problem, Some(state.now));
}

/// Says what may be missing, and what to do about it.
fn note(page: &SearchPage) -> Option<String> {
    if page.behind {
        let noun = if page.behind_changes == 1 { "change" } else { "changes" };
        return Some(format!("{} newest {noun} not indexed yet: search again soon", page.behind_changes));
    }
    let is_cut = page.is_partial && page.next.is_none();
    is_cut.then(|| "only the newest were compared: more words or filters find better".to_owned())
}

fn refused(state: &mut State, kind: PageKind, failure: &Failure) {
    let sentence = forms::sentence(&failure.message);
    if failure.field.as_deref() == Some("q") {
        return wrong(state, kind, format!("{sentence}."));
    }
    let next = match kind {
        _ if !failure.is_transient => "",
        PageKind::Search => "Enter tries again.",
        _ => "r tries again.",
    };
    let list = state.chat.pages.list_mut(kind);
    list.problem = Some(format!("{sentence} {next}").trim_end().to_owned());
    list.next = None;
    if kind == PageKind::Search {
        state.chat.pages.search.asked = None;
    }
}

/// Takes what was found in the cache.
pub(in crate::app::update) fn found_kept(state: &mut State, number: u64, answer: Result<Vec<KeptHit>, String>) {
    let Some(kind) = page_of(state, number) else { return };
    let read_at = state.now;
    state.chat.pages.list_mut(kind).asked = None;
    match answer {
        Ok(mut hits) => {
            if kind == PageKind::Search && state.chat.pages.search.order == SearchSort::Relevance {
                hits.sort_by(|one, other| other.score.total_cmp(&one.score));
            }
            let items = hits.into_iter().map(|hit| Item::Hit(Box::new(hit.hit))).collect();
            put(state, kind, Source::Kept, false, items);
            let list = state.chat.pages.list_mut(kind);
            (list.next, list.note, list.read_at) = (None, None, Some(read_at));
        }
        Err(reason) => {
            let list = state.chat.pages.list_mut(kind);
            list.begin(Vec::new());
            list.source = Source::Nowhere;
            list.problem =
                Some(format!("What is kept here cannot be searched: {reason}. It works once you are online."));
        }
    }
}

fn put(state: &mut State, kind: PageKind, source: Source, is_more: bool, mut items: Vec<Item>) {
    if kind == PageKind::Mentions && !is_more {
        // Unread ones first; of each the newest.
        items.sort_by_key(|item| !item.message().is_some_and(|message| rows::is_unread(state, message)));
    }
    let is_again = kind == PageKind::Mentions;
    let list = state.chat.pages.list_mut(kind);
    list.source = source;
    if is_more {
        list.append(items);
    } else if is_again {
        list.replace(items);
    } else {
        list.begin(items);
    }
}
