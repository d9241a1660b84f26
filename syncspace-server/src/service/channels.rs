//! Channels: what a person reads of them, and the doors to their changes.

use std::collections::BTreeMap;

use syncspace_protocol::channels::{
    Channel, ChannelHead, ChannelKind, ChannelMember, ChannelMembership, CreateChannel, EditChannel, MarkRead,
    MyChannel, PutChannelMember, ReadMarker,
};
use syncspace_protocol::limits::GROUP_MEMBERS_MAX;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::{ChannelId, IdempotencyKey, MemberId, Page, TeamId, UserId};

use super::access::Stopped;
use super::channel_changes::{Admission, ChangeChannel, DeleteChannel, Enter, Leave, MakeChannel, MoveRead, Plan};
use super::idempotency::{Made, OnceOutcome, made_id};
use super::paging::Window;
use super::parse::slice;
use super::{Actor, Service, ServiceError, access, parse};
use crate::permissions::{ChannelAction, TeamAction};
use crate::store::channel_members::{Counts, MarkerRow};
use crate::store::channels::{ChannelRow, MembershipRow};
use crate::store::{Queries, StoreError, channel_members, channels, teams};

impl Service {
    /// Lists the channels of a team that the actor may see, by id.
    pub async fn channels(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<MyChannel>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        let (_, found) = access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        let sees_public = found.facts.sees_public_channels();
        let rows = channels::list_visible(&mut db, team, actor.user_id, sees_public, &slice(window, query)).await?;
        let page = window.page(rows, |row| row.channel.id.get());
        Ok(Page { items: with_counts(&mut db, actor.user_id, page.items).await?, next: page.next })
    }

    /// Makes a channel; a direct or group channel that exists already is given back.
    pub async fn create_channel(
        &self,
        actor: &Actor,
        team: TeamId,
        body: CreateChannel,
    ) -> Result<MyChannel, ServiceError> {
        self.create_channel_once(actor, None, team, body).await.map(Made::into_inner)
    }

