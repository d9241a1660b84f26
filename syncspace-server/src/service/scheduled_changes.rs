//! Operations on messages to be sent later. All of them lock the author's own stream, so that edit, cancellation and sending
//! happen one after the other: what is sent was not cancelled, and is sent once.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::limits::{FILE_WAITS_S, MESSAGE_BYTES_MAX, SCHEDULE_FAILURE_CHARS_MAX, SCHEDULED_MESSAGES_MAX};
use syncspace_protocol::mentions::MentionedNames;
use syncspace_protocol::messages::{MessageType, SendMessage};
use syncspace_protocol::scheduled::{Scheduled, ScheduledMessage, ScheduledState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{
    ChannelId, ClientId, FileId, MemberId, MessageId, ScheduledId, StreamId, TeamId, Time, UserId,
};

use super::idempotency::Makes;
use super::sends::{Send, digest, free_files, no_parent};
use super::team_changes::{Refused, prepared};
use super::{Actor, Grant, ServiceError, access, later};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{self, ChannelAction, Permit, TeamAction};
use crate::store::scheduled::{self, ScheduledRow};
use crate::store::{IdBlocks, Queries as _, StoreError, files, messages, users};

/// Schedules a message.
pub(super) struct Schedule {
    pub(super) actor: Actor,
    pub(super) id: Option<ScheduledId>,
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) channel: ChannelId,
    pub(super) parent: Option<MessageId>,
    pub(super) content: String,
    pub(super) files: Vec<FileId>,
    pub(super) send_at: Time,
}

impl Operation for Schedule {
    type Output = Scheduled;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    fn content_bytes(&self) -> usize {
        self.content.len()
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.id = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Scheduled, Refused> {
        access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let (permit, found) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Post).await?;
        if found.team_id != self.team {
            return Err(Abort::Refused(ServiceError::not_found("channel")));
        }
        self.check_parent(tx).await?;
        let files = find_free(tx, &self.files, (self.channel, self.actor.user_id)).await?;
        if scheduled::count_open(tx.db, self.member).await? >= u64::from(SCHEDULED_MESSAGES_MAX) {
            return Err(Abort::Refused(too_many()));
        }
        hold(tx, &files).await?;
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let scheduled = Scheduled {
            id: prepared(self.id)?,
            team_id: self.team,
            channel_id: self.channel,
            parent_message_id: self.parent,
            content: self.content.clone(),
            files,
            send_at: self.send_at,
            state: ScheduledState::Waiting,
            failure: None,
            message: None,
            created_at: tx.now,
            updated_at: tx.now,
            rev: taken.rev,
        };
        let Actor { user_id, session_id, .. } = self.actor;
        let row = ScheduledRow { scheduled, member_id: self.member, user_id, session_id };
        scheduled::insert(tx.db, &row).await?;
        tx.announce(taken, EventBody::MyScheduled { scheduled: row.scheduled.clone() })?;
        Ok(row.scheduled)
    }
}

impl Schedule {
    async fn check_parent(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let Some(parent) = self.parent else { return Ok(()) };
        let found = messages::find_by_id(tx.db, parent).await?;
        if found.is_some_and(|found| found.channel_id == self.channel && found.deleted_at.is_none()) {
            return Ok(());
        }
        Err(Abort::Refused(no_parent()))
    }
}

impl Makes for Schedule {
    fn made_id(scheduled: &Scheduled) -> u64 {
        scheduled.id.get()
    }
}

/// Changes text, files or time of one that was not sent yet.
pub(super) struct Change {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) id: ScheduledId,
    pub(super) content: Option<String>,
    pub(super) files: Option<Vec<FileId>>,
    pub(super) send_at: Option<Time>,
}

impl Operation for Change {
    type Output = Scheduled;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    fn content_bytes(&self) -> usize {
        self.content.as_ref().map_or(0, String::len)
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Scheduled, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let mut scheduled = find_open(tx, self.member, self.id).await?;
        let before = scheduled.clone();
        if let Some(content) = &self.content {
            scheduled.content.clone_from(content);
        }
        if let Some(files) = &self.files {
            scheduled.files = self.find_files(tx, &before, files).await?;
        }
        if scheduled.content.trim().is_empty() && scheduled.files.is_empty() {
            let sentence = "a message must not be empty";
            return Err(Abort::Refused(ServiceError::invalid_field("content", sentence)));
        }
        if let Some(send_at) = self.send_at {
            (scheduled.send_at, scheduled.state, scheduled.failure) = (send_at, ScheduledState::Waiting, None);
        }
        if scheduled != before {
            let is_new = |file: &&FileInfo| !before.files.contains(file);
            hold(tx, scheduled.files.iter().filter(is_new)).await?;
            let is_over = |file: &&FileInfo| !scheduled.files.contains(file);
            let_go(tx, before.files.iter().filter(is_over)).await?;
            write(tx, self.member, &mut scheduled, &permit).await?;
        }
        Ok(scheduled)
    }
}

