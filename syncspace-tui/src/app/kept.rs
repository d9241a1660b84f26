//! What is kept on disk: the shapes in which the state gives it away and gets it back at the next start.
//!
//! The state says what changed as [`Keep`]s; the cache answers with a [`Snapshot`] at the start and with a [`KeptLog`] for
//! each channel. Neither knows files or SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use syncspace_protocol::channels::MyChannel;
use syncspace_protocol::files::FileEntry;
use syncspace_protocol::messages::{Message, SendMessage};
use syncspace_protocol::personal::{MyThread, SavedMessage};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::scheduled::Scheduled;
use syncspace_protocol::search::SearchHit;
use syncspace_protocol::socket::Event as StreamEvent;
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{ChannelId, ClientId, Epoch, FileId, Rev, ScheduledId, Seq, TeamId, Time, UserId};

use super::composer::DraftKey;
use super::frecency::Frecency;
use super::pictures::Thumbnail;
use super::trail::Trail;

/// Something that the disk is to have from now on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Keep {
    Me(Box<User>),
    Team(Box<KeptTeam>),
    DropTeam(TeamId),
    Channel(Box<MyChannel>),
    /// Forget a channel with its messages. What was typed for it stays.
    DropChannel(ChannelId),
    Person(Person),
    /// The history that all numbers belong to; messages of another one are forgotten.
    Epoch(Epoch),
    /// When the server was last heard.
    Contact(Time),
    Places(Places),
    Habits(Habits),
    /// What is typed into the search.
    Search(String),
    Draft(KeptDraft),
    DropDraft(DraftKey),
    /// All discarded texts, oldest first, instead of those at hand.
    Discarded(Vec<Discarded>),
    /// All texts of scheduled messages that were changed and not saved, instead of those at hand.
    Edits(Vec<KeptEdit>),
    /// A list of a page as the server gave it last.
    List(KeptList),
    Parcel(KeptParcel),
    DropParcel(ClientId),
    Page(KeptPage),
    /// What happened in a channel.
    Event(Box<StreamEvent>),
    /// Forget the messages of a channel.
    DropLog(ChannelId),
    /// A picture of a file that a message of a channel carries.
    Picture(ChannelId, KeptPicture),
}

impl Keep {
    /// Tells whether it makes the disk forget something.
    pub(crate) const fn is_drop(&self) -> bool {
        matches!(
            self,
            Self::DropTeam(_) | Self::DropChannel(_) | Self::DropDraft(_) | Self::DropParcel(_) | Self::DropLog(_)
        )
    }
}

/// A team with the people in it, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptTeam {
    pub(crate) mine: MyTeam,
    /// People in the team, with the rev of their membership.
    pub(crate) members: Vec<(UserId, Rev)>,
}

/// What was typed for one place, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptDraft {
    pub(crate) key: DraftKey,
    pub(crate) content: String,
    /// Line and character.
    pub(crate) cursor: (usize, usize),
    /// What the server has, as far as it was heard.
    pub(crate) shared: Shared,
}

/// A draft as the server has it, for all devices of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) rev: Rev,
    pub(crate) content: String,
}

impl Default for Shared {
    fn default() -> Self {
        Self { rev: Rev::ZERO, content: String::new() }
    }
}

/// A text that was thrown away and can be brought back for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Discarded {
    pub(crate) key: DraftKey,
    pub(crate) content: String,
    pub(crate) at: Time,
}

/// The text of a scheduled message that was changed and not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptEdit {
    pub(crate) id: ScheduledId,
    pub(crate) content: String,
    /// Line and character.
    pub(crate) cursor: (usize, usize),
}

/// The beginning of a list of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptList {
    pub(crate) team_id: TeamId,
    pub(crate) read_at: Time,
    pub(crate) entries: KeptEntries,
}

/// What stands in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeptEntries {
    Threads(Vec<MyThread>),
    Saved(Vec<SavedMessage>),
    Scheduled(Vec<Scheduled>),
    Files(Vec<FileEntry>),
}

