//! The rules, one file per subject: who may do what, and what comes of it.
//!
//! Knows no HTTP, no socket, no SQL and no Redis. Every call names its [`Actor`], or its [`Origin`] where nobody is
//! logged in yet.

mod clock;
mod error;
mod settings;

use std::net::IpAddr;

use syncspace_protocol::{SessionId, UserId};

pub use clock::{Clock, later};
pub use error::{Refusal, ServiceError};
pub use settings::Settings;

/// Who asks: the person and device behind a checked access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub user_id: UserId,
    /// The device.
    pub session_id: SessionId,
    /// Whether the person administers this server.
    pub is_admin: bool,
}

/// Where a request comes from, for calls that nobody is logged in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The peer's address, behind trusted proxies the one they name.
    pub address: IpAddr,
    /// What the program calls itself; names the device where the request does not.
    pub user_agent: Option<String>,
}
