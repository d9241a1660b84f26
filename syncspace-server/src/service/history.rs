//! Edits leave what they replaced: everybody who reads a message may read its former texts, until it is deleted.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::MESSAGE_VERSIONS_MAX;
use syncspace_protocol::messages::{Message, MessageVersion};
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::{ChannelId, Rev, Seq, TeamId, Time};

use super::paging::Window;
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError};
use crate::log::Abort;
use crate::store::{Queries, StoreError, messages, versions};

impl Service {
    /// Lists the former texts of a message, oldest first.
    pub async fn history(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        query: &PageQuery,
    ) -> Result<Page<MessageVersion>, ServiceError> {
        let window = Window::parse(query)?;
        self.message(actor, channel, seq).await?;
        let rows = versions::list(&mut &self.store, channel, seq, window.after_id, window.rows_wanted()).await?;
        Ok(window.page(rows, |version| version.rev.get()))
    }
}

/// Keeps the text of a message that an edit is about to replace.
pub(super) async fn keep(
    db: &mut impl Queries,
    team: TeamId,
    message: &Message,
    now: Time,
    rev: Rev,
) -> Result<(), StoreError> {
    versions::insert(db, team, message, now, rev).await?;
    versions::trim(db, message.channel_id, message.seq, MESSAGE_VERSIONS_MAX).await
}

/// Refuses an edit whose author had not seen the text as it is now. Reactions and pins do not count.
pub(super) async fn refuse_unseen(
    db: &mut impl Queries,
    message: &Message,
    expected: Option<Rev>,
) -> Result<(), Refused> {
    let Some(expected) = expected else { return Ok(()) };
    match messages::find_content_rev(db, message.channel_id, message.seq).await? {
        Some(changed) if changed > expected => {
            let sentence = format!(
                "the text was changed at rev {changed}, after the rev {expected} that you name; read the message again, \
                 then change what stands there now"
            );
            Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)))
        }
        _ => Ok(()),
    }
}
