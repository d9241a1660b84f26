//! Accounts, sessions, members, user groups.

use serde::Serialize;
use syncspace_protocol::auth::Session;
use syncspace_protocol::channels::ChannelMember;
use syncspace_protocol::erasure::{Erasure, ErasurePlan};
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::preferences::{Preferences, Weekday};
use syncspace_protocol::status::CustomStatus;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{Keyword, SessionId};

use crate::output::{Cell, Column, Record};

impl Record for User {
    const PLURAL: &'static str = "people";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("username"),
        Column::shown("full_name"),
        Column::detail("email"),
        Column::detail("email_verified_at"),
        Column::detail("email_pending"),
        Column::shown("is_admin"),
        Column::shown("is_active"),
        Column::shown("is_bot"),
        Column::shown("presence"),
        Column::detail("is_online"),
        Column::detail("last_seen"),
        Column::shown("status"),
        Column::detail("status_expires_at"),
        Column::detail("time_zone"),
        Column::detail("chosen_presence"),
        Column::detail("avatar_url"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::text(&self.username),
            Cell::maybe(self.full_name.as_ref()),
            Cell::maybe(self.email.as_ref()),
            Cell::maybe_time(self.email_verified_at),
            Cell::maybe(self.email_pending.as_ref()),
            Cell::Bool(self.is_admin),
            Cell::Bool(self.is_active),
            Cell::Bool(self.is_bot),
            Cell::word(self.presence),
            Cell::maybe_bool(self.is_online),
            Cell::maybe_time(self.last_seen),
            self.custom_status.as_ref().map_or(Cell::Empty, |status| Cell::text(status_text(status))),
            Cell::maybe_time(self.custom_status.as_ref().and_then(|status| status.expires_at)),
            Cell::maybe(self.time_zone.as_ref()),
            self.chosen_presence.map_or(Cell::Empty, Cell::word),
            Cell::maybe(self.avatar_url.as_ref()),
            Cell::Time(self.created_at),
            Cell::Time(self.updated_at),
        ]
    }
}

impl Record for ErasurePlan {
    const PLURAL: &'static str = "plans";
    const COLUMNS: &'static [Column] = &[
        Column::shown("user_id"),
        Column::shown("username"),
        Column::shown("owns_alone"),
        Column::shown("teams"),
        Column::shown("messages"),
        Column::shown("reactions"),
        Column::shown("files"),
        Column::shown("file_bytes"),
        Column::shown("drafts"),
        Column::shown("scheduled"),
        Column::shown("reminders"),
        Column::shown("saved"),
        Column::shown("sessions"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let teams: Vec<_> = self.owns_alone.iter().map(|team| team.name.as_str()).collect();
        let counts = [
            self.teams,
            self.messages,
            self.reactions,
            self.files,
            self.file_bytes,
            self.drafts,
            self.scheduled,
            self.reminders,
            self.saved,
            self.sessions,
        ];
        let names = [Cell::Number(self.user_id.get()), Cell::text(&self.username), Cell::text(teams.join(", "))];
        names.into_iter().chain(counts.map(Cell::Number)).collect()
    }
}

impl Record for Erasure {
    const PLURAL: &'static str = "erasures";
    const COLUMNS: &'static [Column] = &[
        Column::shown("user_id"),
        Column::shown("username"),
        Column::shown("stage"),
        Column::shown("messages"),
        Column::shown("reactions"),
        Column::shown("requested_at"),
        Column::shown("finished_at"),
        Column::detail("requested_by"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.user_id.get()),
            Cell::text(&self.username),
            Cell::word(self.stage),
            Cell::Number(self.messages),
            Cell::Number(self.reactions),
            Cell::Time(self.requested_at),
            Cell::maybe_time(self.finished_at),
            Cell::Number(self.requested_by.get()),
        ]
    }
}

impl Record for Preferences {
    const PLURAL: &'static str = "preferences";
    const COLUMNS: &'static [Column] = &[
        Column::shown("notify"),
        Column::shown("dnd_from"),
        Column::shown("dnd_to"),
        Column::shown("dnd_days"),
        Column::shown("paused_until"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let hours = self.dnd_hours.as_ref();
        vec![
            self.notify.map_or(Cell::Empty, Cell::word),
            hours.map_or(Cell::Empty, |hours| Cell::text(hours.from)),
            hours.map_or(Cell::Empty, |hours| Cell::text(hours.to)),
            hours.map_or(Cell::Empty, |hours| Cell::text(days_text(&hours.days))),
            Cell::maybe_time(self.paused_until),
        ]
    }
}

