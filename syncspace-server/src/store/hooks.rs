//! Hooks: what posts into channels, and what is told of messages.

use syncspace_protocol::hooks::{Hook, HookKind};
use syncspace_protocol::{ChannelId, HookId, TeamId, UserId};

use super::list::Slice;
use super::{FromValue, Queries, Row, RowReader, Sql, StoreError, Value, params};

/// A hook with what nobody is shown.
#[derive(Clone)]
pub struct HookRow {
    /// As those see it who manage the team.
    pub hook: Hook,
    /// Of the token of an incoming one.
    pub token_hash: Option<String>,
    /// What signs the deliveries of an outgoing one.
    pub secret: Option<String>,
}

/// Names the hook, and leaves the secret out.
impl std::fmt::Debug for HookRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookRow").field("id", &self.hook.id).finish_non_exhaustive()
    }
}

/// Words as they are stored: JSON.
struct Words(Vec<String>);

impl FromValue for Words {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self(Vec::new())),
            Value::Text(text) => serde_json::from_str(text).map(Self).map_err(|_| "a list of words"),
            Value::Int(_) => Err("a list of words"),
        }
    }
}

fn stored_words(words: &[String]) -> Result<Value, StoreError> {
    let failed = |source: serde_json::Error| StoreError::Other { during: "write words".into(), source: source.into() };
    if words.is_empty() { Ok(Value::Null) } else { serde_json::to_string(words).map(Value::from).map_err(failed) }
}

const HOOK: &str = "h.id, h.team_id, h.kind, h.name, h.bot_id, h.channel_id, h.may_choose_channel, h.url, h.trigger_words, \
                    h.created_by, h.created_at, h.updated_at";

fn read(row: &mut RowReader<'_>) -> Result<Hook, StoreError> {
    Ok(Hook {
        id: row.take()?,
        team_id: row.take()?,
        kind: row.take()?,
        name: row.take()?,
        bot_id: row.take()?,
        channel_id: row.take()?,
        may_choose_channel: row.take()?,
        url: row.take()?,
        trigger_words: row.take::<Words>()?.0,
        created_by: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

fn read_hook(row: &Row) -> Result<Hook, StoreError> {
    read(&mut row.reader())
}

fn read_row(row: &Row) -> Result<HookRow, StoreError> {
    let mut row = row.reader();
    Ok(HookRow { hook: read(&mut row)?, token_hash: row.take()?, secret: row.take()? })
}

/// Puts a new hook in.
pub async fn insert(db: &mut impl Queries, row: &HookRow) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both(
        "INSERT INTO hooks (id, team_id, kind, name, bot_id, channel_id, may_choose_channel, token_hash, url, secret, \
         trigger_words, created_by, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    );
    let hook = &row.hook;
    let values = params![
        hook.id,
        hook.team_id,
        hook.kind,
        &hook.name,
        hook.bot_id,
        hook.channel_id,
        hook.may_choose_channel,
        row.token_hash.clone(),
        hook.url.clone(),
        row.secret.clone(),
        stored_words(&hook.trigger_words)?,
        hook.created_by,
        hook.created_at,
        hook.updated_at,
    ];
    db.execute(&INSERT, values).await.map(drop)
}

/// Writes what can be edited of a hook.
pub async fn update(db: &mut impl Queries, hook: &Hook) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE hooks SET name = ?, channel_id = ?, may_choose_channel = ?, url = ?, trigger_words = ?, updated_at = ? \
         WHERE id = ?",
    );
    let values = params![
        &hook.name,
        hook.channel_id,
        hook.may_choose_channel,
        hook.url.clone(),
        stored_words(&hook.trigger_words)?,
        hook.updated_at,
        hook.id,
    ];
    db.execute(&UPDATE, values).await.map(drop)
}

/// Removes a hook of a team.
pub async fn delete(db: &mut impl Queries, hook: HookId) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM hooks WHERE id = ?"), params![hook]).await.map(drop)
}

/// Finds a hook of a team.
pub async fn find(db: &mut impl Queries, team: TeamId, hook: HookId) -> Result<Option<Hook>, StoreError> {
    let sql = Sql::built(format!("SELECT {HOOK} FROM hooks h WHERE h.id = ? AND h.team_id = ?"));
    let rows = db.query(&sql, params![hook, team]).await?;
    rows.first().map(read_hook).transpose()
}

/// Lists the hooks of a team, by id.
pub async fn list(db: &mut impl Queries, team: TeamId, slice: &Slice) -> Result<Vec<Hook>, StoreError> {
    let (filter, values) = slice.filter("h.id", "h.name");
    let sql = Sql::built(format!("SELECT {HOOK} FROM hooks h WHERE h.team_id = ?{filter}"));
    let rows = db.query(&sql, [params![team], values].concat()).await?;
    rows.iter().map(read_hook).collect()
}

/// Counts the hooks of a team.
pub async fn count(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let rows = db.query(&Sql::both("SELECT COUNT(*) FROM hooks WHERE team_id = ?"), params![team]).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}

/// What decides where a post to an incoming hook goes: the hook, its team, its bot, its channel, whether it may choose another.
pub type Door = (HookId, TeamId, UserId, ChannelId, bool);

/// Finds where the posts with this token go, while bot and team are there.
pub async fn find_door(db: &mut impl Queries, token_hash: &str) -> Result<Option<Door>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT h.id, h.team_id, h.bot_id, h.channel_id, h.may_choose_channel FROM hooks h \
         JOIN users u ON u.id = h.bot_id JOIN teams t ON t.id = h.team_id \
         WHERE h.token_hash = ? AND u.is_active = 1 AND t.deleted_at IS NULL",
    );
    let rows = db.query(&SELECT, params![token_hash]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    Ok(Some((row.take()?, row.take()?, row.take()?, row.take()?, row.take()?)))
}

/// Lists the outgoing hooks that hear these teams, while their bots are there.
pub async fn list_listening(db: &mut impl Queries, teams: &[TeamId]) -> Result<Vec<HookRow>, StoreError> {
    if teams.is_empty() {
        return Ok(Vec::new());
    }
    let ids = super::padded(teams.iter().map(|&team| Value::from(team)).collect());
    let sql = Sql::built(format!(
        "SELECT {HOOK}, h.token_hash, h.secret FROM hooks h JOIN users u ON u.id = h.bot_id \
         WHERE h.kind = ? AND h.team_id IN ({}) AND u.is_active = 1 ORDER BY h.id",
        super::placeholders(ids.len())
    ));
    let rows = db.query(&sql, [params![HookKind::Outgoing], ids].concat()).await?;
    rows.iter().map(read_row).collect()
}

/// Finds an outgoing hook with its secret, while bot and team are there.
pub async fn find_target(db: &mut impl Queries, hook: HookId) -> Result<Option<HookRow>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {HOOK}, h.token_hash, h.secret FROM hooks h JOIN users u ON u.id = h.bot_id JOIN teams t ON t.id = h.team_id \
         WHERE h.id = ? AND u.is_active = 1 AND t.deleted_at IS NULL"
    ));
    let rows = db.query(&sql, params![hook]).await?;
    rows.first().map(read_row).transpose()
}
