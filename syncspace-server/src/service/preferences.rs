//! How a person wants channels, and whom the person has muted: one person in one team, told to that person alone.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::limits::ORDERED_CHANNELS_MAX;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::personal::{
    ChannelOrder, ChannelPreferences, EditChannelPreferences, MutedUser, MyChannelOrder, UserMute,
};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, MemberId, Page, Rev, StreamId, TeamId, UserId};

use super::paging::Window;
use super::parse::slice;
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError, access};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{ChannelAction, TeamAction};
use crate::store::{channel_members, channel_orders, channel_preferences, muted_users, teams};

impl Service {
    /// Changes how the actor wants a channel.
    pub async fn edit_channel_preferences(
        &self,
        actor: &Actor,
        channel: ChannelId,
        edit: EditChannelPreferences,
    ) -> Result<ChannelPreferences, ServiceError> {
        let (team, member) = self.seat_in(actor, channel).await?;
        self.log.commit(WantChannel { actor: *actor, team, member, channel, edit }).await
    }

    /// Puts the actor's channels of a team into an order.
    pub async fn order_channels(
        &self,
        actor: &Actor,
        team: TeamId,
        ChannelOrder { channel_ids: channels }: ChannelOrder,
    ) -> Result<MyChannelOrder, ServiceError> {
        check_order(&channels)?;
        let member = self.own_member(actor, team).await?;
        self.log.commit(OrderChannels { actor: *actor, team, member, channels }).await
    }

    /// Gives the order of the actor's channels of a team.
    pub async fn channel_order(&self, actor: &Actor, team: TeamId) -> Result<MyChannelOrder, ServiceError> {
        let member = self.own_member(actor, team).await?;
        Ok(channel_orders::find(&mut &self.store, member).await?.unwrap_or_else(no_order))
    }

    /// Lists whom the actor has muted in a team, by user id.
    pub async fn muted_users(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<MutedUser>, ServiceError> {
        let window = Window::parse(query)?;
        let member = self.own_member(actor, team).await?;
        let muted = muted_users::list(&mut &self.store, member, &slice(window, query)).await?;
        Ok(window.page(muted, |muted| muted.user.id.get()))
    }

    /// Mutes a person for the actor, or does so no longer.
    pub async fn mute_user(
        &self,
        actor: &Actor,
        team: TeamId,
        user: UserId,
        is_muted: bool,
    ) -> Result<UserMute, ServiceError> {
        let member = self.own_member(actor, team).await?;
        self.log.commit(MuteUser { actor: *actor, team, member, user, is_muted }).await
    }

    /// Finds the stream of the actor in a team that it is in.
    pub(super) async fn own_member(&self, actor: &Actor, team: TeamId) -> Result<MemberId, ServiceError> {
        let (_, found) = access::on_team(&mut &self.store, actor, team, TeamAction::KeepOwn).await?;
        Ok(found.membership.ok_or_else(|| ServiceError::not_found("team"))?.member_id)
    }

    /// Finds the team, and the actor's stream in it, of a channel that the actor is in.
    pub(super) async fn seat_in(&self, actor: &Actor, channel: ChannelId) -> Result<(TeamId, MemberId), ServiceError> {
        let (_, found) = access::on_channel(&mut &self.store, actor, channel, ChannelAction::Follow).await?;
        let membership = found.membership.ok_or_else(|| ServiceError::not_found("channel"))?;
        Ok((found.team_id, membership.member_id))
    }
}

fn check_order(channels: &[ChannelId]) -> Result<(), ServiceError> {
    if channels.len() > ORDERED_CHANNELS_MAX {
        let sentence = format!("an order has at most {ORDERED_CHANNELS_MAX} channels; leave out the last ones");
        return Err(ServiceError::invalid_field("channel_ids", sentence));
    }
    if channels.iter().collect::<BTreeSet<_>>().len() < channels.len() {
        return Err(ServiceError::invalid_field("channel_ids", "a channel stands in the order twice"));
    }
    Ok(())
}

/// Changes how a person wants a channel.
struct WantChannel {
    actor: Actor,
    team: TeamId,
    member: MemberId,
    channel: ChannelId,
    edit: EditChannelPreferences,
}

impl Operation for WantChannel {
    type Output = ChannelPreferences;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<ChannelPreferences, Refused> {
        let (permit, found) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Follow).await?;
        let has_name = matches!(found.facts.kind, ChannelKind::Public | ChannelKind::Private);
        if has_name && self.edit.is_hidden == Some(true) {
            let sentence = "only direct and group channels are hidden; mute or leave this one";
            return Err(Abort::Refused(ServiceError::invalid_field("is_hidden", sentence)));
        }
        let before = channel_preferences::find(tx.db, self.member, self.channel).await?;
        let edit = self.edit.clone();
        let mut wanted = ChannelPreferences {
            is_muted: edit.is_muted.unwrap_or(before.is_muted),
            notify: edit.notify.apply(before.notify),
            is_favourite: edit.is_favourite.unwrap_or(before.is_favourite),
            is_hidden: edit.is_hidden.unwrap_or(before.is_hidden),
            ..before
        };
        if wanted != before {
            let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
            wanted.rev = taken.rev;
            channel_preferences::put(tx.db, (self.member, self.team), self.channel, &wanted).await?;
            tx.announce(taken, EventBody::MyChannelPreferences { channel_id: self.channel, preferences: wanted })?;
        }
        Ok(wanted)
    }
}

