//! What about messages concerns one person alone: own reactions, saved messages, the emoji used last.

use std::collections::{HashMap, HashSet, VecDeque};

use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::personal::SavedMark;
use syncspace_protocol::reactions::{Emoji, MyReactions};
use syncspace_protocol::{ChannelId, Seq};

use super::keywords::OwnKeywords;
use super::look::Theme;

/// Messages with own reactions that are remembered; all of them come again with the pages they stand on.
const REACTED_MAX: usize = 10_000;
/// Emoji that are offered first.
const RECENT_MAX: usize = 12;
/// What is offered before anything was used.
const FIRST_EMOJI: [&str; 6] = ["thumbsup", "heart", "tada", "eyes", "joy", "white_check_mark"];

/// What concerns this person alone.
#[derive(Debug, Default)]
pub(crate) struct Own {
    reactions: HashMap<(ChannelId, Seq), Vec<Emoji>>,
    saved: HashSet<(ChannelId, Seq)>,
    pub(crate) keywords: OwnKeywords,
    /// The last used first.
    recent: VecDeque<Emoji>,
    /// The theme that was picked in the program.
    pub(crate) theme: Option<Theme>,
}

impl Own {
    /// Takes own reactions as an answer gives them.
    pub(crate) fn take(&mut self, channel_id: ChannelId, reactions: Vec<MyReactions>) {
        if self.reactions.len() + reactions.len() > REACTED_MAX {
            self.reactions.clear();
        }
        self.reactions.extend(reactions.into_iter().map(|mine| ((channel_id, mine.seq), mine.emoji)));
    }

    /// Notes that the person reacted, or takes that back.
    pub(crate) fn set_reaction(&mut self, channel_id: ChannelId, seq: Seq, emoji: &Emoji, is_on: bool) {
        let held = self.reactions.entry((channel_id, seq)).or_default();
        held.retain(|one| one != emoji);
        if is_on {
            held.push(emoji.clone());
        }
    }

    pub(crate) fn has_reacted(&self, place: MessagePlace, emoji: &Emoji) -> bool {
        self.reactions.get(&(place.channel_id, place.seq)).is_some_and(|held| held.contains(emoji))
    }

    pub(crate) fn save(&mut self, mark: SavedMark) {
        let place = (mark.channel_id, mark.seq);
        if mark.is_saved {
            self.saved.insert(place);
        } else {
            self.saved.remove(&place);
        }
    }

    pub(crate) fn is_saved(&self, place: MessagePlace) -> bool {
        self.saved.contains(&(place.channel_id, place.seq))
    }

    /// Gives the places of all saved messages.
    pub(crate) fn saved_places(&self) -> Vec<MessagePlace> {
        self.saved.iter().map(|&(channel_id, seq)| MessagePlace { channel_id, seq }).collect()
    }

    /// Notes the use of an emoji.
    pub(crate) fn use_emoji(&mut self, emoji: &Emoji) {
        self.recent.retain(|one| one != emoji);
        self.recent.push_front(emoji.clone());
        self.recent.truncate(RECENT_MAX);
    }

    /// Gives the emoji that were used, the last one first.
    pub(crate) const fn used(&self) -> &VecDeque<Emoji> {
        &self.recent
    }

    /// Takes the emoji that were used before, the last one first.
    pub(crate) fn take_used(&mut self, used: Vec<Emoji>) {
        self.recent = used.into_iter().take(RECENT_MAX).collect();
    }

    /// Gives the emoji that are offered first, the last used before the usual.
    pub(crate) fn recent(&self) -> Vec<Emoji> {
        let usual = FIRST_EMOJI.iter().filter_map(|name| name.parse().ok());
        let mut recent: Vec<Emoji> = self.recent.iter().cloned().collect();
        for emoji in usual {
            if !recent.contains(&emoji) {
                recent.push(emoji);
            }
        }
        recent
    }
}
