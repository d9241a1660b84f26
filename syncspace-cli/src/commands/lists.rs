//! Lists of any length, and edits of fields that may be cleared.

use std::fmt::Display;
use std::str::FromStr;

use syncspace_client::ClientError;
use syncspace_protocol::Patch;
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::page::{CursorQuery, Page, PageQuery};

use crate::args::{ListArgs, ListLimit};
use crate::exit::{CliError, Outcome};

/// Gathers a list page by page, up to the wanted number of items.
pub(super) async fn gather<T, F, R>(part: ListArgs, mut fetch: F) -> Outcome<Vec<T>>
where
    F: FnMut(PageQuery) -> R,
    R: Future<Output = Result<Page<T>, ClientError>>,
{
    let wanted = part.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let left = u32::try_from(wanted - items.len()).unwrap_or(u32::MAX).min(PAGE_ITEMS_MAX);
        let page = fetch(PageQuery { cursor, limit: Some(left), query: part.query.clone(), name: None }).await?;
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() || items.len() >= wanted {
            items.truncate(wanted);
            return Ok(items);
        }
    }
}

/// Gathers a list without names page by page, up to the wanted number of items.
pub(super) async fn gather_places<T, F, R>(part: ListLimit, mut fetch: F) -> Outcome<Vec<T>>
where
    F: FnMut(CursorQuery) -> R,
    R: Future<Output = Result<Page<T>, ClientError>>,
{
    let part = ListArgs { query: None, limit: part.limit };
    gather(part, |query| fetch(CursorQuery { cursor: query.cursor, limit: query.limit })).await
}

/// Reads a flag that sets a text field, and clears it where its value is empty.
pub(super) fn patch(text: Option<String>) -> Patch<String> {
    match text {
        None => Patch::Keep,
        Some(text) if text.is_empty() => Patch::Clear,
        Some(text) => Patch::Set(text),
    }
}

/// Reads such a flag whose value has rules.
pub(super) fn parsed_patch<T: FromStr<Err: Display>>(flag: &str, text: Option<String>) -> Outcome<Patch<T>> {
    match patch(text) {
        Patch::Keep => Ok(Patch::Keep),
        Patch::Clear => Ok(Patch::Clear),
        Patch::Set(text) => {
            text.parse().map(Patch::Set).map_err(|error| CliError::Usage(format!("{flag} {text}: {error}")))
        }
    }
}
