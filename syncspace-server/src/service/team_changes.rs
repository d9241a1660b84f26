//! Operations on the team's stream: the team itself, and who is in it.

use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::teams::{EditTeam, MyTeam, Team, TeamMember, TeamMembership, TeamRole};
use syncspace_protocol::{InviteId, MemberId, Rev, StreamId, TeamId, TeamName, UserId};

use super::fields::check_url_patch;
use super::idempotency::Makes;
use super::teams::{last_owner, sees_public};
use super::{Actor, ServiceError, access, parse};
use crate::log::{Abort, Audience, Effect, LogTx, Operation};
use crate::permissions::{self, Permit, TeamAction};
use crate::store::channel_members::Departure;
use crate::store::teams::MemberRow;
use crate::store::{IdBlocks, StoreError, channel_members, invites, teams, users};

pub(super) type Refused = Abort<ServiceError>;

/// Makes a team with its first owner.
pub(super) struct MakeTeam {
    pub(super) actor: Actor,
    pub(super) ids: Option<(TeamId, MemberId)>,
    pub(super) name: TeamName,
    pub(super) description: Option<String>,
    pub(super) is_public: bool,
}

impl Operation for MakeTeam {
    type Output = MyTeam;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        Vec::new()
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.ids = Some((ids.next().await?, ids.next().await?));
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<MyTeam, Refused> {
        let permit = permissions::everyone();
        let (id, member_id) = prepared(self.ids)?;
        refuse_taken_name(tx, &self.name, None).await?;
        let mut team = Team {
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            avatar_url: None,
            is_public: self.is_public,
            created_by: self.actor.user_id,
            created_at: tx.now,
            updated_at: tx.now,
            rev: Rev::ZERO,
        };
        tx.create_stream(StreamId::Team(id), id, &permit).await?;
        tx.create_stream(StreamId::Member(member_id), id, &permit).await?;
        let made = tx.next_rev(StreamId::Team(id), &permit)?;
        team.rev = made.rev;
        teams::insert(tx.db, &team).await?;
        let row = MemberRow { member_id, role: TeamRole::Owner, joined_at: tx.now, is_present: true };
        let entered = tx.next_rev(StreamId::Team(id), &permit)?;
        teams::put_member(tx.db, id, self.actor.user_id, &row, entered.rev).await?;
        let member = load_member(tx, id, self.actor.user_id).await?;
        tx.announce(made, EventBody::TeamUpdated { team: team.clone() })?;
        let joined = Effect::TeamJoined { user_id: self.actor.user_id, team_id: id };
        tx.announce_to(Audience::Everyone, entered, EventBody::TeamMemberUpdated { member }, vec![joined])?;
        let membership = TeamMembership { member_id, role: row.role, joined_at: row.joined_at };
        Ok(MyTeam { team, membership: Some(membership) })
    }
}

impl Makes for MakeTeam {
    fn made_id(team: &MyTeam) -> u64 {
        team.team.id.get()
    }
}

/// Changes what a team says of itself.
pub(super) struct ChangeTeam {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) edit: EditTeam,
}

impl Operation for ChangeTeam {
    type Output = Team;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Team, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::Edit).await?;
        let mut team = load_team(tx, self.team, self.actor.user_id).await?;
        let edit = self.edit.clone();
        if let Some(name) = edit.name {
            refuse_taken_name(tx, &name, Some(self.team)).await?;
            team.name = name;
        }
        team.description =
            parse::description(edit.description.apply(team.description).as_deref()).map_err(Abort::Refused)?;
        let avatar_url = check_url_patch("avatar_url", &edit.avatar_url).map_err(Abort::Refused)?;
        team.avatar_url = avatar_url.apply(team.avatar_url);
        team.is_public = edit.is_public.unwrap_or(team.is_public);
        team.updated_at = tx.now;
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        team.rev = taken.rev;
        teams::update(tx.db, &team).await?;
        tx.announce(taken, EventBody::TeamUpdated { team: team.clone() })?;
        Ok(team)
    }
}

/// Leaves a tombstone of a team.
pub(super) struct DeleteTeam {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
}

impl Operation for DeleteTeam {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::Delete).await?;
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        teams::delete(tx.db, self.team, tx.now, taken.rev).await?;
        let deleted = EventBody::TeamDeleted { team_id: self.team };
        tx.announce_to(Audience::Everyone, taken, deleted, vec![Effect::TeamDeleted { team_id: self.team }])?;
        Ok(())
    }
}

