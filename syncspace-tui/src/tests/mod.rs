//! Tests of the whole program without its terminal: keys and events in, whole screens and effects out.

mod anything;
mod chat;
mod forms;
mod history;
mod link;
mod outbox;
mod safety;
