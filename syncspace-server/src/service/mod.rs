//! The rules, one file per subject: who may do what, and what comes of it.
//!
//! Knows no HTTP, no socket, no SQL and no Redis. Every call names its [`Actor`], or its [`Origin`] where nobody is
//! logged in yet.

mod access;
mod access_tokens;
mod account;
mod account_changes;
mod appends;
mod audit;
mod auth;
mod behind;
mod bots;
mod channel_changes;
mod channels;
mod commands;
mod deliveries;
mod drafts;
mod due;
mod email_addresses;
mod erasure_work;
mod erasures;
mod error;
mod exports;
pub(crate) mod fields;
mod figures;
mod file_counts;
mod file_types;
mod files;
mod gather;
mod greeting;
mod group_changes;
mod groups;
mod hand_over;
mod history;
mod hook_work;
mod hooks;
mod idempotency;
mod import_channels;
mod import_checks;
mod import_log;
mod import_messages;
mod import_people;
mod imports;
mod invites;
mod job_kinds;
mod join_requests;
mod keyword_mentions;
mod keywords;
mod letters;
mod live;
mod mails;
mod mentions;
mod message_changes;
mod messages;
mod missed;
pub(crate) mod paging;
mod parse;
mod password_resets;
mod passwords;
mod person_export;
mod pictures;
mod pins;
mod preferences;
mod presence;
mod reactions;
mod readable;
mod registration;
mod reminder_changes;
mod reminders;
mod removals;
pub(crate) mod retention;
mod retry;
mod revocations;
mod saved;
mod scheduled;
mod scheduled_changes;
mod search;
mod search_index;
mod search_plan;
pub(crate) mod secrets;
mod sends;
mod server_settings;
mod sessions;
mod settings;
mod slack;
mod start;
mod statistics;
mod sync;
mod team_changes;
mod teams;
mod threads;
pub mod tokens;
mod transfers;
mod upload_parts;
mod uploads;
mod users;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use syncspace_protocol::server::Banner;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{Epoch, SessionId, UserId};
use tokio::sync::{Notify, Semaphore};

use self::behind::AllNews;
use self::gather::{Arrivals, Gather, HeadsOf};
use crate::blobs::Blobs;
use crate::log::{Committed, Log, Outlet};
use crate::mail::Mailer;
use crate::outbound::Outbound;
use crate::realtime::Realtime;
use crate::store::{IdBlocks, Store};

pub use crate::clock::{Clock, later};
pub use crate::grant::{Grant, Needs};
pub use crate::log::{SendOrder, SendPlace};
pub use crate::store::LeaseTimes;
pub use crate::store::deliveries::DueDelivery;
pub use crate::store::mails::MailRow;
pub(crate) use access_tokens::lacks;
pub(crate) use behind::{CHANNELS_PER_BATCH, Follower};
pub use due::Due;
pub use error::{Refusal, ServiceError};
pub use exports::{ArchiveBytes, ExportBroken};
pub(crate) use figures::Figure;
pub use files::{FileBytes, OpenFile};
pub use greeting::Device;
pub(crate) use greeting::Owed;
pub use idempotency::Made;
pub use job_kinds::{BATCH_ROWS_MAX, Batch, JobKind, Turn};
pub(crate) use missed::Missed;
pub use passwords::{Passwords, Verdict};
pub use secrets::SecretFileError;
pub use settings::{DAY_S, Settings};
pub use slack::{OddPayload, SlackPost};
pub use start::{StartError, load_epoch};
pub use threads::ThreadChoice;
pub use tokens::TokenKeys;
pub use uploads::BrokenOff;

/// Who asks: the person and device behind a checked access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub user_id: UserId,
    /// The device.
    pub session_id: SessionId,
    /// Whether the person administers this server, and may act so here.
    pub is_admin: bool,
    /// What may be done with the token.
    pub grant: Grant,
}

impl Actor {
    /// Puts together who asks; the powers of an administrator come with the token's scopes only.
    pub(crate) fn of(device: Device, is_admin: bool, grant: Grant) -> Self {
        let Device { user_id, session_id } = device;
        Self { user_id, session_id, is_admin: is_admin && grant.allows(Scope::Admin), grant }
    }
}

