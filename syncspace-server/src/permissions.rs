//! Who may do what: one pure table, asked by REST, WebSocket, jobs and hooks alike.
//!
//! Owns [`Permit`], which only this file makes: a function that takes one cannot run unchecked. Knows no store; callers bring
//! the facts. What one may not see does not exist ([`Denial::Hidden`]).

use syncspace_protocol::channels::{ChannelKind, ChannelRole};
use syncspace_protocol::teams::TeamRole;

/// Proof that the table allowed an action on the facts it was shown.
#[derive(Debug)]
pub struct Permit(());

/// Why an action is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The thing may not even be seen: answer as if it did not exist.
    Hidden,
    /// The thing may be seen, the role does not allow this.
    Forbidden,
    /// The role would allow it, but the channel takes no changes while it is archived.
    Archived,
    /// The kind of channel does not know this action: nobody joins, leaves or renames a direct channel.
    NotForThisKind,
}

/// What a person is to a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamFacts {
    /// Whether the person administers the server.
    pub is_server_admin: bool,
    /// Whether anyone may find and join the team.
    pub is_public: bool,
    /// The person's role in the team, if any.
    pub role: Option<TeamRole>,
}

/// What a person is to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelFacts {
    /// What the person is to its team.
    pub team: TeamFacts,
    /// Who finds and joins it.
    pub kind: ChannelKind,
    /// Whether it takes no changes.
    pub is_archived: bool,
    /// The person's role in the channel, if any.
    pub role: Option<ChannelRole>,
}

/// What can be done to a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamAction {
    /// See that it exists.
    View,
    /// See its members and public channels.
    ViewInside,
    /// Become a member without being added.
    Join,
    /// Change name, description, picture, visibility.
    Edit,
    /// Delete it.
    Delete,
    /// Add a person, or admit one by an invite, with this role.
    Add(TeamRole),
    /// Change somebody's role.
    ChangeRole {
        /// The role so far.
        from: TeamRole,
        /// The role to be.
        to: TeamRole,
    },
    /// Remove somebody of this role.
    Remove(TeamRole),
    /// Stop being a member.
    Leave,
    /// See and revoke invites.
    ManageInvites,
    /// Make a public or private channel.
    CreateChannel,
    /// Open a direct or group channel.
    OpenDirect,
}

/// What can be done to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelAction {
    /// See it, its members and its messages.
    Read,
    /// Follow its stream, be counted as a reader.
    Follow,
    /// Become a member without being added.
    Join,
    /// Stop being a member.
    Leave,
    /// Send a message, say that one is typing.
    Post,
    /// Change the text of a message.
    EditMessage {
        /// Whether the person wrote it.
        is_own: bool,
    },
    /// Delete a message.
    DeleteMessage {
        /// Whether the person wrote it.
        is_own: bool,
    },
    /// Change name or description.
    Edit,
    /// Archive or restore it.
    Archive,
    /// Delete it.
    Delete,
    /// Add somebody from the team.
    AddMember,
    /// Remove somebody, or change the role in the channel.
    ManageMembers,
}

impl TeamFacts {
    /// Gives the role by which the team-level rows are decided: a server administrator counts as an owner.
    fn effective_role(self) -> Option<TeamRole> {
        if self.is_server_admin { Some(TeamRole::Owner) } else { self.role }
    }

    /// Tells whether the person finds public channels without being in them.
    #[must_use]
    pub fn sees_public_channels(self) -> bool {
        self.effective_role() >= Some(TeamRole::Member)
    }
}

/// Permits what every logged-in person may do: make a team, keep a profile.
#[must_use]
pub const fn everyone() -> Permit {
    Permit(())
}

/// Permits to come into a team to whoever holds an invite that is checked in the same transaction.
#[must_use]
pub const fn invited() -> Permit {
    Permit(())
}

