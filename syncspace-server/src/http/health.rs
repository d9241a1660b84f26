//! Health checks, outside `/api/v1`: for balancers and service managers.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use syncspace_protocol::ErrorCode;

use super::State;
use super::reply::{Failure, Found};
use super::route::Route;

/// Wait named to whoever asks a server that ends, in milliseconds: its successor is up by then.
const DRAIN_RETRY_MS: u64 = 2_000;

/// Answer of a health check that went well.
#[derive(Debug, Serialize, JsonSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::plain("/health/live", "live", live).about("Tells that the process runs."),
        Route::plain("/health/ready", "ready", ready)
            .about("Tells that requests can be served: started, not ending, database in reach.")
            .refuses(&[ErrorCode::Unavailable]),
    ]
}

async fn live(_state: Arc<State>) -> Result<Found<Health>, Failure> {
    Ok(Found(Health { status: "ok" }))
}

async fn ready(state: Arc<State>) -> Result<Found<Health>, Failure> {
    if state.life.closing.is_cancelled() {
        let ending = Failure::new(ErrorCode::Unavailable, "the server is ending; ask another one");
        return Err(ending.retry_after_ms(DRAIN_RETRY_MS));
    }
    state.service()?.ready().await?;
    Ok(Found(Health { status: "ok" }))
}
