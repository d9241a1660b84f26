//! The program without terminal and network: state, and what events make of it.
//!
//! Nothing here awaits, reads a clock or a file. The time comes in with each event, what is to be done outside goes out
//! as effects; so a test types keys and compares whole screens.

pub(crate) mod accounts;
pub(crate) mod action;
pub(crate) mod again;
pub(crate) mod arriving;
pub(crate) mod attachment;
pub(crate) mod bodies;
pub(crate) mod chat;
pub(crate) mod client_ids;
pub(crate) mod completion;
pub(crate) mod composer;
pub(crate) mod connection;
pub(crate) mod deed;
pub(crate) mod entry;
pub(crate) mod form;
pub(crate) mod frecency;
pub(crate) mod help;
pub(crate) mod host;
pub(crate) mod kept;
pub(crate) mod kept_query;
pub(crate) mod key;
pub(crate) mod keymap;
pub(crate) mod keywords;
pub(crate) mod laid_out;
pub(crate) mod layout;
pub(crate) mod line_input;
pub(crate) mod loaded;
pub(crate) mod look;
pub(crate) mod markdown;
pub(crate) mod message;
pub(crate) mod notify;
pub(crate) mod on_message;
pub(crate) mod others;
pub(crate) mod outbox;
pub(crate) mod own;
pub(crate) mod pages;
pub(crate) mod patch;
pub(crate) mod paths;
pub(crate) mod picker;
pub(crate) mod pictures;
pub(crate) mod posting;
pub(crate) mod rows;
pub(crate) mod selection;
pub(crate) mod sheet;
pub(crate) mod sidebar;
pub(crate) mod slash;
pub(crate) mod state;
pub(crate) mod switcher;
pub(crate) mod text;
pub(crate) mod timeline;
pub(crate) mod told;
pub(crate) mod trail;
pub(crate) mod update;
pub(crate) mod when;
pub(crate) mod world;

pub(crate) use message::{Effect, Event, Net};
pub(crate) use state::State;
