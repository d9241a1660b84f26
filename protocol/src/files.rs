//! Files: what is known of one, how it is uploaded, and what it may be called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::UPLOAD_NAME_BYTES_MAX;
use crate::text::clean_line;
use crate::{ChannelId, FileId, Seq, Time, UserId};

/// Name of a file for which none was given, or none that can be used.
const NAMELESS: &str = "file";

/// What everybody who may read a message sees of a file that it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileInfo {
    /// Its id, unique on the server.
    pub id: FileId,
    /// Its name: one line without path, at most 255 bytes. Never a place to write to, see [`local_name`].
    pub name: String,
    /// What its bytes look like to the server; `application/octet-stream` where they look like nothing known.
    pub content_type: String,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// How large it is as a picture, where it is a PNG, JPEG, GIF or WebP that says so: room can be kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureSize>,
}

/// How large a picture is, as its file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PictureSize {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

impl FileInfo {
    /// Gives the path of its bytes below the server's address.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/api/v1/files/{}", self.id)
    }
}

/// A file and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// What is known of it.
    #[serde(flatten)]
    pub file: FileInfo,
    /// The channel.
    pub channel_id: ChannelId,
    /// Who uploaded it.
    pub uploader_id: UserId,
    /// Place of the message that carries it; null while none does.
    pub message_seq: Option<Seq>,
    /// When it was uploaded.
    pub created_at: Time,
}

/// Query of `POST /channels/{id}/files`, whose body is the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UploadQuery {
    /// What it is to be called; of a path the last part counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// SHA-256 of its bytes, in hex: where others arrive, nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Body of `POST /channels/{id}/uploads`: a file whose bytes come in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewUpload {
    /// What it is to be called; of a path the last part counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hex: where others arrive in the end, nothing is kept.
    pub sha256: String,
}

/// Query of `PATCH /uploads/{id}`, whose body is the next bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartQuery {
    /// How many bytes come before those of the body: as many as the server has.
    pub offset: u64,
}

/// A file whose bytes come in parts. Only who uploads it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileUpload {
    /// Its id, and that of the file.
    pub id: FileId,
    /// The channel.
    pub channel_id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// How many bytes the server has for good: the next part begins here.
    pub offset: u64,
    /// The file, once all of it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileInfo>,
}

/// An address at which a file can be fetched without a token, for a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileLink {
    /// Path below the server's address.
    pub path: String,
    /// When it ends; earlier where its maker's session or right to see the file does.
    pub expires_at: Time,
}

/// Gives a number of bytes as people read it, in the largest unit that leaves something before the point: `60.0 MiB`.
#[must_use]
pub fn size_words(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, size)| bytes >= *size) {
        // The rest is less than a unit: ten times that fits.
        Some((unit, size)) => format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size),
        None => format!("{bytes} B"),
    }
}

/// Cleans the name of a file: the last part of a path, on one line, without what steers terminals or reorders text.
///
/// None where nothing is left, or more than 255 bytes are.
#[must_use]
pub fn clean_name(name: &str) -> Option<String> {
    let clean = clean_line(name);
    let last = clean.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let fits = !matches!(last, "" | "." | "..") && last.len() <= UPLOAD_NAME_BYTES_MAX;
    fits.then(|| last.to_owned())
}

/// Gives a name under which somebody else's file can be kept in a folder of this machine, on every system.
///
/// Nothing is hidden, nothing is a path, a device, or longer than a name may be; whether there is such a file is the caller's
/// to see.
#[must_use]
pub fn local_name(name: &str) -> String {
    let clean = clean_name(name).unwrap_or_default();
    let plain: String = clean
        .chars()
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '~') { '_' } else { c })
        .collect();
    let plain = plain.trim_end_matches(['.', ' ']);
    let plain = match plain.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None => plain.to_owned(),
    };
    if plain.is_empty() {
        return NAMELESS.to_owned();
    }
    if is_device(&plain) { format!("_{plain}") } else { plain }
}

/// Tells whether Windows takes a name for a device, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let is_numbered = |word: &str| {
        stem.strip_prefix(word).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || is_numbered("com") || is_numbered("lpt")
}

/// Gives the name a file goes by where none was given.
#[must_use]
pub fn nameless() -> String {
    NAMELESS.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_the_last_part_is_the_name() {
        for (given, name) in [
            ("report.pdf", "report.pdf"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            (" a\u{202e}fdp.exe\n", "afdp.exe"),
            ("\u{1b}]0;x\u{7}ls", "ls"),
            ("日本語 ✓.txt", "日本語 ✓.txt"),
        ] {
            assert_eq!(clean_name(given).as_deref(), Some(name), "{given:?}");
        }
        for given in ["", " ", ".", "..", "a/", "a/..", "\u{0}", &"x".repeat(256)] {
            assert_eq!(clean_name(given), None, "{given:?}");
        }
    }

    #[test]
    fn a_foreign_name_hides_nothing_and_leads_nowhere() {
        for (given, name) in [
            (".bashrc", "_bashrc"),
            ("-rf", "_rf"),
            ("~root", "_root"),
            ("a:b?.txt", "a_b_.txt"),
            ("..", "file"),
            ("...", "file"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("common.txt", "common.txt"),
            ("x. ", "x"),
        ] {
            assert_eq!(local_name(given), name, "{given:?}");
        }
    }
}
