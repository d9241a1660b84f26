//! One socket without a socket: a frame goes in, what to do comes out.
//!
//! Owns what a frame means, the bounds of a connection, and the order of refused sends. Reads no clock and awaits nothing.

use std::collections::HashMap;

use serde_json::Value;
use syncspace_protocol::error::{ErrorCode, ErrorDetail};
use syncspace_protocol::socket::{Ack, Op, Outcome, Reply, Request};
use syncspace_protocol::{ChannelId, ClientId};

use crate::service::{SendOrder, SendPlace};

/// Requests of one connection that may wait for an answer.
const OUTSTANDING_MAX: usize = 1_024;

/// Wait named to a connection with too many open requests, in milliseconds.
const OUTSTANDING_RETRY_MS: u64 = 100;

/// Most channels in which the order of a connection's sends is kept when one of them fails.
const ORDERED_CHANNELS_MAX: usize = 1_024;

/// A connection that has not said who it is: it can do nothing but that.
#[derive(Debug, Default)]
pub(super) struct Unidentified;

/// What an unidentified connection's frame comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Introduction {
    /// Check this token, and answer request `id`.
    Check { id: u64, token: String },
    /// Answer, and wait for another frame.
    Refuse(Reply),
}

impl Unidentified {
    /// Reads the first frame.
    pub(super) fn frame(&self, text: &str) -> Introduction {
        match parse(text) {
            Ok(Request { id, op: Op::Auth { token } }) => Introduction::Check { id, token: token.0 },
            Ok(Request { id, .. }) => {
                let sentence = "say who you are first: {\"id\":1,\"op\":\"auth\",\"token\":\"…\"}";
                Introduction::Refuse(refusal(Some(id), ErrorCode::Unauthenticated, sentence))
            }
            Err(reply) => Introduction::Refuse(reply),
        }
    }
}

/// A connection whose person is known.
#[derive(Debug, Default)]
pub(super) struct Identified {
    outstanding: usize,
    /// By channel in which something was sent.
    orders: HashMap<ChannelId, Order>,
}

/// The order of what is sent into one channel.
#[derive(Debug, Default)]
struct Order {
    places: SendOrder,
    /// The first send that was refused and may come again, with its number: later ones are refused until it does.
    refused: Option<(u64, ClientId)>,
}

/// What a frame of an identified connection comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Do it, and answer request `id`.
    Do { id: u64, op: Op },
    /// Answer at once.
    Answer(Reply),
}

impl Identified {
    /// Reads a frame.
    pub(super) fn frame(&mut self, text: &str) -> Step {
        let Request { id, op } = match parse(text) {
            Ok(request) => request,
            Err(reply) => return Step::Answer(reply),
        };
        if self.outstanding >= OUTSTANDING_MAX {
            if let Op::Send { channel_id, message } = &op {
                self.note_refused(*channel_id, message.client_id.as_ref());
            }
            return Step::Answer(busy(id, "too many requests wait on this connection; wait for answers"));
        }
        match &op {
            Op::Ping => Step::Answer(Reply { re: Some(id), outcome: Outcome::Ok(Ack::Done {}) }),
            Op::Auth { .. } => {
                Step::Answer(refusal(Some(id), ErrorCode::Conflict, "this connection has said who it is already"))
            }
            Op::Send { channel_id, message } if self.must_wait(*channel_id, message.client_id.as_ref()) => {
                Step::Answer(busy(id, "an earlier message to this channel was refused; send that one again first"))
            }
            _ => {
                self.outstanding += 1;
                Step::Do { id, op }
            }
        }
    }

    /// Notes that a request was answered.
    pub(super) fn answered(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }

    /// Gives the place of the next send into a channel; none where there are too many channels.
    pub(super) fn place(&mut self, channel: ChannelId) -> Option<SendPlace> {
        self.order(channel).map(|order| order.places.next_place())
    }

    /// Notes that a send failed that may come again: order holds only if it does before any later one.
    ///
    /// One of an order that was given up says nothing: it was sent again, or comes behind one that was.
    pub(super) fn note_failed(&mut self, channel: ChannelId, client_id: &ClientId, place: &SendPlace) {
        if let Some(order) = self.orders.get_mut(&channel)
            && order.places.is_current(place)
        {
            order.note_failed(client_id, place);
        }
    }

    /// Notes that a send was refused before it had a place.
    pub(super) fn note_refused(&mut self, channel: ChannelId, client_id: Option<&ClientId>) {
        // A send without a name cannot be recognised when it comes again, so it holds up nothing.
        if let (Some(client_id), Some(order)) = (client_id, self.order(channel)) {
            let place = order.places.next_place();
            order.note_failed(client_id, &place);
        }
    }

    fn order(&mut self, channel: ChannelId) -> Option<&mut Order> {
        if self.orders.len() >= ORDERED_CHANNELS_MAX {
            return self.orders.get_mut(&channel);
        }
        Some(self.orders.entry(channel).or_default())
    }

    fn must_wait(&mut self, channel: ChannelId, client_id: Option<&ClientId>) -> bool {
        let Some(order) = self.orders.get_mut(&channel) else { return false };
        match &order.refused {
            None => false,
            Some((_, refused)) if Some(refused) == client_id => {
                order.refused = None;
                order.places.begin_anew();
                false
            }
            Some(_) => true,
        }
    }
}

impl Order {
    /// Keeps the first one: those behind it come again after it.
    fn note_failed(&mut self, client_id: &ClientId, place: &SendPlace) {
        place.break_off();
        if self.refused.as_ref().is_none_or(|(number, _)| place.number() < *number) {
            self.refused = Some((place.number(), client_id.clone()));
        }
    }
}

