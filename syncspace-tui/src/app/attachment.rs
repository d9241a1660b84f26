//! A file of this machine that goes with a message: named in a command, uploaded when its turn comes.

use std::path::{Path, PathBuf};

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

    /// Gives the command that sends it with a text.
    pub(crate) fn command(&self, content: &str) -> String {
        let path = format!("/upload '{}'", self.path.replace('\'', "'\\''"));
        if content.is_empty() { path } else { format!("{path} {content}") }
    }
}

/// Takes a path and what follows it apart: a path with blanks is in quotes, or has a backslash before each, as terminals
/// write one that is dropped on them.
pub(crate) fn split(typed: &str) -> Option<(String, String)> {
    let mut path = String::new();
    let mut quote: Option<char> = None;
    let mut rest = typed.trim_start().char_indices();
    let mut end = typed.trim_start().len();
    while let Some((at, c)) = rest.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                end = at;
                break;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => path.push(rest.next()?.1),
            (_, c) => path.push(c),
        }
    }
    let said = typed.trim_start()[end..].trim();
    (quote.is_none() && !path.is_empty()).then(|| (path, said.to_owned()))
}

/// Gives a path from the root on, with the person's folder for `~`.
pub(crate) fn whole(path: &str) -> Result<String, String> {
    let in_home = path.strip_prefix("~/").and_then(|rest| Some(std::env::home_dir()?.join(rest)));
    let path = in_home.unwrap_or_else(|| PathBuf::from(path));
    let whole = std::path::absolute(&path).map_err(|error| format!("{} is no place: {error}.", path.display()))?;
    whole.into_os_string().into_string().map_err(|_| "The name of the folder is not readable text.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_shells_and_terminals_write_them() {
        for (typed, path, rest) in [
            ("a.png", "a.png", ""),
            ("a.png look at  this", "a.png", "look at  this"),
            ("'my file.png' here", "my file.png", "here"),
            ("\"my \\\"file\\\".png\"", "my \"file\".png", ""),
            ("my\\ file.png  x", "my file.png", "x"),
            ("'it'\\''s.png'", "it's.png", ""),
            ("日本.png 語", "日本.png", "語"),
        ] {
            assert_eq!(split(typed), Some((path.to_owned(), rest.to_owned())), "{typed}");
        }
        for typed in ["", "  ", "'open", "a\\"] {
            assert_eq!(split(typed), None, "{typed}");
        }
    }

    #[test]
    fn the_command_of_a_path_is_read_back_as_the_same() {
        for path in ["/tmp/a.png", "/tmp/my file.png", "/tmp/it's \"x\"\\.png"] {
            let command = Attachment::new(path.to_owned()).command("some words");
            let rest = command.strip_prefix("/upload ").expect("its name");
            assert_eq!(split(rest), Some((path.to_owned(), "some words".to_owned())));
        }
    }
}
