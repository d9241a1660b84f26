//! Rows of the audit log. Names are read where they are today: whoever is erased has no name here either.

use syncspace_protocol::audit::{AuditAction, AuditEntry};
use syncspace_protocol::{AuditId, ChannelId, SessionId, TeamId, Time, UserId};

use super::{FromValue, Queries, Row, Sql, Statement, StoreError, Value, params};

impl From<AuditAction> for Value {
    fn from(action: AuditAction) -> Self {
        Self::Text(action.as_str().to_owned())
    }
}

impl FromValue for AuditAction {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        // A newer version may have written it.
        String::from_value(value).map(|text| text.parse().unwrap_or(Self::Unknown))
    }
}

/// A line of the log as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Tells it from the others of its millisecond.
    pub id: AuditId,
    /// When it was done.
    pub at: Time,
    /// What was done.
    pub action: AuditAction,
    /// Who did it.
    pub actor: Option<UserId>,
    /// From which device.
    pub session: Option<SessionId>,
    /// From which address.
    pub address: Option<String>,
    /// In which team.
    pub team: Option<TeamId>,
    /// In which channel.
    pub channel: Option<ChannelId>,
    /// To whom.
    pub user: Option<UserId>,
    /// What else there is to say, as JSON.
    pub details: String,
}

/// Writes a line.
pub async fn insert(db: &mut impl Queries, entry: &NewEntry) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO audit_log (at, id, action, actor_id, session_id, address, team_id, channel_id, user_id, details) \
         VALUES (?,?,?,?,?,?,?,?,?,?)",
    );
    let values = params![
        entry.at,
        entry.id,
        entry.action,
        entry.actor,
        entry.session,
        entry.address.as_ref(),
        entry.team,
        entry.channel,
        entry.user,
        &entry.details
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Which actions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actions {
    /// One of them.
    One(AuditAction),
    /// Those whose names begin so: all that can be done to something.
    Of(&'static str),
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this team.
    pub team: Option<TeamId>,
    /// What was done so.
    pub actions: Option<Actions>,
    /// By this person.
    pub actor: Option<UserId>,
    /// To this person.
    pub user: Option<UserId>,
    /// Then or later.
    pub since: Option<Time>,
    /// Before.
    pub until: Option<Time>,
}

/// Lists lines for a reader, the newest first, from a place down.
///
/// Of a team, what was done in a channel that others do not find is shown to its members alone. Of the whole server such a line
/// stands there for administrators, without the channel's name.
pub async fn list(
    db: &mut impl Queries,
    reader: UserId,
    filter: &Filter,
    before: Option<(Time, u64)>,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let Statement { sql, params } = list_statement(reader, filter, before, limit);
    db.query(&sql, params).await?.iter().map(read).collect()
}

/// Gives the statement of [`list`].
#[must_use]
pub fn list_statement(reader: UserId, filter: &Filter, before: Option<(Time, u64)>, limit: u32) -> Statement {
    let mut text = String::from(
        "SELECT l.id, l.at, l.action, l.actor_id, a.username, l.session_id, l.address, l.team_id, t.name, l.channel_id, \
         CASE WHEN c.kind = 'public' OR m.user_id IS NOT NULL THEN c.name END, l.user_id, u.username, l.details \
         FROM audit_log l LEFT JOIN users a ON a.id = l.actor_id LEFT JOIN teams t ON t.id = l.team_id \
         LEFT JOIN channels c ON c.id = l.channel_id LEFT JOIN users u ON u.id = l.user_id \
         LEFT JOIN channel_members m ON m.channel_id = l.channel_id AND m.user_id = ? AND m.left_at IS NULL WHERE 1 = 1",
    );
    let mut values = params![reader];
    let mut and = |condition: &str, given: Vec<Value>| {
        text.push_str(" AND ");
        text.push_str(condition);
        values.extend(given);
    };
    if let Some(team) = filter.team {
        let found = "l.team_id = ? AND (l.channel_id IS NULL OR c.kind = 'public' OR m.user_id IS NOT NULL)";
        and(found, params![team]);
    }
    match &filter.actions {
        Some(Actions::One(action)) => and("l.action = ?", params![*action]),
        // Between `word.` and `word/`, the sign that follows the dot.
        Some(Actions::Of(word)) => {
            and("l.action > ? AND l.action < ?", params![format!("{word}."), format!("{word}/")])
        }
        None => {}
    }
    if let Some(actor) = filter.actor {
        and("l.actor_id = ?", params![actor]);
    }
    if let Some(user) = filter.user {
        and("l.user_id = ?", params![user]);
    }
    if let Some(since) = filter.since {
        and("l.at >= ?", params![since]);
    }
    if let Some(until) = filter.until {
        and("l.at < ?", params![until]);
    }
    if let Some((at, id)) = before {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        and("l.at <= ? AND (l.at < ? OR l.id < ?)", params![at, at, id]);
    }
    text.push_str(&format!(" ORDER BY l.at DESC, l.id DESC LIMIT {limit}"));
    Statement { sql: Sql::built(text), params: values }
}

fn read(row: &Row) -> Result<AuditEntry, StoreError> {
    let mut row = row.reader();
    Ok(AuditEntry {
        id: row.take()?,
        at: row.take()?,
        action: row.take()?,
        actor_id: row.take()?,
        actor_name: row.take()?,
        session_id: row.take()?,
        address: row.take()?,
        team_id: row.take()?,
        team_name: row.take()?,
        channel_id: row.take()?,
        channel_name: row.take()?,
        user_id: row.take()?,
        user_name: row.take()?,
        details: serde_json::from_str(&row.take::<String>()?).unwrap_or_default(),
    })
}

/// Removes lines from before a time.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    let sql = Sql::pair(
        "DELETE FROM audit_log WHERE at < ? ORDER BY at, id LIMIT ?",
        "DELETE FROM audit_log WHERE (at, id) IN (SELECT at, id FROM audit_log WHERE at < ? ORDER BY at, id LIMIT ?)",
    );
    db.execute(&sql, params![time, limit]).await
}
