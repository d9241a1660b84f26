//! Who may do what: one pure table, asked by REST, WebSocket, jobs and hooks alike.
//!
//! Owns [`Permit`], which only this file makes: a function that takes one cannot run unchecked. Knows no store; callers bring
//! the facts. What one may not see does not exist ([`Denial::Hidden`]).

use syncspace_protocol::channels::{ChannelKind, ChannelRole, Posting};
use syncspace_protocol::teams::{Joining, TeamRole, TeamSettings};

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
    /// Only those who manage the channel post in it.
    ReadOnly,
    /// The team takes people in who ask first.
    AskFirst,
    /// The message is older than the team lets messages be edited.
    TooLate {
        /// How long they may be edited, in seconds.
        within_s: u32,
    },
    /// The team has this done by people of this role or a higher one.
    NeedsRole(TeamRole),
}

/// What a person is to a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamFacts {
    /// Whether the person administers the server.
    pub is_server_admin: bool,
    /// Whether anyone may find the team.
    pub is_public: bool,
    /// What the team has settled.
    pub settings: TeamSettings,
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
    /// Who posts in it.
    pub posting: Posting,
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
    /// Ask to be taken in, where the team wants to be asked.
    Ask,
    /// See who asks, take them in or decline.
    ManageRequests,
    /// Change name, description, picture, visibility, settings.
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
    /// Hand the ownership to another member.
    Transfer,
    /// Keep people out who are not in it, let them in again, see who they are.
    ManageBans,
    /// Take everything that is public in it out, as lines of an archive.
    Export,
    /// Take out what is private too: private, direct and group channels, e-mail addresses.
    ExportPrivate,
    /// Fill it from an archive, which makes accounts and writes in their names.
    Import,
    /// Make an invite for this role.
    Invite(TeamRole),
    /// See and revoke the invites that one made.
    KeepInvites,
    /// See and revoke everybody's invites.
    ManageInvites,
    /// Make, rename and delete user groups, say who is in them. Whoever is inside sees them.
    ManageGroups,
    /// Read what was done in it.
    ReadAudit,
    /// Make and change bots, hooks and commands, and make tokens for bots. Whoever is inside sees the bots and commands.
    ManageIntegrations,
    /// Make a public channel.
    CreatePublicChannel,
    /// Make a private channel.
    CreatePrivateChannel,
    /// Open a direct or group channel.
    OpenDirect,
    /// Keep what is for oneself alone: mutes, an order of channels, followed threads, saved messages, drafts, messages to be
    /// sent later.
    KeepOwn,
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
        /// How long ago it was sent, in seconds.
        age_s: u64,
    },
    /// Let a message grow.
    Append {
        /// Whether the person wrote it.
        is_own: bool,
    },
    /// Delete a message.
    DeleteMessage {
        /// Whether the person wrote it.
        is_own: bool,
    },
    /// Name everybody in the channel, or everybody who is online, in what one writes there.
    MentionAll,
    /// React to a message, take a reaction back.
    React,
    /// Pin a message, take one off the pins.
    Pin,
    /// Change its topic.
    SetTopic,
    /// Change name, description or posting policy.
    Edit,
    /// Make a public channel private.
    Hide,
    /// Let newcomers of the team come into it by themselves, or no longer.
    SetDefault,
    /// Say how long its messages are kept.
    SetRetention,
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

/// Permits to let messages go that are older than is settled, to whoever checks that in the same transaction.
#[must_use]
pub const fn kept_long_enough() -> Permit {
    Permit(())
}

/// Permits to tell people in their own streams of what calls them by a keyword, to whoever checks in the same transaction that
/// they are in the channel.
#[must_use]
pub const fn called() -> Permit {
    Permit(())
}

/// Permits what the end of a person's data takes out of streams, to whoever checks in the same transaction that the person's
/// account is erased, or erases it.
#[must_use]
pub const fn erased() -> Permit {
    Permit(())
}

