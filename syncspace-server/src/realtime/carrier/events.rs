//! The bounded way from a carrier to its instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{BusEvent, Subject};

/// Messages that may wait for the instance to take them. A full queue loses messages and says so.
const WAITING_MAX: usize = 8_192;

/// The carrier's side of the queue.
#[derive(Debug, Clone)]
pub(super) struct Events {
    sender: mpsc::Sender<BusEvent>,
    has_gap: Arc<AtomicBool>,
    lost: Arc<AtomicU64>,
}

impl Events {
    /// Makes a queue and its receiving side.
    pub(super) fn channel() -> (Self, mpsc::Receiver<BusEvent>) {
        Self::with_room(WAITING_MAX)
    }

    /// Makes a queue that is connected from the start.
    pub(super) fn connected_channel() -> (Self, mpsc::Receiver<BusEvent>) {
        let (events, receiver) = Self::channel();
        let _ = events.sender.try_send(BusEvent::Connected);
        (events, receiver)
    }

    fn with_room(room: usize) -> (Self, mpsc::Receiver<BusEvent>) {
        let (sender, receiver) = mpsc::channel(room);
        (Self { sender, has_gap: Arc::default(), lost: Arc::default() }, receiver)
    }

    /// Passes a message on, or loses it where the queue is full. Never waits.
    pub(super) fn message(&self, subject: Subject, payload: Bytes) {
        let event = BusEvent::Message { subject, payload };
        if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(event) {
            self.count_lost(1);
            self.report_gap();
        }
    }

    /// Says that messages were lost, as soon as there is room; once, however many they are.
    pub(super) fn report_gap(&self) {
        if self.has_gap.swap(true, Ordering::AcqRel) {
            return;
        }
        let (sender, has_gap) = (self.sender.clone(), Arc::clone(&self.has_gap));
        tokio::spawn(async move {
            let Ok(place) = sender.reserve().await else { return };
            // Before the event is sent: a message lost from here on is a gap of its own.
            has_gap.store(false, Ordering::Release);
            place.send(BusEvent::Connected);
        });
    }

    /// Passes a change of the connection on, and waits for room.
    pub(super) async fn connection(&self, event: BusEvent) {
        // An instance that listens no more has no use for it.
        let _ = self.sender.send(event).await;
    }

    /// Counts messages that were lost.
    pub(super) fn count_lost(&self, messages: u64) {
        self.lost.fetch_add(messages, Ordering::Relaxed);
    }

    /// Gives how many messages were lost.
    pub(super) fn lost_count(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_loses_messages_and_says_so_once() {
        let (events, mut receiver) = Events::with_room(2);
        for _ in 0..5 {
            events.message(Subject::Control, Bytes::from_static(b"x"));
        }
        assert_eq!(events.lost_count(), 3);
        assert!(matches!(receiver.recv().await, Some(BusEvent::Message { .. })));
        assert!(matches!(receiver.recv().await, Some(BusEvent::Message { .. })));
        assert_eq!(receiver.recv().await, Some(BusEvent::Connected));
        events.message(Subject::Control, Bytes::from_static(b"y"));
        assert!(matches!(receiver.recv().await, Some(BusEvent::Message { .. })));
        assert!(receiver.try_recv().is_err());
    }
}
