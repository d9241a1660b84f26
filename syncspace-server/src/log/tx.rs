//! What an operation sees of its transaction: rows, locked heads, numbers, and the events it will announce.

use std::collections::BTreeSet;

use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, TeamId, Time};

use super::{Audience, Committed, Effect, FrameError, Route, revocations};
use crate::permissions::Permit;
use crate::store::heads::{self, Head, Heads};
use crate::store::{Queries as _, Statement, StoreError, Tx};

/// One transaction of a lane.
pub struct LogTx<'a> {
    /// Rows are read and written through this.
    pub db: &'a mut Tx,
    /// The time of every change in this transaction.
    pub now: Time,
    heads: Heads,
    changed: BTreeSet<StreamId>,
    events: Vec<Committed>,
}

/// A number taken from a stream, to be stamped on rows and announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The stream.
    pub stream: StreamId,
    /// Its number.
    pub rev: Rev,
    team: TeamId,
}

impl<'a> LogTx<'a> {
    pub(super) fn new(db: &'a mut Tx, now: Time, heads: Heads) -> Self {
        Self { db, now, heads, changed: BTreeSet::new(), events: Vec::new() }
    }

    /// Gives the head of a locked stream; none where the stream does not exist or was not asked for.
    #[must_use]
    pub fn head(&self, stream: StreamId) -> Option<Head> {
        self.heads.get(&stream).copied()
    }

    /// Makes a stream, whose numbers start at 1.
    pub async fn create_stream(&mut self, stream: StreamId, team: TeamId, _: &Permit) -> Result<(), StoreError> {
        heads::insert(self.db, stream, team).await?;
        self.heads.insert(stream, Head::new(team));
        Ok(())
    }

    /// Takes the next rev of a locked stream.
    pub fn next_rev(&mut self, stream: StreamId, _: &Permit) -> Result<Taken, StoreError> {
        let head = self.heads.get_mut(&stream).ok_or_else(|| not_locked(stream))?;
        head.last_rev = head.last_rev.next();
        self.changed.insert(stream);
        Ok(Taken { stream, rev: head.last_rev, team: head.team })
    }

    /// Takes the next seq of a locked channel.
    pub fn next_seq(&mut self, stream: StreamId, _: &Permit) -> Result<Seq, StoreError> {
        let head = self.heads.get_mut(&stream).ok_or_else(|| not_locked(stream))?;
        head.last_seq = head.last_seq.next();
        self.changed.insert(stream);
        Ok(head.last_seq)
    }

    /// Raises the floor of a locked channel, with a rev of its own.
    pub async fn raise_floor(&mut self, channel: ChannelId, floor: Seq, permit: &Permit) -> Result<Taken, StoreError> {
        let stream = StreamId::Channel(channel);
        let taken = self.next_rev(stream, permit)?;
        heads::raise_floor(self.db, channel, floor, taken.rev).await?;
        if let Some(head) = self.heads.get_mut(&stream) {
            head.floor_seq = floor;
        }
        Ok(taken)
    }

    /// Announces a change to everybody who follows the stream, after the commit.
    pub fn announce(&mut self, taken: Taken, body: EventBody) -> Result<(), FrameError> {
        self.announce_to(Audience::Everyone, taken, body, Vec::new())
    }

    /// Announces a change whose content only some followers see, or that changes who follows what.
    pub fn announce_to(
        &mut self,
        audience: Audience,
        taken: Taken,
        body: EventBody,
        effects: Vec<Effect>,
    ) -> Result<(), FrameError> {
        let route = Route { team: taken.team, stream: taken.stream, rev: taken.rev, audience, effects };
        self.events.push(Committed::new(route, body)?);
        Ok(())
    }

    /// Writes the heads that moved, so that operations that read heads as rows see what those before them did.
    pub(super) async fn write_heads(&mut self) -> Result<(), StoreError> {
        for Statement { sql, params } in self.moved_heads() {
            self.db.execute(&sql, params).await?;
        }
        self.changed.clear();
        Ok(())
    }

    /// Writes what was taken away. Gives what is to be announced after the commit, and the statements to run with it: the
    /// heads that moved.
    pub(super) async fn finish(mut self) -> Result<(Vec<Committed>, Vec<Statement>), StoreError> {
        revocations::number(self.db, &mut self.events, self.now).await?;
        let last = self.moved_heads();
        Ok((self.events, last))
    }

    fn moved_heads(&self) -> Vec<Statement> {
        let heads = self.changed.iter().filter_map(|stream| Some((*stream, self.heads.get(stream)?)));
        heads.map(|(stream, head)| heads::update(stream, head)).collect()
    }
}

fn not_locked(stream: StreamId) -> StoreError {
    StoreError::Other {
        during: format!("take a number of stream {stream}").into(),
        source: "the stream has no head, or its head was not locked".into(),
    }
}
