//! Bodies of the audit log: what was done to the server, its accounts and its teams, by whom and when.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AuditId, ChannelId, SessionId, TeamId, Time, UserId};

/// A word that is not an action of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no action of the audit log")]
pub struct AuditActionError;

/// Makes the enum, its names on the wire, and the list of all.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What was done. The word before the dot says to what.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
            /// An action of a newer server.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl AuditAction {
            /// Every action that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Gives its name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown => "unknown",
                }
            }
        }
    };
}

actions! {
    /// Somebody made an account for itself.
    AccountRegistered = "account.registered",
    /// Somebody logged in on a device.
    AccountLoggedIn = "account.logged_in",
    /// Somebody gave a wrong username or a wrong password.
    AccountLoginFailed = "account.login_failed",
    /// A person changed its password; its other sessions ended.
    AccountPasswordChanged = "account.password_changed",
    /// A password was set by a one-time link; all sessions ended.
    AccountPasswordReset = "account.password_reset",
    /// A code for a new password was mailed to an account's address, because somebody asked for it.
    AccountResetMailed = "account.reset_mailed",
    /// A person showed that it reads mail to its address.
    AccountEmailVerified = "account.email_verified",
    /// A session was ended by its person.
    SessionEnded = "session.ended",
    /// An old refresh token was used: two hold tokens of one session, which was ended.
    SessionStolen = "session.stolen",
    /// An administrator made an account.
    UserCreated = "user.created",
    /// An administrator changed an account's profile.
    UserEdited = "user.edited",
    /// An administrator switched an account off.
    UserDeactivated = "user.deactivated",
    /// An administrator switched an account on again.
    UserReactivated = "user.reactivated",
    /// An account was made an administrator of the server.
    UserAdminGranted = "user.admin_granted",
    /// An account is no administrator of the server any more.
    UserAdminRevoked = "user.admin_revoked",
    /// An administrator made a link by which a person sets a new password.
    UserResetLinkMade = "user.reset_link_made",
    /// An administrator handed an imported account to its person.
    UserHandedOver = "user.handed_over",
    /// One person's data was exported.
    UserExported = "user.exported",
    /// One person's data was erased.
    UserErased = "user.erased",
    /// The server's settings were changed.
    ServerSettingsEdited = "server.settings_edited",
    /// A team was made.
    TeamCreated = "team.created",
    /// A team's name, description, picture, visibility or settings were changed.
    TeamEdited = "team.edited",
    /// A team was deleted.
    TeamDeleted = "team.deleted",
    /// A team was handed to another owner.
    TeamTransferred = "team.transferred",
    /// A team was exported.
    TeamExported = "team.exported",
    /// Something was imported into a team.
    TeamImported = "team.imported",
    /// Somebody was put into a team.
    MemberAdded = "member.added",
    /// Somebody came into a team by itself, or by an invite.
    MemberJoined = "member.joined",
    /// Somebody has another role in a team.
    MemberRoleChanged = "member.role_changed",
    /// Somebody was put out of a team.
    MemberRemoved = "member.removed",
    /// Somebody left a team.
    MemberLeft = "member.left",
    /// Somebody is kept out of a team.
    MemberBanned = "member.banned",
    /// Somebody is no longer kept out of a team.
    MemberBanLifted = "member.ban_lifted",
    /// Somebody who asked to be taken in was declined.
    MemberDeclined = "member.declined",
    /// An invite was made.
    InviteCreated = "invite.created",
    /// An invite was revoked.
    InviteRevoked = "invite.revoked",
    /// A mail was given up: its recipient was refused for good, or its time was over.
    MailFailed = "mail.failed",
    /// A user group was made.
    GroupCreated = "group.created",
    /// A user group has another name or other people.
    GroupEdited = "group.edited",
    /// A user group was deleted.
    GroupDeleted = "group.deleted",
    /// A public or private channel was made.
    ChannelCreated = "channel.created",
    /// A channel's name, description, topic or rules were changed.
    ChannelEdited = "channel.edited",
    /// A channel was deleted.
    ChannelDeleted = "channel.deleted",
    /// Somebody was put into a channel by somebody else.
    ChannelMemberAdded = "channel.member_added",
    /// Somebody has another role in a channel.
    ChannelMemberRoleChanged = "channel.member_role_changed",
    /// Somebody was put out of a channel.
    ChannelMemberRemoved = "channel.member_removed",
    /// Somebody deleted a message of somebody else.
    MessageDeleted = "message.deleted",
    /// A personal access token was made.
    TokenCreated = "token.created",
    /// A personal access token was revoked.
    TokenRevoked = "token.revoked",
    /// A bot was made.
    BotCreated = "bot.created",
    /// A bot was changed.
    BotEdited = "bot.edited",
    /// A bot was switched off.
    BotDeactivated = "bot.deactivated",
    /// A webhook was made.
    HookCreated = "hook.created",
    /// A webhook was changed.
    HookEdited = "hook.edited",
    /// A webhook was deleted.
    HookDeleted = "hook.deleted",
    /// A slash command was made.
    CommandCreated = "command.created",
    /// A slash command was changed.
    CommandEdited = "command.edited",
    /// A slash command was deleted.
    CommandDeleted = "command.deleted",
    /// Messages went because they were kept long enough.
    RetentionApplied = "retention.applied",
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuditAction {
    type Err = AuditActionError;

    fn from_str(text: &str) -> Result<Self, AuditActionError> {
        Self::ALL.iter().copied().find(|action| action.as_str() == text).ok_or(AuditActionError)
    }
}

/// One line of the audit log. It never holds what people wrote, nor secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When it was done.
    pub at: Time,
    /// What was done.
    pub action: AuditAction,
    /// Who did it; null for the server itself and its command line.
    pub actor_id: Option<UserId>,
    /// That person's username today.
    pub actor_name: Option<String>,
    /// The device it was done from.
    pub session_id: Option<SessionId>,
    /// The network address it was done from, where somebody logged in, or tried to.
    pub address: Option<String>,
    /// The team it was done in, or to.
    pub team_id: Option<TeamId>,
    /// That team's name today.
    pub team_name: Option<String>,
    /// The channel it was done in, or to.
    pub channel_id: Option<ChannelId>,
    /// That channel's name today; null unless everybody in the team finds the channel, or the asking person is in it.
    pub channel_name: Option<String>,
    /// The person it was done to.
    pub user_id: Option<UserId>,
    /// That person's username today.
    pub user_name: Option<String>,
    /// What else there is to say, by the action.
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// Query of `GET /admin/audit` and `GET /teams/{id}/audit`: the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditQuery {
    /// `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items wanted, 1 to 200; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only what was done so: an action like `member.removed`, or all of one kind, like `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only what this person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// Only what was done to this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Only what was done then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Only what was done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}
