//! Operations on the team's stream: the team itself, and who is in it.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::join_requests::JoinRequestState;
use syncspace_protocol::limits::EDIT_WITHIN_S_MAX;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::teams::{Ban, EditTeam, MyTeam, Team, TeamMember, TeamMembership, TeamRole, TeamSettings};
use syncspace_protocol::{InviteId, MemberId, Rev, StreamId, TeamId, TeamName, UserId};

use super::audit::Line;
use super::bots::{refuse_bot, refuse_stray_bot};
use super::channel_changes::enter_defaults;
use super::fields::check_url_patch;
use super::group_changes::leave_groups;
use super::idempotency::Makes;
use super::invites::Backing;
use super::pictures::checksum_in;
use super::retention::check_days;
use super::teams::{last_owner, sees_public};
use super::{Actor, ServiceError, access, join_requests, parse};
use crate::log::{Abort, Audience, Effect, LogTx, Operation};
use crate::permissions::{self, Permit, TeamAction};
use crate::store::channel_members::Departure;
use crate::store::teams::MemberRow;
use crate::store::{IdBlocks, StoreError, bans, channel_members, files, invites, teams, users};

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
        refuse_bot(tx.db, self.actor.user_id, "a bot belongs to one team and makes no others").await?;
        refuse_taken_name(tx, &self.name, None).await?;
        let mut team = Team {
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            avatar_url: None,
            is_public: self.is_public,
            settings: TeamSettings::default(),
            created_by: self.actor.user_id,
            created_at: tx.now,
            updated_at: tx.now,
            rev: Rev::ZERO,
        };
        tx.create_stream(StreamId::Team(id), id, &permit).await?;
        let made = tx.next_rev(StreamId::Team(id), &permit)?;
        team.rev = made.rev;
        teams::insert(tx.db, &team).await?;
        tx.announce(made, EventBody::TeamUpdated { team: team.clone() })?;
        let row = new_member(tx, id, (member_id, TeamRole::Owner), &permit).await?;
        let joined = Effect::TeamJoined { user_id: self.actor.user_id, team_id: id };
        write_member(tx, (id, self.actor.user_id), &row, joined, &permit).await?;
        Line::by(&self.actor, AuditAction::TeamCreated).in_team(id).write(tx.db, tx.now).await?;
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
        let was_public = team.is_public;
        team.is_public = edit.is_public.unwrap_or(was_public);
        team.settings = edit.settings.apply(team.settings);
        check_settings(&team.settings).map_err(Abort::Refused)?;
        team.updated_at = tx.now;
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        team.rev = taken.rev;
        teams::update(tx.db, &team).await?;
        if !self.edit.avatar_url.is_keep() {
            let shown = team.avatar_url.as_deref().and_then(checksum_in);
            files::release_pictures(tx.db, &files::picture_of_team(self.team), shown, tx.now).await?;
        }
        let looks = if team.is_public == was_public {
            Vec::new()
        } else {
            join_requests::looks_of_askers(tx, self.team).await?
        };
        tx.announce_to(Audience::Everyone, taken, EventBody::TeamUpdated { team: team.clone() }, looks)?;
        let line = Line::by(&self.actor, AuditAction::TeamEdited).in_team(self.team).with_fields(&self.edit);
        line.with_patch("retention_days", &self.edit.settings.retention_days).write(tx.db, tx.now).await?;
        Ok(team)
    }
}

/// Checks what a team may settle.
fn check_settings(settings: &TeamSettings) -> Result<(), ServiceError> {
    for (field, role) in [
        ("settings.create_public_channels", settings.create_public_channels),
        ("settings.create_private_channels", settings.create_private_channels),
        ("settings.invite", settings.invite),
    ] {
        if role < TeamRole::Member {
            let sentence = format!("{field} is member, admin or owner: guests see only where they were put");
            return Err(ServiceError::invalid_field(field, sentence));
        }
    }
    if settings.edit_within_s.is_some_and(|within_s| within_s > EDIT_WITHIN_S_MAX) {
        let sentence = format!("messages may be edited for up to {EDIT_WITHIN_S_MAX} seconds, or for ever: null");
        return Err(ServiceError::invalid_field("settings.edit_within_s", sentence));
    }
    check_days("settings.retention_days", settings.retention_days)
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
        let mut effects = vec![Effect::TeamDeleted { team_id: self.team }];
        effects.extend(join_requests::looks_of_askers(tx, self.team).await?);
        tx.announce_to(Audience::Everyone, taken, deleted, effects)?;
        Ok(Line::by(&self.actor, AuditAction::TeamDeleted).in_team(self.team).write(tx.db, tx.now).await?)
    }
}