/// Reads a request; what cannot be read is answered with what was wrong, under its number where it has one.
fn parse(text: &str) -> Result<Request, Reply> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

fn explain(text: &str, error: &serde_json::Error) -> Reply {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return refusal(None, ErrorCode::InvalidBody, format!("the frame is not JSON: {error}"));
    };
    let id = value.get("id").and_then(Value::as_u64);
    match (id, value.get("op").and_then(Value::as_str)) {
        (None, _) => refusal(None, ErrorCode::InvalidBody, "a request has an \"id\": a whole number from 0"),
        (_, None) => refusal(id, ErrorCode::InvalidBody, "a request names its \"op\""),
        (_, Some(op)) if !Op::NAMES.contains(&op) => {
            let known = Op::NAMES.join(", ");
            refusal(id, ErrorCode::UnknownOp, format!("there is no such op; there are {known}"))
        }
        (_, Some(op)) => refusal(id, ErrorCode::InvalidField, format!("{op}: {error}")),
    }
}

pub(super) fn refusal(re: Option<u64>, code: ErrorCode, message: impl Into<String>) -> Reply {
    let detail = ErrorDetail { code, message: message.into(), field: None, retry_after_ms: None, request_id: None };
    Reply { re, outcome: Outcome::Error(detail) }
}

fn busy(id: u64, message: &str) -> Reply {
    let mut reply = refusal(Some(id), ErrorCode::Busy, message);
    if let Outcome::Error(detail) = &mut reply.outcome {
        detail.retry_after_ms = Some(OUTSTANDING_RETRY_MS);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str, re: Option<u64>, code: ErrorCode) {
        match Identified::default().frame(text) {
            Step::Answer(Reply { re: named, outcome: Outcome::Error(detail) }) => {
                assert_eq!((named, detail.code), (re, code), "{text}: {}", detail.message);
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn malformed_frames_get_the_documented_code() {
        check_refused("", None, ErrorCode::InvalidBody);
        check_refused("{", None, ErrorCode::InvalidBody);
        check_refused("[]", None, ErrorCode::InvalidBody);
        check_refused("{\"op\":\"ping\"}", None, ErrorCode::InvalidBody);
        check_refused("{\"id\":-1,\"op\":\"ping\"}", None, ErrorCode::InvalidBody);
        check_refused("{\"id\":4}", Some(4), ErrorCode::InvalidBody);
        check_refused("{\"id\":4,\"op\":\"dance\"}", Some(4), ErrorCode::UnknownOp);
        check_refused("{\"id\":4,\"op\":\"send\"}", Some(4), ErrorCode::InvalidField);
        check_refused(
            "{\"id\":4,\"op\":\"send\",\"channel_id\":0,\"content\":\"x\"}",
            Some(4),
            ErrorCode::InvalidField,
        );
        check_refused("{\"id\":4,\"op\":\"auth\",\"token\":\"x\"}", Some(4), ErrorCode::Conflict);
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let step = Identified::default().frame("{\"id\":4,\"op\":\"ping\",\"colour\":\"red\"}");
        assert_eq!(step, Step::Answer(Reply { re: Some(4), outcome: Outcome::Ok(Ack::Done {}) }));
    }

    #[test]
    fn whoever_has_not_said_who_it_is_can_only_say_so() {
        let introduction = Unidentified.frame("{\"id\":1,\"op\":\"ping\"}");
        assert!(matches!(introduction, Introduction::Refuse(Reply { re: Some(1), .. })));
        let introduction = Unidentified.frame("{\"id\":2,\"op\":\"auth\",\"token\":\"t\"}");
        assert_eq!(introduction, Introduction::Check { id: 2, token: "t".to_owned() });
    }

    fn send(session: &mut Identified, id: u64, channel: u64, client_id: &str) -> bool {
        let text = format!(
            "{{\"id\":{id},\"op\":\"send\",\"channel_id\":{channel},\"content\":\"x\",\"client_id\":\"{client_id}\"}}"
        );
        matches!(session.frame(&text), Step::Do { .. })
    }

    #[test]
    fn after_a_refusal_later_sends_wait_until_it_is_sent_again() {
        let mut session = Identified::default();
        let channel = ChannelId::try_from(3).unwrap();
        assert!(send(&mut session, 1, 3, "a"));
        let first = session.place(channel).unwrap();
        let second = session.place(channel).unwrap();
        session.note_failed(channel, &"b".parse().unwrap(), &second);
        session.note_failed(channel, &"a".parse().unwrap(), &first);
        assert!(!send(&mut session, 2, 3, "b"));
        assert!(send(&mut session, 3, 4, "c"), "other channels go on");
        assert!(send(&mut session, 4, 3, "a"));
        assert!(send(&mut session, 5, 3, "b"));
        session.note_failed(channel, &"b".parse().unwrap(), &first);
        assert!(send(&mut session, 6, 3, "d"), "a failure of before b was sent again");
    }

    #[test]
    fn open_requests_are_bounded() {
        let mut session = Identified::default();
        for number in 0..1_024 {
            assert!(send(&mut session, number, 3, &number.to_string()));
        }
        assert!(!send(&mut session, 9_999, 3, "late"));
        session.answered();
        assert!(!send(&mut session, 10_000, 3, "later"), "the refused one comes first");
        assert!(send(&mut session, 10_001, 3, "late"));
    }
}
