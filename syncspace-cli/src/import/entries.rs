//! Zip files from elsewhere: opened only if nothing in them is made to do harm, and unpacked only as far as they say.

use std::fs::File;
use std::io::{BufReader, Read, Write as _};
use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use syncspace_protocol::text::clean_line;
use zip::read::Config;
use zip::{CompressionMethod, ZipArchive, ZipReadOptions};

use super::bounds::{
    ENTRIES_MAX, ENTRY_NAME_BYTES_MAX, JSON_ENTRY_BYTES_MAX, JSON_LISTS_BYTES_MAX, PACKED_BYTES_FREE, PACKED_RATIO_MAX,
    UNPACKED_BYTES_MAX,
};
use super::counted::{self, Counted};
use super::{Carried, ImportError, at_path, hex};

/// A zip file whose entries were looked at.
pub(crate) struct Entries {
    zip: ZipArchive<BufReader<File>>,
    /// Names of the files in it, sorted, with their places and lengths.
    names: Vec<(String, usize, u64)>,
}

impl Entries {
    /// Opens a zip file, and refuses it as a whole where one of its entries is not what an export has.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let shown = path.display().to_string();
        let broken =
            |error: zip::result::ZipError| ImportError::new(&shown, format!("it is no whole zip file: {error}"));
        // The list of entries is counted before room is made for it.
        let file = BufReader::new(File::open(path).map_err(at_path(path))?);
        let count = zip::unstable::read::ZipIterable::try_new(file, Config::default()).map_err(broken)?.len();
        if count > ENTRIES_MAX {
            return Err(ImportError::new(shown, format!("it has {count} entries; {ENTRIES_MAX} are the most")));
        }
        let file = BufReader::new(File::open(path).map_err(at_path(path))?);
        let mut zip = ZipArchive::new(file).map_err(broken)?;
        // Names that stand twice, entries that lie over each other, and names that are others in front of the bytes.
        zip.validate_header_consistency().map_err(broken)?;
        let mut names = Vec::with_capacity(zip.len());
        let mut unpacked = 0_u64;
        for place in 0..zip.len() {
            let entry = zip.by_index_data(place).map_err(broken)?;
            let name = check_name(entry.name_raw()).map_err(|error| error.within(&shown))?;
            let refuse = |why: &str| Err(ImportError::new(format!("{shown}, entry {name}"), why));
            unpacked = unpacked.saturating_add(entry.size());
            if entry.is_symlink() {
                return refuse("it is a link; an export has none");
            }
            if entry.encrypted() {
                return refuse("it is encrypted");
            }
            if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
                return refuse("it is packed in a way that exports are not");
            }
            if entry.size() > PACKED_BYTES_FREE && entry.size() / entry.compressed_size().max(1) > PACKED_RATIO_MAX {
                return refuse("it unpacks to far more than it is: it is made to fill disks");
            }
            if unpacked > UNPACKED_BYTES_MAX {
                return refuse("with it, the entries unpack to more than an import may have");
            }
            if !entry.is_dir() && !name.starts_with("__MACOSX/") {
                names.push((name, place, entry.size()));
            }
        }
        names.sort_unstable();
        leave_outer_folder(&mut names);
        Ok(Self { zip, names })
    }

    /// Gives the names of all files, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, ..)| name.as_str())
    }

    /// Tells whether there is a file of a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Gives the length of a file, in bytes; none where there is no file of that name.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        self.find(name).map(|(_, _, size)| *size)
    }

    fn find(&self, name: &str) -> Option<&(String, usize, u64)> {
        let found = self.names.binary_search_by(|(held, ..)| held.as_str().cmp(name)).ok()?;
        self.names.get(found)
    }

    /// Opens a file for reading: what comes is never longer than it says, nor than is allowed.
    pub(crate) fn reader(&mut self, name: &str, bytes_max: u64) -> Result<impl Read + '_, ImportError> {
        let at = |why: String| ImportError::new(format!("entry {name}"), why);
        let found = self.find(name).map(|(_, place, _)| *place);
        let place = found.ok_or_else(|| at("the zip file has no such entry".to_owned()))?;
        let options = ZipReadOptions::new().enforce_header_consistency(true);
        let entry = self.zip.by_index_with_options(place, options).map_err(|error| at(error.to_string()))?;
        let size = entry.size();
        if size > bytes_max {
            return Err(at(format!("it has {size} bytes; {bytes_max} are the most")));
        }
        Ok(entry.take(size.saturating_add(1)))
    }

    /// Reads a list of JSON as a whole.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, name: &str) -> Result<Vec<T>, ImportError> {
        let mut reader = self.reader(name, JSON_ENTRY_BYTES_MAX)?;
        let reader = BufReader::new(without_mark(&mut reader).map_err(|error| error.within(&format!("entry {name}")))?);
        let read = counted::within(JSON_LISTS_BYTES_MAX, || serde_json::from_reader::<_, Counted<T>>(reader));
        let (list, _) = read.map_err(|error| ImportError::new(format!("entry {name}"), error))?;
        Ok(list.0)
    }

    /// Takes a file out, with its length and the SHA-256 of it.
    pub(crate) fn take_out(&mut self, name: &str, bytes_max: u64) -> Result<(Carried, u64, String), ImportError> {
        let failed = |error: std::io::Error| ImportError::new(format!("entry {name}"), error);
        let mut reader = self.reader(name, bytes_max)?;
        let mut to = tempfile::NamedTempFile::new().map_err(failed)?;
        let (mut hash, mut length, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let count = reader.read(&mut piece).map_err(failed)?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            to.write_all(&piece[..count]).map_err(failed)?;
            length += u64::try_from(count).unwrap_or(u64::MAX);
        }
        to.flush().map_err(failed)?;
        Ok((Carried::Taken(to.into_temp_path()), length, hex(&hash.finalize())))
    }
}

