//! REST as a stranger's program sees it: a real server on the embedded store, asked over TCP.

mod errors;
mod files;
mod hooks;
mod keys;
mod life;
mod mail;
mod openapi;
mod rig;
mod scopes;
