//! The client against the shipped server, and against what is no SyncSpace server.

mod accounts;
mod connections;
mod foreign;
mod lost;
mod world;
