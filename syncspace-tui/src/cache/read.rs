//! Reads what was kept.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;
use syncspace_protocol::Epoch;
use syncspace_protocol::messages::SendMessage;

use super::error::CacheError;
use super::value::{draft_key, json, number};
use super::write::{CHANNEL, CONTACT, DISCARDED, EDITS, EPOCH, HABITS, ME, PERSON, PLACES, SEARCH, TEAM};
use super::{lists, log, pictures};
use crate::app::kept::{KeptDraft, KeptEdit, KeptParcel, Shared, Snapshot};

/// Reads everything that a start needs.
pub(super) fn snapshot(connection: &Connection) -> Result<Snapshot, CacheError> {
    let mut snapshot = Snapshot {
        me: fact(connection, ME)?,
        epoch: fact(connection, EPOCH)?.map(Epoch),
        contact: fact(connection, CONTACT)?,
        teams: cards(connection, TEAM)?,
        channels: cards(connection, CHANNEL)?,
        people: cards(connection, PERSON)?,
        places: fact(connection, PLACES)?.unwrap_or_default(),
        habits: fact(connection, HABITS)?.unwrap_or_default(),
        search: fact(connection, SEARCH)?.unwrap_or_default(),
        discarded: fact(connection, DISCARDED)?.unwrap_or_default(),
        edits: edits(connection)?,
        lists: lists::all(connection)?,
        drafts: drafts(connection)?,
        outbox: outbox(connection)?,
        log: None,
        pictures: Vec::new(),
        note: None,
    };
    if let Some(open) = snapshot.places.open {
        snapshot.log = log::load(connection, open, None)?;
        if let Some(log) = &snapshot.log {
            snapshot.pictures = pictures::of_log(connection, log)?;
        }
    }
    Ok(snapshot)
}

/// Reads a fact by its name.
pub(super) fn fact<T: DeserializeOwned>(connection: &Connection, name: &str) -> Result<Option<T>, CacheError> {
    let mut statement = connection.prepare_cached("SELECT body FROM facts WHERE name = ?1")?;
    let body: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
    Ok(body.and_then(|body| json(&body)))
}

fn cards<T: DeserializeOwned>(connection: &Connection, kind: i64) -> Result<Vec<T>, CacheError> {
    let mut statement = connection.prepare("SELECT body FROM cards WHERE kind = ?1")?;
    let bodies = statement.query_map([kind], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(bodies.iter().filter_map(|body| json(body)).collect())
}

/// Reads what was typed into scheduled messages and not saved.
pub(super) fn edits(connection: &Connection) -> Result<Vec<KeptEdit>, CacheError> {
    Ok(fact(connection, EDITS)?.unwrap_or_default())
}

/// Reads all drafts.
pub(super) fn drafts(connection: &Connection) -> Result<Vec<KeptDraft>, CacheError> {
    let mut statement = connection
        .prepare("SELECT kind, channel_id, seq, content, line, column, shared_rev, shared_content FROM drafts")?;
    let drafts = statement.query_map([], draft)?.collect::<Result<Vec<_>, _>>()?;
    Ok(drafts.into_iter().flatten().collect())
}

fn draft(row: &Row<'_>) -> rusqlite::Result<Option<KeptDraft>> {
    let Some(key) = draft_key(row)? else { return Ok(None) };
    let (line, column): (i64, i64) = (row.get(4)?, row.get(5)?);
    let cursor = (usize::try_from(line).unwrap_or(0), usize::try_from(column).unwrap_or(0));
    let shared = Shared { rev: number(row, 6)?, content: row.get(7)? };
    Ok(Some(KeptDraft { key, content: row.get(3)?, cursor, shared }))
}

/// Reads what is on its way, oldest first.
pub(super) fn outbox(connection: &Connection) -> Result<Vec<KeptParcel>, CacheError> {
    let mut statement = connection.prepare(
        "SELECT client_id, channel_id, parent_seq, body, refused, may_be_sent, paths FROM outbox ORDER BY place",
    )?;
    let parcels = statement.query_map([], parcel)?.collect::<Result<Vec<_>, _>>()?;
    Ok(parcels.into_iter().flatten().collect())
}

fn parcel(row: &Row<'_>) -> rusqlite::Result<Option<KeptParcel>> {
    let (client_id, body): (String, String) = (row.get(0)?, row.get(3)?);
    let (Ok(client_id), Some(body)) = (client_id.parse(), json::<SendMessage>(&body)) else { return Ok(None) };
    let parent_seq = row.get::<_, Option<i64>>(2)?.map(|_| number(row, 2)).transpose()?;
    Ok(Some(KeptParcel {
        client_id,
        channel_id: number(row, 1)?,
        parent_seq,
        body,
        refused: row.get(4)?,
        may_be_sent: row.get(5)?,
        paths: json(&row.get::<_, String>(6)?).unwrap_or_default(),
    }))
}
