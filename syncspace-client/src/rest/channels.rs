//! Routes of channels, their members and read markers.

use syncspace_protocol::channels::{
    Channel, ChannelMember, CreateChannel, EditChannel, MarkRead, MyChannel, PutChannelMember, ReadMarker,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::{ChannelId, Page, TeamId, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists the channels of a team that the person may see: own ones, and public ones without membership.
    pub async fn channels(&self, team: TeamId, query: PageQuery) -> Result<Page<MyChannel>, ClientError> {
        self.get(&format!("teams/{team}/channels")).query(&query).fetch().await
    }

    /// Makes a channel; of a direct or group channel gives the one that exists.
    ///
    /// A lost answer is asked for again, and makes no second one.
    pub async fn create_channel(&self, team: TeamId, channel: CreateChannel) -> Result<MyChannel, ClientError> {
        self.post(&format!("teams/{team}/channels")).body(&channel).create().await
    }

    /// Gives a channel.
    pub async fn channel(&self, channel: ChannelId) -> Result<MyChannel, ClientError> {
        self.get(&format!("channels/{channel}")).fetch().await
    }

    /// Changes a channel, also archives and restores it.
    pub async fn edit_channel(&self, channel: ChannelId, edit: EditChannel) -> Result<Channel, ClientError> {
        self.patch(&format!("channels/{channel}")).body(&edit).fetch().await
    }

    /// Deletes a channel with its messages.
    pub async fn delete_channel(&self, channel: ChannelId) -> Result<(), ClientError> {
        self.delete(&format!("channels/{channel}")).done().await
    }

    /// Joins a public channel.
    pub async fn join_channel(&self, channel: ChannelId) -> Result<MyChannel, ClientError> {
        self.post(&format!("channels/{channel}/join")).fetch().await
    }

    /// Leaves a channel.
    pub async fn leave_channel(&self, channel: ChannelId) -> Result<(), ClientError> {
        self.post(&format!("channels/{channel}/leave")).done().await
    }

    /// Lists the people of a channel.
    pub async fn channel_members(
        &self,
        channel: ChannelId,
        query: PageQuery,
    ) -> Result<Page<ChannelMember>, ClientError> {
        self.get(&format!("channels/{channel}/members")).query(&query).fetch().await
    }

    /// Adds a person to a channel, or changes the role.
    pub async fn put_channel_member(
        &self,
        channel: ChannelId,
        user: UserId,
        member: PutChannelMember,
    ) -> Result<ChannelMember, ClientError> {
        self.put(&format!("channels/{channel}/members/{user}")).body(&member).fetch().await
    }

    /// Removes a person from a channel.
    pub async fn remove_channel_member(&self, channel: ChannelId, user: UserId) -> Result<(), ClientError> {
        self.delete(&format!("channels/{channel}/members/{user}")).done().await
    }

    /// Moves the own read marker.
    pub async fn mark_read(&self, channel: ChannelId, mark: MarkRead) -> Result<ReadMarker, ClientError> {
        self.post(&format!("channels/{channel}/read")).body(&mark).fetch().await
    }
}