/// By which door a person comes into a team.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// Somebody who may adds the person, or gives one who is in it this role.
    Added(TeamRole),
    /// The person joins a public team.
    Joined,
    /// The person has an invite.
    Invited(InviteId, TeamRole),
    /// The person has an invite whose use was taken already.
    Admitted(TeamRole),
}

/// Puts a person into a team, or changes the role.
pub(super) struct PutMember {
    pub(super) actor: Actor,
    pub(super) new_member: Option<MemberId>,
    pub(super) team: TeamId,
    pub(super) user: UserId,
    pub(super) entry: Entry,
}

impl Operation for PutMember {
    type Output = TeamMember;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.new_member = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<TeamMember, Refused> {
        let before = teams::find_member_row(tx.db, self.team, self.user).await?;
        let present = before.filter(|row| row.is_present);
        let (permit, role) = self.check(tx, present).await?;
        if let Some(row) = present.filter(|row| row.role == role || !matches!(self.entry, Entry::Added(_))) {
            // Coming in twice changes nothing.
            debug_assert!(row.is_present, "only a present row gets here");
            return load_member(tx, self.team, self.user).await;
        }
        // The last rule comes before the first row is written: it writes only where it says yes.
        if let Entry::Invited(invite, _) = self.entry
            && !invites::take_use(tx.db, invite, tx.now).await?
        {
            return Err(Abort::Refused(super::invites::over()));
        }
        let row = match before {
            Some(row) => MemberRow { role, joined_at: if row.is_present { row.joined_at } else { tx.now }, ..row },
            None => self.new_row(tx, role, &permit).await?,
        };
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        teams::put_member(tx.db, self.team, self.user, &row, taken.rev).await?;
        let member = load_member(tx, self.team, self.user).await?;
        let (user_id, team_id) = (self.user, self.team);
        let effect = match present {
            Some(_) => Effect::RoleChanged { user_id, team_id, sees_public: sees_public(role) },
            None => Effect::TeamJoined { user_id, team_id },
        };
        let updated = EventBody::TeamMemberUpdated { member: member.clone() };
        tx.announce_to(Audience::Everyone, taken, updated, vec![effect])?;
        Ok(member)
    }
}

impl PutMember {
    async fn check(&self, tx: &mut LogTx<'_>, present: Option<MemberRow>) -> Result<(Permit, TeamRole), Refused> {
        match self.entry {
            Entry::Invited(_, role) | Entry::Admitted(role) => Ok((permissions::invited(), role)),
            Entry::Joined => {
                let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::Join).await?;
                Ok((permit, TeamRole::Member))
            }
            Entry::Added(role) => {
                let found = access::load_team(tx.db, &self.actor, self.team).await?;
                let action = match present {
                    Some(row) => TeamAction::ChangeRole { from: row.role, to: role },
                    None => TeamAction::Add(role),
                };
                let permit = access::permit_team(&found, action)?;
                if users::find_active(tx.db, self.user).await?.is_none() {
                    return Err(Abort::Refused(ServiceError::not_found("user")));
                }
                if present.is_some_and(|row| row.role == TeamRole::Owner) && role != TeamRole::Owner {
                    refuse_last_owner(tx, self.team).await?;
                }
                Ok((permit, role))
            }
        }
    }

    async fn new_row(&self, tx: &mut LogTx<'_>, role: TeamRole, permit: &Permit) -> Result<MemberRow, Refused> {
        let member_id = prepared(self.new_member)?;
        tx.create_stream(StreamId::Member(member_id), self.team, permit).await?;
        Ok(MemberRow { member_id, role, joined_at: tx.now, is_present: true })
    }
}

/// Takes a person out of a team and all its channels.
pub(super) struct LeaveTeam {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) user: UserId,
    /// Names the person's own stream; none where the person was never in the team.
    pub(super) member: Option<MemberId>,
}

