//! Rows of teams' histories that are moved in: the import, what became of each name, and who comes into its channels.

use std::collections::HashMap;

use syncspace_protocol::channels::{ChannelKind, ChannelRole};
use syncspace_protocol::imports::Import;
use syncspace_protocol::{ChannelId, ImportId, MemberId, TeamId, TeamName, Time, UserId};

use super::{FromValue, Many, ManySql, Queries, Row, Sql, StoreError, Value, params};

const IMPORT: &str = "id, team_id, source, fingerprint, match_by, started_by, created_at, finished_at";

fn read(row: &Row) -> Result<Import, StoreError> {
    let mut row = row.reader();
    Ok(Import {
        id: row.take()?,
        team_id: row.take()?,
        source: row.take()?,
        fingerprint: row.take()?,
        match_by: row.take()?,
        started_by: row.take()?,
        created_at: row.take()?,
        finished_at: row.take()?,
    })
}

/// Begins an import. Fails with `Duplicate` of `imports_fingerprint` where the same one was begun before.
pub async fn insert(db: &mut impl Queries, import: &Import) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO imports (id, team_id, source, fingerprint, match_by, started_by, created_at, finished_at) \
         VALUES (?,?,?,?,?,?,?,NULL)",
    );
    let values = params![
        import.id,
        import.team_id,
        &import.source,
        &import.fingerprint,
        import.match_by,
        import.started_by,
        import.created_at
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Finds an import of a team.
pub async fn find(db: &mut impl Queries, team: TeamId, import: ImportId) -> Result<Option<Import>, StoreError> {
    let sql = Sql::built(format!("SELECT {IMPORT} FROM imports WHERE id = ? AND team_id = ?"));
    db.query_first(&sql, params![import, team]).await?.map(|row| read(&row)).transpose()
}

/// Finds the import of a fingerprint in a team.
pub async fn find_by_fingerprint(
    db: &mut impl Queries,
    team: TeamId,
    fingerprint: &str,
) -> Result<Option<Import>, StoreError> {
    let sql = Sql::built(format!("SELECT {IMPORT} FROM imports WHERE team_id = ? AND fingerprint = ?"));
    db.query_first(&sql, params![team, fingerprint]).await?.map(|row| read(&row)).transpose()
}

/// Finds an import of another fingerprint in a team.
pub async fn find_other(db: &mut impl Queries, team: TeamId, fingerprint: &str) -> Result<Option<Import>, StoreError> {
    let sql = Sql::built(format!("SELECT {IMPORT} FROM imports WHERE team_id = ? AND fingerprint <> ? LIMIT 1"));
    db.query_first(&sql, params![team, fingerprint]).await?.map(|row| read(&row)).transpose()
}

/// Finds an import that is not finished and knows a person, with the name of its team.
pub async fn find_open_of(db: &mut impl Queries, user: UserId) -> Result<Option<(ImportId, TeamName)>, StoreError> {
    let sql = Sql::both(
        "SELECT i.id, t.name FROM import_items p JOIN imports i ON i.id = p.import_id JOIN teams t ON t.id = i.team_id \
         WHERE p.kind = 'user' AND p.object_id = ? AND i.finished_at IS NULL AND t.deleted_at IS NULL LIMIT 1",
    );
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    db.query_first(&sql, params![user]).await?.map(|row| read(&row)).transpose()
}

/// Ends an import: it takes nothing more.
pub async fn finish(db: &mut impl Queries, import: ImportId, now: Time) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE imports SET finished_at = ? WHERE id = ?");
    db.execute(&sql, params![now, import]).await.map(drop)
}

/// Forgets an import.
pub async fn remove(db: &mut impl Queries, import: ImportId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM import_members WHERE import_id = ?",
        "DELETE FROM import_items WHERE import_id = ?",
        "DELETE FROM imports WHERE id = ?",
    ] {
        db.execute(&Sql::both(sql), params![import]).await?;
    }
    Ok(())
}

/// What a name of an archive stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A person.
    User,
    /// A channel.
    Channel,
    /// A file of a message.
    File,
}

