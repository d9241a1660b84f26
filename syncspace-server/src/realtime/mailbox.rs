//! Frames that wait for one connection: bounded in number and in bytes. Pure.

use super::Frame;

/// Frames that may wait for one connection; what does not fit makes its stream fall behind.
const FRAMES_MAX: usize = 1_024;

/// Bytes of frames that may wait for one connection. They are shared, so this bounds what a slow reader keeps alive.
const BYTES_MAX: usize = 256 * 1_024;

/// Room for handles that an idle mailbox keeps.
const KEPT_CAPACITY_MAX: usize = 16;

/// Frames in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    frames: Vec<Frame>,
    bytes: usize,
    /// There is something else to do for the connection's task.
    has_duty: bool,
}

impl Mailbox {
    /// Adds a frame; false where it does not fit.
    pub(super) fn put(&mut self, frame: &Frame) -> bool {
        let length = frame.encoded().len();
        let fits = self.frames.len() < FRAMES_MAX && self.bytes + length <= BYTES_MAX;
        if fits {
            self.frames.push(frame.clone());
            self.bytes += length;
        }
        fits
    }

    /// Notes that there is something else to do.
    pub(super) const fn ring(&mut self) {
        self.has_duty = true;
    }

    /// Tells once whether there is something else to do.
    pub(super) const fn take_ring(&mut self) -> bool {
        std::mem::replace(&mut self.has_duty, false)
    }

    /// Hands every frame on; false where there was none.
    pub(super) fn empty(&mut self, take: impl FnMut(Frame)) -> bool {
        if self.frames.is_empty() {
            return false;
        }
        self.bytes = 0;
        self.frames.drain(..).for_each(take);
        if self.frames.capacity() > KEPT_CAPACITY_MAX {
            self.frames = Vec::new();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_once_in_order() {
        let mut mailbox = Mailbox::default();
        assert!(mailbox.put(&Frame::text("a")) && mailbox.put(&Frame::text("b")));
        let mut texts = Vec::new();
        assert!(mailbox.empty(|frame| texts.push(frame.as_str().to_owned())));
        assert_eq!(texts, ["a", "b"]);
        assert!(!mailbox.empty(|_| panic!("there is nothing left")));
    }

    #[test]
    fn neither_many_nor_large_frames_grow_it_without_bound() {
        let (small, large) = (Frame::text("x"), Frame::text(&"x".repeat(60_000)));
        let mut mailbox = Mailbox::default();
        let taken = (0..5_000).filter(|_| mailbox.put(&small)).count();
        assert_eq!(taken, FRAMES_MAX);
        mailbox.empty(drop);
        let taken = (0..5_000).filter(|_| mailbox.put(&large)).count();
        assert_eq!(taken, BYTES_MAX / large.encoded().len());
        mailbox.empty(drop);
        assert!(mailbox.put(&large), "what was taken out makes room");
    }
}
