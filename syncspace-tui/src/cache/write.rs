//! Writes what the state wants kept, within the caller's transaction.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::error::CacheError;
use super::value::{draft_columns, int};
use super::{lists, log, pictures};
use crate::app::kept::{Keep, KeptDraft, KeptParcel};

/// Kinds of cards.
pub(super) const TEAM: i64 = 1;
pub(super) const CHANNEL: i64 = 2;
pub(super) const PERSON: i64 = 3;

/// Names of facts.
pub(super) const ME: &str = "me";
pub(super) const EPOCH: &str = "epoch";
pub(super) const CONTACT: &str = "contact";
pub(super) const PLACES: &str = "places";
pub(super) const HABITS: &str = "habits";
pub(super) const SEARCH: &str = "search";
pub(super) const DISCARDED: &str = "discarded";
pub(super) const EDITS: &str = "edits";

/// Writes all of it.
pub(super) fn all(connection: &Connection, keeps: &[Keep]) -> Result<(), CacheError> {
    keeps.iter().try_for_each(|keep| one(connection, keep))
}

fn one(connection: &Connection, keep: &Keep) -> Result<(), CacheError> {
    match keep {
        Keep::Me(me) => put_fact(connection, ME, me),
        Keep::Contact(at) => put_fact(connection, CONTACT, at),
        Keep::Places(places) => put_fact(connection, PLACES, places),
        Keep::Habits(habits) => put_fact(connection, HABITS, habits),
        Keep::Search(typed) => put_fact(connection, SEARCH, typed),
        Keep::Discarded(discarded) => put_fact(connection, DISCARDED, discarded),
        Keep::Edits(edits) => put_fact(connection, EDITS, edits),
        Keep::List(list) => lists::put(connection, list),
        Keep::Epoch(epoch) => {
            let held: Option<String> = super::read::fact(connection, EPOCH)?;
            if held.is_some_and(|held| held != epoch.0) {
                log::drop_all(connection)?;
                pictures::forget_all(connection)?;
                lists::forget_all(connection)?;
            }
            put_fact(connection, EPOCH, &epoch.0)
        }
        Keep::Team(team) => put_card(connection, (TEAM, int(team.mine.team.id)), team),
        Keep::DropTeam(team) => {
            lists::forget_team(connection, *team)?;
            drop_card(connection, (TEAM, int(*team)))
        }
        Keep::Channel(mine) => {
            log::drop_up_to(connection, mine.channel.id, mine.head.floor_seq)?;
            put_card(connection, (CHANNEL, int(mine.channel.id)), mine)
        }
        Keep::DropChannel(channel) => {
            log::drop_log(connection, *channel)?;
            pictures::forget_channel(connection, *channel)?;
            lists::forget_channel(connection, *channel)?;
            drop_card(connection, (CHANNEL, int(*channel)))
        }
        Keep::Person(person) => put_card(connection, (PERSON, int(person.id)), person),
        Keep::Draft(draft) => put_draft(connection, draft),
        Keep::DropDraft(key) => {
            let key = draft_columns(*key);
            let mut statement =
                connection.prepare_cached("DELETE FROM drafts WHERE kind = ?1 AND channel_id = ?2 AND seq = ?3")?;
            statement.execute(params![key.0, key.1, key.2])?;
            Ok(())
        }
        Keep::Parcel(parcel) => put_parcel(connection, parcel),
        Keep::DropParcel(client_id) => {
            let mut statement = connection.prepare_cached("DELETE FROM outbox WHERE client_id = ?1")?;
            statement.execute([client_id.to_string()])?;
            Ok(())
        }
        Keep::Page(page) => log::put_page(connection, page),
        Keep::Event(event) => log::take_event(connection, event).map(drop),
        Keep::DropLog(channel) => {
            pictures::forget_channel(connection, *channel)?;
            log::drop_log(connection, *channel)
        }
        Keep::Picture(channel, picture) => pictures::put(connection, *channel, picture),
    }
}

/// Keeps something under a name.
pub(super) fn put_fact(connection: &Connection, name: &str, fact: &impl Serialize) -> Result<(), CacheError> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO facts (name, body) VALUES (?1, ?2)")?;
    statement.execute(params![name, serde_json::to_string(fact)?])?;
    Ok(())
}

fn put_card(connection: &Connection, (kind, id): (i64, i64), card: &impl Serialize) -> Result<(), CacheError> {
    let mut statement =
        connection.prepare_cached("INSERT OR REPLACE INTO cards (kind, id, body) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![kind, id, serde_json::to_string(card)?])?;
    Ok(())
}

fn drop_card(connection: &Connection, (kind, id): (i64, i64)) -> Result<(), CacheError> {
    connection.prepare_cached("DELETE FROM cards WHERE kind = ?1 AND id = ?2")?.execute([kind, id])?;
    Ok(())
}

fn put_draft(connection: &Connection, draft: &KeptDraft) -> Result<(), CacheError> {
    let key = draft_columns(draft.key);
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO drafts (kind, channel_id, seq, content, line, column, shared_rev, shared_content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let cursor = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    let (line, column) = (cursor(draft.cursor.0), cursor(draft.cursor.1));
    let shared = &draft.shared;
    statement.execute(params![key.0, key.1, key.2, draft.content, line, column, int(shared.rev), shared.content])?;
    Ok(())
}

fn put_parcel(connection: &Connection, parcel: &KeptParcel) -> Result<(), CacheError> {
    // Its place stays the one it got first: order is that of sending.
    let mut statement = connection.prepare_cached(
        "INSERT INTO outbox (client_id, channel_id, parent_seq, body, refused, may_be_sent, paths)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (client_id) DO UPDATE
         SET body = excluded.body, refused = excluded.refused, may_be_sent = excluded.may_be_sent",
    )?;
    statement.execute(params![
        parcel.client_id.to_string(),
        int(parcel.channel_id),
        parcel.parent_seq.map(int),
        serde_json::to_string(&parcel.body)?,
        parcel.refused,
        parcel.may_be_sent,
        serde_json::to_string(&parcel.paths)?
    ])?;
    Ok(())
}