impl From<ItemKind> for Value {
    fn from(kind: ItemKind) -> Self {
        Self::from(match kind {
            ItemKind::User => "user",
            ItemKind::Channel => "channel",
            ItemKind::File => "file",
        })
    }
}

/// Where a channel of an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Out of sight; it is to be of this kind.
    Hidden(ChannelKind),
    /// Its people come in.
    Entering,
    /// It is a channel like any other.
    Done,
    /// It was there before, and is left alone.
    Foreign,
}

impl From<Stage> for Value {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Hidden(kind) => Self::from(kind),
            Stage::Entering => Self::from("open"),
            Stage::Done => Self::from("done"),
            Stage::Foreign => Self::from("foreign"),
        }
    }
}

impl FromValue for Stage {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match String::from_value(value)?.as_str() {
            "open" => Ok(Self::Entering),
            "done" => Ok(Self::Done),
            "foreign" => Ok(Self::Foreign),
            _ => ChannelKind::from_value(value).map(Self::Hidden),
        }
    }
}

/// What became of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Id of the person, channel or file.
    pub object_id: u64,
    /// Where a channel stands.
    pub stage: Option<Stage>,
}

const BY_KEY: ManySql = ManySql {
    width: 3,
    start: "SELECT key_hash, object_id, detail FROM import_items WHERE ",
    each: "(import_id = ? AND kind = ? AND key_hash = ?)",
    between: " OR ",
    end: "",
    sqlite: "SELECT key_hash, object_id, detail FROM import_items WHERE import_id = ? AND kind = ? AND key_hash = ?",
};

/// Finds what became of names, by their hashes; names that nothing is known of are left out.
pub async fn find_items(
    db: &mut impl Queries,
    import: ImportId,
    kind: ItemKind,
    hashes: &[String],
) -> Result<HashMap<String, Item>, StoreError> {
    let mut lookup = Many::with_capacity(&BY_KEY, hashes.len());
    hashes.iter().for_each(|hash| lookup.push([import.into(), kind.into(), hash.into()]));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, Item { object_id: row.take()?, stage: row.take()? }))
    };
    db.query_many(vec![lookup]).await?.iter().flatten().map(read).collect()
}

/// Notes what became of a name.
pub async fn put_item(
    db: &mut impl Queries,
    import: ImportId,
    (kind, hash): (ItemKind, &str),
    item: Item,
) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO import_items (import_id, kind, key_hash, object_id, detail) VALUES (?,?,?,?,?) \
         ON DUPLICATE KEY UPDATE object_id = VALUES(object_id), detail = VALUES(detail)",
        "INSERT INTO import_items (import_id, kind, key_hash, object_id, detail) VALUES (?,?,?,?,?) \
         ON CONFLICT (import_id, kind, key_hash) DO UPDATE SET object_id = excluded.object_id, detail = excluded.detail",
    );
    let id = i64::try_from(item.object_id).unwrap_or(i64::MAX);
    db.execute(&PUT, params![import, kind, hash, id, item.stage]).await.map(drop)
}

/// Finds where a channel of an import stands.
pub async fn find_stage(
    db: &mut impl Queries,
    import: ImportId,
    channel: ChannelId,
) -> Result<Option<Stage>, StoreError> {
    let sql =
        Sql::both("SELECT detail FROM import_items WHERE kind = 'channel' AND object_id = ? AND import_id = ? LIMIT 1");
    db.query_first(&sql, params![channel, import]).await?.map(|row| row.reader().take()).transpose()
}

/// Writes where a channel of an import stands.
pub async fn set_stage(
    db: &mut impl Queries,
    import: ImportId,
    channel: ChannelId,
    stage: Stage,
) -> Result<(), StoreError> {
    let sql =
        Sql::both("UPDATE import_items SET detail = ? WHERE kind = 'channel' AND object_id = ? AND import_id = ?");
    db.execute(&sql, params![stage, channel, import]).await.map(drop)
}