/// Puts a person's channels into an order: one row, one change.
struct OrderChannels {
    actor: Actor,
    team: TeamId,
    member: MemberId,
    channels: Vec<ChannelId>,
}

impl Operation for OrderChannels {
    type Output = MyChannelOrder;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<MyChannelOrder, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        let held = channel_orders::find(tx.db, self.member).await?.unwrap_or_else(no_order);
        if held.channel_ids == self.channels {
            return Ok(held);
        }
        let mine = channel_members::list_in_team(tx.db, self.team, self.actor.user_id).await?;
        let mine: BTreeMap<_, _> = mine.into_iter().collect();
        if let Some(strange) = self.channels.iter().find(|channel| !mine.contains_key(channel)) {
            let sentence = format!("you are in no channel {strange} of this team; leave it out");
            return Err(Abort::Refused(ServiceError::invalid_field("channel_ids", sentence)));
        }
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let order = MyChannelOrder { channel_ids: self.channels.clone(), rev: taken.rev };
        channel_orders::put(tx.db, (self.member, self.team), &order).await?;
        tx.announce(taken, EventBody::MyChannelOrder { order: order.clone() })?;
        Ok(order)
    }
}

const fn no_order() -> MyChannelOrder {
    MyChannelOrder { channel_ids: Vec::new(), rev: Rev::ZERO }
}

/// Mutes a person for another, or does so no longer.
struct MuteUser {
    actor: Actor,
    team: TeamId,
    member: MemberId,
    user: UserId,
    is_muted: bool,
}

impl Operation for MuteUser {
    type Output = UserMute;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<UserMute, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::KeepOwn).await?;
        if self.is_muted && self.user == self.actor.user_id {
            return Err(Abort::Refused(ServiceError::invalid_field(
                "user_id",
                "nobody mutes themselves; set a status",
            )));
        }
        let held = muted_users::find(tx.db, self.member, self.user).await?;
        // Who has left the team can still be taken off the list.
        if held.is_none() && teams::find_member(tx.db, self.team, self.user).await?.is_none() {
            return Err(Abort::Refused(ServiceError::not_found("member of this team")));
        }
        let held = held.unwrap_or(UserMute { user_id: self.user, is_muted: false, rev: Rev::ZERO });
        if held.is_muted == self.is_muted {
            return Ok(held);
        }
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let mute = UserMute { user_id: self.user, is_muted: self.is_muted, rev: taken.rev };
        muted_users::put(tx.db, self.member, self.team, &mute).await?;
        tx.announce(taken, EventBody::MyUserMute { mute })?;
        Ok(mute)
    }
}