impl Operation for LeaveTeam {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        std::iter::once(StreamId::Team(self.team)).chain(self.member.map(StreamId::Member)).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let found = access::load_team(tx.db, &self.actor, self.team).await?;
        let row = teams::find_member_row(tx.db, self.team, self.user).await?.filter(|row| row.is_present);
        let is_self = self.user == self.actor.user_id;
        let action = match row {
            Some(row) if !is_self => TeamAction::Remove(row.role),
            _ => TeamAction::Leave,
        };
        // Whoever came in for the first time since the stream was looked up was no member when this was asked.
        let row = row.filter(|row| self.member == Some(row.member_id));
        let Some(row) = row.filter(|_| is_self || found.facts.role.is_some() || self.actor.is_admin) else {
            return Err(Abort::Refused(ServiceError::not_found("member")));
        };
        let permit = access::permit_team(&found, action)?;
        if row.role == TeamRole::Owner {
            refuse_last_owner(tx, self.team).await?;
        }
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        teams::remove_member(tx.db, self.team, self.user, tx.now, taken.rev).await?;
        let left = Effect::TeamLeft { user_id: self.user, team_id: self.team };
        let removed = EventBody::TeamMemberRemoved { user_id: self.user };
        tx.announce_to(Audience::Everyone, taken, removed, vec![left])?;
        self.leave_channels(tx, row.member_id, &permit).await
    }
}

impl LeaveTeam {
    /// Ends every membership in the team's channels, each with its numbers, so that who was away learns of them too.
    async fn leave_channels(&self, tx: &mut LogTx<'_>, member: MemberId, permit: &Permit) -> Result<(), Refused> {
        let channels = channel_members::list_in_team(tx.db, self.team, self.user).await?;
        let mut departures = Vec::with_capacity(channels.len());
        for (channel_id, kind) in channels {
            let mine = tx.next_rev(StreamId::Member(member), permit)?;
            let shared = tx.next_rev(StreamId::Team(self.team), permit)?;
            departures.push(Departure { channel: channel_id, rev: shared.rev, my_rev: mine.rev });
            tx.announce(mine, EventBody::MyChannelLeft { channel_id })?;
            let audience = match kind {
                ChannelKind::Public => Audience::PublicChannel(channel_id),
                ChannelKind::Private | ChannelKind::Direct | ChannelKind::Group => Audience::PrivateChannel(channel_id),
            };
            let body = EventBody::ChannelMemberRemoved { channel_id, user_id: self.user };
            tx.announce_to(audience, shared, body, Vec::new())?;
        }
        Ok(channel_members::remove_all(tx.db, self.user, tx.now, &departures).await?)
    }
}

/// Stamps a person's memberships after the profile changed, in all its teams.
pub(super) struct AnnounceProfile {
    pub(super) user: UserId,
    pub(super) teams: Vec<TeamId>,
}

impl Operation for AnnounceProfile {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        self.teams.iter().map(|&team| StreamId::Team(team)).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let permit = permissions::everyone();
        for &team in &self.teams {
            if teams::find_member(tx.db, team, self.user).await?.is_some() {
                let taken = tx.next_rev(StreamId::Team(team), &permit)?;
                teams::touch_member(tx.db, team, self.user, taken.rev).await?;
                let member = load_member(tx, team, self.user).await?;
                tx.announce(taken, EventBody::TeamMemberUpdated { member })?;
            }
        }
        Ok(())
    }
}

/// Gives the ids that `prepare` took.
pub(super) fn prepared<T>(ids: Option<T>) -> Result<T, StoreError> {
    ids.ok_or_else(|| StoreError::Other { during: "take ids".into(), source: "the operation was not prepared".into() })
}

async fn load_team(tx: &mut LogTx<'_>, team: TeamId, user: UserId) -> Result<Team, Refused> {
    let found = teams::find(tx.db, team, user).await?;
    Ok(found.ok_or_else(|| Abort::Refused(ServiceError::not_found("team")))?.team)
}

async fn load_member(tx: &mut LogTx<'_>, team: TeamId, user: UserId) -> Result<TeamMember, Refused> {
    let found = teams::find_member(tx.db, team, user).await?;
    found.ok_or_else(|| Abort::Refused(ServiceError::not_found("member")))
}

async fn refuse_last_owner(tx: &mut LogTx<'_>, team: TeamId) -> Result<(), Refused> {
    if teams::count_owners(tx.db, team).await? > 1 { Ok(()) } else { Err(Abort::Refused(last_owner())) }
}

async fn refuse_taken_name(tx: &mut LogTx<'_>, name: &TeamName, own: Option<TeamId>) -> Result<(), Refused> {
    match teams::find_by_key(tx.db, &name.key()).await? {
        Some(id) if Some(id) != own => Err(Abort::Refused(name_taken("team", name.as_str()))),
        _ => Ok(()),
    }
}

/// Says that a name is taken.
pub(super) fn name_taken(what: &str, name: &str) -> ServiceError {
    let sentence = format!("there is already a {what} named {name}; choose another name");
    ServiceError::refused(ErrorCode::NameTaken, sentence)
}
