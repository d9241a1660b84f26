//! A text frame as sockets get it: encoded once, shared by everybody.
//!
//! Frames of a server carry no mask (RFC 6455, section 5.1), so the same bytes are right for every socket.

use bytes::{BufMut as _, Bytes, BytesMut};

/// First byte of a whole text message: FIN and opcode 1.
const WHOLE_TEXT: u8 = 0x81;

/// Longest header of a frame without a mask.
const HEADER_BYTES_MAX: usize = 10;

/// A whole text message as bytes on the wire. Clones share them.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    header_bytes: u8,
}

impl Frame {
    /// Encodes a text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut bytes = BytesMut::with_capacity(HEADER_BYTES_MAX + text.len());
        bytes.put_u8(WHOLE_TEXT);
        let header_bytes = match (u8::try_from(text.len()), u16::try_from(text.len())) {
            (Ok(length @ 0..=125), _) => {
                bytes.put_u8(length);
                2
            }
            (_, Ok(length)) => {
                bytes.put_u8(126);
                bytes.put_u16(length);
                4
            }
            _ => {
                bytes.put_u8(127);
                bytes.put_u64(text.len() as u64);
                10
            }
        };
        bytes.extend_from_slice(text.as_bytes());
        Self { bytes: bytes.freeze(), header_bytes }
    }

    /// Gives the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(usize::from(self.header_bytes)..).unwrap_or_default();
        // Made of a text: the check cannot fail, and only buses and tests read it back.
        str::from_utf8(text).unwrap_or_default()
    }

    /// Gives the frame as it goes to a socket.
    #[must_use]
    pub const fn encoded(&self) -> &Bytes {
        &self.bytes
    }

    /// Turns into the frame as it goes to a socket.
    #[must_use]
    pub fn into_encoded(self) -> Bytes {
        self.bytes
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Frame").field(&self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::FrameSocket;

    /// Has the library read what is encoded here.
    #[track_caller]
    fn check(length: usize) {
        let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let frame = Frame::text(&text);
        assert_eq!(frame.as_str(), text);
        let mut socket = FrameSocket::new(std::io::Cursor::new(frame.encoded().to_vec()));
        let read = socket.read(None).unwrap().unwrap();
        assert!(read.header().is_final && read.header().mask.is_none());
        assert_eq!(read.into_text().unwrap().as_str(), text);
        assert!(socket.read(None).unwrap().is_none(), "nothing comes after it");
    }

    #[test]
    fn the_library_reads_frames_of_every_length_form() {
        [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].into_iter().for_each(check);
    }
}
