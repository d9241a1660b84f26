//! The program without terminal and network: state, and what events make of it.
//!
//! Nothing here awaits, reads a clock or a file. The time comes in with each event, what is to be done outside goes out
//! as effects; so a test types keys and compares whole screens.

pub(crate) mod action;
pub(crate) mod composer;
pub(crate) mod entry;
pub(crate) mod form;
pub(crate) mod layout;
pub(crate) mod line_input;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod rows;
pub(crate) mod sidebar;
pub(crate) mod state;
pub(crate) mod switcher;
pub(crate) mod text;
pub(crate) mod timeline;
pub(crate) mod update;
pub(crate) mod world;

pub(crate) use message::{Effect, Event, Net};
pub(crate) use state::State;
pub(crate) use update::update;
