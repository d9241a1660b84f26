//! The connection as the person sees it, and when what is said of it is another thing by itself.

use syncspace_protocol::Time;

use super::state::{Screen, State};

/// State of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    Offline,
    Connecting,
    Online,
    /// It broke; it is tried again by itself.
    Lost(Outage),
}

/// A lost connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outage {
    /// Why, in a few words.
    pub(crate) reason: String,
    /// When it is tried again by itself; none while it is being tried.
    pub(crate) next_try: Option<Time>,
    /// When it was tried last, or broke.
    pub(crate) last_try: Time,
}

/// A server that was out of reach for so long is said to be silent since then, in milliseconds.
const SILENCE_MS: i64 = 10_000;

impl State {
    /// Gives the whole seconds until the connection is tried again; none while it is being tried, or there.
    pub(crate) fn seconds_to_try(&self) -> Option<i64> {
        let Link::Lost(Outage { next_try: Some(at), .. }) = &self.link else { return None };
        let ms = at.unix_ms().saturating_sub(self.now.unix_ms());
        (ms > 0).then(|| ms.saturating_add(999) / 1_000)
    }

    /// Gives when the number of those seconds is another one.
    pub(super) fn next_countdown(&self) -> Option<Time> {
        let Link::Lost(Outage { next_try: Some(at), .. }) = &self.link else { return None };
        let seconds = self.seconds_to_try()?;
        Time::from_unix_ms(at.unix_ms().saturating_sub((seconds - 1).saturating_mul(1_000))).ok()
    }

    /// Gives how long there was no connection to the server, where that is more than a moment.
    pub(crate) fn silence(&self) -> Option<String> {
        let ms = self.silent_ms()?;
        let seconds = ms / 1_000;
        Some(match seconds {
            ..60 => format!("{seconds} s"),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} days", seconds / 86_400),
        })
    }

    fn silent_ms(&self) -> Option<i64> {
        let contact = self.contact.filter(|_| self.link != Link::Online && matches!(self.screen, Screen::Chat))?;
        Some(self.now.unix_ms().saturating_sub(contact.unix_ms())).filter(|ms| *ms >= SILENCE_MS)
    }

    /// Gives when that is another time.
    pub(super) fn next_age(&self) -> Option<Time> {
        let contact = self.contact.filter(|_| self.link != Link::Online && matches!(self.screen, Screen::Chat))?;
        let Some(ms) = self.silent_ms() else {
            return Time::from_unix_ms(contact.unix_ms().saturating_add(SILENCE_MS)).ok();
        };
        let step = match ms {
            ..60_000 => 1_000,
            60_000..3_600_000 => 60_000,
            _ => 3_600_000,
        };
        Time::from_unix_ms(contact.unix_ms().saturating_add((ms / step + 1) * step)).ok()
    }
}
