//! What is typed into a search, read into terms: words, "phrases", filters, and `-` before any of them.
//!
//! | typed | finds messages |
//! | --- | --- |
//! | `deploy error` | with both words, in any case and order |
//! | `"deploy error"` | with the words in a row |
//! | `from:@alice`, `from:me` | of that person; of several: of any of them |
//! | `in:#general`, `in:@bob` | in that channel, or in the direct channel with that person; of several: in any of them |
//! | `before:2026-11-22` | sent before that day |
//! | `after:2026-11-22` | sent after that day |
//! | `on:2026-11-22` | sent on that day |
//! | `has:link`, `has:file`, `has:code`, `has:reaction` | with such a thing |
//! | `is:thread`, `is:pinned`, `is:saved` | that are part of a thread, pinned, or saved by you |
//! | `mentions:me` | that name you, a group you were in or the whole channel, or have one of your keywords |
//! | `-` before any of these | that are not so |

use std::str::FromStr;

use jiff::civil::Date;

use super::matching::Needle;
use crate::limits::{SEARCH_QUERY_CHARS_MAX, SEARCH_TERMS_MAX};
use crate::{ChannelName, Username};

/// A search, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// All that a message must be; at least one.
    pub terms: Vec<Term>,
}

/// One thing that a message must be, or must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Whether it must not be.
    pub is_negated: bool,
    /// Where it was typed, in characters from 1.
    pub at: usize,
    /// What.
    pub what: What,
}

/// What a message can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A word or phrase in its text.
    Text(Needle),
    /// Who sent it.
    From(Who),
    /// Where it is.
    In(Where),
    /// Sent before this day began.
    Before(Date),
    /// Sent after this day ended.
    After(Date),
    /// Sent on this day.
    On(Date),
    /// A link, file, code or reaction.
    Has(Has),
    /// Part of a thread, pinned, saved.
    Is(Is),
    /// Naming the person who asks, or everybody in the channel.
    MentionsMe,
}

/// Who sent a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The person who asks.
    Me,
    /// Somebody else.
    Named(Username),
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// In the channel of this name.
    Channel(ChannelName),
    /// In the direct channel with somebody.
    Direct(Username),
}

/// What a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// An address that begins with `http://` or `https://`.
    Link,
    /// An attached file.
    File,
    /// Code between backticks or fences.
    Code,
    /// Somebody's reaction.
    Reaction,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// A reply, or a message with replies.
    Thread,
    /// Pinned in its channel.
    Pinned,
    /// Saved by the person who asks.
    Saved,
}

/// What of a query cannot be understood, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {message}")]
pub struct QueryError {
    /// Where, in characters from 1.
    pub at: usize,
    /// A sentence for the person who typed it.
    pub message: String,
}

impl FromStr for SearchQuery {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        let length = text.chars().count();
        if length > SEARCH_QUERY_CHARS_MAX {
            let message = format!("a search has at most {SEARCH_QUERY_CHARS_MAX} characters; this one has {length}");
            return Err(QueryError { at: SEARCH_QUERY_CHARS_MAX + 1, message });
        }
        let mut terms = Vec::new();
        for piece in pieces(text)? {
            let at = piece.at;
            terms.extend(piece.term()?);
            if terms.len() > SEARCH_TERMS_MAX {
                let message = format!("a search has at most {SEARCH_TERMS_MAX} words and filters");
                return Err(QueryError { at, message });
            }
        }
        if terms.is_empty() {
            let message = "type at least one word to look for, or a filter like from:@alice".to_owned();
            return Err(QueryError { at: 1, message });
        }
        Ok(Self { terms })
    }
}

/// What stands between two blanks, with its quotes taken off.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    at: usize,
    is_negated: bool,
    /// What stands before the first `:`, where it is a known filter or looks like one.
    key: Option<String>,
    value: String,
    is_quoted: bool,
}

