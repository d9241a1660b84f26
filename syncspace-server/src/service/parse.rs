//! Free text and pages at the door: cleaned, bounded, or refused with the field's name.

use std::collections::BTreeSet;

use syncspace_protocol::limits::{
    AHEAD_S_MAX, DESCRIPTION_CHARS_MAX, FILE_NAME_CHARS_MAX, FILES_PER_MESSAGE_MAX, LANGUAGE_CHARS_MAX,
    MESSAGE_BYTES_MAX,
};
use syncspace_protocol::messages::{Code, MessageType};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::text::{clean_line, clean_text};
use syncspace_protocol::{FileId, Time};

use super::paging::Window;
use super::{ServiceError, later};
use crate::store::list::Slice;

/// Cleans the text of a message: 1 to 16,000 bytes, not only blanks.
pub(crate) fn message_content(content: &str) -> Result<String, ServiceError> {
    let clean = clean_text(content);
    if clean.trim().is_empty() {
        return Err(ServiceError::invalid_field("content", "a message must not be empty"));
    }
    message_content_or_none(&clean)
}

/// Cleans the text of a message that carries something else: up to 16,000 bytes.
pub(crate) fn message_content_or_none(content: &str) -> Result<String, ServiceError> {
    let clean = clean_text(content);
    if clean.len() > MESSAGE_BYTES_MAX {
        let sentence = format!("a message has at most {MESSAGE_BYTES_MAX} bytes; this one has {}", clean.len());
        return Err(ServiceError::invalid_field("content", sentence));
    }
    Ok(clean.into_owned())
}

/// Checks the files that a message is to carry: up to ten, each once.
pub(crate) fn message_files(mut files: Vec<FileId>) -> Result<Vec<FileId>, ServiceError> {
    if files.len() > FILES_PER_MESSAGE_MAX {
        let sentence = format!("a message carries at most {FILES_PER_MESSAGE_MAX} files; send another one");
        return Err(ServiceError::invalid_field("files", sentence));
    }
    let mut seen = BTreeSet::new();
    files.retain(|id| seen.insert(*id));
    Ok(files)
}

/// Cleans what is appended to a message: 1 to 16,000 bytes, blanks too.
pub(crate) fn appended_part(content: &str) -> Result<String, ServiceError> {
    let clean = clean_text(content);
    if clean.is_empty() {
        return Err(ServiceError::invalid_field("content", "there is nothing to append"));
    }
    if clean.len() > MESSAGE_BYTES_MAX {
        let sentence = format!("append at most {MESSAGE_BYTES_MAX} bytes at once; these are {}", clean.len());
        return Err(ServiceError::invalid_field("content", sentence));
    }
    Ok(clean.into_owned())
}

/// Checks of which type a message is to be, and what belongs to that type.
pub(crate) fn message_kind(
    kind: MessageType,
    code: Option<Code>,
    has_files: bool,
) -> Result<(MessageType, Option<Code>), ServiceError> {
    match (kind, code) {
        (MessageType::Text, None) if has_files => Ok((MessageType::File, None)),
        (MessageType::Text, None) => Ok((kind, None)),
        (MessageType::Text, Some(_)) => {
            Err(ServiceError::invalid_field("code", "only a message of the type code has this; set message_type"))
        }
        (MessageType::Code, code) => Ok((kind, code.map(clean_code).transpose()?)),
        (MessageType::System | MessageType::File | MessageType::Unknown, _) => {
            Err(ServiceError::invalid_field("message_type", "people send messages of the types text and code"))
        }
    }
}

fn clean_code(code: Code) -> Result<Code, ServiceError> {
    let language = code.language.map(|language| language.trim().to_ascii_lowercase());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+#._-".contains(&byte);
    if language.as_ref().is_some_and(|name| name.len() > LANGUAGE_CHARS_MAX || !name.bytes().all(is_name)) {
        let sentence = format!("a language is a word like rust or c++, of at most {LANGUAGE_CHARS_MAX} characters");
        return Err(ServiceError::invalid_field("code", sentence));
    }
    let file_name = code.file_name.map(|name| clean_line(&name).trim().to_owned());
    if file_name.as_ref().is_some_and(|name| name.chars().count() > FILE_NAME_CHARS_MAX) {
        let sentence = format!("a file name or title has at most {FILE_NAME_CHARS_MAX} characters");
        return Err(ServiceError::invalid_field("code", sentence));
    }
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Code { language: given(language), file_name: given(file_name) })
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

/// Checks that a time lies ahead, and not more than a year.
pub(crate) fn time_ahead(field: &'static str, time: Time, now: Time) -> Result<(), ServiceError> {
    if time <= now {
        return Err(ServiceError::invalid_field(field, format!("{field} must lie ahead; name a later time")));
    }
    if time > later(now, i64::from(AHEAD_S_MAX) * 1_000) {
        return Err(ServiceError::invalid_field(field, format!("{field} may lie up to a year ahead")));
    }
    Ok(())
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
