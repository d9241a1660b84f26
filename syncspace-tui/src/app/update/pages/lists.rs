//! The lists that the server keeps for the person: threads, saved and scheduled messages; and the drafts that are here.

use syncspace_protocol::personal::MyThread;
use syncspace_protocol::{ChannelId, ScheduledId, TeamId};

use super::super::Effects;
use super::{kept, search};
use crate::app::composer::{Composer, DraftKey};
use crate::app::deed::{Deed, ListOf, Outcome};
use crate::app::message::{Answer, Effect};
use crate::app::outbox::ParcelState;
use crate::app::pages::item::{Item, ItemKey};
use crate::app::pages::list::{List, Source};
use crate::app::pages::{PageKind, THREADS_MAX};
use crate::app::state::{Link, State};
use crate::app::update::forms;

/// Forgets the lists of a team that is not open any more.
pub(super) fn forget_other_team(state: &mut State) {
    let team = state.chat.team;
    let is_of_all = state.chat.pages.kind == PageKind::Search && state.chat.pages.search.is_everywhere;
    if state.chat.pages.front().team != team && !is_of_all {
        kept::put_aside(state);
        // What was chosen belongs to the other team; what was typed is asked again here.
        *state.chat.pages.front_mut() = List::of(team);
        state.chat.pages.search.asked = None;
    }
}

/// Reads a list that is not there or that changed, and reads on when the end is near.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    kept::show(state);
    let (Some(team_id), true) = (state.chat.team, state.link == Link::Online) else {
        return show_known(state);
    };
    let list = state.chat.pages.front();
    if list.asked.is_some() {
        return;
    }
    let cursor = if list.is_stale {
        None
    } else if list.wants_more() {
        list.next.clone()
    } else {
        return;
    };
    let Some(of) = list_of(state.chat.pages.kind) else { return };
    let number = state.chat.pages.next_number();
    let list = state.chat.pages.front_mut();
    (list.asked, list.is_stale) = (Some(number), false);
    effects.push(Effect::Do(Box::new(Deed::ReadList { number, team_id, list: of, cursor })));
}

/// Shows what was read before, without a connection.
fn show_known(state: &mut State) {
    let kind = state.chat.pages.kind;
    let known = state.chat.team.and_then(|team_id| state.chat.pages.threads.get(&team_id));
    let known: Vec<Item> = known.into_iter().flatten().map(|thread| Item::Thread(Box::new(thread.clone()))).collect();
    let list = state.chat.pages.front_mut();
    // An answer that did not come before the connection was lost does not come any more.
    if list.asked.take().is_some() {
        list.is_stale = true;
    }
    if kind == PageKind::Threads && list.source == Source::Nowhere && !known.is_empty() {
        list.begin(known);
    }
    if list.source == Source::Server {
        list.source = Source::Kept;
        list.is_stale = true;
    } else if !list.items().is_empty() {
        list.source = Source::Kept;
    }
}

const fn list_of(kind: PageKind) -> Option<ListOf> {
    match kind {
        PageKind::Threads => Some(ListOf::Threads),
        PageKind::Saved => Some(ListOf::Saved),
        PageKind::Scheduled => Some(ListOf::Scheduled),
        PageKind::Files => Some(ListOf::Files),
        PageKind::Search | PageKind::Mentions | PageKind::Drafts => None,
    }
}

/// Takes the answer to a request of a page.
pub(in crate::app::update) fn answered(state: &mut State, deed: &Deed, answer: Answer<Outcome>) {
    match (deed, answer) {
        (Deed::Search { number, params }, Ok(Outcome::Hits(page))) => {
            search::found(state, *number, params, Ok(*page));
        }
        (Deed::Search { number, params }, Err(failure)) => {
            search::found(state, *number, params, Err(failure));
        }
        (Deed::ReadList { number, team_id, list, cursor }, answer) => {
            listed(state, *number, (*team_id, *list), cursor.is_some(), answer);
        }
        _ => {}
    }
}

