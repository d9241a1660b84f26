//! Routes of the audit log.

use syncspace_protocol::audit::{AuditEntry, AuditQuery};
use syncspace_protocol::{Page, TeamId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists what was done on the server, the newest first; for administrators.
    pub async fn audit(&self, query: AuditQuery) -> Result<Page<AuditEntry>, ClientError> {
        self.get("admin/audit").query(&query).fetch().await
    }

    /// Lists what was done in a team, the newest first; for those who manage it.
    pub async fn team_audit(&self, team: TeamId, query: AuditQuery) -> Result<Page<AuditEntry>, ClientError> {
        self.get(&format!("teams/{team}/audit")).query(&query).fetch().await
    }
}
