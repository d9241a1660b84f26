//! The search index as a follower of the log: what it takes from each message, and batches that lock little.
//!
//! Any instance does any channel: each batch moves the channels' marks from where it read them, so two that do the same
//! work find out, and one of them has done it in vain. Nothing here is needed for a send.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use syncspace_protocol::mentions::has_code;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::search::words::{INDEX_WORD_CHARS, Words, index_word};
use syncspace_protocol::{ChannelId, Rev, StreamId, TeamId, UserId};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Service, ServiceError};
use crate::log::Committed;
use crate::store::marks::{self, Behind};
use crate::store::search::{self, IndexRow, Key};
use crate::store::{StoreError, messages};

/// The follower's name among the marks.
pub(super) const FOLLOWER: &str = "search";

/// Most channels in one batch.
pub(crate) const CHANNELS_PER_BATCH: usize = 16;
/// Most messages in one batch: a few milliseconds of the embedded store's only writer.
const MESSAGES_PER_BATCH: usize = 192;
/// Fewest messages taken of a channel, so that all of one change always fit.
const MESSAGES_PER_CHANNEL_MIN: usize = 8;
/// Most channels remembered as having something new; those beyond are found by looking at the heads.
const DUE_MAX: usize = 10_000;
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
    flag(has_link(&message.content), HAS_LINK)
        | flag(message.message_type == MessageType::Code || has_code(&message.content), HAS_CODE)
        | flag(message.file_url.is_some(), HAS_FILE)
        | flag(message.parent_seq.is_some() || message.reply_count > 0, IN_THREAD)
        | flag(!message.reactions.is_empty(), HAS_REACTION)
        | flag(message.pinned.is_some(), IS_PINNED)
}

