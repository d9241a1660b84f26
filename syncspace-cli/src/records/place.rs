//! Teams, invites, channels.

use serde::Serialize;
use syncspace_protocol::UserId;
use syncspace_protocol::channels::MyChannel;
use syncspace_protocol::join_requests::{JoinRequest, MyJoinRequest};
use syncspace_protocol::teams::{Ban, Invite, MyTeam, TeamSettings};

use super::server::days;
use crate::output::{Cell, Column, Record};

impl Record for MyTeam {
    const PLURAL: &'static str = "teams";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("role"),
        Column::shown("is_public"),
        Column::shown("description"),
        Column::detail("avatar_url"),
        Column::detail("joined_at"),
        Column::detail("created_by"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.team.id.get()),
            Cell::text(&self.team.name),
            self.membership.map_or(Cell::Empty, |membership| Cell::word(membership.role)),
            Cell::Bool(self.team.is_public),
            Cell::maybe(self.team.description.as_ref()),
            Cell::maybe(self.team.avatar_url.as_ref()),
            Cell::maybe_time(self.membership.map(|membership| membership.joined_at)),
            Cell::Number(self.team.created_by.get()),
            Cell::Time(self.team.created_at),
            Cell::Time(self.team.updated_at),
        ]
    }
}

impl Record for TeamSettings {
    const PLURAL: &'static str = "settings";
    const COLUMNS: &'static [Column] = &[
        Column::shown("create_public_channels"),
        Column::shown("create_private_channels"),
        Column::shown("invite"),
        Column::shown("mention_all"),
        Column::shown("edit_within_s"),
        Column::shown("joining"),
        Column::shown("retention_days"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::word(self.create_public_channels),
            Cell::word(self.create_private_channels),
            Cell::word(self.invite),
            Cell::word(self.mention_all),
            self.edit_within_s.map_or(Cell::Empty, |within_s| Cell::Number(within_s.into())),
            Cell::word(self.joining),
            days(self.retention_days),
        ]
    }
}

impl Record for JoinRequest {
    const PLURAL: &'static str = "join requests";
    const COLUMNS: &'static [Column] = &[
        Column::shown("user_id"),
        Column::shown("username"),
        Column::shown("message"),
        Column::shown("state"),
        Column::shown("created_at"),
        Column::detail("decided_by"),
        Column::detail("decided_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.user_id.get()),
            Cell::text(&self.username),
            Cell::maybe(self.message.as_ref()),
            Cell::word(self.state),
            Cell::Time(self.created_at),
            self.decided_by.map_or(Cell::Empty, |user| Cell::Number(user.get())),
            Cell::maybe_time(self.decided_at),
        ]
    }
}

impl Record for MyJoinRequest {
    const PLURAL: &'static str = "join requests";
    const COLUMNS: &'static [Column] = &[
        Column::shown("team_id"),
        Column::shown("team"),
        Column::shown("message"),
        Column::shown("state"),
        Column::shown("created_at"),
        Column::shown("decided_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.team.id.get()),
            Cell::text(&self.team.name),
            Cell::maybe(self.message.as_ref()),
            Cell::word(self.state),
            Cell::Time(self.created_at),
            Cell::maybe_time(self.decided_at),
        ]
    }
}

impl Record for Ban {
    const PLURAL: &'static str = "bans";
    const COLUMNS: &'static [Column] = &[
        Column::shown("user_id"),
        Column::shown("username"),
        Column::shown("full_name"),
        Column::shown("banned_by"),
        Column::shown("created_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.user.id.get()),
            Cell::text(&self.user.username),
            Cell::maybe(self.user.full_name.as_ref()),
            Cell::Number(self.banned_by.get()),
            Cell::Time(self.created_at),
        ]
    }
}

