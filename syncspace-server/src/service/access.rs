//! From rows to permission: loads the facts, asks the table, and words its "no".

use syncspace_protocol::channels::ChannelHead;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::teams::{TeamMembership, TeamRole};
use syncspace_protocol::{ChannelId, TeamId, UserId};

use super::{Actor, ServiceError};
use crate::permissions::{self, ChannelAction, ChannelFacts, Denial, Permit, TeamAction, TeamFacts};
use crate::store::{Queries, StoreError, channels, teams, users};

/// A permitted look at a team.
pub(crate) struct TeamAccess {
    pub(crate) facts: TeamFacts,
    pub(crate) membership: Option<TeamMembership>,
}

/// A permitted look at a channel.
pub(crate) struct ChannelAccess {
    pub(crate) team_id: TeamId,
    pub(crate) facts: ChannelFacts,
    pub(crate) membership: Option<TeamMembership>,
}

/// What stopped a check: a rule, or the store.
pub(crate) enum Stopped {
    Refused(ServiceError),
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Stopped> for ServiceError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(error) => error,
            Stopped::Store(error) => error.into(),
        }
    }
}

impl From<Stopped> for crate::log::Abort<ServiceError> {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(error) => Self::Refused(error),
            Stopped::Store(error) => Self::Failed(error.into()),
        }
    }
}

fn facts_of(is_server_admin: bool, access: &teams::Access) -> TeamFacts {
    TeamFacts {
        is_server_admin,
        is_public: access.is_public,
        settings: access.settings,
        role: access.membership.map(|membership| membership.role),
    }
}

/// Loads what an actor is to a team, and asks whether it may act.
pub(crate) async fn on_team(
    db: &mut impl Queries,
    actor: &Actor,
    team: TeamId,
    action: TeamAction,
) -> Result<(Permit, TeamAccess), Stopped> {
    let access = load_team(db, actor, team).await?;
    let permit = permissions::on_team(access.facts, action).map_err(|denial| refuse_team(denial, action))?;
    Ok((permit, access))
}

/// Loads what an actor is to a team; a team that may not be seen does not exist.
pub(crate) async fn load_team(db: &mut impl Queries, actor: &Actor, team: TeamId) -> Result<TeamAccess, Stopped> {
    let access = teams::find_access(db, team, actor.user_id).await?;
    let access = access.ok_or_else(|| Stopped::Refused(ServiceError::not_found("team")))?;
    let facts = facts_of(actor.is_admin, &access);
    permissions::on_team(facts, TeamAction::View).map_err(|denial| refuse_team(denial, TeamAction::View))?;
    Ok(TeamAccess { facts, membership: access.membership })
}

/// Tells whether somebody who does not ask just now may act on a team: who made something that others use later.
pub(crate) async fn may_on_team(
    db: &mut impl Queries,
    user: UserId,
    team: TeamId,
    action: TeamAction,
) -> Result<bool, StoreError> {
    let Some(account) = users::find_active(db, user).await? else { return Ok(false) };
    let access = teams::find_access(db, team, user).await?;
    Ok(access.is_some_and(|access| permissions::on_team(facts_of(account.is_admin, &access), action).is_ok()))
}

/// Loads what an actor is to a channel, and asks whether it may act.
pub(crate) async fn on_channel(
    db: &mut impl Queries,
    actor: &Actor,
    channel: ChannelId,
    action: ChannelAction,
) -> Result<(Permit, ChannelAccess), Stopped> {
    let access = load_channel(db, actor, channel).await?;
    let permit = permit_channel(&access, action)?;
    Ok((permit, access))
}

/// Loads what an actor is to a channel; a channel that may not be seen does not exist.
pub(crate) async fn load_channel(
    db: &mut impl Queries,
    actor: &Actor,
    channel: ChannelId,
) -> Result<ChannelAccess, Stopped> {
    load_channel_and_head(db, actor, channel).await.map(|(access, _)| access)
}