/// Decides an action on a team.
pub fn on_team(facts: TeamFacts, action: TeamAction) -> Result<Permit, Denial> {
    use TeamRole::{Admin, Guest, Member, Owner};
    let role = facts.effective_role();
    if role.is_none() && !facts.is_public {
        return Err(Denial::Hidden);
    }
    let settings = facts.settings;
    let allowed = match action {
        TeamAction::View => true,
        TeamAction::ViewInside | TeamAction::OpenDirect => role >= Some(Guest),
        TeamAction::Join if facts.is_server_admin => true,
        TeamAction::Join if facts.is_public && settings.joining == Joining::Request => return Err(Denial::AskFirst),
        TeamAction::Join => facts.is_public && settings.joining == Joining::Open,
        TeamAction::Ask => facts.role.is_none() && facts.is_public && settings.joining == Joining::Request,
        // Also of a server administrator: only members have a stream of their own.
        TeamAction::Leave | TeamAction::KeepOwn => facts.role.is_some(),
        TeamAction::Edit
        | TeamAction::ManageInvites
        | TeamAction::ManageBans
        | TeamAction::ManageGroups
        | TeamAction::ManageIntegrations
        | TeamAction::ManageRequests
        | TeamAction::ReadAudit => role >= Some(Admin),
        // One's own to give: who administers the server makes owners by their roles.
        TeamAction::Transfer => facts.role == Some(Owner),
        TeamAction::Delete | TeamAction::Export => role >= Some(Owner),
        TeamAction::ExportPrivate | TeamAction::Import => facts.is_server_admin,
        // Only owners make admins and owners: else whoever may not promote could remove and add again.
        TeamAction::Add(to) => role == Some(Owner) || (role == Some(Admin) && to < Admin),
        TeamAction::ChangeRole { from, to } => {
            role == Some(Owner) || (role == Some(Admin) && from < Admin && to < Admin)
        }
        TeamAction::Remove(whose) => role == Some(Owner) || (role == Some(Admin) && whose < Admin),
        // Nobody lets others in above what it is itself.
        TeamAction::Invite(to) => {
            at_least(role, settings.invite)?;
            role == Some(Owner) || (role >= Some(settings.invite) && to < Admin && role >= Some(to))
        }
        TeamAction::KeepInvites => role >= Some(settings.invite.min(Admin)),
        TeamAction::CreatePublicChannel => {
            at_least(role, settings.create_public_channels)?;
            role >= Some(Member)
        }
        TeamAction::CreatePrivateChannel => {
            at_least(role, settings.create_private_channels)?;
            role >= Some(Member)
        }
    };
    if allowed { Ok(Permit(())) } else { Err(Denial::Forbidden) }
}

/// Refuses whose role is below what the team asks for; strangers and guests are refused like everywhere.
fn at_least(role: Option<TeamRole>, needed: TeamRole) -> Result<(), Denial> {
    if role >= Some(TeamRole::Member) && role < Some(needed) { Err(Denial::NeedsRole(needed)) } else { Ok(()) }
}

/// Decides an action on a channel.
pub fn on_channel(facts: ChannelFacts, action: ChannelAction) -> Result<Permit, Denial> {
    // Whoever may write in the channel may also say what is kept at hand in it.
    if action == ChannelAction::Pin {
        return on_channel(facts, ChannelAction::Post);
    }
    // A message grows where its author may still write.
    if let ChannelAction::Append { is_own } = action {
        on_channel(facts, ChannelAction::Post)?;
        // It adds, and leaves what was read as it is: the team's time for edits does not end it.
        let settings = TeamSettings { edit_within_s: None, ..facts.team.settings };
        let facts = ChannelFacts { team: TeamFacts { settings, ..facts.team }, ..facts };
        return on_channel(facts, ChannelAction::EditMessage { is_own, age_s: 0 });
    }
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
    let manages_team = facts.team.effective_role() >= Some(TeamRole::Admin);
    let manages = manages_team || (is_member && facts.role == Some(ChannelRole::Admin));
    let posts = manages || facts.posting == Posting::Everyone;
    let allowed = match action {
        ChannelAction::Read => true,
        ChannelAction::Join => is_public && facts.team.role >= Some(TeamRole::Member),
        ChannelAction::Follow
        | ChannelAction::Leave
        | ChannelAction::Post
        | ChannelAction::React
        | ChannelAction::Pin => is_member,
        ChannelAction::EditMessage { is_own, .. } | ChannelAction::Append { is_own } => is_member && is_own,
        ChannelAction::MentionAll => {
            if is_member && has_name && !manages {
                at_least_in_channel(facts.team.role, facts.team.settings.mention_all)?;
            }
            is_member
        }
        ChannelAction::DeleteMessage { is_own } => (is_member && is_own) || (has_name && manages),
        ChannelAction::AddMember => (is_member && !is_guest) || manages,
        ChannelAction::SetTopic => is_member || manages,
        ChannelAction::Edit | ChannelAction::Archive | ChannelAction::Delete | ChannelAction::ManageMembers => manages,
        // What comes of it is a private channel, whoever made the public one. A guest who manages it counts as a member.
        ChannelAction::Hide if manages => {
            let role = facts.team.effective_role().max(Some(TeamRole::Member));
            at_least_in_channel(role, facts.team.settings.create_private_channels)?;
            true
        }
        ChannelAction::Hide => false,
        ChannelAction::SetDefault | ChannelAction::SetRetention => manages_team,
    };
    if !allowed {
        return Err(Denial::Forbidden);
    }
    if !posts && is_a_post(action) {
        return Err(Denial::ReadOnly);
    }
    if facts.is_archived && changes_an_archived_channel(action) {
        return Err(Denial::Archived);
    }
    if let (ChannelAction::EditMessage { age_s, .. }, Some(within_s)) = (action, facts.team.settings.edit_within_s)
        && age_s >= u64::from(within_s)
    {
        return Err(Denial::TooLate { within_s });
    }
    Ok(Permit(()))
}