/// Lists some channels of an import that are not done.
pub async fn list_unfinished(
    db: &mut impl Queries,
    import: ImportId,
    limit: u32,
) -> Result<Vec<(ChannelId, Stage)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT object_id, detail FROM import_items WHERE import_id = ? AND kind = 'channel' \
         AND detail NOT IN ('done', 'foreign') ORDER BY key_hash LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    db.query(&sql, params![import]).await?.iter().map(read).collect()
}

/// Counts the channels of an import that are not done.
pub async fn count_unfinished(db: &mut impl Queries, import: ImportId) -> Result<u64, StoreError> {
    let sql = Sql::both(
        "SELECT COUNT(*) FROM import_items WHERE import_id = ? AND kind = 'channel' AND detail NOT IN ('done', 'foreign')",
    );
    db.query_first(&sql, params![import]).await?.map_or(Ok(0), |row| row.reader().take())
}

/// Names channels `c` that an import has not finished, which nobody may see.
pub(super) const IS_HIDDEN: &str = "EXISTS (SELECT 1 FROM import_items i WHERE i.kind = 'channel' AND i.object_id = c.id \
     AND i.detail IN ('public', 'private', 'direct', 'group'))";

/// Somebody who is to come into a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPerson {
    /// The channel.
    pub channel: ChannelId,
    /// Who.
    pub user: UserId,
    /// What the person may do.
    pub role: ChannelRole,
}

const PUT_MEMBER: ManySql = ManySql {
    width: 4,
    start: "INSERT INTO import_members (import_id, channel_id, user_id, role) VALUES ",
    each: "(?,?,?,?)",
    between: ",",
    end: " ON DUPLICATE KEY UPDATE role = VALUES(role)",
    sqlite: "INSERT INTO import_members (import_id, channel_id, user_id, role) VALUES (?,?,?,?) \
             ON CONFLICT (import_id, channel_id, user_id) DO UPDATE SET role = excluded.role",
};

/// Notes who comes into channels.
pub async fn put_people(db: &mut impl Queries, import: ImportId, people: &[NewPerson]) -> Result<(), StoreError> {
    if people.is_empty() {
        return Ok(());
    }
    let mut rows = Many::with_capacity(&PUT_MEMBER, people.len());
    for person in people {
        rows.push([import.into(), person.channel.into(), person.user.into(), person.role.into()]);
    }
    db.execute_many(rows).await
}

/// Lists some people who come into a channel, each with what names the person's own stream, where the person is in the team.
pub async fn list_people(
    db: &mut impl Queries,
    import: ImportId,
    channel: ChannelId,
    limit: u32,
) -> Result<Vec<(NewPerson, Option<MemberId>)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT p.user_id, p.role, m.member_id FROM import_members p JOIN channels c ON c.id = p.channel_id \
         LEFT JOIN team_members m ON m.user_id = p.user_id AND m.team_id = c.team_id AND m.left_at IS NULL \
         WHERE p.import_id = ? AND p.channel_id = ? ORDER BY p.user_id LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((NewPerson { channel, user: row.take()?, role: row.take()? }, row.take()?))
    };
    db.query(&sql, params![import, channel]).await?.iter().map(read).collect()
}

const REMOVE_PERSON: ManySql = ManySql {
    width: 3,
    start: "DELETE FROM import_members WHERE ",
    each: "(import_id = ? AND channel_id = ? AND user_id = ?)",
    between: " OR ",
    end: "",
    sqlite: "DELETE FROM import_members WHERE import_id = ? AND channel_id = ? AND user_id = ?",
};

/// Forgets people who have come into their channels.
pub async fn remove_people(db: &mut impl Queries, import: ImportId, people: &[NewPerson]) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&REMOVE_PERSON, people.len());
    people.iter().for_each(|person| rows.push([import.into(), person.channel.into(), person.user.into()]));
    db.execute_many(rows).await
}

/// Gives a hidden channel the kind that it is to have.
pub async fn reveal(
    db: &mut impl Queries,
    channel: ChannelId,
    kind: ChannelKind,
    rev: syncspace_protocol::Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE channels SET kind = ?, is_private = ?, rev = ? WHERE id = ?");
    db.execute(&sql, params![kind, kind != ChannelKind::Public, rev, channel]).await.map(drop)
}