/// Takes the folder away that all files lie in, where there is one: what was unpacked and packed again has it.
fn leave_outer_folder(names: &mut [(String, usize, u64)]) {
    let Some((outer, _)) = names.first().and_then(|(name, ..)| name.split_once('/')) else { return };
    let outer = format!("{outer}/");
    if names.iter().all(|(name, ..)| name.starts_with(&outer)) {
        names.iter_mut().for_each(|(name, ..)| drop(name.drain(..outer.len())));
    }
}

/// Passes over the mark that some programs put before UTF-8, and refuses UTF-16.
fn without_mark(reader: &mut impl Read) -> Result<impl Read, ImportError> {
    let mut first = Vec::with_capacity(3);
    reader.take(3).read_to_end(&mut first).map_err(|error| ImportError::new("", error))?;
    if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
        return Err(ImportError::new("", "it is UTF-16; exports are UTF-8"));
    }
    if first == b"\xef\xbb\xbf" {
        first.clear();
    }
    Ok(std::io::Cursor::new(first).chain(reader))
}

/// Checks the name of an entry: plain text, and a place below the archive.
fn check_name(name: &[u8]) -> Result<String, ImportError> {
    let shown = || {
        let text = String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned();
        format!("entry {}", clean_line(&text))
    };
    let refuse = |why: &str| Err(ImportError::new(shown(), why));
    if name.len() > ENTRY_NAME_BYTES_MAX {
        return refuse("its name is too long");
    }
    let Ok(text) = std::str::from_utf8(name) else { return refuse("its name is not UTF-8") };
    if clean_line(text) != text {
        return refuse("its name has characters that steer terminals");
    }
    let is_absolute = text.starts_with('/') || text.contains('\\') || text.as_bytes().get(1) == Some(&b':');
    if text.is_empty() || is_absolute || text.split('/').any(|part| part == "..") {
        return refuse("its name leads out of the archive");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        assert_eq!(check_name("general/2024-01-01.json".as_bytes()).expect("a name"), "general/2024-01-01.json");
        for (name, why) in [
            ("/etc/passwd", "leads out"),
            ("../x", "leads out"),
            ("a/../../x", "leads out"),
            ("C:x", "leads out"),
            ("a\\b", "leads out"),
            ("", "leads out"),
            ("a\u{1b}[31m", "steer"),
        ] {
            assert!(check_name(name.as_bytes()).expect_err("refused").to_string().contains(why), "{name}");
        }
        assert!(check_name(b"\xff\xfe").expect_err("refused").to_string().contains("UTF-8"));
        assert!(check_name(&[b'x'; 2_000]).expect_err("refused").to_string().contains("too long"));
    }
}