    /// Makes a channel; the same request under the same key gives the same channel back.
    pub async fn create_channel_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        team: TeamId,
        body: CreateChannel,
    ) -> Result<Made<MyChannel>, ServiceError> {
        let request = self.keyed(actor, key, ("create_channel", team.get()), &body)?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.channel(actor, made_id(id)?).await.map(Made::Repeat);
        }
        let plan = self.plan(actor, body)?;
        let members = self.members_of(actor, team, &plan).await?;
        match self.commit_once(request, MakeChannel { actor: *actor, id: None, team, plan, members }).await? {
            OnceOutcome::Made(channel) => Ok(Made::New(channel)),
            OnceOutcome::MadeBefore(id) => self.channel(actor, made_id(id)?).await.map(Made::Repeat),
        }
    }

    fn plan(&self, actor: &Actor, body: CreateChannel) -> Result<Plan, ServiceError> {
        Ok(match body {
            CreateChannel::Public(new) => self.named(ChannelKind::Public, new.name, new.description.as_deref())?,
            CreateChannel::Private(new) => self.named(ChannelKind::Private, new.name, new.description.as_deref())?,
            CreateChannel::Direct { user_id } => Plan::between(actor.user_id, &[user_id]),
            CreateChannel::Group { user_ids } => {
                if user_ids.is_empty() || user_ids.len() >= GROUP_MEMBERS_MAX {
                    let sentence = format!("a group has 1 to {} people beside you", GROUP_MEMBERS_MAX - 1);
                    return Err(ServiceError::invalid_field("user_ids", sentence));
                }
                Plan::between(actor.user_id, &user_ids)
            }
        })
    }

    fn named(
        &self,
        kind: ChannelKind,
        name: syncspace_protocol::ChannelName,
        description: Option<&str>,
    ) -> Result<Plan, ServiceError> {
        Ok(Plan::Named { kind, name, description: parse::description(description)? })
    }

    /// Finds the member ids of the people a new channel starts with: their streams change with it.
    async fn members_of(
        &self,
        actor: &Actor,
        team: TeamId,
        plan: &Plan,
    ) -> Result<Vec<(UserId, MemberId)>, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        let mut members = Vec::new();
        for user in plan.people(actor.user_id) {
            members.push((user, self.member_id(team, user).await?));
        }
        Ok(members)
    }

    pub(super) async fn member_id(&self, team: TeamId, user: UserId) -> Result<MemberId, ServiceError> {
        let row = teams::find_member_row(&mut &self.store, team, user).await?;
        let present = row.filter(|row| row.is_present);
        present.map(|row| row.member_id).ok_or_else(|| ServiceError::not_found("member of this team"))
    }

    /// Gives one channel.
    pub async fn channel(&self, actor: &Actor, channel: ChannelId) -> Result<MyChannel, ServiceError> {
        let mut db = &self.store;
        access::load_channel(&mut db, actor, channel).await?;
        Ok(load_mine(&mut db, actor.user_id, channel).await?)
    }

    /// Changes a channel's name or description, archives or restores it.
    pub async fn edit_channel(
        &self,
        actor: &Actor,
        channel: ChannelId,
        edit: EditChannel,
    ) -> Result<Channel, ServiceError> {
        let team = self.team_of(actor, channel).await?;
        self.log.commit(ChangeChannel { actor: *actor, team, channel, edit }).await
    }

    /// Deletes a channel with everything in it.
    pub async fn delete_channel(&self, actor: &Actor, channel: ChannelId) -> Result<(), ServiceError> {
        let team = self.team_of(actor, channel).await?;
        self.log.commit(DeleteChannel { actor: *actor, team, channel }).await
    }

    /// Lets the actor into a public channel.
    pub async fn join_channel(&self, actor: &Actor, channel: ChannelId) -> Result<MyChannel, ServiceError> {
        self.enter(actor, channel, actor.user_id, Admission::Joined).await?;
        self.channel(actor, channel).await
    }

    /// Takes the actor out of a channel.
    pub async fn leave_channel(&self, actor: &Actor, channel: ChannelId) -> Result<(), ServiceError> {
        self.remove_channel_member(actor, channel, actor.user_id).await
    }

    /// Lists who is in a channel, by user id.
    pub async fn channel_members(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: &PageQuery,
    ) -> Result<Page<ChannelMember>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::load_channel(&mut db, actor, channel).await?;
        let members = channel_members::list(&mut db, channel, &slice(window, query)).await?;
        Ok(window.page(members, |member| member.user.id.get()))
    }

    /// Adds a person from the team to a channel, or changes the role of one who is in it.
    pub async fn put_channel_member(
        &self,
        actor: &Actor,
        channel: ChannelId,
        user: UserId,
        body: PutChannelMember,
    ) -> Result<ChannelMember, ServiceError> {
        self.enter(actor, channel, user, Admission::Added(body.role)).await
    }

    async fn enter(
        &self,
        actor: &Actor,
        channel: ChannelId,
        user: UserId,
        admission: Admission,
    ) -> Result<ChannelMember, ServiceError> {
        let team = self.team_of(actor, channel).await?;
        let member = self.member_id(team, user).await?;
        self.log.commit(Enter { actor: *actor, team, channel, user, member, admission }).await
    }

    /// Removes a person from a channel.
    pub async fn remove_channel_member(
        &self,
        actor: &Actor,
        channel: ChannelId,
        user: UserId,
    ) -> Result<(), ServiceError> {
        let team = self.team_of(actor, channel).await?;
        let member = self.member_id(team, user).await?;
        self.log.commit(Leave { actor: *actor, team, channel, user, member }).await
    }

    /// Moves the actor's read marker.
    pub async fn mark_read(
        &self,
        actor: &Actor,
        channel: ChannelId,
        mark: MarkRead,
    ) -> Result<ReadMarker, ServiceError> {
        let mut db = &self.store;
        let (_, found) = access::on_channel(&mut db, actor, channel, ChannelAction::Follow).await?;
        let membership = found.membership.ok_or_else(|| ServiceError::not_found("channel"))?;
        self.log.commit(MoveRead { actor: *actor, channel, member: membership.member_id, mark }).await
    }

    /// Finds the team of a channel that the actor may see.
    async fn team_of(&self, actor: &Actor, channel: ChannelId) -> Result<TeamId, ServiceError> {
        Ok(access::load_channel(&mut &self.store, actor, channel).await?.team_id)
    }
}

