//! Breaks a running SyncSpace in every way it must survive, and checks what became of its messages.
//!
//! [`history`] judges what is known of a run; it is pure. [`run()`] makes such a run: people write and read through several
//! servers while these, their database and their Redis are killed, paused and cut off. The same seed chooses the same faults.

#![expect(clippy::panic, reason = "a run that cannot be made must fail, and say why")]

mod cluster;
mod fault;
pub mod history;
mod people;
mod run;

pub use cluster::Store;
pub use fault::Fault;
pub use run::{Plan, Report, run};
