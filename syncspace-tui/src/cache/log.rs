//! Messages of channels. Each channel's log says up to which rev it is complete, and takes only what follows on.

use rusqlite::{Connection, OptionalExtension, params};
use syncspace_protocol::messages::Message;
use syncspace_protocol::search::words::{Words, index_word};
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, TeamId};

use super::bounds::{CHANNEL_MESSAGES_MAX, LOG_MESSAGES, MESSAGES_MAX};
use super::error::CacheError;
use super::pictures;
use super::value::{int, json, number};
use crate::app::kept::{KeptLog, KeptPage};
use crate::app::patch;
use crate::app::timeline::Part;

/// Takes a part of a log that the server gave.
pub(super) fn put_page(connection: &Connection, page: &KeptPage) -> Result<(), CacheError> {
    let channel = page.channel_id;
    if page.is_anew {
        drop_log(connection, channel)?;
    }
    match rev(connection, channel)? {
        None => set_rev(connection, channel, page.rev)?,
        // What changed since it was read is not in it, and will not be told again.
        Some(held) if held > page.rev => return Ok(()),
        Some(_) => {}
    }
    for message in &page.messages {
        put(connection, message)?;
    }
    Ok(())
}

/// Takes what happened in a channel where it follows on; tells whether the log goes on without a hole.
pub(super) fn take_event(connection: &Connection, event: &StreamEvent) -> Result<bool, CacheError> {
    let (Some(StreamId::Channel(channel)), Some(at)) = (event.stream, event.rev) else { return Ok(true) };
    let Some(held) = rev(connection, channel)? else { return Ok(false) };
    if at <= held {
        return Ok(true);
    }
    match &event.body {
        EventBody::Changes { items, after, .. } => {
            if *after > held {
                return Ok(false);
            }
            for item in items {
                match item {
                    Change::Message { message } => put(connection, message)?,
                    Change::Floor { floor_seq, .. } => drop_up_to(connection, channel, *floor_seq)?,
                    _ => {}
                }
            }
        }
        _ if at != held.next() => return Ok(false),
        body => {
            match body {
                EventBody::MessageCreated { message, .. } => put(connection, message)?,
                EventBody::FloorRaised { floor_seq } => drop_up_to(connection, channel, *floor_seq)?,
                _ => {}
            }
            for seq in patch::touched(body) {
                if let Some(mut message) = message_at(connection, channel, seq)?
                    && patch::patch(&mut message, at, body)
                {
                    put(connection, &message)?;
                }
            }
        }
    }
    set_rev(connection, channel, at)?;
    Ok(true)
}

/// Puts a message in, unless the one at hand is as new.
fn put(connection: &Connection, message: &Message) -> Result<(), CacheError> {
    if message.deleted_at.is_some()
        && let Some(before) = message_at(connection, message.channel_id, message.seq)?
    {
        pictures::forget_of(connection, &before)?;
    }
    let (id, body) = (int(message.id), serde_json::to_string(message)?);
    let mut statement = connection.prepare_cached(
        "INSERT INTO messages (id, channel_id, seq, rev, created_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, body = excluded.body WHERE excluded.rev > rev",
    )?;
    let created_at = message.created_at.unix_ms();
    let place = (int(message.channel_id), int(message.seq), int(message.rev));
    let changed = statement.execute(params![id, place.0, place.1, place.2, created_at, body])?;
    if changed == 0 {
        return Ok(());
    }
    connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([id])?;
    let tokens = tokens(&message.content);
    if !tokens.is_empty() {
        connection.prepare_cached("INSERT INTO words (rowid, tokens) VALUES (?1, ?2)")?.execute(params![id, tokens])?;
    }
    Ok(())
}

/// Gives the words of a text as the index holds them.
fn tokens(content: &str) -> String {
    let words = Words::find(content).index_texts();
    words.iter().map(|word| token(word)).collect::<Vec<_>>().join(" ")
}

/// Gives a word as the index holds it. The file is of one account: its words need no team.
pub(super) fn token(word: &str) -> String {
    index_word(TeamId::try_from(1).expect("1 is a team's number"), word)
}

pub(super) fn message_at(connection: &Connection, channel: ChannelId, seq: Seq) -> Result<Option<Message>, CacheError> {
    let mut statement = connection.prepare_cached("SELECT body FROM messages WHERE channel_id = ?1 AND seq = ?2")?;
    let body: Option<String> = statement.query_row([int(channel), int(seq)], |row| row.get(0)).optional()?;
    Ok(body.and_then(|body| json(&body)))
}

/// Gives up to which rev the log of a channel is complete.
pub(super) fn rev(connection: &Connection, channel: ChannelId) -> Result<Option<Rev>, CacheError> {
    let mut statement = connection.prepare_cached("SELECT rev FROM logs WHERE channel_id = ?1")?;
    Ok(statement.query_row([int(channel)], |row| number(row, 0)).optional()?)
}

fn set_rev(connection: &Connection, channel: ChannelId, rev: Rev) -> Result<(), CacheError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO logs (channel_id, rev) VALUES (?1, ?2) ON CONFLICT (channel_id) DO UPDATE SET rev = excluded.rev",
    )?;
    statement.execute([int(channel), int(rev)])?;
    Ok(())
}

