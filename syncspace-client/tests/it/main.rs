//! The client against the shipped server, and against what is no SyncSpace server.

mod accounts;
mod connections;
mod convergence;
mod counts;
mod files;
mod foreign;
mod lossy;
mod lost;
mod stores;
mod world;