/// Refuses, among those who are in a channel, whose role in the team is below what the team asks for.
fn at_least_in_channel(role: Option<TeamRole>, needed: TeamRole) -> Result<(), Denial> {
    if role < Some(needed) { Err(Denial::NeedsRole(needed)) } else { Ok(()) }
}

/// Tells whether the action says something to everybody in the channel. Taking back what one said is none, nor is reacting.
const fn is_a_post(action: ChannelAction) -> bool {
    matches!(
        action,
        ChannelAction::Post
            | ChannelAction::EditMessage { .. }
            | ChannelAction::Append { .. }
            | ChannelAction::SetTopic
    )
}

/// Tells whether direct and group channels know the action too.
fn for_every_kind(action: ChannelAction) -> bool {
    match action {
        ChannelAction::Read
        | ChannelAction::Follow
        | ChannelAction::Post
        | ChannelAction::EditMessage { .. }
        | ChannelAction::DeleteMessage { .. }
        | ChannelAction::Append { .. }
        | ChannelAction::MentionAll
        | ChannelAction::React
        | ChannelAction::Pin => true,
        ChannelAction::Join
        | ChannelAction::Leave
        | ChannelAction::SetTopic
        | ChannelAction::Edit
        | ChannelAction::Hide
        | ChannelAction::SetDefault
        | ChannelAction::SetRetention
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
        | ChannelAction::Append { .. }
        | ChannelAction::React
        | ChannelAction::Pin
        | ChannelAction::SetTopic
        | ChannelAction::Edit
        | ChannelAction::Hide
        | ChannelAction::SetDefault
        | ChannelAction::AddMember => true,
        ChannelAction::Read
        | ChannelAction::Follow
        | ChannelAction::Leave
        | ChannelAction::MentionAll
        | ChannelAction::SetRetention
        | ChannelAction::Archive
        | ChannelAction::Delete
        | ChannelAction::ManageMembers => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Option<TeamRole>; 5] =
        [None, Some(TeamRole::Guest), Some(TeamRole::Member), Some(TeamRole::Admin), Some(TeamRole::Owner)];

    fn letter(outcome: Result<Permit, Denial>) -> char {
        match outcome {
            Ok(_) => '+',
            Err(Denial::Hidden) => 'h',
            Err(Denial::Forbidden) => '-',
            Err(Denial::Archived) => 'a',
            Err(Denial::NotForThisKind) => 'k',
            Err(Denial::ReadOnly) => 'r',
            Err(Denial::AskFirst) => '?',
            Err(Denial::TooLate { .. }) => 'l',
            Err(Denial::NeedsRole(_)) => 'n',
        }
    }

    /// One letter for a stranger, guest, member, admin, owner and a server administrator who is in no team.
    fn on_team_by_role(is_public: bool, action: TeamAction) -> String {
        on_settled_team(is_public, TeamSettings::default(), action)
    }

    fn on_settled_team(is_public: bool, settings: TeamSettings, action: TeamAction) -> String {
        let ordinary = ROLES.map(|role| TeamFacts { is_server_admin: false, is_public, settings, role });
        let administrator = TeamFacts { is_server_admin: true, is_public, settings, role: None };
        ordinary.into_iter().chain([administrator]).map(|facts| letter(on_team(facts, action))).collect()
    }

    #[test]
    fn the_table_of_teams() {
        use TeamRole::{Admin, Guest, Member, Owner};
        for (action, private, public) in [
            (TeamAction::View, "h+++++", "++++++"),
            (TeamAction::ViewInside, "h+++++", "-+++++"),
            (TeamAction::Join, "h----+", "++++++"),
            (TeamAction::Leave, "h++++-", "-++++-"),
            (TeamAction::Ask, "h-----", "------"),
            (TeamAction::ManageRequests, "h--+++", "---+++"),
            (TeamAction::Edit, "h--+++", "---+++"),
            (TeamAction::KeepOwn, "h++++-", "-++++-"),
            (TeamAction::ManageInvites, "h--+++", "---+++"),
            (TeamAction::ManageBans, "h--+++", "---+++"),
            (TeamAction::ManageGroups, "h--+++", "---+++"),
            (TeamAction::Transfer, "h---+-", "----+-"),
            (TeamAction::Delete, "h---++", "----++"),
            (TeamAction::Export, "h---++", "----++"),
            (TeamAction::ExportPrivate, "h----+", "-----+"),
            (TeamAction::Import, "h----+", "-----+"),
            (TeamAction::Add(Member), "h--+++", "---+++"),
            (TeamAction::Add(Admin), "h---++", "----++"),
            (TeamAction::Add(Owner), "h---++", "----++"),
            (TeamAction::ChangeRole { from: Guest, to: Member }, "h--+++", "---+++"),
            (TeamAction::ChangeRole { from: Member, to: Admin }, "h---++", "----++"),
            (TeamAction::ChangeRole { from: Admin, to: Member }, "h---++", "----++"),
            (TeamAction::Remove(Member), "h--+++", "---+++"),
            (TeamAction::Remove(Admin), "h---++", "----++"),
            (TeamAction::CreatePublicChannel, "h-++++", "--++++"),
            (TeamAction::CreatePrivateChannel, "h-++++", "--++++"),
            (TeamAction::Invite(Guest), "h-n+++", "--n+++"),
            (TeamAction::Invite(Member), "h-n+++", "--n+++"),
            (TeamAction::Invite(Admin), "h-n-++", "--n-++"),
            (TeamAction::KeepInvites, "h--+++", "---+++"),
            (TeamAction::OpenDirect, "h+++++", "-+++++"),
            (TeamAction::KeepOwn, "h++++-", "-++++-"),
        ] {
            assert_eq!(on_team_by_role(false, action), private, "{action:?} in a private team");
            assert_eq!(on_team_by_role(true, action), public, "{action:?} in a public team");
        }
    }

    /// One letter for each team role outside the channel, then for each team role as its member, then as its admin.
    fn on_channel_by_role(kind: ChannelKind, is_archived: bool, action: ChannelAction) -> String {
        by_role(kind, is_archived, Posting::Everyone, action)
    }

    fn by_role(kind: ChannelKind, is_archived: bool, posting: Posting, action: ChannelAction) -> String {
        in_settled_team(TeamSettings::default(), (kind, is_archived, posting), action)
    }

    fn in_settled_team(
        settings: TeamSettings,
        (kind, is_archived, posting): (ChannelKind, bool, Posting),
        action: ChannelAction,
    ) -> String {
        let places = [None, Some(ChannelRole::Member), Some(ChannelRole::Admin)];
        let all = places.into_iter().flat_map(|role| ROLES.map(|team_role| (role, team_role)));
        let letters = all.map(|(role, team_role)| {
            let team = TeamFacts { is_server_admin: false, is_public: false, settings, role: team_role };
            letter(on_channel(ChannelFacts { team, kind, is_archived, posting, role }, action))
        });
        letters.collect()
    }

    #[test]
    fn the_table_of_channels() {
        use ChannelAction as Do;
        let own = Do::DeleteMessage { is_own: true };
        let others = Do::DeleteMessage { is_own: false };
        // Each five: strangers to the team, guests, members, admins, owners; outside the channel, in it, its admins.
        for (action, public, private) in [
            (Do::Read, "hh+++h++++h++++", "hhhhhh++++h++++"),
            (Do::Follow, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::Join, "hh+++h-+++h-+++", "hhhhhh----h----"),
            (Do::Leave, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::Post, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::Append { is_own: true }, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::Append { is_own: false }, "hh---h----h----", "hhhhhh----h----"),
            (Do::Pin, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::React, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::MentionAll, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::EditMessage { is_own: true, age_s: 9 }, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::EditMessage { is_own: false, age_s: 0 }, "hh---h----h----", "hhhhhh----h----"),
            (own, "hh-++h++++h++++", "hhhhhh++++h++++"),
            (others, "hh-++h--++h++++", "hhhhhh--++h++++"),
            (Do::AddMember, "hh-++h-+++h++++", "hhhhhh-+++h++++"),
            (Do::SetTopic, "hh-++h++++h++++", "hhhhhh++++h++++"),
            (Do::Edit, "hh-++h--++h++++", "hhhhhh--++h++++"),
            (Do::Hide, "hh-++h--++h++++", "hhhhhh--++h++++"),
            (Do::SetDefault, "hh-++h--++h--++", "hhhhhh--++h--++"),
            (Do::SetRetention, "hh-++h--++h--++", "hhhhhh--++h--++"),
            (Do::Archive, "hh-++h--++h++++", "hhhhhh--++h++++"),
            (Do::Delete, "hh-++h--++h++++", "hhhhhh--++h++++"),
            (Do::ManageMembers, "hh-++h--++h++++", "hhhhhh--++h++++"),
        ] {
            assert_eq!(on_channel_by_role(ChannelKind::Public, false, action), public, "{action:?}, public");
            assert_eq!(on_channel_by_role(ChannelKind::Private, false, action), private, "{action:?}, private");
        }
    }

    #[test]
    fn where_only_admins_post_the_others_read_and_take_back_what_is_theirs() {
        use ChannelAction as Do;
        for (action, public, private) in [
            (Do::Read, "hh+++h++++h++++", "hhhhhh++++h++++"),
            (Do::Follow, "hh---h++++h++++", "hhhhhh++++h++++"),
            (Do::Post, "hh---hrr++h++++", "hhhhhhrr++h++++"),
            (Do::EditMessage { is_own: true, age_s: 9 }, "hh---hrr++h++++", "hhhhhhrr++h++++"),
            (Do::EditMessage { is_own: false, age_s: 0 }, "hh---h----h----", "hhhhhh----h----"),
            (Do::DeleteMessage { is_own: true }, "hh-++h++++h++++", "hhhhhh++++h++++"),
            (Do::SetTopic, "hh-++hrr++h++++", "hhhhhhrr++h++++"),
            (Do::Edit, "hh-++h--++h++++", "hhhhhh--++h++++"),
            (Do::Leave, "hh---h++++h++++", "hhhhhh++++h++++"),
        ] {
            let letters = |kind| by_role(kind, false, Posting::Admins, action);
            assert_eq!(letters(ChannelKind::Public), public, "{action:?}, public");
            assert_eq!(letters(ChannelKind::Private), private, "{action:?}, private");
        }
    }

    #[test]
    fn a_team_settles_who_comes_in_makes_channels_and_invites() {
        use TeamRole::{Admin, Guest, Member, Owner};
        let usual = TeamSettings::default();
        let joined = |joining| TeamSettings { joining, ..usual };
        for (settings, action, private, public) in [
            (joined(Joining::Request), TeamAction::Join, "h----+", "?????+"),
            (joined(Joining::Request), TeamAction::Ask, "h-----", "+----+"),
            (joined(Joining::Invite), TeamAction::Ask, "h-----", "------"),
            (joined(Joining::Invite), TeamAction::Join, "h----+", "-----+"),
            (
                TeamSettings { create_public_channels: Admin, ..usual },
                TeamAction::CreatePublicChannel,
                "h-n+++",
                "--n+++",
            ),
            (
                TeamSettings { create_public_channels: Admin, ..usual },
                TeamAction::CreatePrivateChannel,
                "h-++++",
                "--++++",
            ),
            (
                TeamSettings { create_private_channels: Owner, ..usual },
                TeamAction::CreatePrivateChannel,
                "h-nn++",
                "--nn++",
            ),
            (TeamSettings { invite: Member, ..usual }, TeamAction::Invite(Member), "h-++++", "--++++"),
            (TeamSettings { invite: Member, ..usual }, TeamAction::Invite(Guest), "h-++++", "--++++"),
            (TeamSettings { invite: Member, ..usual }, TeamAction::Invite(Admin), "h---++", "----++"),
            (TeamSettings { invite: Member, ..usual }, TeamAction::KeepInvites, "h-++++", "--++++"),
            (TeamSettings { invite: Member, ..usual }, TeamAction::ManageInvites, "h--+++", "---+++"),
            (TeamSettings { invite: Owner, ..usual }, TeamAction::Invite(Member), "h-nn++", "--nn++"),
            (TeamSettings { invite: Owner, ..usual }, TeamAction::KeepInvites, "h--+++", "---+++"),
        ] {
            assert_eq!(on_settled_team(false, settings, action), private, "{action:?} in a private team, {settings:?}");
            assert_eq!(on_settled_team(true, settings, action), public, "{action:?} in a public team, {settings:?}");
        }
    }

    #[test]
    fn a_team_settles_who_names_everybody_hides_channels_and_how_long_one_edits() {
        use ChannelAction as Do;
        let usual = TeamSettings::default();
        let all_by_admins = TeamSettings { mention_all: TeamRole::Admin, ..usual };
        let hidden_by_owners = TeamSettings { create_private_channels: TeamRole::Owner, ..usual };
        let a_minute = TeamSettings { edit_within_s: Some(60), ..usual };
        let never = TeamSettings { edit_within_s: Some(0), ..usual };
        let edit = |age_s| Do::EditMessage { is_own: true, age_s };
        for (settings, action, public, direct) in [
            (all_by_admins, Do::MentionAll, "hh---hnn++h++++", "hhhhhh++++h++++"),
            (all_by_admins, Do::Post, "hh---h++++h++++", "hhhhhh++++h++++"),
            (hidden_by_owners, Do::Hide, "hh-n+h--n+hnnn+", "hhhhhhkkkkhkkkk"),
            (a_minute, edit(59), "hh---h++++h++++", "hhhhhh++++h++++"),
            (a_minute, edit(60), "hh---hllllhllll", "hhhhhhllllhllll"),
            (never, edit(0), "hh---hllllhllll", "hhhhhhllllhllll"),
            (never, Do::Append { is_own: true }, "hh---h++++h++++", "hhhhhh++++h++++"),
            (never, Do::EditMessage { is_own: false, age_s: 0 }, "hh---h----h----", "hhhhhh----h----"),
            (never, Do::DeleteMessage { is_own: true }, "hh-++h++++h++++", "hhhhhh++++h++++"),
        ] {
            let letters = |kind| in_settled_team(settings, (kind, false, Posting::Everyone), action);
            assert_eq!(letters(ChannelKind::Public), public, "{action:?}, public, {settings:?}");
            assert_eq!(letters(ChannelKind::Direct), direct, "{action:?}, direct, {settings:?}");
        }
    }

    #[test]
    fn direct_channels_are_read_written_and_left_alone() {
        for kind in [ChannelKind::Direct, ChannelKind::Group] {
            for (action, letters) in [
                (ChannelAction::Read, "hhhhhh++++"),
                (ChannelAction::Post, "hhhhhh++++"),
                (ChannelAction::React, "hhhhhh++++"),
                (ChannelAction::Pin, "hhhhhh++++"),
                (ChannelAction::DeleteMessage { is_own: false }, "hhhhhh----"),
                (ChannelAction::Leave, "hhhhhhkkkk"),
                (ChannelAction::SetTopic, "hhhhhhkkkk"),
                (ChannelAction::Edit, "hhhhhhkkkk"),
                (ChannelAction::Hide, "hhhhhhkkkk"),
                (ChannelAction::AddMember, "hhhhhhkkkk"),
            ] {
                assert_eq!(on_channel_by_role(kind, false, action)[..10], *letters, "{kind:?} {action:?}");
            }
        }
    }

    #[test]
    fn an_archive_keeps_what_it_holds() {
        for (action, letters) in [
            (ChannelAction::Read, "hh+++h++++"),
            (ChannelAction::Post, "hh---haaaa"),
            (ChannelAction::React, "hh---haaaa"),
            (ChannelAction::Pin, "hh---haaaa"),
            (ChannelAction::SetTopic, "hh-aahaaaa"),
            (ChannelAction::Edit, "hh-aah--aa"),
            (ChannelAction::Hide, "hh-aah--aa"),
            (ChannelAction::Archive, "hh-++h--++"),
            (ChannelAction::Leave, "hh---h++++"),
        ] {
            assert_eq!(on_channel_by_role(ChannelKind::Public, true, action)[..10], *letters, "{action:?}");
        }
    }
}
