//! The connection as the person sees it: lost, tried again after a while, and at once when somebody is there.

use super::Effects;
use crate::app::message::Effect;
use crate::app::state::{Link, Outage, Screen, State};
use crate::app::text;

/// A person's keys call for another try that long after the last one, in milliseconds.
const TRY_EVERY_MS: i64 = 3_000;

/// Notes that the connection is being tried.
pub(super) fn connecting(state: &mut State, attempt: u32) {
    let now = state.now;
    match &mut state.link {
        Link::Lost(outage) => (outage.next_try, outage.last_try) = (None, now),
        Link::Online => {}
        Link::Offline | Link::Connecting if attempt <= 1 => state.link = Link::Connecting,
        Link::Offline | Link::Connecting => {}
    }
}

/// Notes that the connection broke, or could not be made.
pub(super) fn disconnected(state: &mut State, reason: &str, retry_in_ms: u64, effects: &mut Effects) {
    let reason = short_cause(reason);
    let next_try = Some(state.later(i64::try_from(retry_in_ms).unwrap_or(i64::MAX)));
    let last_try = match &state.link {
        Link::Lost(outage) => outage.last_try,
        _ => state.now,
    };
    // A quiet connection is not a lost one: it was there until now.
    if state.link == Link::Online {
        state.contact = Some(state.now);
    }
    state.link = Link::Lost(Outage { reason: reason.clone(), next_try, last_try });
    state.chat.outbox.disconnected();
    state.pictures.disconnected();
    // Nobody knows who is there while there is no connection.
    state.world.presence.clear();
    if let Screen::Waiting(words) = &mut state.screen {
        *words = format!("No connection to {}: {reason}. Trying again …", state.server);
    }
    revive(state, effects);
}

/// Has a local server looked after, where this program lives on one.
pub(super) fn revive(state: &State, effects: &mut Effects) {
    if state.is_local {
        effects.push(Effect::ReviveLocal);
    }
}

/// Notes a sign of the person: whoever is there does not wait out a long pause.
pub(super) fn person_is_here(state: &mut State, effects: &mut Effects) {
    let now = state.now.unix_ms();
    let is_due = matches!(&state.link, Link::Lost(lost) if now.saturating_sub(lost.last_try.unix_ms()) >= TRY_EVERY_MS);
    if is_due {
        try_now(state, effects);
    }
}

/// Tries the connection now where it is lost and not being tried.
pub(super) fn try_now(state: &mut State, effects: &mut Effects) {
    let now = state.now;
    if let Link::Lost(outage) = &mut state.link
        && outage.next_try.take().is_some()
    {
        outage.last_try = now;
        effects.push(Effect::ReconnectNow);
    }
}

/// Gives the first sentence of a cause without what the person knows: its own causes are in the log.
fn short_cause(reason: &str) -> String {
    let first = text::line(reason.split(": ").next().unwrap_or_default());
    match first.strip_prefix("cannot reach the server at ") {
        Some(server) => {
            let host = server.split_once("://").map_or(server, |(_, host)| host);
            format!("cannot reach {}", host.trim_end_matches('/'))
        }
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::short_cause;

    #[track_caller]
    fn check(reason: &str, shown: &str) {
        assert_eq!(short_cause(reason), shown);
    }

    #[test]
    fn a_cause_is_named_in_a_few_words() {
        check("cannot reach the server at http://127.0.0.1:34069: IO error: refused", "cannot reach 127.0.0.1:34069");
        check("cannot reach the server at https://chat.example.org/", "cannot reach chat.example.org");
        check("the server is shutting down", "the server is shutting down");
    }
}