fn listed(state: &mut State, number: u64, of: (TeamId, ListOf), is_more: bool, answer: Answer<Outcome>) {
    let kinds = [PageKind::Threads, PageKind::Saved, PageKind::Scheduled, PageKind::Files];
    let Some(kind) = kinds.into_iter().find(|kind| state.chat.pages.list(*kind).asked == Some(number)) else { return };
    let read_at = state.now;
    let (items, next): (Vec<Item>, Option<String>) = match answer {
        Ok(Outcome::Threads(page)) => {
            for thread in &page.items {
                state.notify.put_thread(thread.membership);
            }
            if !is_more {
                take_threads(state, of.0, page.items.clone());
            }
            (page.items.into_iter().map(|thread| Item::Thread(Box::new(thread))).collect(), page.next)
        }
        Ok(Outcome::SavedPage(page)) => {
            (page.items.into_iter().map(|saved| Item::Saved(Box::new(saved))).collect(), page.next)
        }
        Ok(Outcome::ScheduledPage(page)) => {
            (page.items.into_iter().map(|scheduled| Item::Scheduled(Box::new(scheduled))).collect(), page.next)
        }
        Ok(Outcome::Files(page)) => {
            (page.items.into_iter().map(|entry| Item::File(Box::new(entry))).collect(), page.next)
        }
        Ok(_) => return,
        Err(failure) => {
            let list = state.chat.pages.list_mut(kind);
            (list.asked, list.next) = (None, None);
            list.problem = Some(format!("{} r tries again.", forms::sentence(&failure.message)));
            return;
        }
    };
    let list = state.chat.pages.list_mut(kind);
    let before: Vec<(ScheduledId, ChannelId)> =
        list.items().iter().filter_map(Item::scheduled).map(|held| (held.id, held.channel_id)).collect();
    (list.asked, list.source, list.problem, list.read_at) = (None, Source::Server, None, Some(read_at));
    list.next = next;
    if is_more {
        list.append(items);
    } else {
        list.replace(items);
    }
    if list.next.is_none() {
        let is_gone = |(id, _): &(ScheduledId, ChannelId)| list.find(&ItemKey::Scheduled(*id)).is_none();
        let gone = before.into_iter().filter(is_gone).collect();
        kept::discard_edits_of(state, gone);
    }
}

/// Remembers the threads that the person follows in a team: unread ones first, as the server lists them.
pub(in crate::app::update) fn take_threads(state: &mut State, team_id: TeamId, mut threads: Vec<MyThread>) {
    threads.truncate(THREADS_MAX);
    state.chat.pages.threads.insert(team_id, threads);
}

/// Gathers what did not go out, of all teams, and what is typed and not sent: in the open team, and in channels that are gone.
pub(super) fn gather_drafts(state: &mut State) {
    let is_here = |channel_id| {
        let channel = state.world.channels.get(&channel_id);
        channel.is_none_or(|channel| Some(channel.channel.team_id) == state.chat.team)
    };
    let is_listed = |key: &DraftKey, draft: &Composer| !draft.is_blank() && key.channel_id().is_some_and(is_here);
    let mut drafts: Vec<(DraftKey, &Composer)> = state
        .chat
        .drafts
        .iter()
        .filter(|(key, draft)| is_listed(key, draft))
        .map(|(key, draft)| (*key, draft))
        .collect();
    drafts.sort_by_key(|(key, _)| match *key {
        DraftKey::Channel(channel_id) => (channel_id.get(), 0, 0),
        DraftKey::Thread(channel_id, seq) => (channel_id.get(), 1, seq.get()),
        DraftKey::Edit(channel_id, seq) => (channel_id.get(), 2, seq.get()),
        DraftKey::Arriving => (0, 3, 0),
    });
    let unsent = state.chat.outbox.iter().filter(|parcel| !matches!(parcel.state, ParcelState::Sent(_)));
    let unsent = unsent.map(|parcel| Item::Unsent(Box::new(parcel.clone())));
    let drafts = drafts.into_iter().map(|(key, draft)| Item::Draft { key, text: draft.text() });
    let items: Vec<Item> = unsent.chain(drafts).collect();
    let list = state.chat.pages.list_mut(PageKind::Drafts);
    (list.source, list.is_stale) = (Source::Kept, false);
    if list.items() != items {
        list.replace(items);
    }
}
