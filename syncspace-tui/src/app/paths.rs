//! Paths of this machine as people and terminals write them: in quotes, with backslashes, as addresses, one after the other.

use std::ops::Range;
use std::path::PathBuf;

use syncspace_protocol::limits::FILES_PER_MESSAGE_MAX;

/// Longest paste that is looked at as paths, in bytes.
const PASTED_BYTES_MAX: usize = 16 * 1024;
/// Ends the files of a command: what follows is text, whatever it looks like.
const END_OF_FILES: &str = "--";

/// A word as a shell reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its bytes as written.
    pub(crate) range: Range<usize>,
    /// What it comes to.
    pub(crate) text: String,
    /// Whether it has a quote or a backslash.
    is_marked: bool,
    /// Whether its quote is not closed.
    is_open: bool,
}

impl Word {
    /// Gives a word of which nothing is written yet.
    pub(crate) const fn empty_at(at: usize) -> Self {
        Self { range: at..at, text: String::new(), is_marked: false, is_open: false }
    }

    /// Tells whether it was meant as a path, as far as it can be told from how it is written.
    pub(crate) fn is_like_path(&self) -> bool {
        self.is_marked || self.text.contains(['/', '.']) || self.text.starts_with('~')
    }
}

/// Takes a text apart at its blanks: a word with blanks is in quotes, or has a backslash before each.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        if quote.is_none() && c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word::empty_at(at));
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => match rest.next() {
                Some((_, escaped)) => word.text.push(escaped),
                None => word.is_open = true,
            },
            (_, c) => word.text.push(c),
        }
        word.is_marked |= matches!(c, '\'' | '"' | '\\');
        word.range.end = rest.offset();
    }
    words.extend(word.map(|word| Word { is_open: word.is_open || quote.is_some(), ..word }));
    words
}

/// The files that a command may name, and the text that follows as many of them as there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Paths that may be meant, at least one, and one more than a message carries at most.
    pub(crate) paths: Vec<String>,
    /// What follows each of them.
    contents: Vec<String>,
}

impl Named {
    /// Reads what follows a command; none where no file is named, or a quote is not closed.
    ///
    /// The first word is a file. A further one may be one where it looks like a path: a word of a text that happens to be
    /// the name of some file here is no reason to send that.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let words = words(typed);
        let mut named = Self { paths: Vec::new(), contents: Vec::new() };
        for (at, word) in words.iter().enumerate().take(FILES_PER_MESSAGE_MAX + 1) {
            if at > 0 && (word.text == END_OF_FILES || !word.is_like_path() || word.is_open) {
                break;
            }
            if word.is_open || word.text.is_empty() {
                return None;
            }
            let rest = typed[word.range.end..].trim();
            let is_end = |rest: &&str| rest.starts_with(char::is_whitespace) || rest.is_empty();
            let content = rest.strip_prefix(END_OF_FILES).filter(is_end).map_or(rest, str::trim);
            named.paths.push(word.text.clone());
            named.contents.push(content.to_owned());
        }
        (!named.paths.is_empty()).then_some(named)
    }

    /// Gives the text, where so many of the paths are files.
    pub(crate) fn content(&self, files: usize) -> String {
        files.checked_sub(1).and_then(|at| self.contents.get(at)).cloned().unwrap_or_default()
    }

    /// Gives the choices of which the first is meant whose paths are all files: as many as there are from the first on.
    pub(crate) fn choices(&self) -> Result<Vec<Vec<String>>, String> {
        let whole: Vec<String> = self.paths.iter().map(|path| whole(path)).collect::<Result<_, _>>()?;
        Ok((1..=whole.len()).rev().map(|count| whole[..count].to_vec()).collect())
    }
}

/// Gives the command that sends files with a text.
pub(crate) fn command<'a>(paths: impl IntoIterator<Item = &'a str>, content: &str) -> String {
    let mut command = "/upload".to_owned();
    for path in paths {
        command.push_str(&format!(" '{}'", path.replace('\'', "'\\''")));
    }
    let is_doubtful = words(content).first().is_some_and(|word| word.is_like_path() || word.text == END_OF_FILES);
    if is_doubtful {
        command.push_str(&format!(" {END_OF_FILES}"));
    }
    if content.is_empty() { command } else { format!("{command} {content}") }
}

/// Writes a path as a word; one that is to be gone on with leaves its quote open.
pub(crate) fn word_of(path: &str, goes_on: bool) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '~' | '_' | '-' | '+' | ',' | '@' | '%' | '=');
    if path.chars().all(is_plain) {
        return path.to_owned();
    }
    let inside = path.replace('\'', "'\\''");
    if goes_on { format!("'{inside}") } else { format!("'{inside}'") }
}

