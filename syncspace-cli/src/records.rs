//! How each thing looks: JSON as on the wire, and its cells for tables and CSV.

mod audit;
mod file;
pub(crate) mod integration;
pub(crate) mod message;
pub(crate) mod moving;
pub(crate) mod people;
pub(crate) mod personal;
pub(crate) mod place;
mod reminder;
mod scheduled;
pub(crate) mod search;
pub(crate) mod server;
mod token;
