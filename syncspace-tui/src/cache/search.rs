//! Full-text search in what is cached, without a network: the same words and filters as the server's.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use syncspace_protocol::Seq;
use syncspace_protocol::messages::Message;
use syncspace_protocol::search::matching::{Found, Needle};
use syncspace_protocol::search::words::Words;
use syncspace_protocol::search::{SearchContext, SearchHit};

use super::bounds::{CANDIDATES_MAX, HITS_MAX};
use super::error::CacheError;
use super::log::{message_at, token};
use super::value::{int, json};
use crate::app::kept::KeptHit;
use crate::app::kept_query::KeptQuery;

/// Finds messages, the newest first.
pub(super) fn find(connection: &Connection, query: &KeptQuery) -> Result<Vec<KeptHit>, CacheError> {
    let words: Vec<String> = query.needles.iter().flat_map(Needle::lookups).map(|word| token(&word)).collect();
    if words.is_empty() && query.filters.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, values) = statement(query, &words);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut hits = Vec::new();
    while let Some(row) = rows.next()? {
        // Two words may share a name in the index: the text itself decides.
        if let Some(hit) = json(row.get_ref(0)?.as_str().unwrap_or_default()).and_then(|message| hit(message, query)) {
            hits.push(hit);
            if hits.len() == HITS_MAX {
                break;
            }
        }
    }
    hits.sort_by_key(|KeptHit { hit, .. }| std::cmp::Reverse((hit.message.created_at, hit.message.id)));
    for KeptHit { hit, .. } in &mut hits {
        hit.context = context(connection, &hit.message)?;
    }
    Ok(hits)
}

/// Gives what asks for candidates, the newest first: by their words where there are any.
fn statement(query: &KeptQuery, words: &[String]) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let mut conditions = Vec::new();
    let mut from = "messages";
    if !words.is_empty() {
        from = "words JOIN messages ON messages.id = words.rowid";
        // The words' names are letters and digits: nothing in them is an operator.
        conditions.push("words MATCH ?".to_owned());
        values.push(Value::Text(words.join(" AND ")));
    }
    if !query.channels.is_empty() {
        let marks = vec!["?"; query.channels.len()].join(", ");
        conditions.push(format!("messages.channel_id IN ({marks})"));
        values.extend(query.channels.iter().map(|channel| Value::Integer(int(*channel))));
    }
    let place = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let order = if words.is_empty() { "messages.id" } else { "words.rowid" };
    values.push(Value::Integer(i64::from(CANDIDATES_MAX)));
    // The newest numbers are the newest messages, but for those of one moment; the order is made exact afterwards.
    (format!("SELECT body FROM {from}{place} ORDER BY {order} DESC LIMIT ?"), values)
}

fn hit(message: Message, query: &KeptQuery) -> Option<KeptHit> {
    if !query.admits(&message) {
        return None;
    }
    let words = Words::find(&message.content);
    let found = Found::all(query.needles.iter(), &words)?;
    let is_unwanted = query.without.iter().any(|needle| !needle.find_in(&words).is_empty());
    let (highlights, score) = (found.highlights(), found.score());
    let hit = SearchHit { message, highlights, context: SearchContext::default() };
    (!is_unwanted).then_some(KeptHit { hit, score })
}

/// Gives what stands around a message, as far as it is cached.
fn context(connection: &Connection, message: &Message) -> Result<SearchContext, CacheError> {
    let read = |seq| -> Result<Option<Message>, CacheError> {
        let found = message_at(connection, message.channel_id, seq)?;
        Ok(found.filter(|message| message.deleted_at.is_none()))
    };
    if let Some(root) = message.parent_seq {
        return Ok(SearchContext { root: read(root)?, ..SearchContext::default() });
    }
    let above = Seq::try_from(message.seq.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
    Ok(SearchContext { before: read(above)?, after: read(message.seq.next())?, root: None })
}
