//! Commands that people type with a slash, and who answers them.

use syncspace_protocol::commands::SlashCommand;
use syncspace_protocol::names::SlashName;
use syncspace_protocol::{CommandId, TeamId};

use super::list::Slice;
use super::{Queries, Row, RowReader, Sql, StoreError, params};

const COMMAND: &str =
    "id, team_id, name, description, usage_hint, bot_id, url, created_by, created_at, updated_at FROM commands";

fn read(row: &mut RowReader<'_>) -> Result<SlashCommand, StoreError> {
    Ok(SlashCommand {
        id: row.take()?,
        team_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        usage_hint: row.take()?,
        bot_id: row.take()?,
        url: row.take()?,
        created_by: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

fn read_row(row: &Row) -> Result<SlashCommand, StoreError> {
    read(&mut row.reader())
}

/// Puts a new command in. Fails with `commands_name` as the duplicate key.
pub async fn insert(db: &mut impl Queries, command: &SlashCommand, secret: &str) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both(
        "INSERT INTO commands (id, team_id, name, description, usage_hint, bot_id, url, secret, created_by, created_at, \
         updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
    );
    let values = params![
        command.id,
        command.team_id,
        &command.name,
        command.description.clone(),
        command.usage_hint.clone(),
        command.bot_id,
        command.url.clone(),
        secret,
        command.created_by,
        command.created_at,
        command.updated_at,
    ];
    db.execute(&INSERT, values).await.map(drop)
}

/// Writes what can be edited of a command.
pub async fn update(db: &mut impl Queries, command: &SlashCommand) -> Result<(), StoreError> {
    const UPDATE: Sql =
        Sql::both("UPDATE commands SET description = ?, usage_hint = ?, url = ?, updated_at = ? WHERE id = ?");
    let values = params![
        command.description.clone(),
        command.usage_hint.clone(),
        command.url.clone(),
        command.updated_at,
        command.id,
    ];
    db.execute(&UPDATE, values).await.map(drop)
}

/// Removes a command of a team; gives whether there was one.
pub async fn delete(db: &mut impl Queries, team: TeamId, command: CommandId) -> Result<bool, StoreError> {
    const DELETE: Sql = Sql::both("DELETE FROM commands WHERE id = ? AND team_id = ?");
    db.execute(&DELETE, params![command, team]).await.map(|rows| rows > 0)
}

/// Finds a command of a team.
pub async fn find(db: &mut impl Queries, team: TeamId, command: CommandId) -> Result<Option<SlashCommand>, StoreError> {
    let sql = Sql::built(format!("SELECT {COMMAND} WHERE id = ? AND team_id = ?"));
    let rows = db.query(&sql, params![command, team]).await?;
    rows.first().map(read_row).transpose()
}

/// Finds a command of a team by its name, with the secret that signs its requests; none whose bot is switched off.
pub async fn find_by_name(
    db: &mut impl Queries,
    team: TeamId,
    name: &SlashName,
) -> Result<Option<(SlashCommand, String)>, StoreError> {
    const SELECT: &str = "SELECT secret, id, team_id, name, description, usage_hint, bot_id, url, created_by, created_at, \
                          updated_at FROM commands WHERE team_id = ? AND name = ? \
                          AND EXISTS (SELECT 1 FROM users u WHERE u.id = bot_id AND u.is_active = 1)";
    let rows = db.query(&Sql::both(SELECT), params![team, name]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    let secret = row.take()?;
    Ok(Some((read(&mut row)?, secret)))
}

/// Lists the commands of a team, by id.
pub async fn list(db: &mut impl Queries, team: TeamId, slice: &Slice) -> Result<Vec<SlashCommand>, StoreError> {
    let (filter, values) = slice.filter("id", "name");
    let sql = Sql::built(format!("SELECT {COMMAND} WHERE team_id = ?{filter}"));
    let rows = db.query(&sql, [params![team], values].concat()).await?;
    rows.iter().map(read_row).collect()
}

/// Counts the commands of a team.
pub async fn count(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let rows = db.query(&Sql::both("SELECT COUNT(*) FROM commands WHERE team_id = ?"), params![team]).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}