fn has_link(text: &str) -> bool {
    let mut schemes = text.match_indices("://");
    schemes.any(|(at, sign)| {
        let is_web = |scheme: &str| {
            let begin = at.checked_sub(scheme.len()).and_then(|from| text.get(from..at));
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        let goes_on = text[at + sign.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        goes_on && (is_web("http") || is_web("https"))
    })
}

/// Tells whether a message can be found at all.
pub(super) fn is_searchable(message: &Message) -> bool {
    message.deleted_at.is_none() && message.message_type != MessageType::System
}

/// Gives the word by which messages that name somebody are found. No text has it: it begins with a control character.
pub(super) fn mention_word(user: UserId) -> String {
    format!("\u{0}@{user}")
}

/// Gives the word by which messages that name everybody in the channel are found.
pub(super) fn channel_mention_word() -> String {
    "\u{0}@channel".to_owned()
}

fn index_row(team: TeamId, message: &Message) -> IndexRow {
    let mut texts = Words::find(&message.content).index_texts();
    texts.extend(message.mentions.users.iter().map(|&user| mention_word(user)));
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

/// Channels that are known to have something new.
#[derive(Default)]
pub(crate) struct Unindexed {
    channels: Mutex<BTreeSet<ChannelId>>,
    /// Changes that were committed here so far.
    commits: AtomicU64,
    noted: Notify,
    hurried: Notify,
    worked: Notify,
}

impl Unindexed {
    /// Notes the channels of what was committed here; must not wait.
    pub(crate) fn note_committed(&self, events: &[Committed]) {
        self.commits.fetch_add(events.len() as u64, Ordering::Relaxed);
        let channels = events.iter().filter_map(|event| match event.route.stream {
            StreamId::Channel(channel) => Some(channel),
            StreamId::Team(_) | StreamId::Member(_) => None,
        });
        self.note(channels);
    }

    /// Gives how many changes were committed here so far.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Notes channels.
    pub(crate) fn note(&self, channels: impl Iterator<Item = ChannelId>) {
        let mut due = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let before = due.len();
        for channel in channels {
            if due.len() < DUE_MAX {
                due.insert(channel);
            }
        }
        if due.len() > before {
            self.noted.notify_one();
        }
    }

    /// Takes all of them out.
    pub(crate) fn take(&self) -> Vec<ChannelId> {
        let due = std::mem::take(&mut *self.channels.lock().unwrap_or_else(PoisonError::into_inner));
        due.into_iter().collect()
    }

    /// Waits until channels are noted, and a little for more of them; not while somebody waits for the index.
    pub(crate) async fn wait(&self, gather: Duration) {
        self.noted.notified().await;
        // Nobody hurrying is the usual end of this.
        let _ = timeout(gather, self.hurried.notified()).await;
    }

    /// Tells that a batch is done, and what of it has more to do at once.
    pub(crate) fn worked(&self, unfinished: Vec<ChannelId>) {
        if !unfinished.is_empty() {
            self.note(unfinished.into_iter());
            self.hurried.notify_one();
        }
        self.worked.notify_waiters();
    }

    /// Has these channels done soon, and waits for a batch, not for long. Tells whether there was one.
    pub(super) async fn hurry(&self, channels: impl Iterator<Item = ChannelId>, wait: Duration) -> bool {
        let mut worked = pin!(self.worked.notified());
        worked.as_mut().enable();
        self.note(channels);
        self.hurried.notify_one();
        timeout(wait, worked).await.is_ok()
    }
}

/// What of some channels goes into the index at once.
#[derive(Default)]
struct Batch {
    /// Each channel, and the rev up to which it is then done.
    done: Vec<(Behind, Rev)>,
    changed: Vec<(TeamId, Message)>,
    /// Channels that have more.
    unfinished: Vec<ChannelId>,
}

impl Service {
    /// Gives the channels that are known to have something new for followers.
    pub(crate) fn unindexed(&self) -> &Unindexed {
        &self.unindexed
    }

    /// Brings the index up to date with some changes of these channels, at most sixteen; gives those that have more.
    pub(crate) async fn index_batch(&self, channels: &[ChannelId]) -> Result<Vec<ChannelId>, ServiceError> {
        let behind = marks::find_behind(&mut &self.store, FOLLOWER, channels).await?;
        if behind.is_empty() {
            return Ok(Vec::new());
        }
        let batch = self.read_batch(behind).await?;
        let rows = batch.changed.iter().filter(|(_, message)| is_searchable(message));
        let rows: Vec<_> = rows.map(|(team, message)| index_row(*team, message)).collect();
        let messages: Vec<_> = batch.changed.iter().map(|(_, message)| message.id).collect();
        let mut tx = self.store.begin().await?;
        for (behind, rev) in &batch.done {
            if !marks::advance(&mut tx, FOLLOWER, behind, *rev).await? {
                // Another instance was here. What it left is due again.
                tx.rollback().await;
                return Ok(batch.done.iter().map(|(behind, _)| behind.channel).collect());
            }
        }
        search::replace(&mut tx, self.store.dialect(), &messages, &rows).await?;
        tx.commit().await?;
        Ok(batch.unfinished)
    }

    async fn read_batch(&self, behind: Vec<Behind>) -> Result<Batch, StoreError> {
        let limit = (MESSAGES_PER_BATCH / behind.len().max(1)).max(MESSAGES_PER_CHANNEL_MIN);
        let mut batch = Batch::default();
        for channel in behind {
            let (changed, done) = self.read_changes(&channel, limit).await?;
            if done < channel.last_rev {
                batch.unfinished.push(channel.channel);
            }
            batch.changed.extend(changed.into_iter().map(|message| (channel.team, message)));
            batch.done.push((channel, done));
        }
        Ok(batch)
    }

    /// Reads what changed in a channel, and up to which rev that is all.
    async fn read_changes(&self, channel: &Behind, limit: usize) -> Result<(Vec<Message>, Rev), StoreError> {
        let after = channel.mark.unwrap_or(Rev::ZERO);
        let mut limit = limit;
        loop {
            let rows = u32::try_from(limit).unwrap_or(u32::MAX);
            let mut changed = messages::list_changes(&mut &self.store, channel.channel, after, rows).await?;
            let newest = changed.last().map_or(Rev::ZERO, |last| last.rev);
            if changed.len() < limit {
                // The head was read before: changes that came since may be among the rows, and are done with them.
                return Ok((changed, newest.max(channel.last_rev)));
            }
            // The newest change may have more rows than were read.
            changed.retain(|message| message.rev < newest);
            if let Some(last) = changed.last() {
                let done = last.rev;
                return Ok((changed, done));
            }
            limit *= 2;
        }
    }

    /// Looks at the heads of some channels after one, notes those that are behind as due, and gives where to look next.
    pub(crate) async fn look_for_behind(
        &self,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<Option<ChannelId>, ServiceError> {
        let (behind, next) = marks::look_for_behind(&mut &self.store, FOLLOWER, after, limit).await?;
        if !behind.is_empty() {
            self.unindexed.note(behind.iter().map(|behind| behind.channel));
        }
        Ok(next)
    }

    /// Brings the whole index up to date; for tools and tests, a running server does so by itself.
    pub async fn index_all(&self) -> Result<(), ServiceError> {
        loop {
            let mut next = self.look_for_behind(None, FORGET_ROWS).await?;
            while next.is_some() {
                next = self.look_for_behind(next, FORGET_ROWS).await?;
            }
            let due = self.unindexed.take();
            if due.is_empty() {
                return Ok(());
            }
            for channels in due.chunks(CHANNELS_PER_BATCH) {
                let unfinished = self.index_batch(channels).await?;
                self.unindexed.note(unfinished.into_iter());
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_noticed() {
        for text in ["http://x", "see (HTTPS://Example.org)", "a:// https://[::1]/"] {
            assert!(has_link(text), "{text}");
        }
        for text in ["", "http://", "https:// x", "ftp://x", "://x", "é://x"] {
            assert!(!has_link(text), "{text}");
        }
    }

    #[test]
    fn channels_are_due_once_and_in_bounded_number() {
        let due = Unindexed::default();
        let channel = |id: usize| ChannelId::try_from(u64::try_from(id).expect("small")).expect("an id");
        due.note((1..=DUE_MAX + 5).chain([3]).map(channel));
        assert_eq!(due.take(), (1..=DUE_MAX).map(channel).collect::<Vec<_>>());
        assert_eq!(due.take(), []);
    }

    #[tokio::test]
    async fn who_waits_for_the_index_ends_the_gathering() {
        const LONG: Duration = Duration::from_secs(60);
        let due = Unindexed::default();
        let channel = ChannelId::try_from(7).expect("an id");
        let follow = async {
            due.wait(LONG).await;
            let taken = due.take();
            due.worked(Vec::new());
            taken
        };
        let begun = tokio::time::Instant::now();
        let (has_worked, taken) = tokio::join!(due.hurry([channel].into_iter(), LONG), follow);
        assert!(has_worked);
        assert_eq!(taken, [channel]);
        assert!(begun.elapsed() < LONG);
        assert!(!due.hurry([channel].into_iter(), Duration::from_millis(5)).await, "nobody works");
    }
}
