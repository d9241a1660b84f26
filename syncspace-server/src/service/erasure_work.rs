//! What goes after an emptied account: its messages one channel after the other, what it reacted with, then everything else.
//!
//! Each step is one transaction that is found again where it was cut off, and notes in itself how far it came. What others
//! hold copies of goes through the log, as if the person had taken it back.

use syncspace_protocol::erasure::ErasureStage;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, ClientId, StreamId, TeamId, UserId};
use uuid::Uuid;

use super::job_kinds::{BATCH_ROWS_MAX, Batch, Turn};
use super::reactions::take_back;
use super::team_changes::Refused;
use super::{Service, ServiceError, join_requests, later, message_changes};
use crate::log::{LogTx, Operation};
use crate::permissions;
use crate::store::erasures::{self, Work};
use crate::store::personal_data::{self, Person};
use crate::store::reactions::{self, ReactionKey};
use crate::store::{StoreError, Tx, messages};

/// How long after the account was emptied the work begins, in milliseconds: what was on its way then has arrived, and the sockets
/// are closed.
const GRACE_MS: i64 = 60_000;

/// Most messages emptied by one transaction: each is an event to everybody in the channel.
const MESSAGES_AT_ONCE: u32 = 100;

/// Most reactions taken back by one transaction.
const REACTIONS_AT_ONCE: u32 = 100;

/// Most erasures that are looked at whether the bytes of their files are gone.
const WAITING_AT_ONCE: u32 = 100;

/// What comes next of an erasure.
enum Next {
    /// Messages of a channel are to be emptied.
    Messages(ChannelId),
    /// Reactions in a channel are to be taken back.
    Reactions(ChannelId),
    /// A wish to come into a team is to be forgotten.
    Request(TeamId),
    /// Something that only the database knows was done, in the transaction that looked.
    Done(u64),
}

impl Service {
    /// Does a part of the oldest erasure that is not over.
    ///
    /// The fence is asked before, not in each commit of the log: every operation looks again, under the lock of its stream,
    /// where the work stands.
    pub(super) async fn erase_some(&self, turn: &Turn) -> Result<Batch, ServiceError> {
        let mut tx = self.store.begin().await?;
        if !turn.fence().holds(&mut tx).await? {
            return Ok(Batch::TurnLost);
        }
        let Some(work) = erasures::find_work(&mut tx, later(self.clock.now(), -GRACE_MS)).await? else {
            let finished = erasures::finish(&mut tx, self.clock.now(), WAITING_AT_ONCE).await?;
            tx.commit().await?;
            return Ok(Batch::Last(finished));
        };
        let user = work.user;
        let rows = match self.next_step(&mut tx, &work).await? {
            Next::Done(rows) => {
                tx.commit().await?;
                rows
            }
            next => {
                // The lane has a transaction of its own, and the embedded store one at a time.
                tx.rollback().await;
                match next {
                    Next::Messages(channel) => self.log.commit(EmptyMessages { user, channel }).await?,
                    Next::Reactions(channel) => self.log.commit(TakeBackReactions { user, channel }).await?,
                    Next::Request(team) => self.log.commit(ForgetRequest { user, team }).await?,
                    Next::Done(rows) => rows,
                }
            }
        };
        Ok(Batch::More(rows))
    }

    async fn next_step(&self, tx: &mut Tx, work: &Work) -> Result<Next, StoreError> {
        if let Some(channel) = work.channel() {
            return Ok(Next::Messages(channel));
        }
        if work.stage == ErasureStage::Messages {
            erasures::go_to_next_channel(tx, work).await?;
            return Ok(Next::Done(0));
        }
        if let Some(channel) = erasures::find_reacted(tx, work.user).await? {
            return Ok(Next::Reactions(channel));
        }
        if let Some(team) = erasures::find_request(tx, work.user).await? {
            return Ok(Next::Request(team));
        }
        self.clear_rest(tx, work.user).await.map(Next::Done)
    }

    /// Removes or clears a bounded number of rows of each table, and goes on to the files where none is left.
    async fn clear_rest(&self, tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
        let (dialect, person) = (self.store.dialect(), Person::load(tx, user).await?);
        let (cleared, has_more) = personal_data::clear_all(tx, dialect, &person, BATCH_ROWS_MAX).await?;
        if !has_more {
            erasures::release_files(tx, user, self.clock.now()).await?;
            erasures::set_stage(tx, user, ErasureStage::Files).await?;
        }
        Ok(cleared)
    }
}

/// Empties some of an erased person's messages in a channel, those too that were deleted before.
struct EmptyMessages {
    user: UserId,
    channel: ChannelId,
}

impl Operation for EmptyMessages {
    type Output = u64;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<u64, Refused> {
        // Another instance may have been here since.
        let work = erasures::find_work_on(tx.db, self.user).await?.filter(|work| work.channel() == Some(self.channel));
        let Some((work, head)) = work.zip(tx.head(StreamId::Channel(self.channel))) else { return Ok(0) };
        let permit = permissions::erased();
        let mut found = erasures::list_messages(tx.db, &work, MESSAGES_AT_ONCE).await?;
        let last = found.last().map(|last| last.client_id.clone());
        for message in &mut found {
            if message.deleted_at.is_none() {
                message_changes::bury(tx, (head.team, work.requested_by), message, &permit).await?;
            } else {
                // It looks as before, but for the name that its sender gave it.
                let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
                message.rev = taken.rev;
                tx.announce(taken, EventBody::Void {})?;
            }
            erasures::forget_request(tx.db, message, &Uuid::new_v4().to_string()).await?;
        }
        let named = erasures::remove_mentions(tx.db, self.channel, self.user, BATCH_ROWS_MAX).await?;
        let emptied = found.len() as u64;
        let has_more = emptied >= u64::from(MESSAGES_AT_ONCE) || named >= u64::from(BATCH_ROWS_MAX);
        let after = last.as_ref().map(ClientId::as_str).or(work.after()).filter(|_| has_more);
        erasures::note_messages(tx.db, self.user, emptied, after).await?;
        Ok(emptied + named)
    }
}

/// Takes back some of an erased person's reactions in a channel.
struct TakeBackReactions {
    user: UserId,
    channel: ChannelId,
}

impl Operation for TakeBackReactions {
    type Output = u64;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<u64, Refused> {
        if !erasures::is_erased(tx.db, self.user).await? {
            return Ok(0);
        }
        let permit = permissions::erased();
        let found = erasures::list_reactions(tx.db, (self.channel, self.user), REACTIONS_AT_ONCE).await?;
        for (seq, emoji) in &found {
            let mut message = messages::find(tx.db, self.channel, *seq).await?;
            let shown = message.as_mut().and_then(|message| Some((message.reactions.find(emoji)?.clone(), message)));
            if let Some((mut reaction, message)) = shown {
                take_back(tx, (message, self.user), &mut reaction, &permit).await?;
            } else {
                let key = ReactionKey { channel: self.channel, seq: *seq, user: self.user, emoji };
                reactions::remove(tx.db, key).await?;
            }
        }
        let count = found.len() as u64;
        erasures::note_reactions(tx.db, self.user, count).await?;
        Ok(count)
    }
}

/// Ends what an erased person asked of a team.
struct ForgetRequest {
    user: UserId,
    team: TeamId,
}

impl Operation for ForgetRequest {
    type Output = u64;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<u64, Refused> {
        if erasures::is_erased(tx.db, self.user).await? {
            join_requests::forget(tx, (self.team, self.user), &permissions::erased()).await?;
        }
        Ok(1)
    }
}
