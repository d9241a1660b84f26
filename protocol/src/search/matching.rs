//! Whether and where a text has what is looked for, and how well.

use std::ops::Range;

use super::Highlight;
use super::words::{Exact, Words};

/// A word or phrase to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    words: Words,
    /// All of it, where it is one word with signs.
    exact: Option<String>,
}

impl Needle {
    /// Makes a needle of a word or phrase; none where there is no letter or digit in it.
    ///
    /// A word with signs is looked for as a whole. Anything else is its parts in a row, whatever stands between them.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let words = Words::find(text);
        if words.parts.is_empty() {
            return None;
        }
        let covers_all = |exact: &&Exact| exact.parts == (0..words.parts.len());
        let exact = words.exact.iter().filter(covers_all).max_by_key(|exact| exact.range.len());
        let exact = exact.filter(|_| !text.trim().contains(char::is_whitespace)).map(|exact| exact.text.clone());
        Some(Self { words, exact })
    }

    /// Gives words of the index that every text has which has this.
    #[must_use]
    pub fn lookups(&self) -> Vec<String> {
        if let Some(exact) = &self.exact {
            return vec![exact.clone()];
        }
        let parts = &self.words.parts;
        let pairs: Vec<_> = self.words.pairs(0..parts.len()).collect();
        let in_pair = |place: usize| pairs.iter().any(|&(first, _)| first == place || first + 1 == place);
        let single = parts.iter().enumerate().filter(|&(place, _)| !in_pair(place)).map(|(_, part)| part.text.clone());
        let exact = self.words.exact.iter().map(|exact| exact.text.clone());
        let mut all: Vec<String> = exact.chain(single).collect();
        all.extend(pairs.iter().map(|(_, pair)| pair.clone()));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Gives where it stands in a text, in bytes.
    #[must_use]
    pub fn find_in(&self, text: &Words) -> Vec<Range<usize>> {
        if let Some(wanted) = &self.exact {
            let found = text.exact.iter().filter(|exact| exact.text == *wanted);
            return found.map(|exact| exact.range.clone()).collect();
        }
        let wanted = &self.words.parts;
        let rows = text.parts.windows(wanted.len()).enumerate();
        let same = rows.filter(|(first, row)| {
            row.iter().zip(wanted).all(|(part, wanted)| part.stands_for(wanted)) && self.has_exact_at(text, *first)
        });
        same.filter_map(|(_, row)| Some(row.first()?.range.start..row.last()?.range.end)).collect()
    }

    /// Tells whether the words with signs in a phrase stand where the phrase has them.
    fn has_exact_at(&self, text: &Words, first: usize) -> bool {
        self.words.exact.iter().all(|wanted| {
            let is_it = |exact: &Exact| exact.parts.start == first + wanted.parts.start && exact.text == wanted.text;
            text.exact.iter().any(is_it)
        })
    }
}

/// Where each needle stands in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    places: Vec<Vec<Range<usize>>>,
    parts: usize,
}

impl Found {
    /// Looks for all needles; none where one of them is not there.
    #[must_use]
    pub fn all<'a>(needles: impl Iterator<Item = &'a Needle>, text: &Words) -> Option<Self> {
        let places = needles.map(|needle| Some(needle.find_in(text)).filter(|places| !places.is_empty()));
        Some(Self { places: places.collect::<Option<_>>()?, parts: text.parts.len() })
    }

    /// Gives what was found as parts to be shown, in order and without overlap.
    #[must_use]
    pub fn highlights(&self) -> Vec<Highlight> {
        let mut ranges: Vec<_> = self.places.iter().flatten().cloned().collect();
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        let mut shown: Vec<Highlight> = Vec::new();
        for Range { start, end } in ranges {
            match shown.last_mut() {
                Some(last) if start < last.end => last.end = last.end.max(end),
                _ => shown.push(Highlight { start, end }),
            }
        }
        shown
    }

    /// Gives how well the text fits: more for what stands there often, in a short text, close together.
    #[must_use]
    pub fn score(&self) -> f64 {
        // BM25's saturation, with a message of twenty words as the usual one.
        const SATURATION: f64 = 1.2;
        const USUAL_PARTS: f64 = 20.0;
        let length = 0.25 + 0.75 * count(self.parts) / USUAL_PARTS;
        let often = self.places.iter().map(|places| {
            let times = count(places.len());
            times * (SATURATION + 1.0) / (times + SATURATION * length)
        });
        often.sum::<f64>() + self.closeness()
    }

    /// Gives up to 1 for needles that stand side by side, less the further they are apart.
    fn closeness(&self) -> f64 {
        /// Bytes between two words that halve what closeness gives.
        const NEAR_BYTES: f64 = 40.0;
        if self.places.len() < 2 {
            return 0.0;
        }
        let mut marks: Vec<(&Range<usize>, usize)> =
            self.places.iter().enumerate().flat_map(|(needle, at)| at.iter().map(move |at| (at, needle))).collect();
        marks.sort_unstable_by_key(|(range, needle)| (range.start, *needle));
        let mut last = vec![None; self.places.len()];
        let mut best: Option<usize> = None;
        for (range, needle) in marks {
            last[needle] = Some(range.clone());
            let all: Option<Vec<&Range<usize>>> = last.iter().map(Option::as_ref).collect();
            if let Some(all) = all {
                let start = all.iter().map(|range| range.start).min().unwrap_or_default();
                let between = range.end.saturating_sub(start);
                let own: usize = all.iter().map(|range| range.len()).sum();
                let apart = between.saturating_sub(own);
                best = Some(best.map_or(apart, |best| best.min(apart)));
            }
        }
        best.map_or(0.0, |apart| NEAR_BYTES / (NEAR_BYTES + count(apart)))
    }
}

