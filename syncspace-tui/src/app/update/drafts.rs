//! Drafts on all devices of a person, and texts that were thrown away.
//!
//! A draft that another device changed is taken where the one here is in step with what the server had; what is being typed
//! here is never touched, and goes to the server after a pause.

use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::personal::Draft;
use syncspace_protocol::{ChannelId, ErrorCode, Rev, TeamId};

use super::Effects;
use super::chat;
use crate::app::composer::{Composer, DraftKey};
use crate::app::kept::{Discarded, Shared};
use crate::app::message::{Answer, Effect};
use crate::app::state::{Focus, State};
use crate::app::world::ChannelState;

/// What is typed goes to the server after this pause, in milliseconds.
const SHARE_MS: i64 = 2_000;
/// A server that did not take a draft is asked again after this, in milliseconds.
const RETRY_MS: i64 = 15_000;
/// Texts that can be brought back.
const DISCARDED_MAX: usize = 50;

/// Remembers what was typed at its longest, and keeps it when a composer is emptied otherwise than by sending.
pub(super) fn watch(state: &mut State) {
    let drafts = &state.chat.drafts;
    state.chat.longest.retain(|key, _| drafts.contains_key(key));
    let Some(key) = state.draft_key() else { return };
    let Some(draft) = state.chat.drafts.get(&key) else { return };
    if draft.is_empty() {
        if let Some(content) = state.chat.longest.remove(&key) {
            discard(state, key, content);
        }
        return;
    }
    let text = draft.text();
    let longest = state.chat.longest.entry(key).or_default();
    if text.len() >= longest.len() {
        *longest = text;
    }
}

/// Puts a text among those that can be brought back.
pub(super) fn discard(state: &mut State, key: DraftKey, content: String) {
    if content.trim().is_empty() {
        return;
    }
    state.chat.discarded.push(Discarded { key, content, at: state.now });
    let over = state.chat.discarded.len().saturating_sub(DISCARDED_MAX);
    state.chat.discarded.drain(..over);
}

/// Brings the last discarded text of this place back, or the last one of all to where it belongs.
pub(super) fn bring_back(state: &mut State, effects: &mut Effects) {
    let here = state.draft_key();
    let of_here = state.chat.discarded.iter().rposition(|text| Some(text.key) == here);
    let Some(at) = of_here.or(state.chat.discarded.len().checked_sub(1)) else { return };
    // What was for a channel that never came, or is gone, goes to the one that is here.
    let is_there = |key: &DraftKey| key.channel_id().is_some_and(|id| state.world.channels.contains_key(&id));
    let key = state.chat.discarded.get(at).map(|text| text.key).filter(is_there).or(here);
    let Some(key) = key else { return };
    let content = state.chat.discarded.remove(at).content;
    if let DraftKey::Channel(channel_id) | DraftKey::Thread(channel_id, _) | DraftKey::Edit(channel_id, _) = key
        && Some(key) != here
        && state.chat.open != Some(channel_id)
    {
        chat::open_channel(state, channel_id, effects);
    }
    let draft = state.chat.drafts.entry(key).or_default();
    let rest = if draft.is_blank() { String::new() } else { format!("\n{}", draft.text()) };
    *draft = Composer::with_text(&format!("{content}{rest}"));
    match key {
        DraftKey::Edit(channel_id, seq) => {
            state.chat.editing = Some((channel_id, seq));
            state.chat.focus = Focus::Composer;
        }
        DraftKey::Thread(..) if Some(key) != here => state.say("Brought back in the composer of its thread."),
        _ => chat::focus_composer(state),
    }
}

/// Sends drafts that changed here to the server, each after a pause.
pub(super) fn share(state: &mut State, effects: &mut Effects) {
    let due = state.later(SHARE_MS);
    let keys: Vec<DraftKey> = state.chat.drafts.keys().chain(state.chat.shared.keys()).copied().collect();
    for key in keys.into_iter().filter(|key| matches!(key, DraftKey::Channel(_) | DraftKey::Thread(..))) {
        let text = typed(state, key);
        let held = state.chat.shared.entry(key).or_default();
        if text == held.shared.content || text.len() > MESSAGE_BYTES_MAX {
            held.share_at = None;
            continue;
        }
        if held.in_flight.is_some() || *held.share_at.get_or_insert(due) > state.now {
            continue;
        }
        held.share_at = None;
        held.in_flight = Some(text.clone());
        effects.push(Effect::ShareDraft { key, content: text, expected_rev: held.shared.rev });
    }
    state.chat.shared.retain(|_, held| *held != SharedDraft::default());
}

/// A draft as the server has it, and what is under way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SharedDraft {
    pub(crate) shared: Shared,
    /// What was sent and not answered.
    in_flight: Option<String>,
    /// What another device did meanwhile.
    later: Option<Draft>,
    /// When what is typed here goes out.
    pub(crate) share_at: Option<syncspace_protocol::Time>,
}

impl SharedDraft {
    /// Makes it from what was kept on disk.
    pub(crate) fn kept(shared: Shared) -> Self {
        Self { shared, ..Self::default() }
    }
}

/// Gives what stands in a composer; blanks alone are nothing.
fn typed(state: &State, key: DraftKey) -> String {
    state.chat.drafts.get(&key).filter(|draft| !draft.is_blank()).map(Composer::text).unwrap_or_default()
}

