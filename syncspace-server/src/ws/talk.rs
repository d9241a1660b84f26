//! The loop of a socket whose person is known: what comes next, and what goes out together.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use syncspace_protocol::socket::CloseReason;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::requests::Answer;
use super::socket::{End, Socket, Talk};
use super::watch::{Due, Watch};
use crate::realtime::{Frame, Mail};

/// Unwritten bytes of a connection above which it is given nothing more: no frames, no answers, no pages, no reading.
pub(super) const OUTBOX_BYTES_FULL: usize = 32 * 1_024;

/// Answers and frames of the client that are taken before what gathered is written.
const TAKEN_PER_WRITE: usize = 64;

/// A ping without content, encoded.
const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// What a socket's task does next.
enum Next {
    /// Look what there is to do beside frames.
    Duty,
    /// Send missed changes.
    CatchUp,
    /// Answer a request.
    Answer(Answer),
    /// Take a frame of the client in.
    Message(Message),
    /// A time has come.
    Timer,
}

impl Socket {
    /// Runs until something ends the connection.
    pub(super) async fn talk(&mut self, talk: &mut Talk) -> End {
        match self.take_turns(talk).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn take_turns(&mut self, talk: &mut Talk) -> Result<Infallible, End> {
        let mut watch = Watch::new(Instant::now(), talk.ends_at);
        let mut timer = pin!(sleep_until(watch.next()));
        let mut is_behind = true;
        let mut taken = 0;
        loop {
            let next =
                poll_fn(|context| self.poll_next(context, talk, &mut watch, &mut taken, is_behind, timer.as_mut()));
            match next.await? {
                Next::Duty => is_behind = true,
                Next::CatchUp => {
                    is_behind = Box::pin(self.catch_up(talk)).await?;
                    if !is_behind && let Some(until) = talk.connection.paused_until() {
                        watch.wake_at(until);
                    }
                }
                Next::Answer(answer) => Box::pin(self.answer(talk, answer)).await?,
                Next::Message(message) => {
                    watch.heard(Instant::now());
                    // Boxed like the above: what a request needs is not held while nothing comes.
                    Box::pin(self.take_in(talk, message)).await?;
                }
                Next::Timer => match watch.look(Instant::now()) {
                    Due::Nothing => {}
                    Due::Ping => self.stream.get_mut().outbox.push(PING),
                    Due::Silent => return Err(End::Gone),
                    Due::Stalled => return Err(End::Close(CloseReason::TooSlow)),
                    Due::Over => return Err(End::Close(CloseReason::SessionEnded)),
                    Due::Woken => is_behind = true,
                },
            }
            if watch.next() != timer.deadline() {
                timer.as_mut().reset(watch.next());
            }
        }
    }

    /// Gives what is to be done next. What is ready together is written together, when nothing more is ready.
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        talk: &mut Talk,
        watch: &mut Watch,
        taken: &mut usize,
        is_behind: bool,
        timer: Pin<&mut Sleep>,
    ) -> Poll<Result<Next, End>> {
        loop {
            let is_full = self.stream.get_ref().outbox.len() >= OUTBOX_BYTES_FULL;
            let outbox = &mut self.stream.get_mut().outbox;
            let take = (!is_full).then_some(|frame: Frame| outbox.push(frame.into_encoded()));
            if talk.connection.poll_mail(context, take) == Poll::Ready(Mail::Duty) {
                // At once: an end must not wait until a busy channel pauses or a slow reader has taken something.
                let ended = talk.connection.ended().map_or(Ok(Next::Duty), |reason| Err(End::Close(reason)));
                return Poll::Ready(ended);
            }
            if !is_full
                && *taken < TAKEN_PER_WRITE
                && let Some(next) = self.poll_sources(context, talk)
            {
                *taken += 1;
                return Poll::Ready(next);
            }
            let is_interrupted = *taken >= TAKEN_PER_WRITE;
            *taken = 0;
            let is_written = self.stream.get_mut().poll_drain(context);
            if let Poll::Ready(Err(_)) = is_written {
                return Poll::Ready(Err(End::Gone));
            }
            let outbox = &self.stream.get_ref().outbox;
            if is_written.is_ready() {
                watch.emptied();
            } else {
                watch.waits(Instant::now(), outbox.taken());
            }
            let has_room = outbox.len() < OUTBOX_BYTES_FULL;
            // Before another look: a client that never pauses must not keep its own streams from catching up.
            if has_room && is_behind {
                return Poll::Ready(Ok(Next::CatchUp));
            }
            if has_room && (is_full || is_interrupted) {
                continue;
            }
            return self.poll_timer(context, watch, timer);
        }
    }

    /// Gives an answer that is ready, or a frame of the client that has come.
    fn poll_sources(&mut self, context: &mut Context<'_>, talk: &mut Talk) -> Option<Result<Next, End>> {
        if !talk.pending.is_empty()
            && let Poll::Ready(Some(answer)) = talk.pending.poll_next_unpin(context)
        {
            return Some(Ok(Next::Answer(answer)));
        }
        // A look for frames clears the whole read buffer first: not for a wake-up that is about something else.
        if !self.has_input && self.stream.get_ref().poll_readable(context).is_pending() {
            return None;
        }
        let next = self.stream.poll_next_unpin(context);
        // What was read together stays in the buffer until it was all taken.
        self.has_input = next.is_ready();
        match next {
            Poll::Ready(Some(message)) => Some(message.map(Next::Message).map_err(End::from)),
            Poll::Ready(None) => Some(Err(End::Gone)),
            Poll::Pending => None,
        }
    }

    fn poll_timer(
        &self,
        context: &mut Context<'_>,
        watch: &Watch,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Result<Next, End>> {
        // Only ever earlier: a timer that comes too early is set anew, which a busy connection need not do each time.
        if watch.next() < timer.deadline() {
            timer.as_mut().reset(watch.next());
        }
        timer.poll(context).map(|()| Ok(Next::Timer))
    }
}