/// Lengths of messages, far below what a float holds exactly.
fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn needle(text: &str) -> Needle {
        Needle::new(text).expect("a word")
    }

    #[track_caller]
    fn check(wanted: &str, text: &str, found: &[&str]) {
        let places = needle(wanted).find_in(&Words::find(text));
        let shown: Vec<_> = places.into_iter().map(|place| &text[place]).collect();
        assert_eq!(shown, found, "{wanted:?} in {text:?}");
    }

    #[test]
    fn a_word_is_found_whole_and_in_any_case() {
        check("deploy", "Deploy the deployer, DEPLOY", &["Deploy", "DEPLOY"]);
        check("a", "a cat, A", &["a", "A"]);
        check("resume", "my Résumé", &["Résumé"]);
    }

    #[test]
    fn signs_of_a_word_count() {
        check("C++", "C, C++ and c++.", &["C++", "c++"]);
        check("c", "C, C++", &["C", "C"]);
        check("foo_bar", "foo bar, x.foo_bar(), foo_bar2", &["foo_bar"]);
        check("a.b.c", "a b c a.b.c.", &["a.b.c"]);
        check(".NET", "net, .net, ASP.NET", &[".net"]);
        check("alice@example.org", "<alice@example.org>", &["alice@example.org"]);
    }

    #[test]
    fn a_phrase_is_its_parts_in_a_row() {
        check("error budget", "Error-budget; error, budget; budget error", &["Error-budget", "error, budget"]);
        check("use C++ here", "use c here; use C++ here", &["use C++ here"]);
        check("follow-up", "follow up", &["follow up"]);
    }

    #[test]
    fn scripts_without_blanks_are_found_inside() {
        check("日本", "東日本語と日本", &["日本", "日本"]);
        check("語", "日本語", &["語"]);
        check("日語", "日本語", &[]);
    }

    #[test]
    fn overlapping_highlights_are_one() {
        let (one, other) = (needle("a b"), needle("b c"));
        let found = Found::all([&one, &other].into_iter(), &Words::find("x a b c")).expect("both");
        assert_eq!(found.highlights(), [Highlight { start: 2, end: 7 }]);
        assert_eq!(Found::all([&one, &needle("z")].into_iter(), &Words::find("a b c")), None);
    }

    #[test]
    fn what_is_shorter_closer_or_more_frequent_fits_better() {
        let score = |text: &str| {
            let needles = [needle("error"), needle("budget")];
            Found::all(needles.iter(), &Words::find(text)).expect("both").score()
        };
        let long = format!("error budget {}", "word ".repeat(200));
        assert!(score("error budget") > score(&long));
        assert!(score("the error budget of today") > score("the error of today budget"));
        assert!(score("error budget, error budget of now") > score("error budget and a lot of now"));
    }

    #[test]
    fn marks_behind_a_blank_are_found() {
        for (word, text) in [("\u{1920}", " \u{1920}"), ("a", "\u{d4e} a"), ("\u{e31}", "a \u{e31}")] {
            let needle = Needle::new(word).expect("a word");
            assert!(!needle.find_in(&Words::find(text)).is_empty(), "{word:?} in {text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_found_is_in_the_index(text in "[aBcé日本_.+ -]{0,30}", wanted in "[abCé日本_.+ -]{1,8}") {
            if let Some(needle) = Needle::new(&wanted) {
                let words = Words::find(&text);
                if !needle.find_in(&words).is_empty() {
                    let index = words.index_texts();
                    for lookup in needle.lookups() {
                        prop_assert!(index.contains(&lookup), "{:?} of {:?} in {:?}", lookup, wanted, text);
                    }
                }
            }
        }

        #[test]
        fn every_word_of_a_text_is_found_in_it(text in any::<String>()) {
            let words = Words::find(&text);
            for word in text.split_whitespace() {
                if let Some(needle) = Needle::new(word) {
                    prop_assert!(!needle.find_in(&words).is_empty(), "{:?} in {:?}", word, text);
                }
            }
        }
    }
}