/// Cuts a query at its blanks, but not inside quotes.
fn pieces(text: &str) -> Result<Vec<Piece>, QueryError> {
    let chars: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let follows = chars.get(at + 1).is_some_and(|c| !c.is_whitespace());
        let is_negated = chars[at] == '-' && follows;
        at += usize::from(is_negated);
        let key = key_at(&chars, at);
        at += key.as_ref().map_or(0, |key| key.chars().count() + 1);
        let is_quoted = chars.get(at) == Some(&'"');
        let (from, end) = if is_quoted {
            let closing = chars[at + 1..].iter().position(|&c| c == '"').map(|length| at + 1 + length);
            let unclosed =
                || QueryError { at: at + 1, message: "this \" is never closed; write a second one".to_owned() };
            (at + 1, closing.ok_or_else(unclosed)?)
        } else {
            let length = chars[at..].iter().take_while(|c| !c.is_whitespace()).count();
            (at, at + length)
        };
        let value = chars[from..end].iter().collect();
        pieces.push(Piece { at: start + 1, is_negated, key, value, is_quoted });
        at = end + usize::from(is_quoted);
    }
    Ok(pieces)
}

const KEYS: [&str; 8] = ["from", "in", "before", "after", "on", "has", "is", "mentions"];

/// Reads `from:` and the like; also other letters before `:@` and `:#`, which are rather a slip than a word.
fn key_at(chars: &[char], at: usize) -> Option<String> {
    let length = chars[at..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let word: String = chars[at..at + length].iter().collect::<String>().to_ascii_lowercase();
    let is_key = length > 0 && chars.get(at + length) == Some(&':');
    let looks_like_one = matches!(chars.get(at + length + 1), Some('@' | '#'));
    (is_key && (KEYS.contains(&word.as_str()) || looks_like_one)).then_some(word)
}

impl Piece {
    /// Reads what it stands for; none for signs without a word.
    fn term(self) -> Result<Option<Term>, QueryError> {
        let Some(key) = &self.key else {
            let needle = Needle::new(&self.value);
            return Ok(needle.map(|needle| self.means(What::Text(needle))));
        };
        let what = match key.as_str() {
            "from" => What::From(self.who()?),
            "in" => What::In(self.place()?),
            "before" => What::Before(self.day()?),
            "after" => What::After(self.day()?),
            "on" => What::On(self.day()?),
            "has" => What::Has(self.one_of(&[
                ("link", Has::Link),
                ("file", Has::File),
                ("code", Has::Code),
                ("reaction", Has::Reaction),
            ])?),
            "is" => What::Is(self.one_of(&[("thread", Is::Thread), ("pinned", Is::Pinned), ("saved", Is::Saved)])?),
            "mentions" => self.one_of(&[("me", What::MentionsMe), ("@me", What::MentionsMe)])?,
            other => {
                let known = KEYS.map(|key| format!("{key}:")).join(" ");
                return Err(self.error(format!("there is no filter {other}:; there are {known}")));
            }
        };
        Ok(Some(self.means(what)))
    }

    fn means(&self, what: What) -> Term {
        Term { is_negated: self.is_negated, at: self.at, what }
    }

    fn who(&self) -> Result<Who, QueryError> {
        let name = self.value.strip_prefix('@').unwrap_or(&self.value);
        if self.value.eq_ignore_ascii_case("me") {
            return Ok(Who::Me);
        }
        let wrong = |error| self.error(format!("{error}; write from:@alice or from:me"));
        name.parse().map(Who::Named).map_err(wrong)
    }

    fn place(&self) -> Result<Where, QueryError> {
        let example = "write in:#general, or in:@bob for the direct channel with somebody";
        if let Some(name) = self.value.strip_prefix('@') {
            return name.parse().map(Where::Direct).map_err(|error| self.error(format!("{error}; {example}")));
        }
        let name = self.value.strip_prefix('#').unwrap_or(&self.value);
        name.parse().map(Where::Channel).map_err(|error| self.error(format!("{error}; {example}")))
    }

    fn day(&self) -> Result<Date, QueryError> {
        let key = self.key.as_deref().unwrap_or_default();
        let wrong = || self.error(format!("a day is written year, month, day, like {key}:2026-11-22"));
        // Only this form: jiff reads times too, and would drop them.
        if self.value.len() != "2026-11-22".len() {
            return Err(wrong());
        }
        self.value.parse().map_err(|_| wrong())
    }

    fn one_of<T: Clone>(&self, known: &[(&str, T)]) -> Result<T, QueryError> {
        let found = known.iter().find(|(word, _)| self.value.eq_ignore_ascii_case(word));
        found.map(|(_, meaning)| meaning.clone()).ok_or_else(|| {
            let key = self.key.as_deref().unwrap_or_default();
            let words: Vec<_> = known.iter().map(|(word, _)| format!("{key}:{word}")).collect();
            self.error(format!("{key}:{} is unknown; write {}", self.value, words.join(" or ")))
        })
    }

    fn error(&self, message: String) -> QueryError {
        QueryError { at: self.at, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<SearchQuery, QueryError> {
        text.parse()
    }

    /// Checks what a query means: each term with `-` where it is negated.
    #[track_caller]
    fn check(text: &str, expected: &[(bool, What)]) {
        let terms = parse(text).expect("a query").terms;
        let terms: Vec<_> = terms.into_iter().map(|term| (term.is_negated, term.what)).collect();
        assert_eq!(terms, expected, "{text:?}");
    }

    fn text(word: &str) -> What {
        What::Text(Needle::new(word).expect("a word"))
    }

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn words_phrases_and_their_absence() {
        check("deploy  error", &[(false, text("deploy")), (false, text("error"))]);
        check("\"deploy error\" -C++", &[(false, text("deploy error")), (true, text("C++"))]);
        check("-\"a b\"x", &[(true, text("a b")), (false, text("x"))]);
        check(
            "std::vector 10:30 http://x.org",
            &[(false, text("std::vector")), (false, text("10:30")), (false, text("http://x.org"))],
        );
        check("\"from:@alice\" - x", &[(false, text("from:@alice")), (false, text("x"))]);
    }

    #[test]
    fn filters() {
        let alice = || "alice".parse().expect("a name");
        check(
            "from:@alice FROM:alice from:me",
            &[
                (false, What::From(Who::Named(alice()))),
                (false, What::From(Who::Named(alice()))),
                (false, What::From(Who::Me)),
            ],
        );
        let general = || "general".parse().expect("a name");
        check(
            "in:#general -in:general in:@alice in:\"#general\"",
            &[
                (false, What::In(Where::Channel(general()))),
                (true, What::In(Where::Channel(general()))),
                (false, What::In(Where::Direct(alice()))),
                (false, What::In(Where::Channel(general()))),
            ],
        );
        check(
            "before:2026-11-22 after:2024-02-29 on:2026-01-01",
            &[
                (false, What::Before(day("2026-11-22"))),
                (false, What::After(day("2024-02-29"))),
                (false, What::On(day("2026-01-01"))),
            ],
        );
        check(
            "has:link has:File -has:code has:reaction is:thread is:pinned is:saved mentions:me",
            &[
                (false, What::Has(Has::Link)),
                (false, What::Has(Has::File)),
                (true, What::Has(Has::Code)),
                (false, What::Has(Has::Reaction)),
                (false, What::Is(Is::Thread)),
                (false, What::Is(Is::Pinned)),
                (false, What::Is(Is::Saved)),
                (false, What::MentionsMe),
            ],
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_what_to_write() {
        let long = "x".repeat(501);
        let many = "x ".repeat(21);
        for (text, at, part) in [
            ("", 1, "at least one word"),
            (" -- + \"\" ", 1, "at least one word"),
            ("a \"b c", 3, "never closed"),
            ("ä has:links", 3, "write has:link or has:file"),
            ("from:", 1, "write from:@alice"),
            ("a from:@ä", 3, "write from:@alice"),
            ("in:#", 1, "write in:#general"),
            ("before:yesterday", 1, "like before:2026-11-22"),
            ("on:2026-02-30", 1, "like on:2026-11-22"),
            ("after:2026-11-22T10:00", 1, "like after:2026-11-22"),
            ("form:@alice", 1, "there is no filter form:; there are from:"),
            ("mentions:@bob", 1, "write mentions:me"),
            (&long, 501, "at most 500 characters"),
            (&many, 41, "at most 20 words"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.at, at, "{text:?}: {error}");
            assert!(error.message.contains(part), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_query_or_an_error_inside_it(text in any::<String>()) {
            match parse(&text) {
                Ok(query) => prop_assert!(!query.terms.is_empty()),
                Err(error) => prop_assert!(error.at >= 1 && error.at <= text.chars().count() + 1),
            }
        }

        #[test]
        fn hostile_signs_are_words_or_nothing(text in "[-+*\"'():@#~<>%_;a ]{0,30}") {
            if let Ok(query) = parse(&text) {
                for term in query.terms {
                    if let What::Text(needle) = term.what {
                        prop_assert!(!needle.lookups().is_empty());
                    }
                }
            }
        }
    }
}
