//! This program's own archives: lines of JSON, checked by their first and last ones, with files in a folder beside them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use syncspace_protocol::archive::{ArchiveLine, ArchiveMessage};
use syncspace_protocol::limits::ARCHIVE_LINE_BYTES_MAX;

use super::{Carried, ImportError, Item, LargeFiles, Notes, Out, at_path};

/// Reads an archive.
pub(super) fn read(
    (path, files): (&Path, Option<&Path>),
    large: LargeFiles,
    out: Out<'_>,
    notes: &mut Notes,
) -> Result<(), ImportError> {
    let mut reader = BufReader::new(File::open(path).map_err(at_path(path))?);
    let shown = path.display().to_string();
    let (mut number, mut messages, mut is_ended) = (0_u64, 0_u64, false);
    while let Some(text) = next_line(&mut reader, ARCHIVE_LINE_BYTES_MAX, &shown, number)? {
        number += 1;
        let place = format!("{shown}, line {number}");
        if is_ended {
            return Err(ImportError::new(place, "the archive ended before this line"));
        }
        let mut line: ArchiveLine = serde_json::from_str(&text).map_err(|error| ImportError::new(&place, error))?;
        if (number == 1) != matches!(line, ArchiveLine::Version(_)) {
            return Err(ImportError::new(place, "the first line, and no other, is of the type version"));
        }
        if let ArchiveLine::End(end) = &line {
            is_ended = true;
            if end.messages != messages {
                let why = format!("the archive was written with {} messages, and has {messages}", end.messages);
                return Err(ImportError::new(place, why));
            }
        }
        let carried = match &mut line {
            ArchiveLine::Message(message) => {
                messages += 1;
                large.take_out(message, notes).map_err(|error| error.within(&place))?;
                carried(message, files).map_err(|error| error.within(&place))?
            }
            _ => Vec::new(),
        };
        out(Item { line, files: carried }).map_err(|error| error.within(&place))?;
    }
    if is_ended { Ok(()) } else { Err(ImportError::new(shown, "it broke off: its last line is not of the type end")) }
}

/// Reads the next line, of at most so many bytes and of valid UTF-8.
pub(super) fn next_line(
    reader: &mut impl BufRead,
    bytes_max: usize,
    shown: &str,
    before: u64,
) -> Result<Option<String>, ImportError> {
    let place = || format!("{shown}, line {}", before + 1);
    let mut line = Vec::new();
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(most).read_until(b'\n', &mut line).map_err(|error| ImportError::new(place(), error))?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > bytes_max {
        return Err(ImportError::new(place(), format!("it is longer than {bytes_max} bytes")));
    }
    let text = String::from_utf8(line).map_err(|_| ImportError::new(place(), "it is not UTF-8"))?;
    Ok(Some(text))
}

/// Finds the files that a message carries.
fn carried(message: &ArchiveMessage, files: Option<&Path>) -> Result<Vec<Carried>, ImportError> {
    message
        .files
        .iter()
        .map(|file| {
            let is_checksum = file.sha256.len() == 64 && file.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_checksum {
                return Err(ImportError::new("", "the sha256 of a file is written as 64 hex digits"));
            }
            let folder = files
                .ok_or_else(|| ImportError::new("", "a message carries files: say with --files where they are"))?;
            let path = folder.join(&file.sha256);
            let metadata = std::fs::metadata(&path).map_err(at_path(&path))?;
            if metadata.len() != file.size_bytes {
                let why = format!("it has {} bytes, and the archive says {}", metadata.len(), file.size_bytes);
                return Err(ImportError::new(path.display().to_string(), why));
            }
            Ok(Carried::Kept(path))
        })
        .collect()
}
