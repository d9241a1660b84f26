//! What a message has and is, as `has:`, `is:` and the index know it.

use super::query::Has;
use crate::mentions::has_code;
use crate::messages::{Message, MessageType};

impl Has {
    /// Tells whether a message has it.
    #[must_use]
    pub fn is_in(self, message: &Message) -> bool {
        match self {
            Self::Link => has_link(&message.content),
            Self::File => message.file_url.is_some(),
            Self::Code => message.message_type == MessageType::Code || has_code(&message.content),
            Self::Reaction => !message.reactions.is_empty(),
        }
    }
}

/// Tells whether a message is a reply, or has replies.
#[must_use]
pub const fn is_in_thread(message: &Message) -> bool {
    message.parent_seq.is_some() || message.reply_count > 0
}

/// Tells whether a message can be found at all.
#[must_use]
pub fn is_searchable(message: &Message) -> bool {
    message.deleted_at.is_none() && message.message_type != MessageType::System
}

fn has_link(text: &str) -> bool {
    let mut schemes = text.match_indices("://");
    schemes.any(|(at, sign)| {
        let is_web = |scheme: &str| {
            let begin = at.checked_sub(scheme.len()).and_then(|from| text.get(from..at));
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        let goes_on = text[at + sign.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        goes_on && (is_web("http") || is_web("https"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_noticed() {
        for text in ["http://x", "see (HTTPS://Example.org)", "a:// https://[::1]/"] {
            assert!(has_link(text), "{text}");
        }
        for text in ["", "http://", "https:// x", "ftp://x", "://x", "é://x"] {
            assert!(!has_link(text), "{text}");
        }
    }
}
