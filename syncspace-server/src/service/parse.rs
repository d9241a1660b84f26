//! Free text and pages at the door: cleaned, bounded, or refused with the field's name.

use syncspace_protocol::limits::{DESCRIPTION_CHARS_MAX, MESSAGE_BYTES_MAX};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::text::clean_text;

use super::ServiceError;
use super::paging::Window;
use crate::store::list::Slice;

/// Cleans the text of a message: 1 to 16,000 bytes, not only blanks.
pub(crate) fn message_content(content: &str) -> Result<String, ServiceError> {
    let clean = clean_text(content);
    if clean.trim().is_empty() {
        return Err(ServiceError::invalid_field("content", "a message must not be empty"));
    }
    if clean.len() > MESSAGE_BYTES_MAX {
        let sentence = format!("a message has at most {MESSAGE_BYTES_MAX} bytes; this one has {}", clean.len());
        return Err(ServiceError::invalid_field("content", sentence));
    }
    Ok(clean.into_owned())
}

/// Cleans a description of one or more lines; blank means none.
pub(crate) fn description(text: Option<&str>) -> Result<Option<String>, ServiceError> {
    let Some(text) = text else { return Ok(None) };
    let clean = clean_text(text);
    let clean = clean.trim();
    if clean.chars().count() > DESCRIPTION_CHARS_MAX {
        let sentence = format!("a description has at most {DESCRIPTION_CHARS_MAX} characters");
        return Err(ServiceError::invalid_field("description", sentence));
    }
    Ok((!clean.is_empty()).then(|| clean.to_owned()))
}

/// Gives the slice of rows to read for a page of a list.
pub(crate) fn slice(window: Window, query: &PageQuery) -> Slice {
    Slice {
        after: window.after_id,
        limit: window.rows_wanted(),
        contains: query.query.as_deref().map(fold_key).filter(|part| !part.is_empty()),
        exactly: query.name.as_deref().map(fold_key),
    }
}
