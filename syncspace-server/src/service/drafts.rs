//! Drafts: what a person has typed on one device and goes on with on another.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::DRAFTS_MAX;
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::personal::{Draft, DraftQuery, PutDraft};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, MemberId, Page, Rev, Seq, StreamId, TeamId};

use super::paging::{cut, newest_first};
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError, access, parse};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::ChannelAction;
use crate::store::{drafts, messages};

impl Service {
    /// Keeps what the actor has typed in a channel or thread.
    pub async fn put_draft(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: DraftQuery,
        body: PutDraft,
    ) -> Result<Draft, ServiceError> {
        let content = parse::message_content(&body.content)?;
        self.write_draft(actor, channel, query, content).await
    }

    /// Throws the actor's draft in a channel or thread away.
    pub async fn clear_draft(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: DraftQuery,
    ) -> Result<Draft, ServiceError> {
        self.write_draft(actor, channel, query, String::new()).await
    }

    async fn write_draft(
        &self,
        actor: &Actor,
        channel: ChannelId,
        DraftQuery { parent_seq, expected_rev }: DraftQuery,
        content: String,
    ) -> Result<Draft, ServiceError> {
        let (team, member) = self.seat_in(actor, channel).await?;
        self.log.commit(WriteDraft { actor: *actor, team, member, channel, parent_seq, expected_rev, content }).await
    }

    /// Lists the actor's drafts in channels of a team that it is in, the last changed first.
    pub async fn drafts(&self, actor: &Actor, team: TeamId, query: &CursorQuery) -> Result<Page<Draft>, ServiceError> {
        let (limit, before) = newest_first(query)?;
        let member = self.own_member(actor, team).await?;
        let rows = drafts::list(&mut &self.store, (member, actor.user_id), before, limit + 1).await?;
        Ok(cut(rows, limit, |draft| draft.rev))
    }
}

/// Writes a draft, or empties it.
struct WriteDraft {
    actor: Actor,
    team: TeamId,
    member: MemberId,
    channel: ChannelId,
    parent_seq: Option<Seq>,
    expected_rev: Option<Rev>,
    content: String,
}

impl Operation for WriteDraft {
    type Output = Draft;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    fn content_bytes(&self) -> usize {
        self.content.len()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Draft, Refused> {
        let (permit, _) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Follow).await?;
        let parent_seq = self.find_root(tx).await?;
        let held = drafts::find(tx.db, self.member, self.channel, parent_seq).await?;
        let held = held.unwrap_or(Draft {
            channel_id: self.channel,
            parent_seq,
            content: String::new(),
            updated_at: tx.now,
            rev: Rev::ZERO,
        });
        // First of all the repeat whose answer was lost: it names the rev from before.
        if held.content == self.content {
            return Ok(held);
        }
        let is_new = held.content.is_empty();
        // What was cleared is none, whatever rev it left: no list shows it.
        let is_known = |expected| expected == held.rev || (is_new && expected == Rev::ZERO);
        if !self.expected_rev.is_none_or(is_known) {
            let sentence = "the draft was changed on another device; read it again before you write over it";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        if is_new && drafts::count(tx.db, (self.member, self.actor.user_id)).await? >= u64::from(DRAFTS_MAX) {
            let sentence = format!("you have {DRAFTS_MAX} drafts in this team; send or clear some of them first");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let draft = Draft { content: self.content.clone(), updated_at: tx.now, rev: taken.rev, ..held };
        drafts::put(tx.db, self.member, self.team, &draft).await?;
        tx.announce(taken, EventBody::MyDraft { draft: draft.clone() })?;
        Ok(draft)
    }
}

impl WriteDraft {
    /// Finds the root of the thread; a reply names its thread as well.
    async fn find_root(&self, tx: &mut LogTx<'_>) -> Result<Option<Seq>, Refused> {
        let Some(seq) = self.parent_seq else { return Ok(None) };
        let found = messages::find(tx.db, self.channel, seq).await?;
        let found = found.ok_or_else(|| Abort::Refused(ServiceError::not_found("message")))?;
        Ok(Some(found.parent_seq.unwrap_or(found.seq)))
    }
}
