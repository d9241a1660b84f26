//! Every bound of the cache.

use std::time::Duration;

/// Messages kept of one channel: the newest ones.
pub(super) const CHANNEL_MESSAGES_MAX: u64 = 5_000;
/// Messages kept in all; the oldest go first. About 100 MB with the index of their words.
pub(super) const MESSAGES_MAX: u64 = 200_000;
/// New messages between two looks at these bounds.
pub(super) const TRIM_EVERY: u64 = 500;
/// Messages given for a channel at once.
pub(super) const LOG_MESSAGES: u32 = 200;
/// Bytes of the pictures that are kept; those that were not looked at for longest go first.
pub(super) const PICTURE_BYTES_MAX: u64 = 32 * 1_024 * 1_024;
/// Pictures that the first screen may show.
pub(super) const FIRST_PICTURES: usize = 8;
/// Hits of a search given at once.
pub(super) const HITS_MAX: usize = 100;
/// Candidates of a search that are read and looked at, the newest ones.
pub(super) const CANDIDATES_MAX: u32 = 2_000;
/// Jobs that wait for the thread; more mean that the disk has stopped.
pub(super) const JOBS_QUEUED_MAX: usize = 4_096;
/// Events of channels among them; what comes above that is left out.
pub(super) const EVENTS_QUEUED_MAX: usize = 4_096;
/// Jobs written in one transaction.
pub(super) const BATCH_MAX: usize = 1_024;
/// What nobody waits for is gathered that long: typing makes three writes a second, not ten.
pub(super) const GATHER: Duration = Duration::from_millis(300);
/// Longest wait for another program that writes the same file.
pub(super) const BUSY_WAIT: Duration = Duration::from_secs(2);
/// Longest wait for the last writes when the program ends.
pub(super) const CLOSE_WAIT: Duration = Duration::from_secs(3);
