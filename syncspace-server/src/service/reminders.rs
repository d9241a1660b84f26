//! Reminders: what their person sees of them, and the doors to their changes.

use syncspace_protocol::limits::REMINDER_NOTE_CHARS_MAX;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::reminders::{CreateReminder, EditReminder, MyReminder, Reminder};
use syncspace_protocol::{IdempotencyKey, MemberId, Page, ReminderId, TeamId};

use super::fields::{clean_field, clean_patch};
use super::idempotency::{Made, OnceOutcome, made_id};
use super::paging::TimeWindow;
use super::reminder_changes::{Finish, Remind, Reset};
use super::{Actor, Service, ServiceError, parse, readable};
use crate::store::reminders;

impl Service {
    /// Lists the actor's reminders in a team that wait for their time or are due, by time, with their messages as the actor
    /// may read them now.
    pub async fn reminders(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<MyReminder>, ServiceError> {
        let window = TimeWindow::parse(query)?;
        let member = self.own_member(actor, team).await?;
        let found = reminders::list_open(&mut &self.store, member, &window.slice()).await?;
        let Page { items, next } = window.page(found, |reminder| (reminder.remind_at, reminder.id.get()));
        Ok(Page { items: self.with_messages(actor, items).await?, next })
    }

    /// Gives one of the actor's reminders, also one that is done.
    pub async fn reminder(&self, actor: &Actor, team: TeamId, id: ReminderId) -> Result<MyReminder, ServiceError> {
        let member = self.own_member(actor, team).await?;
        let found = vec![self.find_reminder(member, id).await?];
        let with_message = self.with_messages(actor, found).await?.pop();
        with_message.ok_or_else(|| ServiceError::not_found("reminder"))
    }

    /// Reminds the actor of a message; the same request under the same key gives the same reminder back.
    pub async fn remind_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        team: TeamId,
        body: CreateReminder,
    ) -> Result<Made<Reminder>, ServiceError> {
        let request = self.keyed(actor, key, ("remind", team.get()), &body)?;
        let member = self.own_member(actor, team).await?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.find_reminder(member, made_id(id)?).await.map(Made::Repeat);
        }
        parse::time_ahead("remind_at", body.remind_at, self.clock.now())?;
        let note = clean_field("note", body.note.as_deref(), REMINDER_NOTE_CHARS_MAX)?;
        let CreateReminder { channel_id: channel, seq, remind_at, note: _ } = body;
        let operation = Remind { actor: *actor, id: None, team, member, channel, seq, remind_at, note };
        let outcome = self.commit_once(request, operation).await?;
        self.alarm.notify_one();
        match outcome {
            OnceOutcome::Made(reminder) => Ok(Made::New(reminder)),
            OnceOutcome::MadeBefore(id) => self.find_reminder(member, made_id(id)?).await.map(Made::Repeat),
        }
    }

    /// Changes time or note of one that is not done. One that is due waits again once it gets a new time.
    pub async fn edit_reminder(
        &self,
        actor: &Actor,
        team: TeamId,
        id: ReminderId,
        edit: EditReminder,
    ) -> Result<Reminder, ServiceError> {
        if let Some(remind_at) = edit.remind_at {
            parse::time_ahead("remind_at", remind_at, self.clock.now())?;
        }
        let note = clean_patch("note", &edit.note, REMINDER_NOTE_CHARS_MAX)?;
        let member = self.own_member(actor, team).await?;
        let reset = Reset { actor: *actor, team, member, id, remind_at: edit.remind_at, note };
        let reminder = self.log.commit(reset).await?;
        self.alarm.notify_one();
        Ok(reminder)
    }

    /// Ends one, whether or not its time has come; what is done already stays so.
    pub async fn finish_reminder(&self, actor: &Actor, team: TeamId, id: ReminderId) -> Result<(), ServiceError> {
        let member = self.own_member(actor, team).await?;
        self.log.commit(Finish { actor: *actor, team, member, id }).await
    }

    async fn find_reminder(&self, member: MemberId, id: ReminderId) -> Result<Reminder, ServiceError> {
        let found = reminders::find(&mut &self.store, member, id).await?;
        Ok(found.ok_or_else(|| ServiceError::not_found("reminder"))?.reminder)
    }

    /// Puts beside reminders the messages that the actor may read now.
    async fn with_messages(&self, actor: &Actor, found: Vec<Reminder>) -> Result<Vec<MyReminder>, ServiceError> {
        let places = found.iter().map(|reminder| (reminder.channel_id, reminder.seq)).collect();
        let messages = readable::messages_at(&mut &self.store, actor, places).await?;
        let with_message = found.into_iter().map(|reminder| {
            let message = messages.get(&(reminder.channel_id, reminder.seq)).cloned();
            MyReminder { reminder, message }
        });
        Ok(with_message.collect())
    }
}