/// Loads a channel as one person has it, with its unread count.
pub(super) async fn load_mine(db: &mut impl Queries, user: UserId, channel: ChannelId) -> Result<MyChannel, Stopped> {
    let not_found = || Stopped::Refused(ServiceError::not_found("channel"));
    let row = channels::find(db, channel, user).await?.ok_or_else(not_found)?;
    let mut mine = with_counts(db, user, vec![row]).await?;
    mine.pop().ok_or_else(not_found)
}

/// Adds counts; channels where nothing is newer than the marker need no query.
pub(super) async fn with_counts(
    db: &mut impl Queries,
    user: UserId,
    rows: Vec<ChannelRow>,
) -> Result<Vec<MyChannel>, StoreError> {
    let behind: Vec<_> = rows
        .iter()
        .filter_map(|row| row.membership.map(|membership| (row, membership)))
        .filter(|(row, membership)| row.head.last_seq > membership.last_read_seq)
        .map(|(row, membership)| (row.channel.id, membership.last_read_seq))
        .collect();
    let counts = channel_members::count(db, user, &behind).await?;
    let mine = rows.into_iter().map(|row| {
        let counts = counts.get(&row.channel.id).copied().unwrap_or(nothing_newer(&row.head));
        let membership = row.membership.map(|membership| ChannelMembership {
            role: membership.role,
            joined_at: membership.joined_at,
            read: read_with(membership, counts),
            preferences: row.preferences,
        });
        MyChannel { channel: row.channel, head: row.head, membership }
    });
    Ok(mine.collect())
}

const fn nothing_newer(head: &ChannelHead) -> Counts {
    Counts { unread: 0, mentions: 0, as_of_rev: head.last_rev }
}

/// Makes the marker a client sees of a row and its counts.
const fn read_with(row: MembershipRow, counts: Counts) -> ReadMarker {
    ReadMarker {
        last_read_seq: row.last_read_seq,
        unread_count: counts.unread,
        mention_count: counts.mentions,
        as_of_rev: counts.as_of_rev,
        rev: row.my_rev,
    }
}

/// Finds how far a person has read a channel, and counts the rest; none where the person is not in it.
pub(super) async fn find_read(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
) -> Result<Option<ReadMarker>, StoreError> {
    match channel_members::find_marker(db, channel, user).await? {
        Some(row) => Ok(Some(read_of(db, channel, user, &row).await?)),
        None => Ok(None),
    }
}

/// Counts what is left after each marker, in few statements.
pub(super) async fn reads_of(
    db: &mut impl Queries,
    user: UserId,
    rows: &[(ChannelId, MarkerRow)],
) -> Result<BTreeMap<ChannelId, ReadMarker>, StoreError> {
    let newer = rows.iter().filter(|(_, row)| row.head.last_seq > row.membership.last_read_seq);
    let places: Vec<_> = newer.map(|(channel, row)| (*channel, row.membership.last_read_seq)).collect();
    let counts = channel_members::count(db, user, &places).await?;
    let read = |channel: &ChannelId, row: &MarkerRow| {
        let counts = counts.get(channel).copied().unwrap_or(nothing_newer(&row.head));
        read_with(row.membership, counts)
    };
    Ok(rows.iter().map(|(channel, row)| (*channel, read(channel, row))).collect())
}

/// Counts what is left after a marker; nothing is asked where nothing is newer.
pub(super) async fn read_of(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
    row: &MarkerRow,
) -> Result<ReadMarker, StoreError> {
    let place = row.membership.last_read_seq;
    let counts = if row.head.last_seq > place {
        channel_members::count(db, user, &[(channel, place)]).await?.remove(&channel)
    } else {
        None
    };
    Ok(read_with(row.membership, counts.unwrap_or(nothing_newer(&row.head))))
}
