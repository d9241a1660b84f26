//! One entry of a page, and what it leads to.

use syncspace_protocol::files::FileEntry;
use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::personal::{MyThread, SavedMessage};
use syncspace_protocol::scheduled::Scheduled;
use syncspace_protocol::search::SearchHit;
use syncspace_protocol::{ChannelId, ClientId, FileId, ScheduledId, UserId};

use crate::app::composer::DraftKey;
use crate::app::outbox::Parcel;

/// One entry of a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Hit(Box<SearchHit>),
    Saved(Box<SavedMessage>),
    Thread(Box<MyThread>),
    Scheduled(Box<Scheduled>),
    File(Box<FileEntry>),
    Draft {
        key: DraftKey,
        text: String,
    },
    /// A message that was sent and did not go out.
    Unsent(Box<Parcel>),
}

/// Names an entry, so that it is found again in a list that was read anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemKey {
    Message(MessagePlace),
    Scheduled(ScheduledId),
    File(FileId),
    Draft(DraftKey),
    Unsent(ClientId),
}

impl Item {
    pub(crate) fn key(&self) -> ItemKey {
        match self {
            Self::Hit(hit) => ItemKey::Message(place(&hit.message)),
            Self::Saved(saved) => ItemKey::Message(place(&saved.message)),
            Self::Thread(thread) => ItemKey::Message(place(&thread.root)),
            Self::Scheduled(scheduled) => ItemKey::Scheduled(scheduled.id),
            Self::File(entry) => ItemKey::File(entry.file.id),
            Self::Draft { key, .. } => ItemKey::Draft(*key),
            Self::Unsent(parcel) => ItemKey::Unsent(parcel.client_id.clone()),
        }
    }

    /// Gives the message that it is about.
    pub(crate) fn message(&self) -> Option<&Message> {
        match self {
            Self::Hit(hit) => Some(&hit.message),
            Self::Saved(saved) => Some(&saved.message),
            Self::Thread(thread) => Some(&thread.root),
            Self::Scheduled(_) | Self::File(_) | Self::Draft { .. } | Self::Unsent(_) => None,
        }
    }

    pub(crate) fn thread(&self) -> Option<MyThread> {
        if let Self::Thread(thread) = self { Some((**thread).clone()) } else { None }
    }

    pub(crate) fn saved(&self) -> Option<SavedMessage> {
        if let Self::Saved(saved) = self { Some((**saved).clone()) } else { None }
    }

    pub(crate) fn scheduled(&self) -> Option<Scheduled> {
        if let Self::Scheduled(scheduled) = self { Some((**scheduled).clone()) } else { None }
    }

    pub(crate) fn file(&self) -> Option<FileEntry> {
        if let Self::File(entry) = self { Some((**entry).clone()) } else { None }
    }

    pub(crate) fn channel_id(&self) -> Option<ChannelId> {
        match self {
            Self::Scheduled(scheduled) => Some(scheduled.channel_id),
            Self::File(entry) => Some(entry.channel_id),
            Self::Draft { key, .. } => key.channel_id(),
            Self::Unsent(parcel) => Some(parcel.channel_id),
            item => item.message().map(|message| message.channel_id),
        }
    }

    /// Gives where it stands, if it is about something in a channel's log.
    pub(crate) fn place(&self) -> Option<MessagePlace> {
        match self {
            Self::File(entry) => entry.message_seq.map(|seq| MessagePlace { channel_id: entry.channel_id, seq }),
            item => item.message().map(place),
        }
    }

    /// Gives its text, to be copied.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Scheduled(scheduled) => &scheduled.content,
            Self::File(entry) => &entry.file.name,
            Self::Draft { text, .. } => text,
            Self::Unsent(parcel) => &parcel.content,
            item => item.message().map_or("", |message| &message.content),
        }
    }

    /// Gives everybody whose name it shows.
    pub(crate) fn people(&self) -> impl Iterator<Item = UserId> {
        let context = match self {
            Self::Hit(hit) => Some(&hit.context),
            _ => None,
        };
        let around = context.into_iter().flat_map(|context| [&context.before, &context.after, &context.root]);
        let senders = self.message().into_iter().chain(around.flatten()).map(|message| message.sender_id);
        senders.chain(if let Self::File(entry) = self { Some(entry.uploader_id) } else { None })
    }
}

pub(crate) const fn place(message: &Message) -> MessagePlace {
    MessagePlace { channel_id: message.channel_id, seq: message.seq }
}
