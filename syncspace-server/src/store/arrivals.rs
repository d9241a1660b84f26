//! Everything that decides what a connecting device follows, for many devices in one statement.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

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
    /// Teams that the person asked to come into, and that have not decided.
    pub requested: BTreeSet<TeamId>,
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
        "SELECT s.id, s.ended_at IS NOT NULL, s.expires_at, s.scopes, u.id, u.username, u.full_name, u.email, \
         u.email_verified_at, u.email_pending, u.avatar_url, u.is_active, u.is_admin, u.is_bot, COALESCE(a.last_seen, u.last_seen), u.created_at, u.updated_at, \
         {SETTINGS}, \
         (SELECT GROUP_CONCAT(j.team_id) FROM join_requests j JOIN teams jt ON jt.id = j.team_id WHERE j.user_id = u.id \
         AND j.is_open = 1 AND jt.is_public = 1 AND jt.deleted_at IS NULL), \
         m.member_id, m.role, m.joined_at, th.last_rev, mh.last_rev, \
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
    let (is_ended, expires_at, grant) = (row.take()?, row.take()?, row.take()?);
    let user = read_user(&mut row)?;
    let settings = read_settings(&mut row)?;
    let requested = read_ids(row.take()?, REQUESTED_COLUMN)?;
    let arrival = arrivals.entry(session).or_insert_with(|| Arrival {
        standing: Standing { is_ended, expires_at, is_active: user.is_active, is_admin: user.is_admin, grant },
        user,
        settings,
        requested,
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
    let channels: BTreeSet<ChannelId> = read_ids(channels, CHANNELS_COLUMN)?;
    arrival.channels.extend(channels.into_iter().map(|channel| (team.team.id, channel)));
    arrival.teams.push((team, revs.0.unwrap_or(Rev::ZERO), revs.1.unwrap_or(Rev::ZERO)));
    Ok(())
}

/// Where the statement has the list of teams that were asked.
const REQUESTED_COLUMN: usize = 26;
/// Where the statement has the list of channels.
const CHANNELS_COLUMN: usize = 32;

/// Reads ids with commas between them; nothing is none.
fn read_ids<T: FromStr + Ord>(ids: Option<String>, column: usize) -> Result<BTreeSet<T>, StoreError> {
    let corrupt = || StoreError::Corrupt { column, expected: "ids with commas" };
    let ids = ids.unwrap_or_default();
    ids.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().map_err(|_| corrupt())).collect()
}

fn read_user(row: &mut RowReader<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: row.take()?,
        username: row.take()?,
        full_name: row.take()?,
        email: row.take()?,
        email_verified_at: row.take()?,
        email_pending: row.take()?,
        avatar_url: row.take()?,
        is_active: row.take()?,
        is_admin: row.take()?,
        is_bot: row.take()?,
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
