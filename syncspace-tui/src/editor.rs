//! The person's own editor on a draft or a message. The terminal is its own for that time, and is ours again afterwards.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use crate::app::composer::{DRAFT_BYTES_MAX, DraftKey};
use crate::app::message::Here;

/// An editor that has the terminal.
pub(crate) struct Editor {
    child: Child,
    path: PathBuf,
    draft: Option<DraftKey>,
    text: String,
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

impl Editor {
    /// Starts it with a text. The terminal was given back before.
    pub(crate) fn start(text: String, draft: Option<DraftKey>) -> io::Result<Self> {
        let name = format!("syncspace-{}-{:08x}.md", std::process::id(), fastrand::u32(..));
        let path = std::env::temp_dir().join(name);
        write_private(&path, &text, draft.is_some())?;
        #[cfg(unix)]
        let modes = rustix::termios::tcgetattr(io::stdin()).ok();
        match command(&path).spawn() {
            Ok(child) => Ok(Self {
                child,
                path,
                draft,
                text,
                #[cfg(unix)]
                modes,
            }),
            Err(error) => {
                let _removed = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Gives what came of it. What the file holds counts, however the editor ended: it may have crashed after saving.
    pub(crate) fn finish(self, status: io::Result<ExitStatus>) -> Here {
        #[cfg(unix)]
        if let Some(modes) = &self.modes {
            // One that crashed leaves the terminal as it wanted it.
            let _set = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, modes);
        }
        let text = match (take_back(&self.path, self.draft.is_some()), status) {
            (Ok(read), status) => {
                let read = without_end(read, &self.text);
                match status {
                    Ok(status) if !status.success() && read == self.text => {
                        Err(format!("the editor ended with {status}"))
                    }
                    Err(error) if read == self.text => Err(error.to_string()),
                    _ => Ok(read),
                }
            }
            (Err(reason), _) => Err(reason),
        };
        Here::Edited { draft: self.draft, text }
    }
}

/// Gives the command of the person's editor: through the shell, as it may have arguments.
fn command(path: &Path) -> Command {
    let editor =
        ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec {editor} \"$1\"")).arg("sh").arg(path);
    command
}

fn write_private(path: &Path, text: &str, is_written: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A message of somebody else is only read.
        options.mode(if is_written { 0o600 } else { 0o400 });
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// Reads the file, and removes it. What was written and cannot be read is nowhere else: it stays, and is named.
fn take_back(path: &Path, is_written: bool) -> Result<String, String> {
    let read = read_back(path);
    if read.is_err() && is_written && path.exists() {
        return read.map_err(|error| format!("{} stays there, {error}", path.display()));
    }
    let _removed = std::fs::remove_file(path);
    read.map_err(|error| format!("its file cannot be read: {error}"))
}

fn read_back(path: &Path) -> io::Result<String> {
    let bytes_max = u64::try_from(DRAFT_BYTES_MAX).unwrap_or(u64::MAX);
    if std::fs::metadata(path)?.len() > bytes_max {
        return Err(io::Error::other(format!("it is longer than {} KiB", bytes_max / 1024)));
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

/// Takes off the line end that editors put at the end of a file.
fn without_end(mut read: String, before: &str) -> String {
    if read.ends_with('\n') && !before.ends_with('\n') {
        read.pop();
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_taken_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("draft.md");
        std::fs::write(&path, "x".repeat(DRAFT_BYTES_MAX + 1)).expect("written");
        let reason = take_back(&path, true).expect_err("it is too long");
        assert!(path.exists() && reason.contains("draft.md stays there, it is longer than 256 KiB"), "{reason}");
        std::fs::write(&path, "short").expect("written");
        assert_eq!((take_back(&path, true), path.exists()), (Ok("short".to_owned()), false));
    }
}