impl Record for UserGroup {
    const PLURAL: &'static str = "groups";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("people"),
        Column::shown("created_at"),
        Column::detail("created_by"),
        Column::detail("updated_at"),
        Column::detail("team_id"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::text(&self.name),
            Cell::Number(self.user_ids.len() as u64),
            Cell::Time(self.created_at),
            Cell::Number(self.created_by.get()),
            Cell::Time(self.updated_at),
            Cell::Number(self.team_id.get()),
        ]
    }
}

/// Gives days as they are typed: `mon,tue`.
pub(crate) fn days_text(days: &[Weekday]) -> String {
    let words = days.iter().filter_map(|day| serde_json::to_value(day).ok());
    words.filter_map(|word| word.as_str().map(str::to_owned)).collect::<Vec<_>>().join(",")
}

/// Gives emoji and text of a status on one line; an emoji that this program does not know by its name.
pub(crate) fn status_text(status: &CustomStatus) -> String {
    let emoji = status.emoji.as_ref().map(|emoji| emoji.glyph().map_or_else(|| format!(":{emoji}:"), str::to_owned));
    emoji.iter().chain(&status.text).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// One keyword of a list.
#[derive(Debug, Serialize)]
pub(crate) struct KeywordRecord {
    keyword: Keyword,
}

impl From<Keyword> for KeywordRecord {
    fn from(keyword: Keyword) -> Self {
        Self { keyword }
    }
}

impl Record for KeywordRecord {
    const PLURAL: &'static str = "keywords";
    const COLUMNS: &'static [Column] = &[Column::shown("keyword")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.keyword)]
    }
}

/// Who is logged in, and where.
#[derive(Debug, Serialize)]
pub(crate) struct WhoAmI {
    pub(crate) server: String,
    pub(crate) session_id: Option<SessionId>,
    #[serde(flatten)]
    pub(crate) user: User,
}

impl Record for WhoAmI {
    const PLURAL: &'static str = "logins";
    const COLUMNS: &'static [Column] = &[
        Column::shown("server"),
        Column::shown("username"),
        Column::shown("id"),
        Column::shown("full_name"),
        Column::shown("email"),
        Column::shown("email_verified_at"),
        Column::shown("email_pending"),
        Column::shown("is_admin"),
        Column::shown("session_id"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.server),
            Cell::text(&self.user.username),
            Cell::Number(self.user.id.get()),
            Cell::maybe(self.user.full_name.as_ref()),
            Cell::maybe(self.user.email.as_ref()),
            Cell::maybe_time(self.user.email_verified_at),
            Cell::maybe(self.user.email_pending.as_ref()),
            Cell::Bool(self.user.is_admin),
            self.session_id.map_or(Cell::Empty, |id| Cell::Number(id.get())),
        ]
    }
}

impl Record for Session {
    const PLURAL: &'static str = "sessions";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("device_name"),
        Column::shown("is_current"),
        Column::shown("created_at"),
        Column::shown("last_used_at"),
        Column::shown("expires_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::maybe(self.device_name.as_ref()),
            Cell::Bool(self.is_current),
            Cell::Time(self.created_at),
            Cell::Time(self.last_used_at),
            Cell::Time(self.expires_at),
        ]
    }
}

const MEMBER_COLUMNS: &[Column] = &[
    Column::shown("user_id"),
    Column::shown("username"),
    Column::shown("full_name"),
    Column::shown("role"),
    Column::shown("joined_at"),
    Column::shown("is_active"),
    Column::shown("is_bot"),
];

impl Record for TeamMember {
    const PLURAL: &'static str = "members";
    const COLUMNS: &'static [Column] = MEMBER_COLUMNS;

    fn cells(&self) -> Vec<Cell> {
        member_cells(&self.user, Cell::word(self.role), Cell::Time(self.joined_at))
    }
}

impl Record for ChannelMember {
    const PLURAL: &'static str = "members";
    const COLUMNS: &'static [Column] = MEMBER_COLUMNS;

    fn cells(&self) -> Vec<Cell> {
        member_cells(&self.user, Cell::word(self.role), Cell::Time(self.joined_at))
    }
}

fn member_cells(person: &Person, role: Cell, joined_at: Cell) -> Vec<Cell> {
    vec![
        Cell::Number(person.id.get()),
        Cell::text(&person.username),
        Cell::maybe(person.full_name.as_ref()),
        role,
        joined_at,
        Cell::Bool(person.is_active),
        Cell::Bool(person.is_bot),
    ]
}
