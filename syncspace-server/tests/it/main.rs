//! Everything about the server that needs a database, a socket or a second instance.

mod accounts;
mod carrier;
mod http;
mod store;
