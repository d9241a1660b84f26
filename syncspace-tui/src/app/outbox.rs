//! What was sent and is not acknowledged yet: kept in order, sent again under the same `client_id`, never dropped.

use std::collections::HashSet;

use syncspace_protocol::messages::{MessageType, SendMessage};
use syncspace_protocol::{ChannelId, ClientId, FileId, MessageId, Seq, Time};

use super::attachment::Attachment;
use super::composer::DraftKey;
use super::{paths, text};

/// Where one unacknowledged message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParcelState {
    /// It goes out when the connection is there and those before it are through.
    Waiting,
    /// It is under way.
    Sending,
    /// The server asked to wait.
    Later { at: Time },
    /// It is committed at this place; its event is still to come.
    Sent(Seq),
    /// It was refused; it stays until the person sends it again or takes it back.
    Failed(String),
}

/// One message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) client_id: ClientId,
    pub(crate) channel_id: ChannelId,
    /// The root it answers.
    pub(crate) parent: Option<(Seq, MessageId)>,
    pub(crate) content: String,
    /// Text, or code.
    pub(crate) message_type: MessageType,
    /// The files that go with it, uploaded one after the other.
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) state: ParcelState,
}

/// All messages on their way, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    parcels: Vec<Parcel>,
    /// Those that may have reached the server: sent, and not refused.
    out: HashSet<ClientId>,
    /// Refused ones that the person was told of when leaving, in this run or in an earlier one.
    named: HashSet<ClientId>,
}

impl ParcelState {
    /// Says how a message is doing; whole, however long the reason is.
    pub(crate) fn words(&self, is_online: bool) -> String {
        match self {
            Self::Sending | Self::Sent(_) => "sending…".to_owned(),
            Self::Waiting if is_online => "sending…".to_owned(),
            Self::Waiting => "waiting for the connection…".to_owned(),
            Self::Later { .. } => "the server is busy, trying again…".to_owned(),
            Self::Failed(reason) => format!("not sent: {}", text::line(reason)),
        }
    }
}

impl Parcel {
    /// Gives the draft that it was, and becomes again where it is taken back.
    pub(crate) fn draft_key(&self) -> DraftKey {
        match self.parent {
            Some((root, _)) => DraftKey::Thread(self.channel_id, root),
            None => DraftKey::Channel(self.channel_id),
        }
    }

    /// Gives the file that is to be uploaded next before it can go out, with its place among them.
    pub(crate) fn to_upload(&self) -> Option<(usize, &Attachment)> {
        self.attachments.iter().enumerate().find(|(_, attachment)| attachment.uploaded.is_none())
    }

    /// Has its files uploaded once more: the server keeps what is in no message for a while only, another one has it not at
    /// all.
    fn upload_again(&mut self) {
        for attachment in &mut self.attachments {
            (attachment.uploaded, attachment.percent) = (None, 0);
        }
    }

    /// Gives what was typed for it.
    pub(crate) fn typed(&self) -> String {
        if self.attachments.is_empty() {
            return self.content.clone();
        }
        paths::command(self.attachments.iter().map(|attachment| attachment.path.as_str()), &self.content)
    }

    /// Gives the body to send.
    pub(crate) fn body(&self) -> SendMessage {
        SendMessage {
            content: self.content.clone(),
            message_type: self.message_type,
            client_id: Some(self.client_id.clone()),
            parent_message_id: self.parent.map(|(_, id)| id),
            files: self.attachments.iter().filter_map(|attachment| attachment.uploaded).collect(),
            ..SendMessage::default()
        }
    }
}

