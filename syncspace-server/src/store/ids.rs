//! Ids that are known before the insert: taken from `id_blocks` in blocks, never given twice.

use std::ops::Range;

use syncspace_protocol::{
    ChannelId, CommandId, DeliveryId, FileId, GroupId, HookId, ImportId, InviteId, MemberId, MessageId, ReminderId,
    ScheduledId, SessionId, TeamId, UserId,
};
use tokio::sync::Mutex;

use super::value::params;
use super::{Queries, Sql, Store, StoreError};

/// How often a block is asked for again when another instance asked at the same moment.
const TRIES: u32 = 10;

/// A kind of id that is handed out in blocks.
pub trait BlockId: TryFrom<u64> {
    /// Name of its row in `id_blocks`.
    const NAME: &'static str;
    /// How many ids one write to the database reserves. What is left at a stop is never used.
    const BLOCK: u64;
    /// Its place among the kinds.
    const KIND: usize;
}

macro_rules! kinds {
    ($count:ident: $($kind:literal $id:ident $name:literal $block:literal;)*) => {
        const $count: usize = [$($kind),*].len();
        $(impl BlockId for $id {
            const NAME: &'static str = $name;
            const BLOCK: u64 = $block;
            const KIND: usize = $kind;
        })*
    };
}

kinds! { KINDS:
    0 UserId "users" 10;
    1 SessionId "sessions" 10;
    2 TeamId "teams" 10;
    3 MemberId "members" 10;
    4 InviteId "invites" 10;
    5 ChannelId "channels" 10;
    6 MessageId "messages" 10_000;
    7 ScheduledId "scheduled_messages" 10;
    8 GroupId "user_groups" 10;
    9 ReminderId "reminders" 10;
    10 FileId "files" 10;
    11 ImportId "imports" 10;
    12 HookId "hooks" 10;
    13 DeliveryId "hook_deliveries" 100;
    14 CommandId "commands" 10;
}

/// The ids this instance may give out.
pub struct IdBlocks {
    store: Store,
    blocks: [Mutex<Range<u64>>; KINDS],
}

impl IdBlocks {
    /// Starts with empty blocks.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, blocks: Default::default() }
    }

    /// Gives an id that nobody else gets.
    ///
    /// Now and then this writes to the database by itself: take ids before beginning a transaction, never inside one.
    pub async fn next<I: BlockId>(&self) -> Result<I, StoreError> {
        let mut block = self.blocks[I::KIND].lock().await;
        self.next_of(&mut block).await
    }

    /// Gives that many ids at once, in rising order unless another block begins among them.
    pub async fn next_many<I: BlockId>(&self, count: usize) -> Result<Vec<I>, StoreError> {
        let mut block = self.blocks[I::KIND].lock().await;
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push(self.next_of(&mut block).await?);
        }
        Ok(ids)
    }

    async fn next_of<I: BlockId>(&self, block: &mut Range<u64>) -> Result<I, StoreError> {
        if block.is_empty() {
            *block = self.reserve(I::NAME, I::BLOCK).await?;
        }
        let id = block.start;
        block.start += 1;
        I::try_from(id).map_err(|_| StoreError::Other {
            during: format!("the ids of {} are used up", I::NAME).into(),
            source: "ids end at 2^53-1".into(),
        })
    }

    async fn reserve(&self, name: &str, size: u64) -> Result<Range<u64>, StoreError> {
        let mut tries = 1;
        loop {
            match self.try_reserve(name, size).await {
                // Two first blocks of a kind at once, or a lock: the other one is done by the next try.
                Err(StoreError::Duplicate { .. } | StoreError::Conflict { .. }) if tries < TRIES => tries += 1,
                // A block that was taken and not heard of is left unused.
                Err(StoreError::OutcomeUnknown { source }) => {
                    return Err(StoreError::Unavailable { during: "take a block of ids", source });
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_reserve(&self, name: &str, size: u64) -> Result<Range<u64>, StoreError> {
        const ADVANCE: Sql = Sql::both("UPDATE id_blocks SET next_id = next_id + ? WHERE name = ?");
        const FIRST: Sql = Sql::both("INSERT INTO id_blocks (name, next_id) VALUES (?, ?)");
        const READ: Sql = Sql::both("SELECT next_id FROM id_blocks WHERE name = ?");
        let size_value = i64::try_from(size).expect("blocks are small");
        let mut tx = self.store.begin().await?;
        if tx.execute(&ADVANCE, params![size_value, name]).await? == 0 {
            tx.execute(&FIRST, params![name, size_value + 1]).await?;
        }
        let rows = tx.query(&READ, params![name]).await?;
        let row = rows.first().ok_or(StoreError::Corrupt { column: 0, expected: "the row of a block" })?;
        let end: u64 = row.reader().take()?;
        tx.commit().await?;
        Ok(end.saturating_sub(size)..end)
    }
}
