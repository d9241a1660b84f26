//! Lists of pages as the server gave them last, a fact for each.

use rusqlite::Connection;
use syncspace_protocol::{ChannelId, TeamId};

use super::error::CacheError;
use super::value::json;
use super::write::put_fact;
use crate::app::kept::KeptList;

/// What the names of these facts begin with.
const LIST: &str = "list";

fn name(list: &KeptList) -> String {
    format!("{LIST} {} {}", list.team_id, list.entries.name())
}

pub(super) fn put(connection: &Connection, list: &KeptList) -> Result<(), CacheError> {
    put_fact(connection, &name(list), list)
}

/// Reads all of them.
pub(super) fn all(connection: &Connection) -> Result<Vec<KeptList>, CacheError> {
    let mut statement = connection.prepare("SELECT body FROM facts WHERE name GLOB ?1")?;
    let bodies = statement.query_map([format!("{LIST} *")], |row| row.get::<_, String>(0))?;
    let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
    Ok(bodies.iter().filter_map(|body| json(body)).collect())
}

/// Forgets what stands in a channel that may not be seen any more.
pub(super) fn forget_channel(connection: &Connection, channel: ChannelId) -> Result<(), CacheError> {
    for mut list in all(connection)? {
        if list.entries.forget_channel(channel) {
            put(connection, &list)?;
        }
    }
    Ok(())
}

pub(super) fn forget_team(connection: &Connection, team: TeamId) -> Result<(), CacheError> {
    connection.execute("DELETE FROM facts WHERE name GLOB ?1", [format!("{LIST} {team} *")])?;
    Ok(())
}

pub(super) fn forget_all(connection: &Connection) -> Result<(), CacheError> {
    connection.execute("DELETE FROM facts WHERE name GLOB ?1", [format!("{LIST} *")])?;
    Ok(())
}
