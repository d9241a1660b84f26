//! What of the pages is on disk: lists as they were read last, and texts of scheduled messages that are not saved.

use syncspace_protocol::{ChannelId, ScheduledId};

use super::super::drafts;
use crate::app::action::Action;
use crate::app::composer::{Composer, DraftKey};
use crate::app::kept::{Keep, KeptEdit, KeptEntries, KeptList};
use crate::app::pages::PageKind;
use crate::app::pages::item::Item;
use crate::app::pages::list::{List, Source};
use crate::app::state::State;

/// Entries of a list that are kept: what one looks for without a connection is near its beginning.
const KEPT_MAX: usize = 100;
/// Pages whose lists are the server's.
const LISTED: [PageKind; 4] = [PageKind::Threads, PageKind::Saved, PageKind::Scheduled, PageKind::Files];

/// Tells the disk what is typed into scheduled messages.
pub(in crate::app::update) fn tell_edits(state: &mut State, keeps: &mut Vec<Keep>) {
    let edit = |(&id, draft): (&ScheduledId, &Composer)| KeptEdit { id, content: draft.text(), cursor: draft.cursor() };
    let mut edits: Vec<KeptEdit> = state.chat.pages.edits.iter().map(edit).collect();
    edits.sort_unstable_by_key(|edit| edit.id);
    if state.told.edits.as_ref() != Some(&edits) {
        keeps.push(Keep::Edits(edits.clone()));
        state.told.edits = Some(edits);
    }
}

/// Tells the disk lists that were read, or changed since.
pub(in crate::app::update) fn tell_lists(state: &mut State, keeps: &mut Vec<Keep>) {
    for kind in LISTED {
        let list = state.chat.pages.list(kind);
        let (Some(team_id), Some(read_at)) = (list.team, list.read_at) else { continue };
        let now = (read_at, list.changes());
        if state.told.lists.get(&(team_id, kind)) != Some(&now)
            && let Some(list) = kept_list(kind, list)
        {
            keeps.push(Keep::List(list));
            state.told.lists.insert((team_id, kind), now);
        }
    }
}

/// Gives a list as it is kept; none where it was never read.
fn kept_list(kind: PageKind, list: &List) -> Option<KeptList> {
    let items = list.items().iter().take(KEPT_MAX);
    let entries = match kind {
        PageKind::Threads => KeptEntries::Threads(items.filter_map(Item::thread).collect()),
        PageKind::Saved => KeptEntries::Saved(items.filter_map(Item::saved).collect()),
        PageKind::Scheduled => KeptEntries::Scheduled(items.filter_map(Item::scheduled).collect()),
        PageKind::Files => KeptEntries::Files(items.filter_map(Item::file).collect()),
        PageKind::Search | PageKind::Mentions | PageKind::Drafts => return None,
    };
    Some(KeptList { team_id: list.team?, read_at: list.read_at?, entries })
}

/// Puts a list aside until its team is open again.
pub(super) fn put_aside(state: &mut State) {
    let kind = state.chat.pages.kind;
    if let Some(list) = kept_list(kind, state.chat.pages.front()) {
        state.chat.pages.kept.insert((list.team_id, kind), list);
    }
}

/// Shows what is kept of the list in front, as long as nothing of it was read.
pub(super) fn show(state: &mut State) {
    let kind = state.chat.pages.kind;
    if state.chat.pages.front().source != Source::Nowhere {
        return;
    }
    let Some(kept) = state.chat.team.and_then(|team_id| state.chat.pages.kept.get(&(team_id, kind))) else { return };
    let read_at = kept.read_at;
    let items = match kept.entries.clone() {
        KeptEntries::Threads(threads) => threads.into_iter().map(|one| Item::Thread(Box::new(one))).collect(),
        KeptEntries::Saved(saved) => saved.into_iter().map(|one| Item::Saved(Box::new(one))).collect(),
        KeptEntries::Files(files) => files.into_iter().map(|one| Item::File(Box::new(one))).collect(),
        KeptEntries::Scheduled(held) => held.into_iter().map(|one| Item::Scheduled(Box::new(one))).collect(),
    };
    let list = state.chat.pages.front_mut();
    list.begin(items);
    (list.source, list.read_at, list.is_stale) = (Source::Kept, Some(read_at), true);
}

/// Takes what was typed into scheduled messages. What is typed now stays.
pub(in crate::app::update) fn take_edits(state: &mut State, edits: Vec<KeptEdit>) {
    for edit in &edits {
        let draft = || Composer::with_cursor(&edit.content, edit.cursor);
        state.chat.pages.edits.entry(edit.id).or_insert_with(draft);
    }
    state.told.edits = Some(edits);
}

/// Takes the lists that were kept.
pub(in crate::app::update) fn take_lists(state: &mut State, lists: Vec<KeptList>) {
    for list in lists {
        let kind = match &list.entries {
            KeptEntries::Threads(threads) => {
                state.chat.pages.threads.entry(list.team_id).or_insert_with(|| threads.clone());
                PageKind::Threads
            }
            KeptEntries::Saved(_) => PageKind::Saved,
            KeptEntries::Scheduled(_) => PageKind::Scheduled,
            KeptEntries::Files(_) => PageKind::Files,
        };
        state.chat.pages.kept.insert((list.team_id, kind), list);
    }
}

/// Keeps what was typed into scheduled messages that are not waiting any more: it can be brought back.
pub(super) fn discard_edits_of(state: &mut State, gone: Vec<(ScheduledId, ChannelId)>) {
    for (id, channel_id) in gone {
        if state.chat.pages.editing == Some(id) {
            continue;
        }
        if let Some(draft) = state.chat.pages.edits.remove(&id) {
            drafts::discard(state, DraftKey::Channel(channel_id), draft.text());
            let key = state.keys.name(Action::BringBack);
            state.say(format!("It waits no longer. {key} brings back what you changed."));
        }
    }
}
