//! By which words people are found: those of their names, folded, and the beginnings that others type.

use std::collections::BTreeSet;

use crate::Username;
use crate::limits::{NAME_CHARS_MAX, NAME_WORDS_MAX};
use crate::names::fold_key;

/// Gives the words of a person's names, each once: as they stand between blanks, and taken apart at signs.
///
/// `anne-marie` is found by `marie` too. Words are folded like all keys, and cut at 100 characters.
#[must_use]
pub fn words_of(username: &Username, full_name: Option<&str>) -> BTreeSet<String> {
    let names = [Some(username.as_str()), full_name].map(|name| name.map(fold_key).unwrap_or_default());
    let whole = || names.iter().flat_map(|name| name.split_whitespace());
    let parts = whole().flat_map(|word| word.split(|sign: char| !sign.is_alphanumeric()));
    // Whole words first: they are what is left where a name has too many.
    whole().chain(parts).filter(|word| !word.is_empty()).map(cut).take(NAME_WORDS_MAX).collect()
}

/// Gives the beginnings of words that a query names, each once, the longest first; `@` before them does not count.
#[must_use]
pub fn beginnings_in(query: &str) -> Vec<String> {
    let key = fold_key(query);
    let words = key.split_whitespace().map(|word| word.trim_start_matches('@')).filter(|word| !word.is_empty());
    let words: BTreeSet<String> = words.map(cut).collect();
    let mut words: Vec<String> = words.into_iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words
}

fn cut(word: &str) -> String {
    word.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(username: &str, full_name: &str, expected: &str) {
        let words = words_of(&username.parse().unwrap(), Some(full_name));
        assert_eq!(words.into_iter().collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn names_are_words_and_parts_of_words() {
        check("alice", "Alice Example", "alice example");
        check("bob.smith-2", "", "2 bob bob.smith-2 smith");
        check("anne", "Anne-Marie O'Brien", "anne anne-marie brien marie o o'brien");
        check("jose", "JOSÉ  Straße", "jose josé strasse");
        check("yamada", "山田 太郎", "yamada 太郎 山田");
        let endless = words_of(&"x".parse().unwrap(), Some(&"\u{fdfa}".repeat(100)));
        assert!(endless.iter().all(|word| word.chars().count() <= NAME_CHARS_MAX));
        assert!(endless.len() <= NAME_WORDS_MAX);
    }

    #[test]
    fn queries_are_beginnings_of_words() {
        for (query, expected) in [
            ("al", vec!["al"]),
            ("  @Al  SMI al ", vec!["smi", "al"]),
            ("STRASSE", vec!["strasse"]),
            ("bob.s", vec!["bob.s"]),
            ("", vec![]),
            (" @ ", vec![]),
        ] {
            assert_eq!(beginnings_in(query), expected, "{query:?}");
        }
    }
}
