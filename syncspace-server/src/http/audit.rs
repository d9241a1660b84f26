//! `/admin/audit` and `/teams/{team_id}/audit`: what was done.

use syncspace_protocol::ErrorCode::{Forbidden, NotFound};
use syncspace_protocol::audit::{AuditEntry, AuditQuery};
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{Page, TeamId};

use super::reply::Found;
use super::request::Call;
use super::route::Route;
use crate::service::{Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/audit", "audit", audit)
            .needs(Needs::Scope(Scope::Admin))
            .about("Lists what was done on the server, the newest first, as an administrator.")
            .refuses(&[Forbidden]),
        Route::get("/teams/{team_id}/audit", "team_audit", team_audit)
            .about("Lists what was done in a team, the newest first, for its admins and owners.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn audit(call: Call<(), AuditQuery>) -> Result<Found<Page<AuditEntry>>, ServiceError> {
    call.service.audit(&call.who, &call.query).await.map(Found)
}

async fn team_audit(call: Call<TeamId, AuditQuery>) -> Result<Found<Page<AuditEntry>>, ServiceError> {
    call.service.team_audit(&call.who, call.path, &call.query).await.map(Found)
}
