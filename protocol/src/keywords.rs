//! Words and phrases that a person wants to be called by, and how they are found in messages.
//!
//! A keyword is found as search finds a word or phrase: case and diacritics do not count, whole words do, and signs do in
//! words that have some (`C++`). Code calls nobody, as it names nobody.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Keyword;
use crate::mentions::prose;
use crate::search::matching::Needle;
use crate::search::words::Words;

/// A person's keywords, the same in all teams. Body of `PUT /users/me/keywords` and of its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Keywords {
    /// At most 20, in the person's order; what is the same but for case is kept once.
    pub keywords: Vec<Keyword>,
}

impl Keyword {
    /// Gives what finds it in texts, and the word of the index that every such text has.
    ///
    /// None only for text that never was a keyword: it has a letter or digit, and so a word.
    #[must_use]
    pub fn needle(&self) -> Option<(Needle, String)> {
        let needle = Needle::new(self.as_str())?;
        // The longest is the rarest, as a rule.
        let lookup = needle.lookups().into_iter().max_by_key(|word| word.chars().count())?;
        Some((needle, lookup))
    }
}

/// What of a text may call somebody: all but its code, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose(Vec<Words>);

impl Prose {
    /// Takes a text apart.
    #[must_use]
    pub fn find(text: &str) -> Self {
        Self(prose(text).into_iter().map(Words::find).collect())
    }

    /// Gives the words by which keywords are looked up, each once.
    #[must_use]
    pub fn lookups(&self) -> BTreeSet<String> {
        self.0.iter().flat_map(Words::index_texts).collect()
    }

    /// Tells whether a keyword stands in it.
    #[must_use]
    pub fn has(&self, needle: &Needle) -> bool {
        self.0.iter().any(|words| !needle.find_in(words).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keyword: &str, text: &str, is_there: bool) {
        let keyword: Keyword = keyword.parse().expect("a keyword");
        let (needle, lookup) = keyword.needle().expect("a word");
        let prose = Prose::find(text);
        assert_eq!(prose.has(&needle), is_there, "{keyword} in {text:?}");
        assert!(!is_there || prose.lookups().contains(&lookup), "{lookup} of {keyword} is no word of {text:?}");
    }

    #[test]
    fn keywords_are_found_as_whole_words_in_any_case() {
        check("deploy", "please DEPLOY now", true);
        check("deploy", "redeployed", false);
        check("release train", "the Release-Train leaves", true);
        check("release train", "train release", false);
        check("resume", "my Résumé", true);
        check("C++", "some c++ here", true);
        check("C++", "some c here", false);
        check("会議", "明日の会議です", true);
        check("会議", "会って議論", false);
        check("alice", "@alice!", true);
    }

    #[test]
    fn code_calls_nobody() {
        check("deploy", "run `deploy` now", false);
        check("deploy", "```\ndeploy\n```\nthen deploy", true);
    }

    proptest::proptest! {
        #[test]
        fn whatever_has_a_keyword_has_its_lookup(text in "[a-cA-C+_. é会議]{0,30}", keyword in "[a-c+_. é会議]{1,6}") {
            if let Ok(keyword) = keyword.parse::<Keyword>() {
                let (needle, lookup) = keyword.needle().expect("a word");
                let prose = Prose::find(&text);
                proptest::prop_assert!(!prose.has(&needle) || prose.lookups().contains(&lookup));
            }
        }
    }
}
