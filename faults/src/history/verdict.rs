//! What the checker says: every breach with its kind, and how many there are of each.

use std::fmt;

use syncspace_protocol::ChannelId;

/// How a promise was broken. Ordered as a report lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Acknowledged but not in the log, or in the log and not with a reader.
    Lost,
    /// Twice in the log, or shown twice.
    Doubled,
    /// In another order than it was sent, or shown in another order than that of the log.
    Reordered,
    /// A number that belongs to nothing.
    Gap,
    /// Something else than what was sent.
    Altered,
    /// A count that does not agree with the log.
    Miscounted,
    /// Refused for good though nothing was wrong with it.
    Refused,
}

/// One breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// Where; none where it is not of one channel.
    pub channel: Option<ChannelId>,
    /// What exactly, in words.
    pub detail: String,
}

/// Everything the checker found.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// In the order in which they were found.
    pub findings: Vec<Finding>,
    /// Messages in the log.
    pub logged: usize,
    /// Acknowledged messages.
    pub acknowledged: usize,
    /// Messages shown, summed over the readers.
    pub shown: usize,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Lost, Self::Doubled, Self::Reordered, Self::Gap, Self::Altered, Self::Miscounted, Self::Refused];

    const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Doubled => "doubled",
            Self::Reordered => "reordered",
            Self::Gap => "gaps",
            Self::Altered => "altered",
            Self::Miscounted => "miscounted",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.channel {
            Some(channel) => write!(f, "{}: c{channel}: {}", self.kind, self.detail),
            None => write!(f, "{}: {}", self.kind, self.detail),
        }
    }
}

impl Verdict {
    /// Tells whether every promise was kept.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// Gives the number of breaches of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.kind == kind).count()
    }

    pub(super) fn found(&mut self, kind: Kind, channel: ChannelId, detail: String) {
        self.findings.push(Finding { kind, channel: Some(channel), detail });
    }
}

/// One line with all counts, then the first breaches of each kind.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Breaches of a kind that are worth reading; the rest is mostly the same again.
        const SHOWN_MAX: usize = 8;
        let counts: Vec<_> = Kind::ALL.iter().map(|&kind| format!("{} {kind}", self.count(kind))).collect();
        write!(f, "{}", counts.join(", "))?;
        for kind in Kind::ALL {
            for finding in self.findings.iter().filter(|finding| finding.kind == kind).take(SHOWN_MAX) {
                write!(f, "\n  {finding}")?;
            }
        }
        Ok(())
    }
}