impl Outbox {
    pub(crate) fn push(&mut self, parcel: Parcel) {
        self.parcels.push(parcel);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Parcel> {
        self.parcels.iter()
    }

    /// Gives what is under way to a channel, or to one of its threads.
    pub(crate) fn of(&self, channel_id: ChannelId, root: Option<Seq>) -> impl Iterator<Item = &Parcel> {
        self.parcels.iter().filter(move |parcel| {
            let in_view = root.is_none() || parcel.parent.map(|(seq, _)| seq) == root;
            parcel.channel_id == channel_id && in_view
        })
    }

    /// Takes what may go out now: one message per channel, so that order holds.
    ///
    /// Nothing overtakes one that may not go out yet.
    pub(crate) fn take_ready(&mut self, now: Time, may_go: impl Fn(&ClientId) -> bool) -> Vec<Parcel> {
        let mut blocked: Vec<ChannelId> = Vec::new();
        let mut ready = Vec::new();
        for parcel in &mut self.parcels {
            let is_free = !blocked.contains(&parcel.channel_id);
            match parcel.state {
                ParcelState::Failed(_) | ParcelState::Sent(_) => continue,
                ParcelState::Later { at } if is_free && at <= now => parcel.state = ParcelState::Waiting,
                ParcelState::Waiting | ParcelState::Sending | ParcelState::Later { .. } => {}
            }
            // A file that is uploaded is in no message yet: it may come there any number of times.
            let is_upload = parcel.to_upload().is_some();
            if is_free && parcel.state == ParcelState::Waiting && (is_upload || may_go(&parcel.client_id)) {
                parcel.state = ParcelState::Sending;
                if !is_upload {
                    self.out.insert(parcel.client_id.clone());
                }
                ready.push(parcel.clone());
            }
            blocked.push(parcel.channel_id);
        }
        ready
    }

    pub(crate) fn set_state(&mut self, client_id: &ClientId, state: ParcelState) {
        if let Some(parcel) = self.parcels.iter_mut().find(|parcel| parcel.client_id == *client_id) {
            if matches!(state, ParcelState::Failed(_)) {
                self.out.remove(client_id);
                self.named.remove(client_id);
                parcel.upload_again();
            }
            parcel.state = state;
        }
    }

    /// Notes how much of the file at a place is uploaded, in hundredths.
    pub(crate) fn uploading(&mut self, client_id: &ClientId, at: usize, percent: u64) {
        let parcel = self.parcels.iter_mut().find(|parcel| parcel.client_id == *client_id);
        if let Some(attachment) = parcel.and_then(|parcel| parcel.attachments.get_mut(at)) {
            attachment.percent = percent;
        }
    }

    /// Notes that the file at a place is uploaded: the next one follows, or the message. Of a file that was uploaded twice the
    /// first counts.
    pub(crate) fn uploaded(&mut self, client_id: &ClientId, at: usize, file: FileId) {
        let Some(parcel) = self.parcels.iter_mut().find(|parcel| parcel.client_id == *client_id) else { return };
        let is_next = parcel.to_upload().is_some_and(|(next, _)| next == at);
        let is_failed = matches!(parcel.state, ParcelState::Failed(_));
        if let Some(attachment) = parcel.attachments.get_mut(at).filter(|_| is_next && !is_failed) {
            attachment.uploaded = Some(file);
            parcel.state = ParcelState::Waiting;
        }
    }

    /// Drops a message that has arrived in its channel.
    pub(crate) fn arrived(&mut self, client_id: &ClientId) {
        self.parcels.retain(|parcel| parcel.client_id != *client_id);
        self.forget_out();
    }

    /// Puts messages of an earlier run before those of this one, each once.
    pub(crate) fn restore(&mut self, earlier: Vec<(Parcel, bool)>) {
        let mut parcels = Vec::new();
        for (parcel, may_be_sent) in earlier {
            if self.parcels.iter().any(|held| held.client_id == parcel.client_id) {
                continue;
            }
            if may_be_sent {
                self.out.insert(parcel.client_id.clone());
            }
            if matches!(parcel.state, ParcelState::Failed(_)) {
                self.named.insert(parcel.client_id.clone());
            }
            parcels.push(parcel);
        }
        parcels.append(&mut self.parcels);
        self.parcels = parcels;
    }

    /// Tells whether a message may have reached the server: it must not be changed, or it stands there twice.
    pub(crate) fn may_have_arrived(&self, client_id: &ClientId) -> bool {
        self.out.contains(client_id)
    }

    fn forget_out(&mut self) {
        let parcels = &self.parcels;
        self.out.retain(|client_id| parcels.iter().any(|parcel| parcel.client_id == *client_id));
    }

    /// Drops what is committed up to a place of a channel, after its log was read anew.
    pub(crate) fn arrived_up_to(&mut self, channel_id: ChannelId, seq: Seq) {
        self.parcels.retain(|parcel| {
            parcel.channel_id != channel_id || !matches!(parcel.state, ParcelState::Sent(at) if at <= seq)
        });
        self.forget_out();
    }

    /// Makes everything under way wait: its outcome is unknown, and sending it again is harmless.
    pub(crate) fn disconnected(&mut self) {
        for parcel in &mut self.parcels {
            if matches!(parcel.state, ParcelState::Sending | ParcelState::Later { .. }) {
                parcel.state = ParcelState::Waiting;
            }
        }
    }

    /// Makes everything wait for the person.
    pub(crate) fn refuse_all(&mut self, reason: &str) {
        for parcel in &mut self.parcels {
            parcel.state = ParcelState::Failed(reason.to_owned());
            parcel.upload_again();
        }
        self.out.clear();
    }

    /// Sends the refused messages of a channel again; tells whether there were any.
    pub(crate) fn retry(&mut self, channel_id: ChannelId) -> bool {
        let mut any = false;
        for parcel in self.parcels.iter_mut().filter(|parcel| parcel.channel_id == channel_id) {
            if matches!(parcel.state, ParcelState::Failed(_)) {
                parcel.state = ParcelState::Waiting;
                any = true;
            }
        }
        any
    }

    /// Sends one message again now; tells whether that means anything.
    pub(crate) fn retry_one(&mut self, client_id: &ClientId) -> bool {
        let parcel = self.parcels.iter_mut().find(|parcel| parcel.client_id == *client_id);
        let Some(parcel) = parcel.filter(|parcel| !matches!(parcel.state, ParcelState::Sending | ParcelState::Sent(_)))
        else {
            return false;
        };
        parcel.state = ParcelState::Waiting;
        true
    }

    /// Takes a message out; not one that may have reached the server, where it would stand all the same.
    pub(crate) fn take(&mut self, client_id: &ClientId) -> Option<Parcel> {
        let at = self.parcels.iter().position(|parcel| parcel.client_id == *client_id)?;
        (!self.may_have_arrived(client_id)).then(|| self.parcels.remove(at))
    }

    /// Takes the last refused message of a channel out, to be edited.
    pub(crate) fn take_back(&mut self, channel_id: ChannelId) -> Option<Parcel> {
        let is_refused =
            |parcel: &Parcel| parcel.channel_id == channel_id && matches!(parcel.state, ParcelState::Failed(_));
        let at = self.parcels.iter().rposition(is_refused)?;
        Some(self.parcels.remove(at))
    }

    pub(crate) fn has_failed(&self, channel_id: ChannelId) -> bool {
        self.of(channel_id, None).any(|parcel| matches!(parcel.state, ParcelState::Failed(_)))
    }

    /// Gives what the person should know of when leaving: all that waits, and what was refused since that was last said.
    pub(crate) fn to_name(&self) -> impl Iterator<Item = &Parcel> {
        self.parcels.iter().filter(|parcel| match parcel.state {
            ParcelState::Sent(_) => false,
            ParcelState::Failed(_) => !self.named.contains(&parcel.client_id),
            ParcelState::Waiting | ParcelState::Sending | ParcelState::Later { .. } => true,
        })
    }

    /// Notes that the person is told of what was refused.
    pub(crate) fn note_named(&mut self) {
        let refused = self.parcels.iter().filter(|parcel| matches!(parcel.state, ParcelState::Failed(_)));
        self.named = refused.map(|parcel| parcel.client_id.clone()).collect();
    }

    /// Counts what was refused and waits for the person.
    pub(crate) fn refused(&self) -> usize {
        self.parcels.iter().filter(|parcel| matches!(parcel.state, ParcelState::Failed(_))).count()
    }

    /// Counts what would be lost by leaving now.
    pub(crate) fn unsent(&self) -> usize {
        self.parcels.iter().filter(|parcel| !matches!(parcel.state, ParcelState::Sent(_))).count()
    }

    /// Gives the next time at which something is to be sent again.
    pub(crate) fn next_retry(&self) -> Option<Time> {
        self.parcels
            .iter()
            .filter_map(|parcel| match parcel.state {
                ParcelState::Later { at } => Some(at),
                _ => None,
            })
            .min()
    }
}
