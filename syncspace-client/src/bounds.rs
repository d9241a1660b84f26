//! Every bound of this crate, by name. Bounds of the wire are in `syncspace_protocol::limits`.

use std::time::Duration;

/// Longest wait for a TCP and TLS connection.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is not used again: servers close idle ones, ours after 10 seconds, and a request
/// that meets the end of its connection is lost.
pub(crate) const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(5);
/// Longest time from the first byte of a REST request to the last of its answer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time that a file may take from its first byte to its last, up or down.
pub(crate) const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3600);
/// Longest wait for the next bytes of a file that is downloaded.
pub(crate) const DOWNLOAD_STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Most times in a row that a transfer is tried without a byte of progress.
pub(crate) const TRANSFER_TRIES_MAX: u32 = 5;
/// A file of this machine that is at least so long goes up in parts, which a broken line does not take back.
pub(crate) const PARTED_FROM_BYTES: u64 = 8 * 1024 * 1024;
/// Longest time that an upload in parts takes no further bytes.
pub(crate) const UPLOAD_STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How much of a file is read and sent at once, in bytes.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;
/// Most times a request is sent that makes something, while its answer is lost.
pub(crate) const TRIES_MAX: u32 = 5;
/// Most times that a part of an import is sent while the server is away: some minutes.
pub(crate) const IMPORT_TRIES_MAX: u32 = 12;
/// Ceiling of the wait before it is sent again, to begin with; it doubles with every lost answer.
pub(crate) const REPEAT_WAIT_FIRST: Duration = Duration::from_millis(500);
/// A longer wait than this, as the server may ask for, is left to the caller.
pub(crate) const REPEAT_WAIT_MAX: Duration = Duration::from_secs(10);
/// After this time a request is sent again only if that was not done yet.
pub(crate) const REPEAT_PATIENCE: Duration = Duration::from_secs(15);
/// Longest time that a request which only reads waits for its turn, where there were too many.
pub(crate) const READ_PATIENCE: Duration = Duration::from_secs(60);
/// Ceiling of what is waited on top of what the server says then.
pub(crate) const TURN_SPREAD: Duration = Duration::from_millis(100);
/// Longest REST answer, in bytes: a page of 200 messages of 16,000 bytes, each byte escaped, and room.
pub(crate) const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most items that the `all_…` methods gather.
pub(crate) const LIST_ITEMS_MAX: usize = 10_000;

/// An access token with less life than this is refreshed before it is used.
pub(crate) const TOKEN_LIFE_MIN: Duration = Duration::from_secs(30);
/// Longest wait for another process that refreshes the same credentials.
pub(crate) const CREDENTIALS_LOCK_TIMEOUT: Duration = Duration::from_secs(40);
/// Pause between two looks at that lock.
pub(crate) const CREDENTIALS_LOCK_POLL: Duration = Duration::from_millis(20);

/// Updates that wait for the consumer before the socket is read no further.
pub(crate) const UPDATES_QUEUED_MAX: usize = 1_024;
/// Updates that wait on top of those while a request of the consumer's is unanswered.
pub(crate) const UPDATES_BACKLOG_MAX: usize = 4_096;
/// Commands that wait for the connection's task.
pub(crate) const COMMANDS_QUEUED_MAX: usize = 64;
/// Requests without an answer; further ones wait.
pub(crate) const REQUESTS_PENDING_MAX: usize = 256;
/// Longest wait for the answer to a request on the socket.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the upgrade, and then again for `hello`.
pub(crate) const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest write of one frame before the connection counts as dead.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait for the other side to close, after either side said that it will.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Silent heartbeats after which a connection is dead.
pub(crate) const HEARTBEATS_MISSED_MAX: u32 = 3;
/// Longest frame from the server, in bytes; the server splits its pages well below this.
pub(crate) const SERVER_FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Ceiling of the first wait before a reconnect; it doubles with every failure.
pub(crate) const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// Highest ceiling of the wait before a reconnect.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// A connection that lived this long was good: the next back-off starts anew.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Events of one stream that are held while its gap is read; above, they are read again instead.
pub(crate) const HELD_EVENTS_MAX: usize = 1_000;
/// Events kept one by one to count on from a marker that is older than them; above, they are summed up.
pub(crate) const COUNTED_EVENTS_MAX: usize = 256;
/// Gaps that are read at the same time.
pub(crate) const REPAIRS_AT_ONCE_MAX: usize = 4;
/// Pause before a failed read of a gap is repeated.
pub(crate) const REPAIR_RETRY: Duration = Duration::from_secs(1);
