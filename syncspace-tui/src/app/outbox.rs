//! What was sent and is not acknowledged yet: kept in order, sent again under the same `client_id`, never dropped.

use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::{ChannelId, ClientId, MessageId, Seq, Time};

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
    pub(crate) state: ParcelState,
}

/// All messages on their way, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    parcels: Vec<Parcel>,
}

impl Parcel {
    /// Gives the body to send.
    pub(crate) fn body(&self) -> SendMessage {
        SendMessage {
            content: self.content.clone(),
            client_id: Some(self.client_id.clone()),
            parent_message_id: self.parent.map(|(_, id)| id),
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
    pub(crate) fn take_ready(&mut self, now: Time) -> Vec<Parcel> {
        let mut blocked: Vec<ChannelId> = Vec::new();
        let mut ready = Vec::new();
        for parcel in &mut self.parcels {
            let is_free = !blocked.contains(&parcel.channel_id);
            match parcel.state {
                ParcelState::Failed(_) | ParcelState::Sent(_) => continue,
                ParcelState::Later { at } if is_free && at <= now => parcel.state = ParcelState::Waiting,
                ParcelState::Waiting | ParcelState::Sending | ParcelState::Later { .. } => {}
            }
            if is_free && parcel.state == ParcelState::Waiting {
                parcel.state = ParcelState::Sending;
                ready.push(parcel.clone());
            }
            blocked.push(parcel.channel_id);
        }
        ready
    }

    pub(crate) fn set_state(&mut self, client_id: &ClientId, state: ParcelState) {
        if let Some(parcel) = self.parcels.iter_mut().find(|parcel| parcel.client_id == *client_id) {
            parcel.state = state;
        }
    }

    /// Drops a message that has arrived in its channel.
    pub(crate) fn arrived(&mut self, client_id: &ClientId) {
        self.parcels.retain(|parcel| parcel.client_id != *client_id);
    }

    /// Drops what is committed up to a place of a channel, after its log was read anew.
    pub(crate) fn arrived_up_to(&mut self, channel_id: ChannelId, seq: Seq) {
        self.parcels.retain(|parcel| {
            parcel.channel_id != channel_id || !matches!(parcel.state, ParcelState::Sent(at) if at <= seq)
        });
    }

    /// Makes everything under way wait: its outcome is unknown, and sending it again is harmless.
    pub(crate) fn disconnected(&mut self) {
        for parcel in &mut self.parcels {
            if matches!(parcel.state, ParcelState::Sending | ParcelState::Later { .. }) {
                parcel.state = ParcelState::Waiting;
            }
        }
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
