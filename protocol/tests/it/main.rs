//! The wire, written down: the JSON of every type, parsed and written back, and what a reader tolerates and refuses.

#![expect(clippy::panic, reason = "a test fails by panicking, also in its helpers")]

mod accounts;
mod administration;
mod archive;
mod bots;
mod channels;
mod commands;
mod completeness;
mod files;
mod golden;
mod groups;
mod hooks;
mod join_requests;
mod messages;
mod personal;
mod primitives;
mod reactions;
mod reminders;
mod scheduled;
mod search;
mod socket;
mod sync;
mod teams;
mod tokens;
