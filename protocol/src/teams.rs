//! Bodies of `/teams`: teams, their members, invites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, InviteId, MemberId, Patch, Rev, TeamId, TeamName, Time, UserId, users::Person};

/// A team, as everybody in it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name, unique on the server.
    pub name: TeamName,
    /// What it is for.
    pub description: Option<String>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// Whether anyone on the server may find it. How one who finds it comes in, `settings.joining` says.
    pub is_public: bool,
    /// Who may do what in it.
    pub settings: TeamSettings,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Its last change in the team's stream.
    pub rev: Rev,
}

/// Who may do what in a team, and how one comes into it. Where a role stands, it is the least one that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TeamSettings {
    /// Who makes public channels; at least a member.
    pub create_public_channels: TeamRole,
    /// Who makes private channels, and makes public ones private; at least a member.
    pub create_private_channels: TeamRole,
    /// Who makes invites, for roles up to the own one and below admin; at least a member. Owners invite admins too.
    pub invite: TeamRole,
    /// Who may use `@channel`, `@all` and `@here` in public and private channels. Whoever manages a channel may in it.
    pub mention_all: TeamRole,
    /// How long after it was sent an own message may be edited, in seconds; 0 for never, null for ever. What is appended
    /// to a message is no edit.
    pub edit_within_s: Option<u32>,
    /// How one who finds the team comes into it. Invites and those who manage members let people in whatever this says.
    pub joining: Joining,
    /// How long messages are kept in channels that do not say it themselves, in days; 0 for ever, null as long as the server
    /// says.
    pub retention_days: Option<u32>,
}

/// What holds in a new team.
impl Default for TeamSettings {
    fn default() -> Self {
        Self {
            create_public_channels: TeamRole::Member,
            create_private_channels: TeamRole::Member,
            invite: TeamRole::Admin,
            mention_all: TeamRole::Guest,
            edit_within_s: None,
            joining: Joining::Open,
            retention_days: None,
        }
    }
}

/// How one who finds a team comes into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Joining {
    /// By oneself.
    Open,
    /// By asking those who manage its members.
    Request,
    /// Only by an invite, or by being added.
    Invite,
}

/// What a person may do in a team. Ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Sees only the channels it was added to.
    Guest,
    /// Sees and joins public channels, makes channels.
    Member,
    /// Manages members and channels.
    Admin,
    /// Manages everything, also the team itself. A team has at least one.
    Owner,
}

/// A team, and what the asking person is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyTeam {
    /// The team.
    #[serde(flatten)]
    pub team: Team,
    /// Null where the asking person only may see the team.
    pub membership: Option<TeamMembership>,
}

/// What a person is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamMembership {
    /// Names the person's own stream in this team (`m7`).
    pub member_id: MemberId,
    /// What the person may do.
    pub role: TeamRole,
    /// Since when.
    pub joined_at: Time,
}

/// One person in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamMember {
    /// The team.
    pub team_id: TeamId,
    /// The person.
    pub user: Person,
    /// What the person may do.
    pub role: TeamRole,
    /// Since when.
    pub joined_at: Time,
    /// Last change of this membership in the team's stream.
    pub rev: Rev,
}

/// Body of `POST /teams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateTeam {
    /// Its name.
    pub name: TeamName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether anyone on the server may find it, and join it until `settings.joining` says otherwise.
    #[serde(default)]
    pub is_public: bool,
}

/// Body of `PATCH /teams/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditTeam {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TeamName>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub avatar_url: Patch<String>,
    /// Whether anyone on the server may find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_public: Option<bool>,
    /// Who may do what in it; settings that are absent stay as they are.
    #[serde(default, skip_serializing_if = "EditTeamSettings::is_empty")]
    pub settings: EditTeamSettings,
}

/// What an edit says of the settings of a team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditTeamSettings {
    /// Who makes public channels; at least a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_public_channels: Option<TeamRole>,
    /// Who makes private channels, and makes public ones private; at least a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_private_channels: Option<TeamRole>,
    /// Who makes invites; at least a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<TeamRole>,
    /// Who may use `@channel`, `@all` and `@here`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention_all: Option<TeamRole>,
    /// How long own messages may be edited, in seconds up to a year; 0 for never, null for ever.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub edit_within_s: Patch<u32>,
    /// How one who finds the team comes into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joining: Option<Joining>,
    /// How long messages are kept, in days up to 36,500; 0 for ever, null as long as the server says.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub retention_days: Patch<u32>,
}

