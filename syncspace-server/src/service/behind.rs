//! What all work behind the log shares: which channels have news for a follower, and what of them is read at once.
//!
//! Any instance does any channel: each batch moves the channels' marks from where it read them, so two that do the same
//! work find out, and one of them has done it in vain. Nothing here is needed for a send.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Service, ServiceError};
use crate::log::Committed;
use crate::store::marks::{self, Behind, Mark};
use crate::store::{StoreError, messages};

/// Most channels in one batch.
pub(crate) const CHANNELS_PER_BATCH: usize = 16;
/// Most messages in one batch: a few milliseconds of the embedded store's only writer.
const MESSAGES_PER_BATCH: usize = 192;
/// Fewest messages taken of a channel, so that all of one change always fit.
const MESSAGES_PER_CHANNEL_MIN: usize = 8;
/// Most channels remembered as having something new; those beyond are found by looking at the heads.
const DUE_MAX: usize = 10_000;
/// Heads looked at by one statement where everything is done at once.
const HEADS_PER_LOOK: u32 = 500;

/// Work behind the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follower {
    /// Finds the messages that outgoing hooks are to be told of.
    Hooks,
    /// Finds the messages that have somebody's keyword.
    Keywords,
    /// Keeps the search index.
    Search,
}

impl Follower {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::Hooks, Self::Keywords, Self::Search];

    /// Gives its name among the marks.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Hooks => "hooks",
            Self::Keywords => "keywords",
            Self::Search => "search",
        }
    }

    /// Says what it does, for the server's log.
    pub(crate) const fn work(self) -> &'static str {
        match self {
            Self::Hooks => "finding messages for outgoing hooks",
            Self::Keywords => "finding keywords in messages",
            Self::Search => "bringing the search index up to date",
        }
    }
}

/// Channels that are known to have something new for a follower.
#[derive(Default)]
pub(crate) struct News {
    channels: Mutex<BTreeSet<ChannelId>>,
    /// Changes that were committed here so far.
    commits: AtomicU64,
    noted: Notify,
    hurried: Notify,
    worked: Notify,
}

impl News {
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

    /// Waits until channels are noted, and a little for more of them; not while somebody waits for the work.
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

/// What changed in a channel, or the first part of it.
pub(super) struct Part {
    pub(super) behind: Behind,
    /// By rev.
    pub(super) changed: Vec<Message>,
    /// How far the follower has come by that.
    pub(super) done: Mark,
}

impl Part {
    pub(super) fn is_all(&self) -> bool {
        self.done.rev >= self.behind.last_rev
    }
}

impl Service {
    /// Gives the channels that are known to have something new for a follower.
    pub(crate) fn news(&self, follower: Follower) -> &News {
        self.news.of(follower)
    }

    /// Works on some changes of these channels, at most sixteen; gives those that have more.
    pub(crate) async fn follow(
        &self,
        follower: Follower,
        channels: &[ChannelId],
    ) -> Result<Vec<ChannelId>, ServiceError> {
        let behind = marks::find_behind(&mut &self.store, follower.mark(), channels).await?;
        if behind.is_empty() {
            return Ok(Vec::new());
        }
        match follower {
            Follower::Hooks => self.find_hook_work(behind).await,
            Follower::Keywords => self.find_keywords(behind).await,
            Follower::Search => self.index_batch(behind).await,
        }
    }

    /// Looks at the heads of some channels after one, notes those that a follower is behind in, and gives where to look next.
    pub(crate) async fn look_for_behind(
        &self,
        follower: Follower,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<Option<ChannelId>, ServiceError> {
        let (behind, next) = marks::look_for_behind(&mut &self.store, follower.mark(), after, limit).await?;
        if !behind.is_empty() {
            self.news(follower).note(behind.iter().map(|behind| behind.channel));
        }
        Ok(next)
    }

    /// Does all work behind the log that is left; for tools and tests, a running server does so by itself.
    pub async fn catch_up(&self) -> Result<(), ServiceError> {
        for follower in Follower::ALL {
            while self.catch_up_once(follower).await? {}
        }
        Ok(())
    }

    /// Looks at all heads and works on what is behind; tells whether something was.
    async fn catch_up_once(&self, follower: Follower) -> Result<bool, ServiceError> {
        let mut next = self.look_for_behind(follower, None, HEADS_PER_LOOK).await?;
        while next.is_some() {
            next = self.look_for_behind(follower, next, HEADS_PER_LOOK).await?;
        }
        let due = self.news(follower).take();
        for channels in due.chunks(CHANNELS_PER_BATCH) {
            let unfinished = self.follow(follower, channels).await?;
            self.news(follower).note(unfinished.into_iter());
        }
        Ok(!due.is_empty())
    }

    /// Reads some changes of channels.
    pub(super) async fn read_parts(&self, behind: Vec<Behind>) -> Result<Vec<Part>, StoreError> {
        let limit = (MESSAGES_PER_BATCH / behind.len().max(1)).max(MESSAGES_PER_CHANNEL_MIN);
        let mut parts = Vec::with_capacity(behind.len());
        for channel in behind {
            parts.push(self.read_part(channel, limit).await?);
        }
        Ok(parts)
    }

    /// Reads what changed in a channel, and up to which rev that is all.
    async fn read_part(&self, behind: Behind, limit: usize) -> Result<Part, StoreError> {
        let from = behind.from();
        let mut limit = limit;
        loop {
            let rows = u32::try_from(limit).unwrap_or(u32::MAX);
            let mut changed = messages::list_changes(&mut &self.store, behind.channel, from.rev, rows).await?;
            let newest = changed.last().map_or(Rev::ZERO, |last| last.rev);
            if changed.len() < limit {
                // The head was read before: changes that came since may be among the rows, and are done with them.
                let last_seq = changed.iter().map(|message| message.seq).max().unwrap_or(Seq::ZERO);
                let rev = newest.max(behind.last_rev);
                let done = Mark { rev, seq: last_seq.max(behind.last_seq), level_rev: rev };
                return Ok(Part { behind, changed, done });
            }
            // The newest change may have more rows than were read.
            changed.retain(|message| message.rev < newest);
            if let Some(last) = changed.last() {
                // A message that was changed since it was sent comes with its last change: places, and changes of texts, may be
                // left out here.
                let done = Mark { rev: last.rev, ..from };
                return Ok(Part { behind, changed, done });
            }
            limit *= 2;
        }
    }
}

/// What is new for each follower.
#[derive(Default)]
pub(crate) struct AllNews {
    hooks: News,
    keywords: News,
    search: News,
}

impl AllNews {
    const fn of(&self, follower: Follower) -> &News {
        match follower {
            Follower::Hooks => &self.hooks,
            Follower::Keywords => &self.keywords,
            Follower::Search => &self.search,
        }
    }

    /// Notes the channels of what was committed here; must not wait.
    pub(crate) fn note_committed(&self, events: &[Committed]) {
        for follower in Follower::ALL {
            self.of(follower).note_committed(events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_due_once_and_in_bounded_number() {
        let due = News::default();
        let channel = |id: usize| ChannelId::try_from(u64::try_from(id).expect("small")).expect("an id");
        due.note((1..=DUE_MAX + 5).chain([3]).map(channel));
        assert_eq!(due.take(), (1..=DUE_MAX).map(channel).collect::<Vec<_>>());
        assert_eq!(due.take(), []);
    }

    #[tokio::test]
    async fn who_waits_for_the_work_ends_the_gathering() {
        const LONG: Duration = Duration::from_secs(60);
        let due = News::default();
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
