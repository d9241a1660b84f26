//! Routes of messages that are to be sent later.

use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, Scheduled};
use syncspace_protocol::{Page, ScheduledId, TeamId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists one's messages in a team that wait for their time or could not be sent, by time.
    pub async fn scheduled(&self, team: TeamId, query: PageQuery) -> Result<Page<Scheduled>, ClientError> {
        self.get(&format!("teams/{team}/scheduled")).query(&query).fetch().await
    }

    /// Schedules a message. A lost answer is asked for again, and makes no second one.
    pub async fn schedule_message(&self, team: TeamId, message: ScheduleMessage) -> Result<Scheduled, ClientError> {
        self.post(&format!("teams/{team}/scheduled")).body(&message).create().await
    }

    /// Gives one scheduled message, also one that was sent or cancelled.
    pub async fn scheduled_message(&self, team: TeamId, id: ScheduledId) -> Result<Scheduled, ClientError> {
        self.get(&format!("teams/{team}/scheduled/{id}")).fetch().await
    }

    /// Changes text or time of a scheduled message.
    pub async fn edit_scheduled(
        &self,
        team: TeamId,
        id: ScheduledId,
        edit: EditScheduled,
    ) -> Result<Scheduled, ClientError> {
        self.patch(&format!("teams/{team}/scheduled/{id}")).body(&edit).fetch().await
    }

    /// Cancels a scheduled message.
    pub async fn cancel_scheduled(&self, team: TeamId, id: ScheduledId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/scheduled/{id}")).done().await
    }

    /// Sends a scheduled message at once; one that was sent already is given back.
    pub async fn send_scheduled_now(&self, team: TeamId, id: ScheduledId) -> Result<Scheduled, ClientError> {
        self.post(&format!("teams/{team}/scheduled/{id}/send")).fetch().await
    }
}
