//! What other programs and other servers wrote, read as lines of an archive: each source streams, and nothing of it is trusted.
//!
//! A source is read twice: first everything is checked and counted, then the same lines are sent. Here is no server and no
//! output; [`crate::commands`] brings both.

pub(crate) mod bounds;
mod checked;
mod counted;
mod entries;
mod large;
mod lines;
mod mattermost;
mod names;
mod slack;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use syncspace_protocol::archive::{ArchiveLine, ArchiveMessage};

pub(crate) use checked::Checked;
pub(crate) use large::LargeFiles;

/// Who wrote what is imported.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// An export of a Slack workspace, as a zip file.
    Slack,
    /// A bulk export of Mattermost, of one of its teams: lines of JSON, or a zip file with them and the attachments.
    Mattermost {
        /// Name of the team in it; the only one where absent.
        team: Option<String>,
    },
    /// An archive of this program, with the folder of its files.
    Syncspace {
        /// Where the files are.
        files: Option<PathBuf>,
    },
}

impl Source {
    /// Gives the word for it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Mattermost { .. } => "mattermost",
            Self::Syncspace { .. } => "syncspace",
        }
    }

    /// Tells whether files come with its messages.
    pub(crate) const fn has_files(&self) -> bool {
        !matches!(self, Self::Slack)
    }

    /// Reads an archive from its beginning to its end, and gives each line.
    pub(crate) fn read(
        &self,
        path: &Path,
        large: LargeFiles,
        out: Out<'_>,
        notes: &mut Notes,
    ) -> Result<(), ImportError> {
        match self {
            Self::Slack => slack::read(path, out, notes),
            Self::Mattermost { team } => mattermost::read((path, team.as_deref()), large, out, notes),
            Self::Syncspace { files } => lines::read((path, files.as_deref()), large, out, notes),
        }
    }
}

/// Takes what was read, one after the other.
pub(crate) type Out<'a> = &'a mut dyn FnMut(Item) -> Result<(), ImportError>;

/// One thing that was read.
#[derive(Debug)]
pub(crate) struct Item {
    /// The line.
    pub(crate) line: ArchiveLine,
    /// The bytes of the files that a message carries.
    pub(crate) files: Vec<Carried>,
}

impl Item {
    pub(crate) const fn line(line: ArchiveLine) -> Self {
        Self { line, files: Vec::new() }
    }

    pub(crate) fn message(message: ArchiveMessage, files: Vec<Carried>) -> Self {
        Self { line: ArchiveLine::Message(Box::new(message)), files }
    }
}

/// Bytes of a file, in a file of this machine.
#[derive(Debug)]
pub(crate) enum Carried {
    /// It is somebody's own, and stays.
    Kept(PathBuf),
    /// It was taken out of an archive, and goes when this does.
    Taken(tempfile::TempPath),
}

impl AsRef<Path> for Carried {
    fn as_ref(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Taken(path) => path,
        }
    }
}

/// What is told of a source besides its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// What was left out, and how often.
    pub(crate) left_out: BTreeMap<&'static str, u64>,
    /// Names that cannot be names here: the old one, the new one.
    pub(crate) renamed: Vec<(String, String)>,
}

impl Notes {
    fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }
}

/// Why something is not imported: where it stands, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct ImportError {
    place: String,
    why: String,
    /// Nobody takes lines any more; whoever stopped says why.
    pub(crate) is_stopped: bool,
}

impl ImportError {
    pub(crate) fn new(place: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { place: place.into(), why: why.to_string(), is_stopped: false }
    }

    pub(crate) fn stopped() -> Self {
        Self { place: String::new(), why: "the import was stopped".to_owned(), is_stopped: true }
    }

    /// Puts a place before one that did not know the whole way.
    fn within(self, outer: &str) -> Self {
        if self.is_stopped || self.place.starts_with(outer) {
            return self;
        }
        let place = if self.place.is_empty() { outer.to_owned() } else { format!("{outer}, {}", self.place) };
        Self { place, ..self }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() { f.write_str(&self.why) } else { write!(f, "{}: {}", self.place, self.why) }
    }
}

/// Names a file of this machine in an error.
fn at_path(path: &Path) -> impl Fn(io::Error) -> ImportError {
    move |error| ImportError::new(path.display().to_string(), error)
}

/// Gives the SHA-256 of a file; it names the import.
pub(crate) fn fingerprint(path: &Path) -> Result<String, ImportError> {
    let mut file = File::open(path).map_err(at_path(path))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut piece).map_err(at_path(path))?;
        if count == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&piece[..count]);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