/// Decides an action on a team.
pub fn on_team(facts: TeamFacts, action: TeamAction) -> Result<Permit, Denial> {
    use TeamRole::{Admin, Guest, Member, Owner};
    let role = facts.effective_role();
    if role.is_none() && !facts.is_public {
        return Err(Denial::Hidden);
    }
    let allowed = match action {
        TeamAction::View => true,
        TeamAction::ViewInside | TeamAction::OpenDirect => role >= Some(Guest),
        TeamAction::Join => facts.is_public || facts.is_server_admin,
        TeamAction::Leave => facts.role.is_some(),
        TeamAction::Edit | TeamAction::ManageInvites => role >= Some(Admin),
        TeamAction::Delete => role >= Some(Owner),
        // Nobody hands out more than they have; only owners make admins' equals.
        TeamAction::Add(to) => role >= Some(Admin) && role >= Some(to),
        TeamAction::ChangeRole { from, to } => {
            role == Some(Owner) || (role == Some(Admin) && from < Admin && to < Admin)
        }
        TeamAction::Remove(whose) => role == Some(Owner) || (role == Some(Admin) && whose < Admin),
        TeamAction::CreateChannel => role >= Some(Member),
    };
    if allowed { Ok(Permit(())) } else { Err(Denial::Forbidden) }
}

/// Decides an action on a channel.
pub fn on_channel(facts: ChannelFacts, action: ChannelAction) -> Result<Permit, Denial> {
    let is_member = facts.role.is_some() && facts.team.role.is_some();
    let is_public = facts.kind == ChannelKind::Public;
    let may_find = is_public && facts.team.sees_public_channels();
    if !is_member && !may_find {
        return Err(Denial::Hidden);
    }
    let has_name = matches!(facts.kind, ChannelKind::Public | ChannelKind::Private);
    if !has_name && !for_every_kind(action) {
        return Err(Denial::NotForThisKind);
    }
    let is_guest = facts.team.role == Some(TeamRole::Guest);
    let manages =
        facts.team.effective_role() >= Some(TeamRole::Admin) || (is_member && facts.role == Some(ChannelRole::Admin));
    let allowed = match action {
        ChannelAction::Read => true,
        ChannelAction::Join => is_public && facts.team.role >= Some(TeamRole::Member),
        ChannelAction::Follow | ChannelAction::Leave | ChannelAction::Post => is_member,
        ChannelAction::EditMessage { is_own } => is_member && is_own,
        ChannelAction::DeleteMessage { is_own } => (is_member && is_own) || (has_name && manages),
        ChannelAction::AddMember => (is_member && !is_guest) || manages,
        ChannelAction::Edit | ChannelAction::Archive | ChannelAction::Delete | ChannelAction::ManageMembers => manages,
    };
    if !allowed {
        return Err(Denial::Forbidden);
    }
    if facts.is_archived && changes_an_archived_channel(action) {
        return Err(Denial::Archived);
    }
    Ok(Permit(()))
}

/// Tells whether direct and group channels know the action too.
fn for_every_kind(action: ChannelAction) -> bool {
    match action {
        ChannelAction::Read
        | ChannelAction::Follow
        | ChannelAction::Post
        | ChannelAction::EditMessage { .. }
        | ChannelAction::DeleteMessage { .. } => true,
        ChannelAction::Join
        | ChannelAction::Leave
        | ChannelAction::Edit
        | ChannelAction::Archive
        | ChannelAction::Delete
        | ChannelAction::AddMember
        | ChannelAction::ManageMembers => false,
    }
}

/// Tells whether the action changes what an archive is to keep.
fn changes_an_archived_channel(action: ChannelAction) -> bool {
    match action {
        ChannelAction::Join
        | ChannelAction::Post
        | ChannelAction::EditMessage { .. }
        | ChannelAction::DeleteMessage { .. }
        | ChannelAction::Edit
        | ChannelAction::AddMember => true,
        ChannelAction::Read
        | ChannelAction::Follow
        | ChannelAction::Leave
        | ChannelAction::Archive
        | ChannelAction::Delete
        | ChannelAction::ManageMembers => false,
    }
}
