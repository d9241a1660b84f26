//! Typed client for SyncSpace: every REST route as a method, and a WebSocket that reconnects and resumes by itself.
//!
//! [`Client`] is cheap to clone and refreshes its token when needed, also when several programs on one machine share
//! one credentials file. [`Client::connect`] gives a [`Connection`] to ask through and a channel of [`Update`]s.
//!
//! # Follow a channel
//!
//! ```no_run
//! use syncspace_client::{Client, ClientError, ConnectOptions, CredentialStore, Update, messages_in};
//! use syncspace_protocol::StreamId;
//!
//! # async fn tail() -> Result<(), ClientError> {
//! let client = Client::with_credentials("http://127.0.0.1:7420".parse()?, CredentialStore::open_default()?)?;
//! let general = client.resolve_channel("eng/general").await?;
//! let mut last_seq = general.head.last_seq;
//! let stream = StreamId::Channel(general.channel.id);
//! let (_connection, mut updates) = client.connect(ConnectOptions::following(stream, general.head.last_rev));
//! while let Some(update) = updates.recv().await {
//!     // Other channels' events come too; an edited message comes again.
//!     let Update::Event(event) = update else { continue };
//!     for message in messages_in(&event).filter(|message| message.channel_id == general.channel.id) {
//!         if message.seq > last_seq {
//!             last_seq = message.seq;
//!             println!("{}", message.content);
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod bounds;
mod credentials;
mod error;
mod importer;
mod local_files;
mod local_uploads;
mod rest;
mod server_url;
mod socket;
mod unread;

pub use credentials::{CredentialStore, Credentials};
pub use error::ClientError;
pub use importer::{ImportReport, Importer};
pub use local_files::free_place;
pub use rest::{Client, Upload};
pub use server_url::{ServerUrl, ServerUrlError};
pub use socket::{ConnectOptions, Connection, Update, messages_in};
pub use unread::{ThreadBook, ThreadKey, Unread, UnreadBook};