/// Where a request comes from, for calls that nobody is logged in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The peer's address, behind trusted proxies the one they name.
    pub address: IpAddr,
    /// What the program calls itself; names the device where the request does not.
    pub user_agent: Option<String>,
}

/// What a [`Service`] is made of.
pub struct ServiceParts {
    /// The migrated database.
    pub store: Store,
    /// Names the database's history, see [`load_epoch`].
    pub epoch: Epoch,
    /// The instance's side of real time.
    pub realtime: Realtime,
    /// Where the bytes of files are.
    pub blobs: Blobs,
    /// What sends mail; none sends none.
    pub mailer: Option<Mailer>,
    /// Source of every stored time.
    pub clock: Clock,
    /// What the operator set.
    pub settings: Settings,
    /// The signing secrets.
    pub token_keys: TokenKeys,
    /// Where the bootstrap token is put for `--local`; none keeps it out of files.
    pub data_dir: Option<PathBuf>,
}

/// Everything that can be asked of the server; one value, shared by all who ask.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) ids: Arc<IdBlocks>,
    pub(crate) log: Log,
    realtime: Realtime,
    blobs: Blobs,
    transfers: transfers::Transfers,
    arrivals: Gather<Arrivals>,
    pages: Semaphore,
    /// What everybody on the server sees.
    banner: RwLock<(u64, Option<Banner>)>,
    /// Rung where something may be due sooner than was known.
    alarm: Notify,
    doors: Semaphore,
    searches: search::Turns,
    news: Arc<AllNews>,
    heads: Gather<HeadsOf>,
    epoch: Epoch,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    passwords: Passwords,
    token_keys: TokenKeys,
    known_tokens: access_tokens::KnownTokens,
    outbound: Outbound,
    /// Rung where there is something to tell hooks.
    delivery_bell: Notify,
    delivery_counts: deliveries::DeliveryCounts,
    file_counts: Arc<file_counts::FileCounts>,
    mailer: Option<Mailer>,
    /// Rung where there is a mail to send.
    mail_bell: Notify,
    mail_counts: mails::MailCounts,
    data_dir: Option<PathBuf>,
}

impl Service {
    /// Puts the service together; [`Service::prepare`] comes next.
    #[must_use]
    pub fn new(parts: ServiceParts) -> Self {
        let ServiceParts { store, epoch, realtime, blobs, mailer, clock, settings, token_keys, data_dir } = parts;
        let ids = Arc::new(IdBlocks::new(store.clone()));
        let allowed = settings.hook_targets_allowed.clone();
        let news = Arc::new(AllNews::default());
        Self {
            log: Log::start(&store, &ids, &clock, &outlet(&realtime, &news)),
            realtime,
            blobs,
            transfers: transfers::Transfers::default(),
            arrivals: Gather::new(Arrivals(store.clone())),
            pages: Semaphore::new(missed::PAGES_AT_ONCE),
            banner: RwLock::default(),
            alarm: Notify::new(),
            doors: Semaphore::new(greeting::GREETED_AT_ONCE),
            searches: search::Turns::default(),
            news,
            heads: Gather::new(HeadsOf(store.clone())),
            epoch,
            passwords: Passwords::new(settings.bcrypt_cost),
            store,
            ids,
            clock,
            settings,
            token_keys,
            known_tokens: access_tokens::KnownTokens::default(),
            outbound: Outbound::new(allowed),
            delivery_bell: Notify::new(),
            delivery_counts: deliveries::DeliveryCounts::default(),
            file_counts: Arc::default(),
            mailer,
            mail_bell: Notify::new(),
            mail_counts: mails::MailCounts::default(),
            data_dir,
        }
    }

    /// Takes no more changes, and waits until those already taken are committed.
    pub async fn close(&self) {
        self.log.close().await;
    }

    /// Tells whether requests can be served: whether the database answers.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        Ok(self.store.ping().await?)
    }
}

/// Gives where the log puts what it committed: to sockets first, then to those who work behind the log.
fn outlet(realtime: &Realtime, news: &Arc<AllNews>) -> Outlet {
    let (to_sockets, news) = (realtime.outlet(), Arc::clone(news));
    Arc::new(move |events: &[Committed]| {
        to_sockets(events);
        news.note_committed(events);
    })
}
