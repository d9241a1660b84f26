//! Everything about the server that needs a database, a socket or a second instance.

mod access_tokens;
mod accounts;
mod administration;
mod bucket;
mod carrier;
mod chat;
mod counts;
mod erasure;
mod explain;
mod groups;
mod http;
mod integrations;
mod jobs;
mod join_requests;
mod keys;
mod keywords;
#[cfg(feature = "failpoints")]
mod log;
mod mail;
mod matrix;
mod message;
mod moving;
mod people;
mod personal;
mod place;
mod plans;
mod reminders;
mod retention;
mod scheduled;
mod search;
mod sends;
mod socket;
mod store;
mod structure;
mod target;
mod team_settings;