impl KeptEntries {
    /// Names the kind of the list.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Threads(_) => "threads",
            Self::Saved(_) => "saved",
            Self::Scheduled(_) => "scheduled",
            Self::Files(_) => "files",
        }
    }

    /// Forgets what stands in a channel; tells whether anything did.
    pub(crate) fn forget_channel(&mut self, channel_id: ChannelId) -> bool {
        let before = self.len();
        match self {
            Self::Threads(threads) => threads.retain(|thread| thread.root.channel_id != channel_id),
            Self::Saved(saved) => saved.retain(|saved| saved.message.channel_id != channel_id),
            Self::Scheduled(scheduled) => scheduled.retain(|held| held.channel_id != channel_id),
            Self::Files(files) => files.retain(|entry| entry.channel_id != channel_id),
        }
        self.len() < before
    }

    fn len(&self) -> usize {
        match self {
            Self::Threads(threads) => threads.len(),
            Self::Saved(saved) => saved.len(),
            Self::Scheduled(scheduled) => scheduled.len(),
            Self::Files(files) => files.len(),
        }
    }
}

/// Where the person was, to be there again after a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) team: Option<TeamId>,
    pub(crate) open: Option<ChannelId>,
    pub(crate) previous: Option<ChannelId>,
    /// The channel that was open last in each team.
    pub(crate) last_open: BTreeMap<TeamId, ChannelId>,
    /// Where the person has been, to go back and forward.
    #[serde(default)]
    pub(crate) trail: Trail,
}

/// What the person is used to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Habits {
    /// How often and how lately channels were opened.
    #[serde(default)]
    pub(crate) visits: Frecency,
    /// Emoji that were used, the last one first.
    #[serde(default)]
    pub(crate) emoji: Vec<Emoji>,
    /// Name of the theme that was picked.
    #[serde(default)]
    pub(crate) theme: Option<String>,
}

/// A message on its way, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptParcel {
    pub(crate) client_id: ClientId,
    pub(crate) channel_id: ChannelId,
    /// Place of the root it answers.
    pub(crate) parent_seq: Option<Seq>,
    pub(crate) body: SendMessage,
    /// The files of this machine that go with it; the first ones are uploaded, as many as its body has.
    pub(crate) paths: Vec<String>,
    /// Why the server did not take it.
    pub(crate) refused: Option<String>,
    /// Whether it may have reached the server: then it is sent again as it is, and not edited.
    pub(crate) may_be_sent: bool,
}

/// A picture of a file, made small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptPicture {
    pub(crate) file: FileId,
    pub(crate) small: Thumbnail,
    /// The bytes of a PNG file.
    pub(crate) png: Arc<[u8]>,
}

/// A part of a channel's log as the server gave it at a rev of the channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptPage {
    pub(crate) channel_id: ChannelId,
    pub(crate) messages: Vec<Message>,
    pub(crate) rev: Rev,
    /// Whether the log was read anew: what was kept of the channel before is forgotten.
    pub(crate) is_anew: bool,
}

/// A part of a channel's log from the disk, oldest first. It is complete up to the rev; its places may have holes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptLog {
    pub(crate) channel_id: ChannelId,
    pub(crate) messages: Vec<Message>,
    pub(crate) rev: Rev,
    /// Whether the disk has messages before these.
    pub(crate) has_older: bool,
}

/// A cached message that was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptHit {
    pub(crate) hit: SearchHit,
    /// How well it fits, more for better.
    pub(crate) score: f64,
}

/// Everything that a start needs from the disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) me: Option<User>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) contact: Option<Time>,
    pub(crate) teams: Vec<KeptTeam>,
    pub(crate) channels: Vec<MyChannel>,
    pub(crate) people: Vec<Person>,
    pub(crate) places: Places,
    pub(crate) habits: Habits,
    pub(crate) search: String,
    pub(crate) drafts: Vec<KeptDraft>,
    pub(crate) discarded: Vec<Discarded>,
    pub(crate) edits: Vec<KeptEdit>,
    pub(crate) lists: Vec<KeptList>,
    /// Oldest first.
    pub(crate) outbox: Vec<KeptParcel>,
    /// The log of the channel that was open last.
    pub(crate) log: Option<KeptLog>,
    /// Small pictures of its newest files.
    pub(crate) pictures: Vec<(FileId, Thumbnail)>,
    /// What a person should know of the file: that it was damaged, and what of it was saved.
    pub(crate) note: Option<String>,
}