impl Change {
    /// Finds the files it is to carry: those that it carries, and others that may be.
    async fn find_files(
        &self,
        tx: &mut LogTx<'_>,
        before: &Scheduled,
        wanted: &[FileId],
    ) -> Result<Vec<FileInfo>, Refused> {
        let held = |id: &FileId| before.files.iter().find(|file| file.id == *id).cloned();
        let new: Vec<_> = wanted.iter().copied().filter(|id| held(id).is_none()).collect();
        let mut new = find_free(tx, &new, (before.channel_id, self.actor.user_id)).await?.into_iter();
        Ok(wanted.iter().filter_map(|id| held(id).or_else(|| new.next())).collect())
    }
}

/// Takes one back that was not sent yet; one that was taken back already stays as it is.
pub(super) struct Cancel {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) id: ScheduledId,
}

impl Operation for Cancel {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let mut scheduled = find(tx, self.member, self.id).await?;
        match scheduled.state {
            ScheduledState::Waiting | ScheduledState::Failed => {}
            ScheduledState::Cancelled => return Ok(()),
            ScheduledState::Sent | ScheduledState::Unknown => return Err(over()),
        }
        (scheduled.state, scheduled.failure) = (ScheduledState::Cancelled, None);
        scheduled.content.clear();
        let_go(tx, &std::mem::take(&mut scheduled.files)).await?;
        write(tx, self.member, &mut scheduled, &permit).await
    }
}

/// Sends one with the rights that its author has now. The message and the end of the row are one commit.
pub(super) struct Dispatch {
    id: ScheduledId,
    member: MemberId,
    channel: ChannelId,
    message: Option<MessageId>,
    /// Whether the clock sends it: then a refusal is written down for the author, who is not there to be told.
    is_by_clock: bool,
}

impl Dispatch {
    /// Sends one because its time has come; changes nothing where it is not due any more.
    pub(super) const fn due(due: scheduled::Due) -> Self {
        Self { id: due.id, member: due.member_id, channel: due.channel_id, message: None, is_by_clock: true }
    }

    /// Sends one because its author wants it now.
    pub(super) const fn now(id: ScheduledId, member: MemberId, channel: ChannelId) -> Self {
        Self { id, member, channel, message: None, is_by_clock: false }
    }
}

impl Operation for Dispatch {
    type Output = Scheduled;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel), StreamId::Member(self.member)]
    }

    fn content_bytes(&self) -> usize {
        // What it is to send is not read yet.
        MESSAGE_BYTES_MAX
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.message = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Scheduled, Refused> {
        let found = scheduled::find(tx.db, self.member, self.id).await?;
        let row = found.ok_or_else(|| Abort::Refused(ServiceError::not_found("scheduled message")))?;
        // Another instance, another device or an edit was faster.
        let state = row.scheduled.state;
        let is_due = state == ScheduledState::Waiting && row.scheduled.send_at <= tx.now;
        if state == ScheduledState::Sent || (self.is_by_clock && !is_due) {
            return Ok(row.scheduled);
        }
        if state != ScheduledState::Waiting && state != ScheduledState::Failed {
            return Err(over());
        }
        // The rules of sending come before its first row: a refusal leaves the transaction as it was.
        let outcome = self.send(tx, &row).await;
        let mut scheduled = row.scheduled;
        match outcome {
            Ok(message) => {
                scheduled.content.clear();
                let_go(tx, &std::mem::take(&mut scheduled.files)).await?;
                (scheduled.state, scheduled.message, scheduled.failure) = (ScheduledState::Sent, Some(message), None);
            }
            Err(Abort::Refused(error)) if self.is_by_clock => {
                let reason = failure(&error).chars().take(SCHEDULE_FAILURE_CHARS_MAX).collect();
                (scheduled.state, scheduled.failure) = (ScheduledState::Failed, Some(reason));
            }
            Err(stopped) => return Err(stopped),
        }
        // The clock acts for the author: what the author may do was asked above.
        write(tx, self.member, &mut scheduled, &permissions::everyone()).await?;
        Ok(scheduled)
    }
}