/// Takes the answer to a draft that was sent.
pub(super) fn shared(state: &mut State, key: DraftKey, answer: Answer<Draft>, effects: &mut Effects) {
    let retry_at = state.later(RETRY_MS);
    let Some(held) = state.chat.shared.get_mut(&key) else { return };
    let Some(sent) = held.in_flight.take() else { return };
    match answer {
        Ok(draft) => held.shared = Shared { rev: draft.rev.max(held.shared.rev), content: sent },
        Err(failure) if failure.code == Some(ErrorCode::Conflict) => {
            // Another device was first: its text is read, then what is typed here follows it.
            held.share_at = Some(retry_at);
            let team = key_channel(key).and_then(|id| state.world.channels.get(&id)).map(|open| open.channel.team_id);
            if let Some(team_id) = team {
                ask(state, team_id, effects);
            }
        }
        Err(failure) if failure.is_transient => held.share_at = Some(retry_at),
        // It will not be taken: it stays on this device.
        Err(_) => held.shared.content = sent,
    }
    if let Some(later) = state.chat.shared.get_mut(&key).and_then(|held| held.later.take()) {
        take(state, later);
    }
}

/// Tells whether the person is in the channel of a draft. The server drops drafts of others; what is typed here stays.
fn is_in_channel(state: &State, key: DraftKey) -> bool {
    key_channel(key).and_then(|id| state.world.channels.get(&id)).is_some_and(ChannelState::is_joined)
}

fn key_channel(key: DraftKey) -> Option<ChannelId> {
    match key {
        DraftKey::Channel(channel_id) | DraftKey::Thread(channel_id, _) => Some(channel_id),
        DraftKey::Edit(..) | DraftKey::Arriving => None,
    }
}

/// Takes a draft as the server has it now.
pub(super) fn take(state: &mut State, draft: Draft) {
    let key = match draft.parent_seq {
        Some(root) => DraftKey::Thread(draft.channel_id, root),
        None => DraftKey::Channel(draft.channel_id),
    };
    if draft.content.is_empty() && !is_in_channel(state, key) {
        return;
    }
    let here = typed(state, key);
    let held = state.chat.shared.entry(key).or_default();
    if draft.rev <= held.shared.rev {
        return;
    }
    if held.in_flight.is_some() {
        held.later = Some(draft);
        return;
    }
    let is_in_step = here == held.shared.content;
    held.shared = Shared { rev: draft.rev, content: draft.content.clone() };
    if is_in_step && here != draft.content {
        state.chat.longest.remove(&key);
        let is_sent = draft.content.is_empty() && was_sent(state, draft.channel_id, &here);
        if !is_sent && !draft.content.contains(&here) {
            discard(state, key, here);
        }
        if draft.content.is_empty() {
            state.chat.drafts.remove(&key);
        } else {
            state.chat.drafts.insert(key, Composer::with_text(&draft.content));
        }
    }
}

/// Tells whether a text stands in a channel as the person's own message: then another device has sent the draft.
fn was_sent(state: &State, channel_id: ChannelId, text: &str) -> bool {
    let me = state.world.my_id();
    let log = state.world.channels.get(&channel_id).and_then(|channel| channel.timeline());
    log.is_some_and(|log| {
        log.iter().rev().any(|message| Some(message.sender_id) == me && message.content.trim() == text.trim())
    })
}

/// Asks for all drafts of a team.
pub(super) fn ask(state: &mut State, team_id: TeamId, effects: &mut Effects) {
    let had = state.chat.shared.iter().map(|(&key, held)| (key, held.shared.rev)).collect();
    // Of two lists under way the first one decides: what came since is in the second at the earliest.
    state.chat.drafts_asked.entry(team_id).or_insert(had);
    effects.push(Effect::LoadDrafts(team_id));
}

/// Takes all drafts of a team. One that the server had when it was asked, and that is in no list, was sent or thrown away
/// on another device.
pub(super) fn listed(state: &mut State, team_id: TeamId, answer: Answer<Vec<Draft>>) {
    let had = state.chat.drafts_asked.remove(&team_id).unwrap_or_default();
    let Ok(drafts) = answer else { return };
    let is_listed = |key: &DraftKey| {
        drafts.iter().any(|draft| match draft.parent_seq {
            Some(root) => *key == DraftKey::Thread(draft.channel_id, root),
            None => *key == DraftKey::Channel(draft.channel_id),
        })
    };
    let is_of_team = |key: &DraftKey| {
        let channel = key_channel(*key).and_then(|id| state.world.channels.get(&id));
        channel.is_some_and(|channel| channel.channel.team_id == team_id)
    };
    let gone: Vec<DraftKey> = state
        .chat
        .shared
        .iter()
        .filter(|(key, held)| {
            let is_same = held.shared.rev != Rev::ZERO && had.get(key) == Some(&held.shared.rev);
            let is_idle = held.in_flight.is_none() && !held.shared.content.is_empty();
            is_same && is_idle && is_of_team(key) && is_in_channel(state, **key) && !is_listed(key)
        })
        .map(|(&key, _)| key)
        .collect();
    for key in gone {
        let here = typed(state, key);
        let Some(held) = state.chat.shared.get_mut(&key) else { continue };
        let before = std::mem::take(&mut held.shared.content);
        if here == before {
            state.chat.drafts.remove(&key);
            state.chat.longest.remove(&key);
            discard(state, key, here);
        }
    }
    drafts.into_iter().for_each(|draft| take(state, draft));
}
