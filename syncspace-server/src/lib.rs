//! The SyncSpace server as a library: `main.rs` is a thin shell around it, and tests run it in process.

pub mod blobs;
pub mod clock;
pub mod config;
pub mod followers;
pub mod grant;
mod http;
pub mod instance;
pub mod jobs;
pub mod log;
pub mod mail;
pub mod net;
pub mod outbound;
pub mod permissions;
pub mod rate_limit;
pub mod realtime;
pub mod server;
pub mod service;
pub mod store;
pub mod telemetry;
mod ws;

pub use server::{Server, StartError, run};
