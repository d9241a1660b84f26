//! What the disk was told, so that only what changed is told again.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use syncspace_protocol::channels::{ChannelHead, ChannelMembership};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{ChannelId, ClientId, Rev, TeamId, Time, UserId};

use super::composer::DraftKey;
use super::kept::{Discarded, Keep, KeptEdit, KeptParcel, KeptTeam, Places, Shared};
use super::look::Theme;
use super::pages::PageKind;

/// What was dropped last, to be dropped again where the disk turns out to have failed.
const DROPPED_MAX: usize = 500;

/// What the disk was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Whether there is a cache at all.
    pub(crate) is_on: bool,
    /// Set while it does not take what it is told.
    pub(crate) broken: Option<Broken>,
    pub(crate) drafts: HashMap<DraftKey, ToldDraft>,
    pub(crate) parcels: BTreeMap<String, KeptParcel>,
    /// Messages of which the disk has said that it has them: those may go out.
    pub(crate) safe: HashSet<ClientId>,
    pub(crate) places: Places,
    pub(crate) habits: ToldHabits,
    pub(crate) discarded: Vec<Discarded>,
    /// Edited texts of scheduled messages; none while nobody knows what the disk has of them.
    pub(crate) edits: Option<Vec<KeptEdit>>,
    /// When a list was read that was told, and how often it had changed then.
    pub(crate) lists: HashMap<(TeamId, PageKind), (Time, u64)>,
    pub(crate) world: ToldWorld,
    /// When the lists are told next; none while nothing of them has changed.
    pub(crate) world_at: Option<Time>,
    /// What it was told last to drop: where a write failed, nobody knows whether that was in it.
    dropped: VecDeque<Keep>,
    /// What may stand on disk and is dropped again, where it is gone, once it can be written.
    again: Vec<Keep>,
}

/// A cache that takes nothing at the moment.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) reason: String,
    /// When it is told everything again.
    pub(crate) retry_at: Time,
}

/// A draft as it was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ToldDraft {
    pub(crate) lines: Vec<String>,
    pub(crate) cursor: (usize, usize),
    pub(crate) shared: Shared,
}

/// What the person is used to, as it was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ToldHabits {
    /// How many visits there were then.
    pub(crate) visits: u64,
    pub(crate) emoji: VecDeque<Emoji>,
    pub(crate) theme: Option<Theme>,
    pub(crate) search: String,
}

/// The lists as they were told.
#[derive(Debug, Default)]
pub(crate) struct ToldWorld {
    pub(crate) me: Option<User>,
    pub(crate) contact: Option<Time>,
    pub(crate) teams: BTreeMap<TeamId, KeptTeam>,
    pub(crate) channels: HashMap<ChannelId, (Rev, ChannelHead, Option<ChannelMembership>)>,
    pub(crate) people: HashMap<UserId, Person>,
}

impl Told {
    /// Tells whether what is typed reaches the disk.
    pub(crate) const fn is_writing(&self) -> bool {
        self.is_on && self.broken.is_none()
    }

    /// Tells whether a message may go out: once it is sent, a restart must know of it.
    pub(crate) fn may_go_out(&self, client_id: &ClientId) -> bool {
        !self.is_writing() || self.safe.contains(client_id)
    }

    /// Gives the time at which something is to be told.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        match &self.broken {
            _ if !self.is_on => None,
            Some(broken) => Some(broken.retry_at),
            None => self.world_at,
        }
    }

    /// Notes what is dropped, as long as nobody knows whether the disk has heard it.
    pub(crate) fn note_dropped(&mut self, keeps: &[Keep]) {
        self.dropped.extend(keeps.iter().filter(|keep| keep.is_drop()).cloned());
        let over = self.dropped.len().saturating_sub(DROPPED_MAX);
        self.dropped.drain(..over);
    }

    /// Notes what is to be dropped once the disk can be written.
    pub(crate) fn drop_later(&mut self, keep: Keep) {
        if !self.again.contains(&keep) {
            self.again.push(keep);
        }
    }

    /// Takes what may stand on disk though it is gone.
    pub(crate) fn take_again(&mut self) -> Vec<Keep> {
        std::mem::take(&mut self.again)
    }

    /// Forgets what was told: nobody knows what of it is on disk. That it may be there is not forgotten: what goes
    /// meanwhile, or went with the write that failed, must be dropped there.
    pub(crate) fn forget(&mut self) {
        let mut again = std::mem::take(&mut self.again);
        again.extend(std::mem::take(&mut self.dropped));
        again.extend(self.drafts.keys().map(|key| Keep::DropDraft(*key)));
        again.extend(self.parcels.values().map(|parcel| Keep::DropParcel(parcel.client_id.clone())));
        again.extend(self.world.teams.keys().map(|id| Keep::DropTeam(*id)));
        again.extend(self.world.channels.keys().map(|id| Keep::DropChannel(*id)));
        let (is_on, broken, world_at) = (self.is_on, self.broken.take(), self.world_at);
        *self = Self { is_on, broken, world_at, again, ..Self::default() };
    }
}
