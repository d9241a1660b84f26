//! The SyncSpace server as a library: `main.rs` is a thin shell around it, and tests run it in process.

pub mod config;
mod http;
pub mod instance;
pub mod net;
pub mod rate_limit;
pub mod realtime;
pub mod server;
pub mod service;
pub mod store;
pub mod telemetry;

pub use server::{Server, StartError, run};
