//! The SyncSpace server as a library: `main.rs` is a thin shell around it, and tests run it in process.

pub mod service;
pub mod store;
