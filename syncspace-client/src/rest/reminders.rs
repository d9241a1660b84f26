//! Routes of messages that one wants to be reminded of.

use syncspace_protocol::page::PageQuery;
use syncspace_protocol::reminders::{CreateReminder, EditReminder, MyReminder, Reminder};
use syncspace_protocol::{Page, ReminderId, TeamId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists one's reminders in a team that wait for their time or are due, by time.
    pub async fn reminders(&self, team: TeamId, query: PageQuery) -> Result<Page<MyReminder>, ClientError> {
        self.get(&format!("teams/{team}/reminders")).query(&query).fetch().await
    }

    /// Makes a reminder of a message. A lost answer is asked for again, and makes no second one.
    pub async fn remind(&self, team: TeamId, reminder: CreateReminder) -> Result<Reminder, ClientError> {
        self.post(&format!("teams/{team}/reminders")).body(&reminder).create().await
    }

    /// Gives one reminder, also one that is done.
    pub async fn reminder(&self, team: TeamId, id: ReminderId) -> Result<MyReminder, ClientError> {
        self.get(&format!("teams/{team}/reminders/{id}")).fetch().await
    }

    /// Changes time or note of a reminder; one that is due waits again with a new time.
    pub async fn edit_reminder(
        &self,
        team: TeamId,
        id: ReminderId,
        edit: EditReminder,
    ) -> Result<Reminder, ClientError> {
        self.patch(&format!("teams/{team}/reminders/{id}")).body(&edit).fetch().await
    }

    /// Ends a reminder, whether it is done or not wanted any more.
    pub async fn finish_reminder(&self, team: TeamId, id: ReminderId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/reminders/{id}")).done().await
    }
}
