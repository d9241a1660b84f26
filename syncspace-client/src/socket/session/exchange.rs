//! What goes into the machine, and what comes out of it.

use std::time::Duration;

use syncspace_protocol::socket::{Ack, Op, ServerFrame};
use syncspace_protocol::sync::Changes;
use syncspace_protocol::{Rev, StreamId};

use super::super::Update;
use super::super::follow::ReadFailure;
use crate::ClientError;

/// What happens to the machine. `T` is where a request's outcome goes.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "each is taken apart at once; none are kept in numbers")]
pub(in crate::socket) enum Input<T> {
    /// Time went on.
    Tick,
    /// The socket is open.
    Opened,
    /// The socket could not be opened.
    OpenFailed(OpenFailure),
    /// The server sent this.
    Frame(ServerFrame),
    /// The server gave a sign of life, or we did not listen.
    Heard,
    /// The socket is closed, or broke; why.
    Closed(String),
    /// The answer to [`Action::Read`].
    Page { stream: StreamId, after: Rev, outcome: Result<Changes, ReadFailure> },
    /// The consumer asks.
    Ask(Op, T),
    /// The consumer holds a stream's state.
    Follow(StreamId, Rev),
    /// The consumer no longer does.
    Unfollow(StreamId),
    /// The consumer does not want to wait.
    ReconnectNow,
    /// The consumer wants no more.
    Close,
}

/// Why a socket could not be opened.
#[derive(Debug)]
pub(in crate::socket) enum OpenFailure {
    /// It may work later, and not before `retry_after`.
    Later { reason: String, retry_after: Option<Duration> },
    /// The session is over.
    LoggedOut { reason: String },
}

/// What is to be done, in this order.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every action delivers an event: a box would only cost an allocation"
)]
pub(in crate::socket) enum Action<T> {
    /// Open a socket; [`Input::Opened`] or [`Input::OpenFailed`] tells how it went.
    Open,
    /// Let go of the socket, or of opening it, and of reads under way.
    Shut,
    /// Send this frame.
    Send(String),
    /// Read a stream's changes; [`Input::Page`] takes them.
    Read { stream: StreamId, after: Rev },
    /// A request has its outcome.
    Finish(T, Result<Ack, ClientError>),
    /// The consumer gets this.
    Deliver(Update),
    /// The machine has ended.
    End,
}