impl Dispatch {
    async fn send(&self, tx: &mut LogTx<'_>, row: &ScheduledRow) -> Result<ScheduledMessage, Refused> {
        let Some(user) = users::find_active(tx.db, row.user_id).await? else {
            let sentence = "your account was switched off when this was due; give it a new time, or cancel it";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Forbidden, sentence)));
        };
        // Derived, so that whatever repeats the sending gives the same message.
        let client_id = ClientId::try_from(format!("scheduled-{}", self.id)).map_err(ServiceError::fault);
        let client_id = client_id.map_err(Abort::Refused)?;
        let Scheduled { content, files, parent_message_id, .. } = row.scheduled.clone();
        let files = files.into_iter().map(|file| file.id).collect();
        let body = SendMessage {
            content,
            files,
            client_id: Some(client_id.clone()),
            parent_message_id,
            ..SendMessage::default()
        };
        let digest = digest(&body).map_err(|error| Abort::Refused(ServiceError::fault(error)))?;
        let send = Send {
            actor: Actor {
                user_id: row.user_id,
                session_id: row.session_id,
                is_admin: user.is_admin,
                grant: Grant::Login,
            },
            id: self.message,
            channel: self.channel,
            names: MentionedNames::find(&body.content),
            digest,
            content: body.content,
            message_type: if body.files.is_empty() { MessageType::Text } else { MessageType::File },
            code: None,
            forward_of: None,
            files: body.files,
            copy_ids: Vec::new(),
            parent: parent_message_id,
            client_id,
            place: None,
        };
        let sent = send.apply(tx).await?;
        Ok(ScheduledMessage { id: sent.message.id, seq: sent.message.seq })
    }
}

/// Says why one could not be sent, to somebody who was not there, and what to do.
fn failure(error: &ServiceError) -> String {
    match error {
        // Of a channel that is hidden no more is said than of one that is gone.
        ServiceError::Refused(refusal) if refusal.code == ErrorCode::NotFound && refusal.field.is_none() => {
            "you are not in this channel any more: cancel it, or come back and give it a time".to_owned()
        }
        error => error.to_string(),
    }
}

/// Finds one that was not sent yet, for a change of it.
async fn find_open(tx: &mut LogTx<'_>, member: MemberId, id: ScheduledId) -> Result<Scheduled, Refused> {
    let found = find(tx, member, id).await?;
    match found.state {
        ScheduledState::Waiting | ScheduledState::Failed => Ok(found),
        ScheduledState::Sent | ScheduledState::Cancelled | ScheduledState::Unknown => Err(over()),
    }
}

async fn find(tx: &mut LogTx<'_>, member: MemberId, id: ScheduledId) -> Result<Scheduled, Refused> {
    let found = scheduled::find(tx.db, member, id).await?;
    Ok(found.ok_or_else(|| Abort::Refused(ServiceError::not_found("scheduled message")))?.scheduled)
}

fn over() -> Refused {
    let sentence = "this scheduled message was sent or cancelled already; a sent one is edited or deleted as a message";
    Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence))
}

fn too_many() -> ServiceError {
    let sentence = format!(
        "you have {SCHEDULED_MESSAGES_MAX} scheduled messages in this team; cancel some, or wait until they are sent"
    );
    ServiceError::refused(ErrorCode::Conflict, sentence)
}

/// Finds files that a message of somebody in a channel may carry.
async fn find_free(
    tx: &mut LogTx<'_>,
    wanted: &[FileId],
    place: (ChannelId, UserId),
) -> Result<Vec<FileInfo>, Refused> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let found = tx.db.query_many(vec![files::by_ids(wanted.iter().copied())]).await?;
    let found = files::read_all(found.first().map_or(&[], Vec::as_slice))?;
    let found = found.into_iter().map(|file| (file.info.id, file)).collect();
    free_files(&found, wanted, place).map_err(Abort::Refused)
}

/// Keeps files for one that is to be sent later.
async fn hold(tx: &mut LogTx<'_>, held: impl IntoIterator<Item = &FileInfo>) -> Result<(), Refused> {
    for file in held {
        if !files::hold(tx.db, file.id).await? {
            // Sent or collected a moment ago: the batch is judged anew, and this one refused.
            return Err(StoreError::Conflict { source: "a file went while it was to be kept".into() }.into());
        }
    }
    Ok(())
}

/// Lets files go that were kept: what no message carries waits for one as long as a new file does.
async fn let_go(tx: &mut LogTx<'_>, kept: impl IntoIterator<Item = &FileInfo>) -> Result<(), Refused> {
    let collect_at = later(tx.now, i64::from(FILE_WAITS_S) * 1_000);
    for file in kept {
        files::let_go(tx.db, file.id, collect_at).await?;
    }
    Ok(())
}

/// Writes one with its new number, and tells the author's devices.
async fn write(
    tx: &mut LogTx<'_>,
    member: MemberId,
    scheduled: &mut Scheduled,
    permit: &Permit,
) -> Result<(), Refused> {
    let taken = tx.next_rev(StreamId::Member(member), permit)?;
    (scheduled.rev, scheduled.updated_at) = (taken.rev, tx.now);
    scheduled::update(tx.db, scheduled).await?;
    tx.announce(taken, EventBody::MyScheduled { scheduled: scheduled.clone() })?;
    Ok(())
}
