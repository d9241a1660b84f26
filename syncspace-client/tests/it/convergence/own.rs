//! What a person keeps alone in one team, by events and by reading: the newest of each counts.

use std::collections::BTreeMap;

use syncspace_client::{Client, ClientError};
use syncspace_protocol::personal::{ChannelPreferences, Draft, MyChannelOrder, SavedMark, ThreadMembership, UserMute};
use syncspace_protocol::reminders::{Reminder, ReminderState};
use syncspace_protocol::{ChannelId, ReminderId, Rev, Seq, TeamId, UserId};

#[derive(Debug, Default)]
pub(super) struct Own {
    pub(super) preferences: BTreeMap<ChannelId, ChannelPreferences>,
    order: Option<MyChannelOrder>,
    mutes: BTreeMap<UserId, UserMute>,
    threads: BTreeMap<(ChannelId, Seq), ThreadMembership>,
    saved: BTreeMap<(ChannelId, Seq), SavedMark>,
    drafts: BTreeMap<(ChannelId, Option<Seq>), Draft>,
    reminders: BTreeMap<ReminderId, Reminder>,
}

/// What is on the lists, without numbers that other streams change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    order: Option<MyChannelOrder>,
    mutes: BTreeMap<UserId, Rev>,
    threads: BTreeMap<(ChannelId, Seq), (bool, Seq, Rev)>,
    saved: BTreeMap<(ChannelId, Seq), Rev>,
    drafts: BTreeMap<(ChannelId, Option<Seq>), (String, Rev)>,
    reminders: BTreeMap<ReminderId, Reminder>,
}

impl Own {
    pub(super) fn prefer(&mut self, channel: ChannelId, preferences: ChannelPreferences) {
        put(&mut self.preferences, channel, preferences, |preferences| preferences.rev);
    }

    pub(super) fn order(&mut self, order: MyChannelOrder) {
        if order.rev > self.order.as_ref().map_or(Rev::ZERO, |held| held.rev) {
            self.order = Some(order);
        }
    }

    pub(super) fn mute(&mut self, mute: UserMute) {
        put(&mut self.mutes, mute.user_id, mute, |mute| mute.rev);
    }

    pub(super) fn thread(&mut self, thread: ThreadMembership) {
        put(&mut self.threads, (thread.channel_id, thread.root_seq), thread, |thread| thread.read.rev);
    }

    pub(super) fn save(&mut self, saved: SavedMark) {
        put(&mut self.saved, (saved.channel_id, saved.seq), saved, |saved| saved.rev);
    }

    pub(super) fn draft(&mut self, draft: Draft) {
        put(&mut self.drafts, (draft.channel_id, draft.parent_seq), draft, |draft| draft.rev);
    }

    pub(super) fn remind(&mut self, reminder: Reminder) {
        put(&mut self.reminders, reminder.id, reminder, |reminder| reminder.rev);
    }

    /// Forgets what is not newer than a rev: the lists are read again.
    pub(super) fn forget_up_to(&mut self, rev: Rev) {
        self.preferences.retain(|_, held| held.rev > rev);
        self.order = self.order.take().filter(|held| held.rev > rev);
        self.mutes.retain(|_, held| held.rev > rev);
        self.threads.retain(|_, held| held.read.rev > rev);
        self.saved.retain(|_, held| held.rev > rev);
        self.drafts.retain(|_, held| held.rev > rev);
        self.reminders.retain(|_, held| held.rev > rev);
    }

    /// Forgets the threads of a channel that the person came into: there they are read up to where it is.
    pub(super) fn forget_threads(&mut self, channel: ChannelId) {
        self.threads.retain(|(of, _), _| *of != channel);
    }

    /// Forgets what stood in a channel up to a place.
    pub(super) fn raise_floor(&mut self, channel: ChannelId, floor: Seq) {
        let is_kept = |&(of, seq): &(ChannelId, Seq)| of != channel || seq > floor;
        self.threads.retain(|place, _| is_kept(place));
        self.saved.retain(|place, _| is_kept(place));
    }

    /// Gives what the lists are to hold, where `is_there` says which messages may be read and `is_in` which channels.
    pub(super) fn lists(&self, is_in: impl Fn(ChannelId) -> bool, is_there: impl Fn(ChannelId, Seq) -> bool) -> Lists {
        let threads = self.threads.values().filter(|held| held.is_following && is_in(held.channel_id));
        let saved = self.saved.values().filter(|held| held.is_saved && is_there(held.channel_id, held.seq));
        let reminders = self.reminders.values().filter(|held| held.state != ReminderState::Done);
        let drafts = self.drafts.values().filter(|held| !held.content.is_empty() && is_in(held.channel_id));
        Lists {
            order: self.order.clone(),
            mutes: self.mutes.values().filter(|held| held.is_muted).map(|held| (held.user_id, held.rev)).collect(),
            threads: threads
                .filter(|held| held.read.rev > Rev::ZERO)
                .map(|held| ((held.channel_id, held.root_seq), place(held)))
                .collect(),
            saved: saved.map(|held| ((held.channel_id, held.seq), held.rev)).collect(),
            drafts: drafts.map(|held| ((held.channel_id, held.parent_seq), (held.content.clone(), held.rev))).collect(),
            reminders: reminders.map(|held| (held.id, held.clone())).collect(),
        }
    }

    /// Reads all lists of a team; what stands on none of them is not there.
    pub(super) async fn read(client: &Client, team: TeamId) -> Result<Self, ClientError> {
        let mut own = Self::default();
        own.order(client.channel_order(team).await?);
        for muted in client.all_muted_users(team).await? {
            own.mute(UserMute { user_id: muted.user.id, is_muted: true, rev: muted.rev });
        }
        for thread in client.all_my_threads(team).await? {
            own.thread(thread.membership);
        }
        for saved in client.all_saved_messages(team).await? {
            let (channel_id, seq) = (saved.message.channel_id, saved.message.seq);
            own.save(SavedMark { channel_id, seq, is_saved: true, rev: saved.rev });
        }
        for draft in client.all_drafts(team).await? {
            own.draft(draft);
        }
        for reminder in client.all_reminders(team).await? {
            own.remind(reminder.reminder);
        }
        Ok(own)
    }

    /// Takes what was read, unless something newer is held.
    pub(super) fn take(&mut self, read: Self) {
        read.order.into_iter().for_each(|order| self.order(order));
        read.mutes.into_values().for_each(|mute| self.mute(mute));
        read.threads.into_values().for_each(|thread| self.thread(thread));
        read.saved.into_values().for_each(|saved| self.save(saved));
        read.drafts.into_values().for_each(|draft| self.draft(draft));
        read.reminders.into_values().for_each(|reminder| self.remind(reminder));
    }
}

fn place(held: &ThreadMembership) -> (bool, Seq, Rev) {
    (held.is_muted, held.read.last_read_seq, held.read.rev)
}

fn put<K: Ord, V>(all: &mut BTreeMap<K, V>, key: K, new: V, rev: impl Fn(&V) -> Rev) {
    if all.get(&key).is_none_or(|held| rev(held) < rev(&new)) {
        all.insert(key, new);
    }
}
