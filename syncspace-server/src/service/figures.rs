//! Figures of this instance for whoever watches it: sums and levels, nothing about a person.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::Service;
use crate::store::{StatementCounts, statistics};

/// Longest wait for what the database has to say among the figures.
const COUNTED_WAIT: Duration = Duration::from_secs(1);

/// One number of the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    /// Its name, without the product's; with labels where several share it, which then follow each other.
    pub(crate) name: &'static str,
    /// What it counts, in a sentence.
    pub(crate) about: &'static str,
    /// Whether it only grows.
    pub(crate) is_sum: bool,
    /// The number now.
    pub(crate) value: u64,
}

impl Service {
    /// Gives how many statements this instance has sent to the database.
    #[must_use]
    pub fn statement_counts(&self) -> StatementCounts {
        self.store.statement_counts()
    }

    /// Gives how many passwords this instance has hashed, to store or to compare.
    #[must_use]
    pub fn password_hashings(&self) -> u64 {
        self.passwords.hashings()
    }

    /// Gives the figures of this instance, and of the whole server what was counted last.
    pub(crate) async fn figures(&self) -> Vec<Figure> {
        let (statements, deliveries) = (self.statement_counts(), &self.delivery_counts);
        let mails = &self.mail_counts;
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let sum = |name, value, about| Figure { name, about, is_sum: true, value };
        let files = &self.file_counts;
        let refused =
            files.refused.iter().map(|(name, number)| sum(*name, count(number), "Uploads refused, by reason."));
        let mut figures = vec![
            sum("store_reads_total", statements.reads, "Statements to the database that only read."),
            sum("store_changes_total", statements.changes, "Statements to the database that change rows."),
            sum("store_transactions_total", statements.transactions, "Transactions begun."),
            sum("hook_deliveries_done_total", count(&deliveries.done), "Deliveries to hooks that their targets took."),
            sum(
                "hook_deliveries_retried_total",
                count(&deliveries.retried),
                "Tries of deliveries to hooks that failed and come again.",
            ),
            sum("hook_deliveries_failed_total", count(&deliveries.failed), "Deliveries to hooks that were given up."),
            sum("mails_sent_total", count(&mails.sent), "Mails that the mail server took."),
            sum("mails_retried_total", count(&mails.retried), "Tries of mails that failed and come again."),
            sum("mails_failed_total", count(&mails.failed), "Mails that were given up."),
            sum("password_hashings_total", self.password_hashings(), "Passwords hashed, to store or to compare."),
            sum("files_uploaded_total", count(&files.uploaded), "Files that came whole."),
            sum("files_uploaded_bytes_total", count(&files.uploaded_bytes), "Bytes of files that came for good."),
            sum("files_downloads_total", count(&files.downloads), "Files and parts of files that were asked for."),
            sum("files_downloaded_bytes_total", count(&files.downloaded_bytes), "Bytes of files given to readers."),
            sum("files_collected_total", count(&files.collected), "Files whose bytes were removed."),
        ];
        figures.extend(refused);
        let about =
            "Bytes of all files that are kept by the server, as counted some minutes ago; the same on every instance.";
        let kept = self.kept_file_bytes().await;
        figures.extend(kept.map(|value| Figure { name: "files_kept_bytes", about, is_sum: false, value }));
        figures
    }

    /// Gives how many bytes of files there were when one instance counted last; none where nobody did yet, or the database does
    /// not answer soon: the other figures are wanted most then.
    ///
    /// One row: the sum over all files is made with the statistics, every ten minutes.
    async fn kept_file_bytes(&self) -> Option<u64> {
        let mut db = &self.store;
        let counted = timeout(COUNTED_WAIT, statistics::list(&mut db, 1)).await.ok()?.ok()?;
        counted.first().map(|day| day.file_bytes)
    }
}
