//! Files of the server that are kept on this machine.

use std::io::{Error, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use syncspace_protocol::files::{FileInfo, local_name};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _};

use crate::{Client, ClientError};

/// How much of a file is read at once for its checksum.
const CHECKED_BYTES: usize = 64 * 1_024;
/// Names that are tried until one is free.
const NAMES_MAX: u32 = 1_000;

impl Client {
    /// Downloads a file beside a place of this machine, and puts it there once it is whole and its checksum right.
    ///
    /// What an earlier try left beside the place is gone on with; `received` hears how many bytes are there, first of
    /// those of the earlier try.
    ///
    /// # Errors
    ///
    /// [`ClientError::Local`] where it cannot be written, is there already and may not be overwritten, or has another
    /// checksum; all of [`Client::download_file`].
    pub async fn save_file(
        &self,
        file: &FileInfo,
        place: &Path,
        may_overwrite: bool,
        mut received: impl FnMut(u64),
    ) -> Result<(), ClientError> {
        let cannot_write = |source: Error| ClientError::local(place, source);
        if !may_overwrite && tokio::fs::symlink_metadata(place).await.is_ok() {
            return Err(cannot_write(ErrorKind::AlreadyExists.into()));
        }
        let mut part = place.as_os_str().to_owned();
        part.push(format!(".{}.part", file.id));
        let part = PathBuf::from(part);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&part).await;
        let mut to = opened.map_err(cannot_write)?;
        let held = to.seek(SeekFrom::End(0)).await.map_err(cannot_write)?;
        // A part that is too long belongs to something else.
        let from = if held <= file.size_bytes { held } else { 0 };
        to.set_len(from).await.map_err(cannot_write)?;
        to.seek(SeekFrom::Start(from)).await.map_err(cannot_write)?;
        received(from);
        self.download_file(file, from, &mut to, received).await?;
        to.rewind().await.map_err(cannot_write)?;
        if checksum(&mut to).await.map_err(cannot_write)? != file.sha256 {
            tokio::fs::remove_file(&part).await.map_err(cannot_write)?;
            return Err(cannot_write(Error::other(
                "what is here is not the file, and is thrown away; download it again",
            )));
        }
        to.sync_all().await.map_err(cannot_write)?;
        if !may_overwrite {
            // Takes the name, so that nothing that came meanwhile is overwritten.
            OpenOptions::new().write(true).create_new(true).open(place).await.map_err(cannot_write)?;
        }
        tokio::fs::rename(&part, place).await.map_err(cannot_write)
    }
}

/// Gives a place in a folder that is free for a file of somebody else's: its name made harmless, with a number where it is
/// taken. Who writes there makes sure once more.
#[must_use]
pub fn free_place(folder: &Path, name: &str) -> PathBuf {
    let name = local_name(name);
    let numbered = |number: u32| match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => folder.join(format!("{stem} ({number}).{ending}")),
        _ => folder.join(format!("{name} ({number})")),
    };
    let places = std::iter::once(folder.join(&name)).chain((2..=NAMES_MAX).map(numbered));
    places.into_iter().find(|place| place.symlink_metadata().is_err()).unwrap_or_else(|| numbered(NAMES_MAX))
}

/// Gives the SHA-256 of everything from here on, in lower-case hex.
pub(crate) async fn checksum(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    use std::fmt::Write as _;
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHECKED_BYTES]);
    loop {
        let read = from.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
    }
    Ok(hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let check = |name: &str, want: &str| {
            let place = free_place(folder.path(), name);
            assert_eq!(place, folder.path().join(want));
            std::fs::write(place, "").expect("written");
        };
        check("a.tar.gz", "a.tar.gz");
        check("a.tar.gz", "a.tar (2).gz");
        check("a.tar.gz", "a.tar (3).gz");
        check("../../etc/passwd", "passwd");
        check("notes", "notes");
        check("notes", "notes (2)");
    }
}