impl Record for Invite {
    const PLURAL: &'static str = "invites";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::detail("code"),
        Column::shown("role"),
        Column::shown("uses"),
        Column::shown("uses_max"),
        Column::shown("email"),
        Column::shown("mail"),
        Column::shown("mail_error"),
        Column::shown("expires_at"),
        Column::shown("created_by"),
        Column::detail("created_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::maybe(self.code.as_ref()),
            Cell::word(self.role),
            Cell::Number(self.uses.into()),
            Cell::Number(self.uses_max.into()),
            Cell::maybe(self.email.as_ref()),
            self.mail.map_or(Cell::Empty, Cell::word),
            Cell::maybe(self.mail_error.as_ref()),
            Cell::Time(self.expires_at),
            Cell::Number(self.created_by.get()),
            Cell::Time(self.created_at),
        ]
    }
}

/// A channel, and what the asking person calls it.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelRow {
    #[serde(flatten)]
    channel: MyChannel,
    #[serde(skip)]
    title: String,
}

impl ChannelRow {
    /// Names direct and group channels by the others in them.
    pub(crate) fn new(channel: MyChannel, me: Option<UserId>) -> Self {
        let title = title(&channel, me);
        Self { channel, title }
    }
}

/// Gives what a person calls a channel: its name, or the others in it.
pub(crate) fn title(channel: &MyChannel, me: Option<UserId>) -> String {
    if let Some(name) = &channel.channel.name {
        return name.to_string();
    }
    let people = &channel.channel.people;
    let others: Vec<String> =
        people.iter().filter(|person| Some(person.id) != me).map(|person| format!("@{}", person.username)).collect();
    if others.is_empty() {
        people.first().map_or_else(|| format!("channel {}", channel.channel.id), |me| format!("@{}", me.username))
    } else {
        others.join(" ")
    }
}

impl Record for ChannelRow {
    const PLURAL: &'static str = "channels";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("kind"),
        Column::shown("role"),
        Column::shown("unread"),
        Column::shown("mentions"),
        Column::shown("messages"),
        Column::shown("archived"),
        Column::detail("muted"),
        Column::detail("notify"),
        Column::detail("favourite"),
        Column::detail("hidden"),
        Column::shown("topic"),
        Column::detail("description"),
        Column::detail("posting"),
        Column::detail("is_default"),
        Column::detail("retention_days"),
        Column::detail("team_id"),
        Column::detail("archived_at"),
        Column::detail("joined_at"),
        Column::detail("created_by"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let MyChannel { channel, head, membership } = &self.channel;
        vec![
            Cell::Number(channel.id.get()),
            Cell::text(&self.title),
            Cell::word(channel.kind),
            membership.map_or(Cell::Empty, |membership| Cell::word(membership.role)),
            membership.map_or(Cell::Empty, |membership| Cell::Number(membership.read.unread_count.into())),
            membership.map_or(Cell::Empty, |membership| Cell::Number(membership.read.mention_count.into())),
            Cell::Number(head.last_seq.get()),
            Cell::Bool(channel.archived_at.is_some()),
            membership.map_or(Cell::Empty, |mine| Cell::Bool(mine.preferences.is_muted)),
            membership.and_then(|mine| mine.preferences.notify).map_or(Cell::Empty, Cell::word),
            membership.map_or(Cell::Empty, |mine| Cell::Bool(mine.preferences.is_favourite)),
            membership.map_or(Cell::Empty, |mine| Cell::Bool(mine.preferences.is_hidden)),
            Cell::maybe(channel.topic.as_ref()),
            Cell::maybe(channel.description.as_ref()),
            Cell::word(channel.posting),
            Cell::Bool(channel.is_default),
            days(channel.retention_days),
            Cell::Number(channel.team_id.get()),
            Cell::maybe_time(channel.archived_at),
            Cell::maybe_time(membership.map(|membership| membership.joined_at)),
            Cell::Number(channel.created_by.get()),
            Cell::Time(channel.created_at),
            Cell::Time(channel.updated_at),
        ]
    }
}
