//! Names that people choose, parsed once: a value of these types fits its rules and its column.
//!
//! What must be unique is compared by [`fold_key`], so that both databases agree on what "the same" is.

use std::fmt;
use std::str::FromStr;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{
    EMAIL_CHARS_MAX, KEYWORD_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, SLASH_NAME_CHARS_MAX,
    USERNAME_CHARS_MAX,
};
use crate::search::words::Words;
use crate::text::clean_line;

/// Gives the form by which names are compared: NFKC, case folded, trimmed.
///
/// Folding can undo normalisation and the other way round, so it runs until nothing changes (Unicode 3.13, D146).
#[must_use]
pub fn fold_key(name: &str) -> String {
    const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();
    let fold = |text: &str| NFKC.normalize(&CaseMapper::new().fold_string(text)).into_owned();
    fold(&fold(&NFKC.normalize(name.trim()))).trim().to_owned()
}

/// Why text cannot be a name of some kind: a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(String);

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("pattern" = $pattern))]
        pub struct $name(String);

        impl $name {
            /// Gives the text as it was chosen.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Gives the folded form by which two of these are the same.
            #[must_use]
            pub fn key(&self) -> String {
                fold_key(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_type!(
    /// Name a person logs in with and is mentioned by: `alice`, without the `@`.
    ///
    /// 1 to 50 ASCII letters, digits, `.`, `_` and `-`, starting with a letter or digit; not digits alone, because
    /// commands take a name or an id in the same place.
    Username,
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$"
);
text_type!(
    /// Name of a team: 1 to 100 characters, unique on the server. No `/`, `#` or `@`, not digits alone.
    TeamName,
    "^[^/#@\\p{Cc}]{1,100}$"
);
text_type!(
    /// Name of a channel without the `#`: 1 to 100 characters, unique in its team. No blanks, `/`, `#` or `@`, not
    /// digits alone.
    ChannelName,
    "^[^/#@\\s\\p{Cc}]{1,100}$"
);
text_type!(
    /// Name of a user group without the `@`: 1 to 50 ASCII letters, digits, `.`, `_` and `-` that starts and ends with a letter
    /// or digit, unique in its team; not digits alone, and none of the words `all`, `channel` and `here`.
    GroupName,
    "^[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$"
);
text_type!(
    /// What is typed behind the slash of a command: 1 to 32 lower-case ASCII letters, digits, `_` and `-`, starting with a letter
    /// or digit.
    SlashName,
    "^[a-z0-9][a-z0-9_-]{0,31}$"
);
text_type!(
    /// A word or phrase by which a person wants to be called: 1 to 50 characters on one line, with a letter or digit among them.
    Keyword,
    "^[^\\p{Cc}]{1,50}$"
);
text_type!(
    /// E-mail address of a person: one `@` with something on both sides, at most 100 characters.
    Email,
    "^[^@\\s]+@[^@\\s]+$"
);

impl FromStr for Username {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let all_fit = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if !starts_well || !all_fit || text.len() > USERNAME_CHARS_MAX {
            return Err(NameError(format!(
                "a username has 1 to {USERNAME_CHARS_MAX} letters, digits, '.', '_' or '-', and starts with a letter or digit"
            )));
        }
        refuse_digits_alone("a username", text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Words behind an `@` that stand for more than a group: no group is called so.
const RESERVED_WORDS: [&str; 3] = ["all", "channel", "here"];

impl FromStr for GroupName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_edge = |c: char| c.is_ascii_alphanumeric();
        let all_fit = text.chars().all(|c| is_edge(c) || matches!(c, '.' | '_' | '-'));
        // A mention ends before punctuation: nobody could write a name that ends with some.
        if !text.starts_with(is_edge) || !text.ends_with(is_edge) || !all_fit || text.len() > USERNAME_CHARS_MAX {
            return Err(NameError(format!(
                "a group name has 1 to {USERNAME_CHARS_MAX} letters, digits, '.', '_' or '-', and starts and ends with a \
                 letter or digit"
            )));
        }
        if RESERVED_WORDS.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(NameError(format!("@{text} mentions others already; choose another name for the group")));
        }
        refuse_digits_alone("a group name", text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for SlashName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let all_fit = text.chars().all(|c| is_edge(c) || matches!(c, '_' | '-'));
        if !text.starts_with(is_edge) || !all_fit || text.len() > SLASH_NAME_CHARS_MAX {
            return Err(NameError(format!(
                "a command has 1 to {SLASH_NAME_CHARS_MAX} lower-case letters, digits, '_' or '-', and starts with a letter or \
                 digit"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for TeamName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        parse_name("a team name", text).map(Self)
    }
}

impl FromStr for ChannelName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let name = parse_name("a channel name", text)?;
        if name.contains(char::is_whitespace) {
            return Err(NameError("a channel name has no blanks; use '-' instead".to_owned()));
        }
        Ok(Self(name))
    }
}

impl FromStr for Keyword {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let clean = clean_line(text);
        let keyword = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        if keyword.chars().count() > KEYWORD_CHARS_MAX {
            return Err(NameError(format!("a keyword has at most {KEYWORD_CHARS_MAX} characters")));
        }
        if Words::find(&keyword).parts.is_empty() {
            return Err(NameError("a keyword has at least one letter or digit".to_owned()));
        }
        Ok(Self(keyword))
    }
}

impl FromStr for Email {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts = text
            .split_once('@')
            .filter(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
        let odd = text.chars().any(|c| c.is_whitespace() || c.is_control());
        if parts.is_none() || odd || text.chars().count() > EMAIL_CHARS_MAX || clean_line(text) != text {
            return Err(NameError(format!(
                "an e-mail address looks like name@example.org and has at most {EMAIL_CHARS_MAX} characters"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

fn parse_name(what: &str, text: &str) -> Result<String, NameError> {
    let name = text.trim();
    if name.is_empty() {
        return Err(NameError(format!("{what} must not be empty")));
    }
    if name.contains(['/', '#', '@']) || clean_line(name) != name {
        return Err(NameError(format!("{what} must not contain '/', '#', '@' or control characters")));
    }
    // The key is what the unique column holds, and folding can lengthen it.
    if name.chars().count().max(fold_key(name).chars().count()) > NAME_CHARS_MAX {
        return Err(NameError(format!("{what} has at most {NAME_CHARS_MAX} characters")));
    }
    refuse_digits_alone(what, name)?;
    Ok(name.to_owned())
}

fn refuse_digits_alone(what: &str, name: &str) -> Result<(), NameError> {
    if fold_key(name).bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NameError(format!("{what} must not be digits alone: it would look like an id")));
    }
    Ok(())
}

/// A password of 10 to 256 characters; its debug form hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("minLength" = PASSWORD_CHARS_MIN, "maxLength" = PASSWORD_CHARS_MAX))]
pub struct Password(String);

impl Password {
    /// Gives the password itself, to be hashed or sent and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError(format!("a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")))
        }
    }
}

impl TryFrom<String> for Password {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Password> for String {
    fn from(password: Password) -> Self {
        password.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check<T: FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?} is refused");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?} is accepted");
        }
    }

    #[test]
    fn usernames() {
        let longest = "a".repeat(50);
        let too_long = "a".repeat(51);
        check::<Username>(
            &["a", "alice", "Bob.Smith-2_x", "7up", &longest],
            &["", "-a", ".a", "a b", "ünal", "12", "a/b", "@a", "a\n", &too_long],
        );
    }

    #[test]
    fn group_names() {
        let longest = "a".repeat(50);
        let too_long = "a".repeat(51);
        check::<GroupName>(
            &["a", "oncall", "Ops.EU-2_x", "7up", "allies", &longest],
            &["", "-a", "a-", "a.", "a b", "ünal", "12", "@a", "a\n", "here", "ALL", "Channel", &too_long],
        );
    }

    #[test]
    fn slash_names() {
        check::<SlashName>(
            &["deploy", "7", "a_b-c", &"a".repeat(32)],
            &["", "Deploy", "/x", "-a", "a b", "a.b", "ü", "a\n", &"a".repeat(33)],
        );
    }

    #[test]
    fn team_and_channel_names() {
        let longest = "ü".repeat(100);
        check::<TeamName>(
            &["eng", "Platform Team", "日本", " eng ", &longest],
            &["", " ", "a/b", "#a", "@a", "42", "a\u{1b}[1m"],
        );
        check::<ChannelName>(&["general", "c++", "v1.2"], &["two words", "", "42", "４２", "a/b", "a\u{202e}b"]);
        // One character that NFKC turns into eighteen.
        check::<TeamName>(&["\u{fdfa}"], &[&"\u{fdfa}".repeat(6)]);
    }

    #[test]
    fn names_that_look_the_same_have_the_same_key() {
        for (one, other) in [("General", "general"), ("ＡＢＣ", "abc"), ("Straße", "STRASSE"), ("e\u{301}", "É")] {
            assert_eq!(fold_key(one), fold_key(other), "{one} and {other}");
        }
        assert_ne!(fold_key("a"), fold_key("ä"));
    }

    #[test]
    fn keywords() {
        check::<Keyword>(
            &["a", "C++", "release train", "会議", &"ü".repeat(50)],
            &["", " ", "++", "@", &"a".repeat(51)],
        );
        let keyword: Keyword = " two\n  words\u{1b}[1m ".parse().expect("a keyword");
        assert_eq!(keyword.as_str(), "two words");
    }

    #[test]
    fn emails_and_passwords() {
        check::<Email>(&["a@b", "first.last+tag@example.org"], &["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n"]);
        check::<Password>(&["0123456789", &"é".repeat(256)], &["", "short", &"a".repeat(257)]);
        let password: Password = "correct horse".parse().expect("a password");
        assert_eq!(format!("{password:?}"), "Password(hidden)");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let key = fold_key(&text);
            prop_assert_eq!(fold_key(&key), key);
        }
    }
}
