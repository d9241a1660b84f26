//! Names of keys and channels, and the form of a message.

use bytes::Bytes;
use syncspace_protocol::{Epoch, UserId};
use uuid::Uuid;

use super::super::Subject;

/// Bytes of a message before its payload: who published it.
const SENDER_BYTES: usize = 16;

/// Names of everything this instance touches in Redis. Each holds the epoch, so that histories never mix.
#[derive(Debug)]
pub(super) struct Keys {
    root: String,
    instance: Uuid,
}

/// What a message on a channel is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A message of another instance.
    Message { subject: Subject, payload: Bytes },
    /// Another instance could not send some of its messages.
    Lost,
    /// What this instance published itself, or what is no message of ours.
    Ignored,
}

impl Keys {
    pub(super) fn new(prefix: &str, epoch: &Epoch, instance: Uuid) -> Self {
        Self { root: format!("{prefix}{epoch}:"), instance }
    }

    /// Gives this instance's name.
    pub(super) fn instance(&self) -> String {
        self.instance.simple().to_string()
    }

    /// Gives the key of the hash with a field for each instance that the person is connected to.
    pub(super) fn user_presence(&self, user_id: UserId) -> String {
        format!("{}user_presence:{user_id}", self.root)
    }

    /// Gives the key that is there while the instance lives.
    pub(super) fn lease(&self, instance: &str) -> String {
        format!("{}instance:{instance}", self.root)
    }

    /// Gives the channel of a subject.
    pub(super) fn channel(&self, subject: Subject) -> String {
        match subject {
            Subject::Team(team_id) => format!("{}team:{team_id}", self.root),
            Subject::Control => format!("{}control", self.root),
        }
    }

    /// Gives the channel on which instances say that they lost messages.
    pub(super) fn lost_channel(&self) -> String {
        format!("{}lost", self.root)
    }

    /// Puts a message into the form that is published.
    pub(super) fn message(&self, payload: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(SENDER_BYTES + payload.len());
        message.extend_from_slice(self.instance.as_bytes());
        message.extend_from_slice(payload);
        message
    }

    /// Reads what came on a channel.
    pub(super) fn read(&self, channel: &[u8], message: Vec<u8>) -> Incoming {
        let name = std::str::from_utf8(channel).ok().and_then(|channel| channel.strip_prefix(&self.root));
        let (Some(name), Some(sender)) = (name, message.get(..SENDER_BYTES)) else { return Incoming::Ignored };
        if sender == self.instance.as_bytes() {
            return Incoming::Ignored;
        }
        let subject = match name {
            "lost" => return Incoming::Lost,
            "control" => Some(Subject::Control),
            _ => name.strip_prefix("team:").and_then(|id| id.parse().ok()).map(Subject::Team),
        };
        let payload = Bytes::from(message).slice(SENDER_BYTES..);
        subject.map_or(Incoming::Ignored, |subject| Incoming::Message { subject, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(instance: u128) -> Keys {
        Keys::new("test:", &Epoch("e1".to_owned()), Uuid::from_u128(instance))
    }

    #[test]
    fn names_hold_prefix_and_epoch() {
        let user_id = "7".parse().expect("an id");
        assert_eq!(keys(1).user_presence(user_id), "test:e1:user_presence:7");
        assert_eq!(keys(1).lease("a"), "test:e1:instance:a");
    }

    #[test]
    fn messages_are_read_as_they_were_published_except_ones_own() {
        let (one, other) = (keys(1), keys(2));
        for subject in [Subject::Control, Subject::Team("3".parse().expect("an id"))] {
            let channel = one.channel(subject);
            let read = other.read(channel.as_bytes(), one.message(b"hi"));
            assert_eq!(read, Incoming::Message { subject, payload: Bytes::from_static(b"hi") });
            assert_eq!(one.read(channel.as_bytes(), one.message(b"hi")), Incoming::Ignored);
        }
        assert_eq!(other.read(one.lost_channel().as_bytes(), one.message(b"")), Incoming::Lost);
    }

    #[test]
    fn what_is_no_message_is_ignored() {
        let keys = keys(1);
        for (channel, message) in
            [("other", vec![0; 20]), ("test:e1:control", vec![0; 3]), ("test:e1:team:x", vec![0; 20])]
        {
            assert_eq!(keys.read(channel.as_bytes(), message), Incoming::Ignored);
        }
    }
}