/// Loads what an actor is to a channel, and how far its log goes, at one moment.
pub(crate) async fn load_channel_and_head(
    db: &mut impl Queries,
    actor: &Actor,
    channel: ChannelId,
) -> Result<(ChannelAccess, ChannelHead), Stopped> {
    let (access, head) = channels::find_access(db, channel, actor.user_id).await?.unzip();
    let head = head.ok_or_else(|| Stopped::Refused(ServiceError::not_found("channel")))?;
    Ok((weigh_channel(actor, access)?, head))
}

/// Judges what was loaded of a channel for an actor; a channel that may not be seen does not exist.
pub(crate) fn weigh_channel(actor: &Actor, found: Option<channels::Access>) -> Result<ChannelAccess, Stopped> {
    let access = found.ok_or_else(|| Stopped::Refused(ServiceError::not_found("channel")))?;
    let facts = ChannelFacts {
        team: facts_of(actor.is_admin, &access.team),
        kind: access.kind,
        is_archived: access.is_archived,
        posting: access.posting,
        role: access.role,
    };
    let access = ChannelAccess { team_id: access.team_id, facts, membership: access.team.membership };
    permit_channel(&access, ChannelAction::Read)?;
    Ok(access)
}

/// Asks whether an actor may act on a channel that was loaded before.
pub(crate) fn permit_channel(access: &ChannelAccess, action: ChannelAction) -> Result<Permit, Stopped> {
    permissions::on_channel(access.facts, action).map_err(|denial| Stopped::Refused(refuse_channel(denial, action)))
}

/// Asks whether an actor may act on a team that was loaded before.
pub(crate) fn permit_team(access: &TeamAccess, action: TeamAction) -> Result<Permit, Stopped> {
    permissions::on_team(access.facts, action).map_err(|denial| refuse_team(denial, action))
}

fn refuse_team(denial: Denial, action: TeamAction) -> Stopped {
    Stopped::Refused(match denial {
        Denial::Hidden => ServiceError::not_found("team"),
        Denial::NeedsRole(role) => needs_role(role),
        Denial::AskFirst => ServiceError::refused(
            ErrorCode::Forbidden,
            "this team takes people in who ask first; send it a join request",
        ),
        Denial::Forbidden | Denial::Archived | Denial::NotForThisKind | Denial::ReadOnly | Denial::TooLate { .. } => {
            ServiceError::refused(ErrorCode::Forbidden, team_sentence(action))
        }
    })
}

/// Says whose matter something is, as the team has settled.
fn needs_role(role: TeamRole) -> ServiceError {
    let who = match role {
        TeamRole::Owner => "owners",
        TeamRole::Admin => "admins and owners",
        TeamRole::Member | TeamRole::Guest => "members, admins and owners",
    };
    ServiceError::refused(ErrorCode::Forbidden, format!("in this team only {who} may do this, as its settings say"))
}

/// Says who could do it.
const fn team_sentence(action: TeamAction) -> &'static str {
    match action {
        TeamAction::View | TeamAction::ViewInside => "only members see inside this team; join it first",
        TeamAction::Join => "nobody joins this team by oneself; ask one of its admins to add or invite you",
        TeamAction::Invite(_) => "nobody invites for a role above the own one; only owners invite admins",
        TeamAction::KeepInvites => "only those who may invite people see invites",
        TeamAction::Leave => "you are not a member of this team",
        TeamAction::Transfer => "only an owner hands the team over; who administers the server makes owners instead",
        TeamAction::Ask => {
            "requests go to teams whose joining is `request`, from people who are not in them; join an open team at once"
        }
        TeamAction::Edit | TeamAction::ManageInvites | TeamAction::ManageBans | TeamAction::ManageRequests => {
            "only admins and owners of the team may do this"
        }
        TeamAction::Delete => "only owners of the team may delete it",
        TeamAction::Export => "only owners of the team may export it",
        TeamAction::ExportPrivate => "only who administers the server exports what is private in a team",
        TeamAction::Import => "only who administers the server imports into a team: an import makes accounts",
        TeamAction::Add(_) => "admins add members and guests; only owners add admins and owners",
        TeamAction::ChangeRole { .. } => {
            "admins change roles up to member; only owners make or change admins and owners"
        }
        TeamAction::Remove(_) => "admins remove members and guests; only owners remove admins and owners",
        TeamAction::CreatePublicChannel | TeamAction::CreatePrivateChannel => "guests may not make channels",
        TeamAction::KeepOwn => "only members of the team keep anything of their own in it; join it first",
        TeamAction::ReadAudit => "only admins and owners of the team read its audit log",
        TeamAction::ManageIntegrations => "only owners and admins of the team manage its bots, hooks and commands",
        TeamAction::ManageGroups => "only owners and admins of the team manage its groups",
        TeamAction::OpenDirect => "only members of the team may write to each other in it",
    }
}

