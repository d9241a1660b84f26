//! Files that the server does not take: refused before anything is sent, or left out and named in the text of their messages.

use syncspace_protocol::archive::ArchiveMessage;
use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::text::clean_line;

use super::{ImportError, Notes};

/// What becomes of files that are longer than the server takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LargeFiles {
    /// Longest file that the server takes, in bytes, 0 where it takes none; not known where absent.
    pub(crate) bytes_max: Option<u64>,
    /// Whether they are left out; else they are refused.
    pub(crate) are_left_out: bool,
}

impl LargeFiles {
    /// Judges a file: none where it goes with its message, else what the message says in its place.
    pub(super) fn judge(&self, name: &str, size: u64, notes: &mut Notes) -> Result<Option<String>, ImportError> {
        let name = clean_line(name);
        let what_is_taken = match self.bytes_max {
            Some(0) => "no files".to_owned(),
            Some(max) if size > max => format!("at most {max}"),
            _ => return Ok(None),
        };
        if !self.are_left_out {
            let why = format!(
                "the file {name} has {size} bytes, and the server takes {what_is_taken}: raise file_mib_max there, or give \
                 --skip-large-files, which leaves such files out and says so in their messages"
            );
            return Err(ImportError::new("", why));
        }
        notes.leave_out("files longer than the server takes; their messages name them");
        Ok(Some(format!("(file left out: {name}, {size} bytes)")))
    }

    /// Takes the files out of a message that are not to go with it.
    pub(super) fn take_out(&self, message: &mut ArchiveMessage, notes: &mut Notes) -> Result<(), ImportError> {
        for file in std::mem::take(&mut message.files) {
            match self.judge(&file.name, file.size_bytes, notes)? {
                None => message.files.push(file),
                Some(said) => {
                    add_line(&mut message.content, &said);
                    if message.content.len() > MESSAGE_BYTES_MAX {
                        let why = format!(
                            "message {} has no room to say that a file of it was left out: raise file_mib_max on the server",
                            message.number
                        );
                        return Err(ImportError::new("", why));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Puts a line below a text.
pub(super) fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str, sizes: &[u64]) -> ArchiveMessage {
        let files = sizes.iter().map(|size| format!(r#"{{"name":"f{size}","size_bytes":{size},"sha256":""}}"#));
        let files = files.collect::<Vec<_>>().join(",");
        let at = "2020-02-03T04:05:06.000Z";
        let json = format!(
            r#"{{"channel":"c","number":3,"sender":"a","content":"{content}","created_at":"{at}","files":[{files}]}}"#
        );
        serde_json::from_str(&json).expect("a message")
    }

    fn take_out(large: LargeFiles, mut message: ArchiveMessage) -> Result<(String, Vec<u64>, u64), String> {
        let mut notes = Notes::default();
        large.take_out(&mut message, &mut notes).map_err(|error| error.to_string())?;
        let sizes = message.files.iter().map(|file| file.size_bytes).collect();
        Ok((message.content, sizes, notes.left_out.values().sum()))
    }

    #[test]
    fn a_message_says_which_files_were_left_out() {
        let left_out = LargeFiles { bytes_max: Some(10), are_left_out: true };
        assert_eq!(take_out(left_out, message("hi", &[10])), Ok(("hi".to_owned(), vec![10], 0)));
        let both = "hi\n(file left out: f11, 11 bytes)\n(file left out: f12, 12 bytes)";
        assert_eq!(take_out(left_out, message("hi", &[11, 4, 12])), Ok((both.to_owned(), vec![4], 2)));
        assert_eq!(
            take_out(left_out, message("", &[11])),
            Ok(("(file left out: f11, 11 bytes)".to_owned(), Vec::new(), 1))
        );
        let full = take_out(left_out, message(&"x".repeat(MESSAGE_BYTES_MAX), &[11])).expect_err("is full");
        assert!(full.starts_with("message 3 has no room"), "{full}");
        let none = LargeFiles { bytes_max: Some(0), are_left_out: true };
        assert_eq!(take_out(none, message("", &[0])), Ok(("(file left out: f0, 0 bytes)".to_owned(), Vec::new(), 1)));
        assert_eq!(take_out(LargeFiles::default(), message("", &[1 << 40])), Ok((String::new(), vec![1 << 40], 0)));
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_with_what_to_do() {
        let refuses = |bytes_max| LargeFiles { bytes_max: Some(bytes_max), are_left_out: false };
        let why = take_out(refuses(10), message("hi", &[10, 11])).expect_err("is refused");
        assert!(
            why.starts_with("the file f11 has 11 bytes, and the server takes at most 10: raise file_mib_max"),
            "{why}"
        );
        assert!(why.contains("--skip-large-files"), "{why}");
        let why = take_out(refuses(0), message("hi", &[1])).expect_err("is refused");
        assert!(why.contains("takes no files"), "{why}");
    }
}
