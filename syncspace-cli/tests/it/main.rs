//! The shipped `syncspace` against the shipped server: what a script sees, and what a person at a terminal sees.

#![expect(clippy::panic, reason = "a test that cannot go on must fail, and say why")]

mod account;
mod administration;
mod channels;
mod exit_codes;
mod files;
mod follow;
mod formats;
mod groups;
mod integrations;
mod mail;
mod members;
mod messages;
mod moving;
mod offline;
mod people;
mod personal;
mod search;
mod support;
mod teams;
mod terminal;
mod tokens;
mod users;