/// By which door a person comes into a team.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// Somebody who may adds the person, or gives one who is in it this role.
    Added(TeamRole),
    /// The person joins a public team.
    Joined,
    /// The person asked, and somebody who may takes it in.
    Requested,
    /// The person has an invite.
    Invited(InviteId, Backing),
}

/// Wait named to whoever asks for a person who came or went at this moment, in milliseconds.
pub(super) const MOVED_RETRY_MS: u64 = 100;

/// Puts a person into a team, or changes the role.
pub(super) struct PutMember {
    pub(super) actor: Actor,
    /// Names the person's own stream where the person was in the team before.
    pub(super) member: Option<MemberId>,
    pub(super) new_member: Option<MemberId>,
    pub(super) team: TeamId,
    pub(super) user: UserId,
    pub(super) entry: Entry,
}

impl Operation for PutMember {
    type Output = TeamMember;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        std::iter::once(StreamId::Team(self.team)).chain(self.member.map(StreamId::Member)).collect()
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
        if present.is_none() {
            refuse_stray_bot(tx.db, self.team, self.user).await?;
            self.refuse_entry(tx, before).await?;
        }
        // The last rule comes before the first row is written: it writes only where it says yes.
        if let Entry::Invited(invite, _) = self.entry
            && !invites::take_use(tx.db, invite, tx.now).await?
        {
            return Err(Abort::Refused(super::invites::over()));
        }
        let row = match before {
            Some(row) => MemberRow { role, joined_at: if row.is_present { row.joined_at } else { tx.now }, ..row },
            None => new_member(tx, self.team, (prepared(self.new_member)?, role), &permit).await?,
        };
        self.audit(present, &row).write(tx.db, tx.now).await?;
        if present.is_none() {
            return enter_team(tx, (self.team, self.user), &row, self.accepted_by(), &permit).await;
        }
        let changed = Effect::RoleChanged { user_id: self.user, team_id: self.team, role };
        write_member(tx, (self.team, self.user), &row, changed, &permit).await
    }
}

impl PutMember {
    /// Keeps out who is banned, by whichever door.
    async fn refuse_entry(&self, tx: &mut LogTx<'_>, before: Option<MemberRow>) -> Result<(), Refused> {
        // Came and left since the stream was looked up: its channels could not be told.
        if before.is_some_and(|row| tx.head(StreamId::Member(row.member_id)).is_none()) {
            return Err(Abort::Refused(ServiceError::Busy { retry_after_ms: MOVED_RETRY_MS }));
        }
        match self.entry {
            Entry::Added(_) | Entry::Requested => {
                if bans::find(tx.db, self.team, self.user).await?.is_none() {
                    return Ok(());
                }
                let sentence = "this person is banned from the team; lift the ban first";
                Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)))
            }
            Entry::Joined | Entry::Invited(..) => refuse_banned(tx, self.team, self.user).await,
        }
    }

    /// Tells of it in the audit log.
    fn audit(&self, before: Option<MemberRow>, row: &MemberRow) -> Line {
        let action = match self.entry {
            _ if before.is_some() => AuditAction::MemberRoleChanged,
            Entry::Added(_) | Entry::Requested => AuditAction::MemberAdded,
            Entry::Joined | Entry::Invited(..) => AuditAction::MemberJoined,
        };
        let invite = match self.entry {
            Entry::Invited(invite, _) => Some(invite),
            Entry::Added(_) | Entry::Requested | Entry::Joined => None,
        };
        let line = Line::by(&self.actor, action).in_team(self.team).to(self.user).with("role", row.role);
        line.with_some("former_role", before.map(|row| row.role)).with_some("invite_id", invite)
    }

    /// Names who let the person in, where somebody did.
    fn accepted_by(&self) -> Option<UserId> {
        match self.entry {
            Entry::Added(_) | Entry::Requested => Some(self.actor.user_id),
            Entry::Joined | Entry::Invited(..) => None,
        }
    }

    async fn check(&self, tx: &mut LogTx<'_>, present: Option<MemberRow>) -> Result<(Permit, TeamRole), Refused> {
        match self.entry {
            Entry::Invited(_, backing) => {
                if !backing.holds(tx.db, self.team).await? {
                    return Err(Abort::Refused(super::invites::over()));
                }
                Ok((permissions::invited(), backing.role))
            }
            Entry::Joined => {
                let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::Join).await?;
                Ok((permit, TeamRole::Member))
            }
            Entry::Requested => {
                let (_, found) = access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageRequests).await?;
                if join_requests::find_open(tx, self.team, self.user).await?.is_none() {
                    return Err(join_requests::none_open());
                }
                let permit = access::permit_team(&found, TeamAction::Add(TeamRole::Member))?;
                if users::find_active(tx.db, self.user).await?.is_none() {
                    return Err(Abort::Refused(ServiceError::not_found("user")));
                }
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
}