/// Reads what a terminal pastes where files are dropped on it; gives the choices of which one may be meant, none where it is
/// no list of paths.
pub(crate) fn dropped(pasted: &str) -> Vec<Vec<String>> {
    let pasted = pasted.trim();
    if pasted.len() > PASTED_BYTES_MAX {
        return Vec::new();
    }
    let from_root = |path: &str| -> Option<String> {
        let path = path.strip_prefix("file://").map_or_else(|| Some(path.to_owned()), of_address)?;
        let path = if path.starts_with("~/") { whole(&path).ok()? } else { path };
        path.starts_with('/').then_some(path)
    };
    // Some terminals write one path as it is, blanks and all.
    let alone = Some(pasted).filter(|pasted| !pasted.contains('\n')).and_then(from_root);
    let words = words(pasted);
    let is_whole = !words.is_empty() && words.len() <= FILES_PER_MESSAGE_MAX && !words.iter().any(|word| word.is_open);
    let several: Option<Vec<String>> = words.iter().filter(|_| is_whole).map(|word| from_root(&word.text)).collect();
    let several = several.filter(|paths| !paths.is_empty());
    let mut choices: Vec<Vec<String>> = alone.map(|path| vec![path]).into_iter().chain(several).collect();
    choices.dedup();
    choices
}

/// Gives the path of a `file` address behind its scheme (RFC 8089); none of another machine.
fn of_address(rest: &str) -> Option<String> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|path| path.starts_with('/'))
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

    #[track_caller]
    fn check(typed: &str, paths: &[&str], content: &str) {
        let named = Named::read(typed).unwrap_or_else(|| panic!("{typed} names a file"));
        assert_eq!(named.paths, paths, "{typed}");
        assert_eq!(named.content(paths.len()), content, "{typed}");
    }

    #[test]
    fn paths_are_read_as_shells_and_terminals_write_them() {
        check("a.png", &["a.png"], "");
        check("plan look at  this", &["plan"], "look at  this");
        check("'my file.png' here", &["my file.png"], "here");
        check("\"my \\\"file\\\".png\"", &["my \"file\".png"], "");
        check("my\\ file.png  x", &["my file.png"], "x");
        check("'it'\\''s.png'", &["it's.png"], "");
        check("日本.png 語\nand more", &["日本.png"], "語\nand more");
        for typed in ["", "  ", "'open", "a\\", "''"] {
            assert_eq!(Named::read(typed), None, "{typed}");
        }
    }

    #[test]
    fn further_files_are_words_that_look_like_paths() {
        check("a.png b.png ~/c 'd' look", &["a.png", "b.png", "~/c", "d"], "look");
        check("a.png notes for tomorrow", &["a.png"], "notes for tomorrow");
        check("a.png -- b.png is missing", &["a.png"], "b.png is missing");
        check("a.png --verbose", &["a.png"], "--verbose");
        check("a.png b.png 'it is open", &["a.png", "b.png"], "'it is open");
        // What is none after all is text.
        let named = Named::read("a.png 3.14 is it").expect("named");
        assert_eq!((named.content(2).as_str(), named.content(1).as_str()), ("is it", "3.14 is it"));
        let many = vec!["x/y"; FILES_PER_MESSAGE_MAX + 5].join(" ");
        assert_eq!(Named::read(&many).expect("named").paths.len(), FILES_PER_MESSAGE_MAX + 1);
    }

    #[test]
    fn the_command_of_paths_is_read_back_as_the_same() {
        for content in ["", "some words", "b.png is missing", "-- really", "two\nlines"] {
            for paths in [vec!["/tmp/a.png"], vec!["/tmp/my file.png", "/tmp/it's \"x\"\\.png"]] {
                let command = command(paths.iter().copied(), content);
                check(command.strip_prefix("/upload ").expect("its name"), &paths, content);
            }
        }
    }

    #[test]
    fn what_is_dropped_on_a_terminal_is_paths_in_many_ways() {
        let one = |path: &str| vec![vec![path.to_owned()]];
        assert_eq!(dropped("/tmp/a.png"), one("/tmp/a.png"));
        assert_eq!(dropped("'/tmp/my file.png' \n"), one("/tmp/my file.png"));
        assert_eq!(dropped("file:///tmp/my%20file%C3%A9.png"), one("/tmp/my fileé.png"));
        assert_eq!(dropped("file://localhost/tmp/a"), one("/tmp/a"));
        let both = vec!["/tmp/a".to_owned(), "/tmp/b c".to_owned()];
        assert!(dropped("/tmp/a '/tmp/b c'").contains(&both));
        assert_eq!(dropped("/tmp/a\n/tmp/b\\ c"), [both]);
        assert!(dropped("/tmp/as it is.png").contains(&vec!["/tmp/as it is.png".to_owned()]));
        for text in ["", "hello", "see /tmp/a", "file://other/tmp/a", "file:///a%2", "a.png", "'/open", "https://a.b/c"]
        {
            assert!(dropped(text).is_empty(), "{text}: {:?}", dropped(text));
        }
    }

    #[test]
    fn a_word_of_a_path_is_read_back() {
        for path in ["/tmp/a.png", "~/my file", "it's", "a\"b\\c", "日本/語"] {
            assert_eq!(words(&word_of(path, false))[0].text, path);
            assert_eq!(words(&word_of(path, true))[0].text, path);
        }
    }
}
