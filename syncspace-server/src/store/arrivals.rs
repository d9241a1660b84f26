//! Everything that decides what a connecting device follows, for many devices in one statement.

use std::collections::BTreeMap;

use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, Rev, SessionId, TeamId};

use super::sessions::Standing;
use super::teams::{TEAM, read_membership, read_team};
use super::user_settings::{JOIN_SETTINGS, SETTINGS, UserSettings, read_settings};
use super::{Queries, Row, RowReader, Sql, StoreError, Value, padded, placeholders};

/// A device, its person, and what that person is in.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whether the device's session may be used.
    pub standing: Standing,
    /// The person's account, without what the person chose for it.
    pub user: User,
    /// What the person chose.
    pub settings: UserSettings,
    /// The person's teams, by id, each with the newest revs of its stream and of the person's own in it.
    pub teams: Vec<(MyTeam, Rev, Rev)>,
    /// Channels the person is in.
    pub channels: Vec<(TeamId, ChannelId)>,
}

/// Most sessions named in one statement.
const SESSIONS_PER_STATEMENT: usize = 512;

/// Loads arrivals by session; sessions that do not exist are left out.
///
/// All of one arrival is from one moment, because it is from one statement.
pub async fn load(db: &mut impl Queries, sessions: &[SessionId]) -> Result<BTreeMap<SessionId, Arrival>, StoreError> {
    let mut arrivals = BTreeMap::new();
    for chunk in sessions.chunks(SESSIONS_PER_STATEMENT) {
        let ids = padded(chunk.iter().map(|&id| Value::from(id)).collect());
        for row in db.query(&select(ids.len()), ids).await? {
            add(&mut arrivals, &row)?;
        }
    }
    Ok(arrivals)
}

fn select(sessions: usize) -> Sql {
    let places = placeholders(sessions);
    Sql::built(format!(
        "SELECT s.id, s.ended_at IS NOT NULL, s.expires_at, u.id, u.username, u.full_name, u.email, u.avatar_url, \
         u.is_active, u.is_admin, COALESCE(a.last_seen, u.last_seen), u.created_at, u.updated_at, \
         {SETTINGS}, m.member_id, m.role, m.joined_at, th.last_rev, mh.last_rev, \
         (SELECT GROUP_CONCAT(cm.channel_id) FROM channel_members cm JOIN channels c ON c.id = cm.channel_id \
         WHERE cm.user_id = m.user_id AND cm.team_id = m.team_id AND cm.left_at IS NULL AND c.deleted_at IS NULL), {TEAM} \
         FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN user_activity a ON a.user_id = u.id \
         {JOIN_SETTINGS} LEFT JOIN team_members m ON m.user_id = u.id AND m.left_at IS NULL \
         LEFT JOIN teams t ON t.id = m.team_id AND t.deleted_at IS NULL \
         LEFT JOIN team_heads th ON th.team_id = m.team_id LEFT JOIN member_heads mh ON mh.member_id = m.member_id \
         WHERE s.id IN ({places}) ORDER BY s.id, m.team_id"
    ))
}

fn add(arrivals: &mut BTreeMap<SessionId, Arrival>, row: &Row) -> Result<(), StoreError> {
    let mut row = row.reader();
    let session = row.take()?;
    let (is_ended, expires_at) = (row.take()?, row.take()?);
    let user = read_user(&mut row)?;
    let settings = read_settings(&mut row)?;
    let arrival = arrivals.entry(session).or_insert_with(|| Arrival {
        standing: Standing { is_ended, expires_at, is_active: user.is_active, is_admin: user.is_admin },
        user,
        settings,
        teams: Vec::new(),
        channels: Vec::new(),
    });
    let membership = read_membership(&mut row)?;
    let revs: (Option<Rev>, Option<Rev>) = (row.take()?, row.take()?);
    let channels: Option<String> = row.take()?;
    // A team that was deleted is not there, though the person's row in it still is.
    if row.is_null() {
        return Ok(());
    }
    let team = MyTeam { team: read_team(&mut row)?, membership };
    for id in channels.iter().flat_map(|ids| ids.split(',')) {
        let id: Option<ChannelId> = id.parse().ok();
        let id = id.ok_or(StoreError::Corrupt { column: CHANNELS_COLUMN, expected: "channel ids with commas" })?;
        arrival.channels.push((team.team.id, id));
    }
    arrival.teams.push((team, revs.0.unwrap_or(Rev::ZERO), revs.1.unwrap_or(Rev::ZERO)));
    Ok(())
}

/// Where the statement has the list of channels.
const CHANNELS_COLUMN: usize = 26;

fn read_user(row: &mut RowReader<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: row.take()?,
        username: row.take()?,
        full_name: row.take()?,
        email: row.take()?,
        avatar_url: row.take()?,
        is_active: row.take()?,
        is_admin: row.take()?,
        time_zone: None,
        custom_status: None,
        chosen_presence: None,
        presence: PresenceStatus::Unknown,
        is_online: None,
        last_seen: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
