//! Starts what tests need: private databases, Redis, servers, terminals.

pub mod terminal;