/// Settles everything as it is settled elsewhere.
impl From<TeamSettings> for EditTeamSettings {
    fn from(settings: TeamSettings) -> Self {
        Self {
            create_public_channels: Some(settings.create_public_channels),
            create_private_channels: Some(settings.create_private_channels),
            invite: Some(settings.invite),
            mention_all: Some(settings.mention_all),
            edit_within_s: settings.edit_within_s.map_or(Patch::Clear, Patch::Set),
            joining: Some(settings.joining),
            retention_days: settings.retention_days.map_or(Patch::Clear, Patch::Set),
        }
    }
}

impl EditTeamSettings {
    /// Tells whether every setting stays as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives the settings after the edit, from those before.
    #[must_use]
    pub fn apply(&self, before: TeamSettings) -> TeamSettings {
        TeamSettings {
            create_public_channels: self.create_public_channels.unwrap_or(before.create_public_channels),
            create_private_channels: self.create_private_channels.unwrap_or(before.create_private_channels),
            invite: self.invite.unwrap_or(before.invite),
            mention_all: self.mention_all.unwrap_or(before.mention_all),
            edit_within_s: self.edit_within_s.clone().apply(before.edit_within_s),
            joining: self.joining.unwrap_or(before.joining),
            retention_days: self.retention_days.clone().apply(before.retention_days),
        }
    }
}

/// Body of `PUT /teams/{id}/members/{user_id}`: adds the person, or changes the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PutTeamMember {
    /// What the person may do.
    pub role: TeamRole,
}

/// Body of `POST /teams/{id}/transfer`: the asking owner becomes an admin, the other person an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferTeam {
    /// Who owns the team from now on; a member of it.
    pub user_id: UserId,
}

/// Somebody who is kept out of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ban {
    /// The team.
    pub team_id: TeamId,
    /// The person.
    pub user: Person,
    /// Who decided it.
    pub banned_by: UserId,
    /// Since when.
    pub created_at: Time,
}

/// Body of `POST /teams/{id}/invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateInvite {
    /// Role of whoever uses it: guest, member or admin, and not above the maker's.
    #[serde(default = "default_invite_role")]
    pub role: TeamRole,
    /// How many people it admits, 1 to 10,000.
    #[serde(default = "default_invite_uses")]
    pub uses_max: u32,
    /// Its life in seconds, up to 30 days.
    #[serde(default = "default_invite_life_s")]
    pub expires_in_s: u32,
    /// Only an account with this e-mail address may use it; such an invite admits one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Sends the code to `email`, and to nobody else: it is in no answer, so that whoever uses it has shown that the address
    /// is its own. Refused where the server sends no mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub send_mail: bool,
}

const fn default_invite_role() -> TeamRole {
    TeamRole::Member
}

const fn default_invite_uses() -> u32 {
    1
}

const fn default_invite_life_s() -> u32 {
    7 * 24 * 3600
}

impl Default for CreateInvite {
    fn default() -> Self {
        Self {
            role: default_invite_role(),
            uses_max: default_invite_uses(),
            expires_in_s: default_invite_life_s(),
            email: None,
            send_mail: false,
        }
    }
}

/// How far the mail of an invite has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It is sent soon, or tried again.
    Waiting,
    /// The mail server has taken it.
    Sent,
    /// It was given up; `mail_error` says why.
    Failed,
    /// A state of a newer server.
    #[serde(other)]
    Unknown,
}

/// An invite to a team. Its code is shown to its maker alone, in the answer to the request that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// The team it admits to.
    pub team_id: TeamId,
    /// What to give to `POST /invites/{code}` or to registration; only in the answer that makes the invite,
    /// and in those to the same request with the same idempotency key. Never of an invite that is mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Role of whoever uses it.
    pub role: TeamRole,
    /// How many people it admits.
    pub uses_max: u32,
    /// How many it has admitted.
    pub uses: u32,
    /// Only an account with this e-mail address may use it; null for anybody's.
    pub email: Option<Email>,
    /// How far its mail has come; absent where none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailState>,
    /// Why its mail was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_error: Option<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
}