fn refuse_channel(denial: Denial, action: ChannelAction) -> ServiceError {
    match denial {
        Denial::NeedsRole(role) if action == ChannelAction::MentionAll => all_needs_role(role),
        Denial::NeedsRole(role) => needs_role(role),
        Denial::TooLate { within_s: 0 } => {
            ServiceError::refused(ErrorCode::Forbidden, "messages are not edited in this team; send a new one")
        }
        Denial::TooLate { within_s } => {
            let sentence = format!("in this team messages may be edited for {within_s} seconds; send a new one");
            ServiceError::refused(ErrorCode::Forbidden, sentence)
        }
        Denial::Hidden => ServiceError::not_found("channel"),
        Denial::Archived => ServiceError::refused(
            ErrorCode::Archived,
            "the channel is archived; restore it before you change anything in it",
        ),
        Denial::NotForThisKind => ServiceError::refused(
            ErrorCode::Conflict,
            "direct and group channels cannot be joined, left, changed or archived",
        ),
        Denial::Forbidden | Denial::AskFirst => ServiceError::refused(ErrorCode::Forbidden, channel_sentence(action)),
        Denial::ReadOnly => ServiceError::refused(
            ErrorCode::Forbidden,
            "only admins post in this channel; you may read it, and react to what stands there",
        ),
    }
}

/// Says who names everybody, and what to write instead.
fn all_needs_role(role: TeamRole) -> ServiceError {
    let who = match role {
        TeamRole::Owner => "owners of the team",
        TeamRole::Admin => "admins and owners of the team",
        TeamRole::Member | TeamRole::Guest => "members of the team who are no guests",
    };
    let sentence = format!(
        "only {who}, and admins of the channel, use @channel, @all and @here in it; leave it out, or put it into backticks"
    );
    ServiceError::refused(ErrorCode::Forbidden, sentence)
}

/// Says who could do it.
const fn channel_sentence(action: ChannelAction) -> &'static str {
    match action {
        ChannelAction::Read
        | ChannelAction::Follow
        | ChannelAction::Post
        | ChannelAction::MentionAll
        | ChannelAction::React
        | ChannelAction::Pin
        | ChannelAction::SetTopic => "join the channel first",
        ChannelAction::Join => "you may not join this channel; ask one of its members to add you",
        ChannelAction::Leave => "you are not a member of this channel",
        ChannelAction::EditMessage { .. } => "only its author may edit a message",
        ChannelAction::Append { .. } => "only its author may append to a message",
        ChannelAction::DeleteMessage { .. } => {
            "only its author, the channel's admins and the team's admins may delete a message"
        }
        ChannelAction::AddMember => "only members of the channel may add people, and guests may not",
        ChannelAction::SetDefault => "only the team's admins choose the channels that newcomers come into",
        ChannelAction::SetRetention => "only the team's admins say how long messages are kept",
        ChannelAction::Edit
        | ChannelAction::Hide
        | ChannelAction::Archive
        | ChannelAction::Delete
        | ChannelAction::ManageMembers => "only the channel's admins and the team's admins may do this",
    }
}
