//! A file of this machine that goes with a message: named in a command, uploaded when its turn comes.

use std::path::Path;

use syncspace_protocol::FileId;

use super::text;

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// Where it is, from the root on: another run of the program may begin elsewhere.
    pub(crate) path: String,
    /// What the server has it under; none while it is not there.
    pub(crate) uploaded: Option<FileId>,
    /// How much of it is there, in hundredths.
    pub(crate) percent: u64,
}

impl Attachment {
    pub(crate) fn new(path: String) -> Self {
        Self { path, uploaded: None, percent: 0 }
    }

    /// Gives its name, as a line.
    pub(crate) fn name(&self) -> String {
        let name = Path::new(&self.path).file_name().map(|name| name.to_string_lossy().into_owned());
        text::line(&name.unwrap_or_else(|| self.path.clone()))
    }
}
