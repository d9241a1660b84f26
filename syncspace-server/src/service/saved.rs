//! Messages that a person saved: marks of one person, read again under what the person may read now.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::SAVED_MESSAGES_MAX;
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::personal::{SavedMark, SavedMessage};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, MemberId, Page, Rev, Seq, StreamId, TeamId};

use super::paging::{cut, newest_first};
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError, access};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{ChannelAction, TeamAction};
use crate::store::messages;
use crate::store::saved::{self, Reader};

impl Service {
    /// Saves a message for the actor, or does so no longer.
    pub async fn save_message(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        is_saved: bool,
    ) -> Result<SavedMark, ServiceError> {
        let team = access::load_channel(&mut &self.store, actor, channel).await?.team_id;
        let member = self.own_member(actor, team).await?;
        self.log.commit(Save { actor: *actor, team, member, channel, seq, is_saved }).await
    }

    /// Lists what the actor has saved in a team and may read now, the last saved first.
    pub async fn saved_messages(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &CursorQuery,
    ) -> Result<Page<SavedMessage>, ServiceError> {
        let (limit, before) = newest_first(query)?;
        let mut db = &self.store;
        let (_, found) = access::on_team(&mut db, actor, team, TeamAction::KeepOwn).await?;
        let member = self.member_id(team, actor.user_id).await?;
        let sees_public = found.facts.sees_public_channels();
        let reader = Reader { member, user: actor.user_id, sees_public, before, limit: limit + 1 };
        let rows = saved::list(&mut db, reader).await?;
        Ok(cut(rows, limit, |saved| saved.rev))
    }
}

/// Saves a message for a person, or does so no longer.
struct Save {
    actor: Actor,
    team: TeamId,
    member: MemberId,
    channel: ChannelId,
    seq: Seq,
    is_saved: bool,
}

impl Operation for Save {
    type Output = SavedMark;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<SavedMark, Refused> {
        let (permit, _) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Read).await?;
        let (_, team) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let held = saved::find(tx.db, self.member, self.channel, self.seq).await?;
        if self.is_saved || held.is_none() {
            let found = messages::find(tx.db, self.channel, self.seq).await?;
            let is_there = found.is_some_and(|message| !self.is_saved || message.deleted_at.is_none());
            if !is_there {
                return Err(Abort::Refused(ServiceError::not_found("message")));
            }
        }
        let (channel_id, seq) = (self.channel, self.seq);
        let held = held.unwrap_or(SavedMark { channel_id, seq, is_saved: false, rev: Rev::ZERO });
        if held.is_saved == self.is_saved {
            return Ok(held);
        }
        let reader = Reader {
            member: self.member,
            user: self.actor.user_id,
            sees_public: team.facts.sees_public_channels(),
            before: Rev::END,
            limit: 0,
        };
        if self.is_saved && saved::is_full(tx.db, reader).await? {
            let sentence = format!("you have saved {SAVED_MESSAGES_MAX} messages in this team; take some off first");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let mark = SavedMark { is_saved: self.is_saved, rev: taken.rev, ..held };
        saved::put(tx.db, (self.member, self.team), &mark, tx.now).await?;
        tx.announce(taken, EventBody::MySaved { saved: mark })?;
        Ok(mark)
    }
}
