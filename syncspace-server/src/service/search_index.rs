//! The search index as a follower of the log: what it takes from each message, and batches that lock little.

use std::collections::BTreeMap;

use syncspace_protocol::messages::Message;
use syncspace_protocol::search::query::Has;
use syncspace_protocol::search::traits::{is_in_thread, is_searchable};
use syncspace_protocol::search::words::{INDEX_WORD_CHARS, Words, index_word};
use syncspace_protocol::{ChannelId, Seq, TeamId, UserId};

use super::behind::{Follower, Part};
use super::{Service, ServiceError};
use crate::store::marks::{self, Behind};
use crate::store::mentions::{self, KeywordMention};
use crate::store::search::{self, IndexRow, Key};
use crate::store::{StoreError, channels};

/// The follower's name among the marks.
pub(super) const FOLLOWER: &str = Follower::Search.mark();

/// Rows forgotten by one transaction of a rebuild.
const FORGET_ROWS: u32 = 500;

/// The message has an address that begins with `http://` or `https://`.
pub(super) const HAS_LINK: u32 = 1;
/// It is a piece of code, or has some between backticks or fences.
pub(super) const HAS_CODE: u32 = 2;
/// It has a file.
pub(super) const HAS_FILE: u32 = 4;
/// It is a reply, or has replies.
pub(super) const IN_THREAD: u32 = 8;
/// Somebody reacted to it.
pub(super) const HAS_REACTION: u32 = 16;
/// It is pinned to its channel.
pub(super) const IS_PINNED: u32 = 32;

/// Tells what a message has and is.
pub(super) fn traits(message: &Message) -> u32 {
    let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
    flag(Has::Link.is_in(message), HAS_LINK)
        | flag(Has::Code.is_in(message), HAS_CODE)
        | flag(Has::File.is_in(message), HAS_FILE)
        | flag(is_in_thread(message), IN_THREAD)
        | flag(Has::Reaction.is_in(message), HAS_REACTION)
        | flag(message.pinned.is_some(), IS_PINNED)
}

/// Gives the word by which messages that name somebody are found. No text has it: it begins with a control character.
pub(super) fn mention_word(user: UserId) -> String {
    format!("\u{0}@{user}")
}

/// Gives the word by which messages that name everybody in the channel are found.
pub(super) fn channel_mention_word() -> String {
    "\u{0}@channel".to_owned()
}

/// Makes the row of a message; `called` are those whom it mentions by keywords.
fn index_row(team: TeamId, message: &Message, called: &[UserId]) -> IndexRow {
    let mut texts = Words::find(&message.content).index_texts();
    texts.extend(message.mentions.users.iter().chain(called).map(|&user| mention_word(user)));
    texts.extend(message.mentions.channel.then(channel_mention_word));
    let mut tokens = String::with_capacity((INDEX_WORD_CHARS + 1) * texts.len() + 1);
    tokens.push(' ');
    for text in texts {
        tokens.push_str(&index_word(team, &text));
        tokens.push(' ');
    }
    IndexRow {
        team,
        key: Key { created_at: message.created_at, message: message.id },
        channel: message.channel_id,
        seq: message.seq,
        sender: message.sender_id,
        traits: traits(message),
        tokens,
    }
}

impl Service {
    /// Brings the index up to date with some changes of channels; gives those that have more.
    pub(super) async fn index_batch(&self, behind: Vec<Behind>) -> Result<Vec<ChannelId>, ServiceError> {
        let parts = self.read_parts(behind).await?;
        let mut rows: Vec<IndexRow> = Vec::new();
        for part in &parts {
            rows.extend(self.index_rows(part).await?);
        }
        let messages: Vec<_> = parts.iter().flat_map(|part| &part.changed).map(|message| message.id).collect();
        let mut tx = self.store.begin().await?;
        for part in &parts {
            if !marks::advance(&mut tx, FOLLOWER, &part.behind, part.done).await? {
                // Another instance was here. What it left is due again.
                tx.rollback().await;
                return Ok(parts.iter().map(|part| part.behind.channel).collect());
            }
        }
        // What was read before a channel went is not put in after it.
        let gone =
            channels::lock_removed(&mut tx, &parts.iter().map(|part| part.behind.channel).collect::<Vec<_>>()).await?;
        rows.retain(|row| !gone.contains(&row.channel));
        search::replace(&mut tx, self.store.dialect(), &messages, &rows).await?;
        tx.commit().await?;
        Ok(parts.iter().filter(|part| !part.is_all()).map(|part| part.behind.channel).collect())
    }

    async fn index_rows(&self, part: &Part) -> Result<Vec<IndexRow>, StoreError> {
        let (channel, team) = (part.behind.channel, part.behind.team);
        let messages: Vec<_> = part.changed.iter().filter(|message| is_searchable(message)).collect();
        let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
        // What is found by keywords meanwhile moves the mark back.
        let mut called: BTreeMap<Seq, Vec<UserId>> = BTreeMap::new();
        for KeywordMention { seq, user } in mentions::list_by_keyword(&mut &self.store, channel, &seqs).await? {
            called.entry(seq).or_default().push(user);
        }
        let row = |message: &&Message| index_row(team, message, called.get(&message.seq).map_or(&[], Vec::as_slice));
        Ok(messages.iter().map(row).collect())
    }

    /// Throws the index away, so that it is made anew from the messages.
    pub async fn forget_index(&self) -> Result<(), ServiceError> {
        loop {
            let some = search::list_some(&mut &self.store, FORGET_ROWS).await?;
            if some.is_empty() {
                break;
            }
            let mut tx = self.store.begin().await?;
            search::remove(&mut tx, self.store.dialect(), &some).await?;
            tx.commit().await?;
        }
        // The marks last: what a follower put in meanwhile is made anew, too, and never taken out behind its mark.
        while !marks::forget(&mut &self.store, FOLLOWER, FORGET_ROWS).await? {}
        Ok(())
    }
}