/// Gives the newest part of a channel's log, or what stands before a place.
pub(super) fn load(
    connection: &Connection,
    channel: ChannelId,
    before: Option<Seq>,
) -> Result<Option<KeptLog>, CacheError> {
    let before = before.map_or(i64::MAX, int);
    let bodies = bodies(connection, BEFORE, (channel, before), LOG_MESSAGES + 1)?;
    let wanted = usize::try_from(LOG_MESSAGES).unwrap_or(usize::MAX);
    let has_older = bodies.len() > wanted;
    let mut messages: Vec<Message> = bodies.iter().take(wanted).filter_map(|body| json(body)).collect();
    messages.reverse();
    let rev = rev(connection, channel)?;
    Ok(rev.map(|rev| KeptLog { channel_id: channel, messages, rev, has_older }))
}

/// Gives what stands beside a place.
pub(super) fn load_part(
    connection: &Connection,
    channel: ChannelId,
    part: Part,
) -> Result<Option<KeptLog>, CacheError> {
    let (above, below) = match part {
        Part::Before(seq) => (Some((seq, LOG_MESSAGES)), None),
        Part::After(seq) => (None, Some((seq.next(), LOG_MESSAGES))),
        Part::Around(seq) => (Some((seq, LOG_MESSAGES / 2)), Some((seq, LOG_MESSAGES / 2))),
    };
    let mut found = Vec::new();
    if let Some((seq, count)) = above {
        found = bodies(connection, BEFORE, (channel, int(seq)), count)?;
        found.reverse();
    }
    if let Some((seq, count)) = below {
        found.extend(bodies(connection, FROM, (channel, int(seq)), count)?);
    }
    let messages = found.iter().filter_map(|body| json(body)).collect();
    let rev = rev(connection, channel)?;
    Ok(rev.map(|rev| KeptLog { channel_id: channel, messages, rev, has_older: true }))
}

const BEFORE: &str = "SELECT body FROM messages WHERE channel_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";
const FROM: &str = "SELECT body FROM messages WHERE channel_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3";

fn bodies(
    connection: &Connection,
    sql: &str,
    (channel, seq): (ChannelId, i64),
    count: u32,
) -> Result<Vec<String>, CacheError> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![int(channel), seq, count], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets the messages of a channel.
pub(super) fn drop_log(connection: &Connection, channel: ChannelId) -> Result<(), CacheError> {
    let channel = int(channel);
    connection
        .execute("DELETE FROM words WHERE rowid IN (SELECT id FROM messages WHERE channel_id = ?1)", [channel])?;
    connection.execute("DELETE FROM messages WHERE channel_id = ?1", [channel])?;
    connection.execute("DELETE FROM logs WHERE channel_id = ?1", [channel])?;
    Ok(())
}

/// Forgets the messages of a channel up to a place, with their pictures.
pub(super) fn drop_up_to(connection: &Connection, channel: ChannelId, floor: Seq) -> Result<(), CacheError> {
    let place = [int(channel), int(floor)];
    let mut statement =
        connection.prepare_cached("SELECT body FROM messages WHERE channel_id = ?1 AND seq <= ?2 ORDER BY seq")?;
    let bodies: Vec<String> = statement.query_map(place, |row| row.get(0))?.collect::<Result<_, _>>()?;
    for message in bodies.iter().filter_map(|body| json(body)) {
        pictures::forget_of(connection, &message)?;
    }
    drop_messages(connection, "SELECT id FROM messages WHERE channel_id = ?1 AND seq <= ?2", place)
}

/// Forgets all messages.
pub(super) fn drop_all(connection: &Connection) -> Result<(), CacheError> {
    connection.execute_batch("DELETE FROM words; DELETE FROM messages; DELETE FROM logs;")?;
    Ok(())
}

/// Forgets the oldest messages beyond the bounds.
pub(super) fn trim(connection: &Connection) -> Result<(), CacheError> {
    trim_to(connection, CHANNEL_MESSAGES_MAX, MESSAGES_MAX)
}

pub(super) fn trim_to(connection: &Connection, of_channel: u64, in_all: u64) -> Result<(), CacheError> {
    let long: Vec<(i64, i64)> = connection
        .prepare("SELECT channel_id, max(seq) FROM messages GROUP BY channel_id HAVING count(*) > ?1")?
        .query_map([int(of_channel)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (channel, last) in long {
        let old = "SELECT id FROM messages WHERE channel_id = ?1 AND seq <= ?2";
        drop_messages(connection, old, params![channel, last.saturating_sub(int(of_channel))])?;
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM messages", [], |row| row.get(0))?;
    let over = count.saturating_sub(int(in_all));
    if over > 0 {
        drop_messages(connection, "SELECT id FROM messages ORDER BY id LIMIT ?1", params![over])?;
    }
    Ok(())
}

fn drop_messages(connection: &Connection, which: &str, values: impl rusqlite::Params + Copy) -> Result<(), CacheError> {
    connection.execute(&format!("DELETE FROM words WHERE rowid IN ({which})"), values)?;
    connection.execute(&format!("DELETE FROM messages WHERE id IN ({which})"), values)?;
    Ok(())
}