/// Makes the stream and the row of somebody who was never in a team.
pub(super) async fn new_member(
    tx: &mut LogTx<'_>,
    team: TeamId,
    (member_id, role): (MemberId, TeamRole),
    permit: &Permit,
) -> Result<MemberRow, Refused> {
    tx.create_stream(StreamId::Member(member_id), team, permit).await?;
    Ok(MemberRow { member_id, role, joined_at: tx.now, is_present: true })
}

/// Lets a person into a team, and into the channels that are meant for newcomers; what it asked of the team is answered by
/// that.
pub(super) async fn enter_team(
    tx: &mut LogTx<'_>,
    (team, user): (TeamId, UserId),
    row: &MemberRow,
    accepted_by: Option<UserId>,
    permit: &Permit,
) -> Result<TeamMember, Refused> {
    // A change of the profile comes before it, and is read here, or after it, and finds the team.
    users::lock_user(tx.db, user).await?;
    let joined = Effect::TeamJoined { user_id: user, team_id: team };
    let member = write_member(tx, (team, user), row, joined, permit).await?;
    join_requests::close(tx, (team, user), (JoinRequestState::Accepted, accepted_by), permit).await?;
    if sees_public(row.role) {
        enter_defaults(tx, team, user, row, permit).await?;
    }
    Ok(member)
}

/// Writes what a person is in a team, and tells the team.
pub(super) async fn write_member(
    tx: &mut LogTx<'_>,
    (team, user): (TeamId, UserId),
    row: &MemberRow,
    effect: Effect,
    permit: &Permit,
) -> Result<TeamMember, Refused> {
    let taken = tx.next_rev(StreamId::Team(team), permit)?;
    teams::put_member(tx.db, team, user, row, taken.rev).await?;
    let member = load_member(tx, team, user).await?;
    tx.announce_to(Audience::Everyone, taken, EventBody::TeamMemberUpdated { member: member.clone() }, vec![effect])?;
    Ok(member)
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
        let action = if is_self { AuditAction::MemberLeft } else { AuditAction::MemberRemoved };
        let line = Line::by(&self.actor, action).in_team(self.team).to(self.user).with("former_role", row.role);
        line.write(tx.db, tx.now).await?;
        take_out(tx, (self.team, self.user, row.member_id), &permit).await
    }
}

/// Ends a person's membership in a team, its groups and all its channels, each with its numbers, so that who was away learns of them
/// too.
pub(super) async fn take_out(
    tx: &mut LogTx<'_>,
    (team, user, member): (TeamId, UserId, MemberId),
    permit: &Permit,
) -> Result<(), Refused> {
    // The groups first: at no rev is somebody in a group who is not in the team.
    leave_groups(tx, team, user, permit).await?;
    let taken = tx.next_rev(StreamId::Team(team), permit)?;
    teams::remove_member(tx.db, team, user, tx.now, taken.rev).await?;
    let left = Effect::TeamLeft { user_id: user, team_id: team };
    tx.announce_to(Audience::Everyone, taken, EventBody::TeamMemberRemoved { user_id: user }, vec![left])?;
    let channels = channel_members::list_in_team(tx.db, team, user).await?;
    let mut departures = Vec::with_capacity(channels.len());
    for (channel_id, kind) in channels {
        let mine = tx.next_rev(StreamId::Member(member), permit)?;
        let shared = tx.next_rev(StreamId::Team(team), permit)?;
        departures.push(Departure { channel: channel_id, rev: shared.rev, my_rev: mine.rev });
        tx.announce(mine, EventBody::MyChannelLeft { channel_id })?;
        let audience = match kind {
            ChannelKind::Public => Audience::PublicChannel(channel_id),
            ChannelKind::Private | ChannelKind::Direct | ChannelKind::Group => Audience::PrivateChannel(channel_id),
        };
        let body = EventBody::ChannelMemberRemoved { channel_id, user_id: user };
        tx.announce_to(audience, shared, body, Vec::new())?;
    }
    Ok(channel_members::remove_all(tx.db, user, tx.now, &departures).await?)
}

/// Keeps a person out of a team, and takes out one who is in it.
pub(super) struct BanPerson {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) user: UserId,
    /// Names the person's own stream; none where the person was never in the team.
    pub(super) member: Option<MemberId>,
}

