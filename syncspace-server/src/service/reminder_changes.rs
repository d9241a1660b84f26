//! Operations on reminders. All of them lock the person's own stream, so that edit, end and firing happen one after the
//! other: what comes was not taken back, and comes once.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::REMINDERS_MAX;
use syncspace_protocol::reminders::{Reminder, ReminderState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, MemberId, Patch, ReminderId, Seq, StreamId, TeamId, Time};

use super::idempotency::Makes;
use super::team_changes::{Refused, prepared};
use super::{Actor, Grant, ServiceError, access, readable};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{self, ChannelAction, Permit, TeamAction};
use crate::store::reminders::{self, ReminderRow};
use crate::store::{IdBlocks, StoreError, messages, users};

/// Reminds a person of a message.
pub(super) struct Remind {
    pub(super) actor: Actor,
    pub(super) id: Option<ReminderId>,
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) channel: ChannelId,
    pub(super) seq: Seq,
    pub(super) remind_at: Time,
    pub(super) note: Option<String>,
}

impl Operation for Remind {
    type Output = Reminder;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.id = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Reminder, Refused> {
        access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let (permit, found) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Read).await?;
        if found.team_id != self.team {
            return Err(Abort::Refused(ServiceError::not_found("channel")));
        }
        let message = messages::find(tx.db, self.channel, self.seq).await?;
        if message.is_none_or(|message| message.deleted_at.is_some()) {
            return Err(Abort::Refused(ServiceError::not_found("message")));
        }
        if reminders::count_open(tx.db, self.member).await? >= u64::from(REMINDERS_MAX) {
            return Err(Abort::Refused(too_many()));
        }
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let reminder = Reminder {
            id: prepared(self.id)?,
            team_id: self.team,
            channel_id: self.channel,
            seq: self.seq,
            note: self.note.clone(),
            remind_at: self.remind_at,
            state: ReminderState::Waiting,
            is_message_gone: false,
            created_at: tx.now,
            updated_at: tx.now,
            rev: taken.rev,
        };
        let Actor { user_id, session_id, .. } = self.actor;
        let row = ReminderRow { reminder, member_id: self.member, user_id, session_id };
        reminders::insert(tx.db, &row).await?;
        tx.announce(taken, EventBody::MyReminder { reminder: row.reminder.clone() })?;
        Ok(row.reminder)
    }
}

impl Makes for Remind {
    fn made_id(reminder: &Reminder) -> u64 {
        reminder.id.get()
    }
}

/// Changes time or note of one that is not done.
pub(super) struct Reset {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) id: ReminderId,
    pub(super) remind_at: Option<Time>,
    pub(super) note: Patch<String>,
}

impl Operation for Reset {
    type Output = Reminder;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Reminder, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let mut reminder = find(tx, self.member, self.id).await?.reminder;
        if !matches!(reminder.state, ReminderState::Waiting | ReminderState::Due) {
            return Err(over());
        }
        let before = reminder.clone();
        reminder.note = self.note.clone().apply(reminder.note);
        if let Some(remind_at) = self.remind_at {
            reminder.remind_at = remind_at;
            (reminder.state, reminder.is_message_gone) = (ReminderState::Waiting, false);
        }
        if reminder != before {
            write(tx, self.member, &mut reminder, &permit).await?;
        }
        Ok(reminder)
    }
}

/// Ends one.
pub(super) struct Finish {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) id: ReminderId,
}

impl Operation for Finish {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let mut reminder = find(tx, self.member, self.id).await?.reminder;
        // Two devices that both say so mean the same.
        if reminder.state == ReminderState::Done {
            return Ok(());
        }
        (reminder.state, reminder.note) = (ReminderState::Done, None);
        write(tx, self.member, &mut reminder, &permit).await
    }
}

/// Makes one due because its time has come.
pub(super) struct Fire(pub(super) reminders::Due);

impl Operation for Fire {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.0.member_id)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let reminders::Due { id, member_id } = self.0;
        let row = find(tx, member_id, id).await?;
        // Another instance, another device or an edit was faster.
        if row.reminder.state != ReminderState::Waiting || row.reminder.remind_at > tx.now {
            return Ok(());
        }
        let is_message_gone = !is_readable(tx, &row).await?;
        let mut reminder = Reminder { state: ReminderState::Due, is_message_gone, ..row.reminder };
        // The clock acts for the person, on a row of the person alone.
        write(tx, member_id, &mut reminder, &permissions::everyone()).await
    }
}

/// Tells whether the person may still read what it is about.
async fn is_readable(tx: &mut LogTx<'_>, row: &ReminderRow) -> Result<bool, Refused> {
    let user = users::find_active(tx.db, row.user_id).await?;
    let is_admin = user.is_some_and(|user| user.is_admin);
    let actor = Actor { user_id: row.user_id, session_id: row.session_id, is_admin, grant: Grant::Login };
    let place = (row.reminder.channel_id, row.reminder.seq);
    Ok(readable::messages_at(tx.db, &actor, vec![place]).await?.contains_key(&place))
}

/// Finds one, also where it is done.
async fn find(tx: &mut LogTx<'_>, member: MemberId, id: ReminderId) -> Result<ReminderRow, Refused> {
    let found = reminders::find(tx.db, member, id).await?;
    found.ok_or_else(|| Abort::Refused(ServiceError::not_found("reminder")))
}

/// Writes one with its new number, and tells the person's devices.
async fn write(tx: &mut LogTx<'_>, member: MemberId, reminder: &mut Reminder, permit: &Permit) -> Result<(), Refused> {
    let taken = tx.next_rev(StreamId::Member(member), permit)?;
    (reminder.rev, reminder.updated_at) = (taken.rev, tx.now);
    reminders::update(tx.db, reminder).await?;
    tx.announce(taken, EventBody::MyReminder { reminder: reminder.clone() })?;
    Ok(())
}

fn over() -> Refused {
    let sentence = "this reminder is done; make a new one";
    Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence))
}

fn too_many() -> ServiceError {
    let sentence = format!("you have {REMINDERS_MAX} reminders in this team; end some of them first");
    ServiceError::refused(ErrorCode::Conflict, sentence)
}
