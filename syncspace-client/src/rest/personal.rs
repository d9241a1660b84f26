//! Routes of what belongs to the person alone: preferences, mutes, threads, saved messages, drafts.

use syncspace_protocol::channels::MarkRead;
use syncspace_protocol::page::{CursorQuery, PageQuery};
use syncspace_protocol::personal::{
    ChannelOrder, ChannelPreferences, Draft, DraftQuery, EditChannelPreferences, MutedUser, MyChannelOrder, MyThread,
    PutDraft, SavedMark, SavedMessage, ThreadMembership, UserMute,
};
use syncspace_protocol::{ChannelId, Page, Seq, TeamId, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Changes how the person wants a channel; absent fields stay as they are.
    pub async fn edit_channel_preferences(
        &self,
        channel: ChannelId,
        edit: EditChannelPreferences,
    ) -> Result<ChannelPreferences, ClientError> {
        self.put(&format!("channels/{channel}/preferences")).body(&edit).fetch().await
    }

    /// Puts the person's channels of a team into an order; those that are not named come after, by name.
    pub async fn order_channels(&self, team: TeamId, order: ChannelOrder) -> Result<MyChannelOrder, ClientError> {
        self.put(&format!("teams/{team}/channel_order")).body(&order).fetch().await
    }

    /// Gives the order of the person's channels of a team.
    pub async fn channel_order(&self, team: TeamId) -> Result<MyChannelOrder, ClientError> {
        self.get(&format!("teams/{team}/channel_order")).fetch().await
    }

    /// Lists whom the person has muted in a team.
    pub async fn muted_users(&self, team: TeamId, query: PageQuery) -> Result<Page<MutedUser>, ClientError> {
        self.get(&format!("teams/{team}/muted")).query(&query).fetch().await
    }

    /// Mutes somebody in a team.
    pub async fn mute_user(&self, team: TeamId, user: UserId) -> Result<UserMute, ClientError> {
        self.put(&format!("teams/{team}/muted/{user}")).fetch().await
    }

    /// Mutes somebody in a team no longer.
    pub async fn unmute_user(&self, team: TeamId, user: UserId) -> Result<UserMute, ClientError> {
        self.delete(&format!("teams/{team}/muted/{user}")).fetch().await
    }

    /// Lists the threads that the person follows in a team, those with unread replies first.
    pub async fn my_threads(&self, team: TeamId, query: CursorQuery) -> Result<Page<MyThread>, ClientError> {
        self.get(&format!("teams/{team}/threads")).query(&query).fetch().await
    }

    /// Follows the thread of a message.
    pub async fn follow_thread(&self, channel: ChannelId, seq: Seq) -> Result<ThreadMembership, ClientError> {
        self.put(&format!("channels/{channel}/messages/{seq}/follow")).fetch().await
    }

    /// Follows the thread of a message no longer.
    pub async fn unfollow_thread(&self, channel: ChannelId, seq: Seq) -> Result<ThreadMembership, ClientError> {
        self.delete(&format!("channels/{channel}/messages/{seq}/follow")).fetch().await
    }

    /// Mutes a thread that the person follows.
    pub async fn mute_thread(&self, channel: ChannelId, seq: Seq) -> Result<ThreadMembership, ClientError> {
        self.put(&format!("channels/{channel}/messages/{seq}/mute")).fetch().await
    }

    /// Mutes a thread no longer.
    pub async fn unmute_thread(&self, channel: ChannelId, seq: Seq) -> Result<ThreadMembership, ClientError> {
        self.delete(&format!("channels/{channel}/messages/{seq}/mute")).fetch().await
    }

    /// Moves the own read marker in a thread that the person follows.
    pub async fn read_thread(
        &self,
        channel: ChannelId,
        seq: Seq,
        mark: MarkRead,
    ) -> Result<ThreadMembership, ClientError> {
        self.post(&format!("channels/{channel}/messages/{seq}/thread/read")).body(&mark).fetch().await
    }

    /// Saves a message.
    pub async fn save_message(&self, channel: ChannelId, seq: Seq) -> Result<SavedMark, ClientError> {
        self.put(&format!("channels/{channel}/messages/{seq}/save")).fetch().await
    }

    /// Takes a message off the saved ones.
    pub async fn unsave_message(&self, channel: ChannelId, seq: Seq) -> Result<SavedMark, ClientError> {
        self.delete(&format!("channels/{channel}/messages/{seq}/save")).fetch().await
    }

    /// Lists the saved messages of a team that the person may read, the last saved first.
    pub async fn saved_messages(&self, team: TeamId, query: CursorQuery) -> Result<Page<SavedMessage>, ClientError> {
        self.get(&format!("teams/{team}/saved")).query(&query).fetch().await
    }

    /// Keeps what the person has typed in a channel or thread.
    pub async fn put_draft(
        &self,
        channel: ChannelId,
        query: DraftQuery,
        draft: PutDraft,
    ) -> Result<Draft, ClientError> {
        self.put(&format!("channels/{channel}/draft")).query(&query).body(&draft).fetch().await
    }

    /// Throws a draft away, as after sending it.
    pub async fn clear_draft(&self, channel: ChannelId, query: DraftQuery) -> Result<Draft, ClientError> {
        self.delete(&format!("channels/{channel}/draft")).query(&query).fetch().await
    }

    /// Lists the person's drafts in a team, the last changed first.
    pub async fn drafts(&self, team: TeamId, query: CursorQuery) -> Result<Page<Draft>, ClientError> {
        self.get(&format!("teams/{team}/drafts")).query(&query).fetch().await
    }
}
