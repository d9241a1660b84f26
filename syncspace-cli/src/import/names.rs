//! Names of elsewhere as names of this program: made to fit its rules, each once.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use syncspace_protocol::names::fold_key;
use syncspace_protocol::{ChannelName, Username};

use super::Notes;

/// Names that were given away, by the ids that they stand for.
#[derive(Debug)]
pub(super) struct Names<N> {
    by_id: HashMap<String, N>,
    taken: HashSet<String>,
    /// The last number behind each beginning of a name: it and those before it are taken, and stay so.
    numbers: HashMap<String, u32>,
}

impl<N> Default for Names<N> {
    fn default() -> Self {
        Self { by_id: HashMap::new(), taken: HashSet::new(), numbers: HashMap::new() }
    }
}

impl<N: FromStr + Clone + NameKind> Names<N> {
    /// Gives the name that stands for an id.
    pub(super) fn find(&self, id: &str) -> Option<&N> {
        self.by_id.get(id)
    }

    /// Gives an id a name: the wanted one where that fits and is free, else one made of it.
    pub(super) fn give(&mut self, id: &str, wanted: &str, notes: &mut Notes) -> Option<N> {
        if let Some(held) = self.by_id.get(id) {
            return Some(held.clone());
        }
        let base = N::fit(wanted);
        let name = self.free(&base).or_else(|| self.number(&base))?;
        self.taken.insert(fold_key(name.text()));
        if name.text() != wanted {
            notes.renamed.push((wanted.to_owned(), name.text().to_owned()));
        }
        self.by_id.insert(id.to_owned(), name.clone());
        Some(name)
    }

    fn free(&self, text: &str) -> Option<N> {
        if self.taken.contains(&fold_key(text)) { None } else { text.parse().ok() }
    }

    /// Gives a name with the next number behind it.
    fn number(&mut self, base: &str) -> Option<N> {
        let base = cut(base, N::CHARS_MAX - 11);
        let key = fold_key(base);
        let last = self.numbers.get(&key).copied().unwrap_or(1);
        let next = (last + 1..).find_map(|number| Some((number, self.free(&format!("{base}-{number}"))?)));
        let (number, name) = next?;
        self.numbers.insert(key, number);
        Some(name)
    }
}

/// A kind of name, with how other names are made to fit it.
pub(super) trait NameKind {
    /// Its longest, in characters.
    const CHARS_MAX: usize;
    /// Gives its text.
    fn text(&self) -> &str;
    /// Makes a text that fits, of any text.
    fn fit(wanted: &str) -> String;
}

impl NameKind for Username {
    const CHARS_MAX: usize = syncspace_protocol::limits::USERNAME_CHARS_MAX;

    fn text(&self) -> &str {
        self.as_str()
    }

    fn fit(wanted: &str) -> String {
        let plain: String = wanted
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
            .collect();
        word(plain.trim_matches(|c: char| !c.is_ascii_alphanumeric()), "user", Self::CHARS_MAX)
    }
}

impl NameKind for ChannelName {
    const CHARS_MAX: usize = syncspace_protocol::limits::NAME_CHARS_MAX;

    fn text(&self) -> &str {
        self.as_str()
    }

    fn fit(wanted: &str) -> String {
        let clean = syncspace_protocol::text::clean_line(wanted);
        let plain: String =
            clean.chars().map(|c| if c.is_whitespace() || matches!(c, '/' | '#' | '@') { '-' } else { c }).collect();
        word(plain.trim_matches('-'), "channel", Self::CHARS_MAX)
    }
}

/// Gives a word that is not empty, nor digits alone, nor too long.
fn word(plain: &str, kind: &str, chars_max: usize) -> String {
    if plain.is_empty() || plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return cut(format!("{kind}-{plain}").trim_end_matches('-'), chars_max).to_owned();
    }
    cut(plain, chars_max).to_owned()
}

fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_one_that_fits_and_no_two_are_the_same() {
        let mut notes = Notes::default();
        let mut names = Names::<Username>::default();
        let mut give = |id: &str, wanted: &str| names.give(id, wanted, &mut notes).expect("a name").to_string();
        for (id, wanted, name) in [
            ("U1", "alice", "alice"),
            ("U2", "Alice", "Alice-2"),
            ("U3", "jörg müller", "j-rg-m-ller"),
            ("U4", "1234", "user-1234"),
            ("U5", "日本", "user"),
            ("U6", "", "user-2"),
            ("U1", "other", "alice"),
        ] {
            assert_eq!(give(id, wanted), name, "{wanted}");
        }
        let long = give("U7", &"x".repeat(80));
        assert_eq!(long.len(), 50);
        assert_eq!(notes.renamed.len(), 6);
        assert_eq!(names.give("U8", "ALICE", &mut notes).expect("a name").as_str(), "ALICE-3");
        assert_eq!(names.give("U9", "Alice-4", &mut notes).expect("a name").as_str(), "Alice-4");
        assert_eq!(names.give("U10", "alice", &mut notes).expect("a name").as_str(), "alice-5");
        let mut channels = Names::<ChannelName>::default();
        let name = channels.give("C1", "town square/2", &mut notes).expect("a name").to_string();
        assert_eq!(name, "town-square-2");
    }

    /// Minutes, were each looked for from the first number on.
    #[test]
    fn many_people_of_one_name_are_numbered_in_turn() {
        let mut notes = Notes::default();
        let mut names = Names::<Username>::default();
        for number in 1..=100_000 {
            let name = names.give(&format!("U{number}"), "日本", &mut notes).expect("a name");
            assert!(number == 1 || name.as_str().ends_with(&format!("user-{number}")), "{name}");
        }
    }
}
