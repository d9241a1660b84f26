//! Bytes on their way to one socket: whole frames in order, written together, and what the other side has taken of them.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Frames that go into one write call.
const FRAMES_PER_WRITE: usize = 64;

/// Room for handles that an idle outbox keeps.
const KEPT_CAPACITY_MAX: usize = 4;

/// Encoded frames that were not written, in order; the first may be written in part.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Bytes>,
    bytes: usize,
    is_first_begun: bool,
    /// Bytes that the other side has taken so far.
    taken: u64,
}

impl Outbox {
    /// Adds an encoded frame.
    pub(super) fn push(&mut self, frame: Bytes) {
        if !frame.is_empty() {
            self.bytes += frame.len();
            self.frames.push_back(frame);
        }
    }

    /// Counts the bytes that were not written.
    pub(super) const fn len(&self) -> usize {
        self.bytes
    }

    /// Counts the bytes that were written so far.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Drops every frame of which nothing was written.
    pub(super) fn discard(&mut self) {
        self.frames.truncate(usize::from(self.is_first_begun));
        self.bytes = self.frames.iter().map(Bytes::len).sum();
    }

    /// Writes what there is; ready when that is everything.
    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        mut stream: Pin<&mut impl AsyncWrite>,
    ) -> Poll<io::Result<()>> {
        while let Some(first) = self.frames.front() {
            let written = if self.frames.len() == 1 || !stream.is_write_vectored() {
                ready!(stream.as_mut().poll_write(context, first))?
            } else {
                let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
                let mut count = 0;
                for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                    *slice = IoSlice::new(frame);
                    count += 1;
                }
                ready!(stream.as_mut().poll_write_vectored(context, slices.get(..count).unwrap_or_default()))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        if self.frames.capacity() > KEPT_CAPACITY_MAX {
            self.frames = VecDeque::new();
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        self.taken = self.taken.saturating_add(written as u64);
        while let Some(first) = self.frames.front_mut() {
            if first.len() > written {
                self.is_first_begun |= written > 0;
                first.advance(written);
                return;
            }
            written -= first.len();
            self.is_first_begun = false;
            self.frames.pop_front();
        }
    }
}

/// A stream whose writing goes through an outbox, so that encoded frames and the library's own never mix.
///
/// The library hands over whole frames, and every one of them is taken at once.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    pub(super) outbox: Outbox,
}

/// Tells whether a read may find something, without reading.
pub(super) trait Readable {
    /// Ready where a read may find bytes, the end or a failure; else the task is woken when one may.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()>;
}

impl<S: Readable> Wire<S> {
    /// Ready where a read may find something, see [`Readable`].
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_readable(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, outbox: Outbox::default() }
    }

    /// Writes what there is; ready when that is everything.
    pub(super) fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_write(context, Pin::new(&mut self.stream))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.outbox.push(Bytes::copy_from_slice(bytes));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_drain(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes as many bytes as it is told to, and counts the calls.
    #[derive(Default)]
    struct Peer {
        room: usize,
        writes: usize,
        got: Vec<u8>,
    }

    impl AsyncWrite for Peer {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            if self.room == 0 {
                return Poll::Pending;
            }
            let taken = bytes.len().min(self.room);
            self.room -= taken;
            self.writes += 1;
            self.got.extend_from_slice(bytes.get(..taken).unwrap());
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.as_mut().poll_write(context, &all)
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn write(outbox: &mut Outbox, peer: &mut Peer) -> bool {
        outbox.poll_write(&mut Context::from_waker(Waker::noop()), Pin::new(peer)).map(Result::unwrap).is_ready()
    }

    fn outbox(frames: &[&'static str]) -> Outbox {
        let mut outbox = Outbox::default();
        frames.iter().for_each(|frame| outbox.push(Bytes::from_static(frame.as_bytes())));
        outbox
    }

    #[test]
    fn many_frames_are_one_write() {
        let mut outbox = outbox(&["a"; FRAMES_PER_WRITE]);
        let mut peer = Peer { room: usize::MAX, ..Peer::default() };
        assert!(write(&mut outbox, &mut peer));
        assert_eq!((peer.writes, peer.got.len(), outbox.len()), (1, FRAMES_PER_WRITE, 0));
    }

    #[test]
    fn nothing_is_lost_or_doubled_wherever_the_peer_stops() {
        for room in 1..9 {
            let mut outbox = outbox(&["abc", "d", "efgh"]);
            let mut peer = Peer { room, ..Peer::default() };
            assert_eq!(write(&mut outbox, &mut peer), room >= 8, "room for {room}");
            assert_eq!((outbox.len(), outbox.taken()), (8 - room.min(8), room.min(8) as u64));
            peer.room = usize::MAX;
            assert!(write(&mut outbox, &mut peer));
            assert_eq!(peer.got, b"abcdefgh", "room for {room}");
        }
    }

    #[test]
    fn a_begun_frame_is_finished_and_the_rest_is_discarded() {
        let mut outbox = outbox(&["abc", "def", "ghi"]);
        let mut peer = Peer { room: 4, ..Peer::default() };
        assert!(!write(&mut outbox, &mut peer));
        outbox.discard();
        peer.room = usize::MAX;
        assert!(write(&mut outbox, &mut peer));
        assert_eq!(peer.got, b"abcdef");
        outbox.push(Bytes::from_static(b"ghi"));
        outbox.discard();
        assert_eq!(outbox.len(), 0);
    }
}
