//! Routes that tell what goes by how long messages are kept.

use syncspace_protocol::retention::{RetentionQuery, RetentionReport};
use syncspace_protocol::{ChannelId, TeamId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Tells how long the messages of a channel are kept, and how many are old enough to go.
    pub async fn channel_retention(
        &self,
        channel: ChannelId,
        query: RetentionQuery,
    ) -> Result<RetentionReport, ClientError> {
        self.get(&format!("channels/{channel}/retention")).query(&query).fetch().await
    }

    /// Tells the same of all channels that leave it to their team; for those who manage it.
    pub async fn team_retention(&self, team: TeamId, query: RetentionQuery) -> Result<RetentionReport, ClientError> {
        self.get(&format!("teams/{team}/retention")).query(&query).fetch().await
    }

    /// Tells the same of all channels that leave it to the server; for administrators.
    pub async fn server_retention(&self, query: RetentionQuery) -> Result<RetentionReport, ClientError> {
        self.get("admin/retention").query(&query).fetch().await
    }
}
