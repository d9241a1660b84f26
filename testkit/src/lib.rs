//! What SyncSpace's tests need: private databases, Redis, mail servers, servers, and a terminal to type at.
//!
//! Everything listens on free loopback ports, keeps its files in a temporary folder, and is gone when the test process
//! is, however that ends. A program that is not installed is a failed test that says what to install.

#![expect(clippy::panic, reason = "a test whose services cannot be started must fail, and say why")]

mod daemon;
mod mysql;
mod programs;
mod proxy;
mod redis;
mod server;
mod smtp;
pub mod terminal;
#[cfg(unix)]
mod tmux;

pub use self::mysql::{MysqlServer, mysql_database};
pub use self::programs::binary;
pub use self::proxy::Proxy;
pub use self::redis::{RedisPlace, RedisServer, redis_place, redis_url};
pub use self::server::ServerProcess;
pub use self::smtp::{ReceivedMail, SmtpHabit, SmtpServer};
#[cfg(unix)]
pub use self::tmux::Tmux;
