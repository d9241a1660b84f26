//! How many files came, went and were refused on this instance.

use std::sync::atomic::{AtomicU64, Ordering};

use syncspace_protocol::error::ErrorCode;

use super::ServiceError;

/// Sums since the start.
#[derive(Debug)]
pub(super) struct FileCounts {
    pub(super) uploaded: AtomicU64,
    pub(super) uploaded_bytes: AtomicU64,
    pub(super) downloads: AtomicU64,
    pub(super) downloaded_bytes: AtomicU64,
    pub(super) collected: AtomicU64,
    /// Uploads that were refused, by the name of the figure; the last one for every other reason.
    pub(super) refused: [(&'static str, AtomicU64); 6],
}

impl Default for FileCounts {
    fn default() -> Self {
        let refused = [
            "files_refused_total{reason=\"too_large\"}",
            "files_refused_total{reason=\"quota\"}",
            "files_refused_total{reason=\"checksum\"}",
            "files_refused_total{reason=\"broken_off\"}",
            "files_refused_total{reason=\"storage\"}",
            "files_refused_total{reason=\"other\"}",
        ];
        Self {
            uploaded: AtomicU64::default(),
            uploaded_bytes: AtomicU64::default(),
            downloads: AtomicU64::default(),
            downloaded_bytes: AtomicU64::default(),
            collected: AtomicU64::default(),
            refused: refused.map(|name| (name, AtomicU64::default())),
        }
    }
}

impl FileCounts {
    /// Counts why an upload was refused, where it was.
    pub(super) fn note<T>(&self, outcome: Result<T, ServiceError>) -> Result<T, ServiceError> {
        if let Err(error) = &outcome {
            let place = match error.code() {
                ErrorCode::TooLarge => 0,
                ErrorCode::Conflict => 1,
                ErrorCode::InvalidField => 2,
                ErrorCode::InvalidBody => 3,
                ErrorCode::Unavailable => 4,
                _ => 5,
            };
            add(&self.refused[place].1, 1);
        }
        outcome
    }

    /// Counts a file that is whole.
    pub(super) fn add_upload(&self, bytes: u64) {
        add(&self.uploaded, 1);
        add(&self.uploaded_bytes, bytes);
    }
}

pub(super) fn add(number: &AtomicU64, more: u64) {
    number.fetch_add(more, Ordering::Relaxed);
}