impl Operation for BanPerson {
    type Output = Ban;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        std::iter::once(StreamId::Team(self.team)).chain(self.member.map(StreamId::Member)).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Ban, Refused> {
        let (permit, found) = access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageBans).await?;
        let not_found = || Abort::Refused(ServiceError::not_found("user"));
        users::find_active(tx.db, self.user).await?.ok_or_else(not_found)?;
        if self.user == self.actor.user_id {
            let sentence = "you cannot ban yourself; leave the team instead";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let row = teams::find_member_row(tx.db, self.team, self.user).await?.filter(|row| row.is_present);
        if let Some(row) = row {
            access::permit_team(&found, TeamAction::Remove(row.role))?;
            if row.role == TeamRole::Owner {
                refuse_last_owner(tx, self.team).await?;
            }
            // Came in for the first time since the stream was looked up.
            if self.member != Some(row.member_id) {
                return Err(Abort::Refused(ServiceError::Busy { retry_after_ms: MOVED_RETRY_MS }));
            }
        }
        if let Some(ban) = bans::find(tx.db, self.team, self.user).await? {
            return Ok(ban);
        }
        bans::insert(tx.db, self.team, self.user, self.actor.user_id, tx.now).await?;
        let line = Line::by(&self.actor, AuditAction::MemberBanned).in_team(self.team).to(self.user);
        line.with_some("former_role", row.map(|row| row.role)).write(tx.db, tx.now).await?;
        let declined = (JoinRequestState::Declined, Some(self.actor.user_id));
        join_requests::close(tx, (self.team, self.user), declined, &permit).await?;
        if let Some(row) = row {
            take_out(tx, (self.team, self.user, row.member_id), &permit).await?;
        }
        bans::find(tx.db, self.team, self.user).await?.ok_or_else(not_found)
    }
}

/// Lets a person in again who was kept out.
pub(super) struct LiftBan {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) user: UserId,
}

impl Operation for LiftBan {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageBans).await?;
        if !bans::remove(tx.db, self.team, self.user).await? {
            return Err(Abort::Refused(ServiceError::not_found("ban")));
        }
        let line = Line::by(&self.actor, AuditAction::MemberBanLifted).in_team(self.team).to(self.user);
        Ok(line.write(tx.db, tx.now).await?)
    }
}

/// Hands the ownership of a team to another member; the owner so far becomes an admin.
pub(super) struct HandOver {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) to: UserId,
}

impl Operation for HandOver {
    type Output = TeamMember;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<TeamMember, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::Transfer).await?;
        if self.to == self.actor.user_id {
            let sentence = "you own this team; name somebody else who is in it";
            return Err(Abort::Refused(ServiceError::invalid_field("user_id", sentence)));
        }
        let is_active = users::find_active(tx.db, self.to).await?.is_some();
        let heir = teams::find_member(tx.db, self.team, self.to).await?.filter(|_| is_active);
        let heir = heir.ok_or_else(|| Abort::Refused(ServiceError::not_found("member of this team")))?;
        // The new owner first: at no rev is the team without one.
        if heir.role != TeamRole::Owner {
            self.set_role(tx, self.to, TeamRole::Owner, &permit).await?;
        }
        self.set_role(tx, self.actor.user_id, TeamRole::Admin, &permit).await?;
        let line = Line::by(&self.actor, AuditAction::TeamTransferred).in_team(self.team).to(self.to);
        line.write(tx.db, tx.now).await?;
        load_member(tx, self.team, self.to).await
    }
}

impl HandOver {
    async fn set_role(&self, tx: &mut LogTx<'_>, user: UserId, role: TeamRole, permit: &Permit) -> Result<(), Refused> {
        let row = teams::find_member_row(tx.db, self.team, user).await?;
        let row = row.ok_or_else(|| Abort::Refused(ServiceError::not_found("member")))?;
        let changed = Effect::RoleChanged { user_id: user, team_id: self.team, role };
        write_member(tx, (self.team, user), &MemberRow { role, ..row }, changed, permit).await.map(drop)
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

pub(super) async fn load_member(tx: &mut LogTx<'_>, team: TeamId, user: UserId) -> Result<TeamMember, Refused> {
    let found = teams::find_member(tx.db, team, user).await?;
    found.ok_or_else(|| Abort::Refused(ServiceError::not_found("member")))
}

/// Refuses whoever is kept out of a team, in words for that person.
pub(super) async fn refuse_banned(tx: &mut LogTx<'_>, team: TeamId, user: UserId) -> Result<(), Refused> {
    if bans::find(tx.db, team, user).await?.is_none() {
        return Ok(());
    }
    let sentence = "you are banned from this team; ask one of its admins to lift the ban";
    Err(Abort::Refused(ServiceError::refused(ErrorCode::Forbidden, sentence)))
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
