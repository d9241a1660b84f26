//! The words by which the person wants to be called: as the server has them, and where they stand in a text.

use std::ops::Range;

use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::mentions::prose;
use syncspace_protocol::search::matching::Needle;
use syncspace_protocol::search::words::Words;

/// The person's keywords, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct OwnKeywords {
    /// The count of changes after which they were read; zero is none at all.
    rev: u32,
    /// The count for which they were asked.
    asked: Option<u32>,
    needles: Vec<Needle>,
}

impl OwnKeywords {
    /// Tells whether they are to be read, now that the account has this count of changes. It says so once.
    pub(crate) fn want(&mut self, rev: u32) -> bool {
        let is_news = self.rev != rev && self.asked != Some(rev);
        if is_news {
            self.asked = Some(rev);
        }
        is_news
    }

    /// Notes that nothing came of asking: it is asked again after the next connection.
    pub(crate) fn forget_asked(&mut self) {
        self.asked = None;
    }

    /// Takes them as they were read.
    pub(crate) fn put(&mut self, keywords: &Keywords) {
        // Read after the change that was heard of, or after a later one: then that is heard of too.
        self.rev = self.asked.take().unwrap_or(self.rev);
        self.needles = keywords.keywords.iter().filter_map(|word| word.needle()).map(|(needle, _)| needle).collect();
    }

    /// Gives where they stand in a text outside of its code, in bytes.
    pub(crate) fn find_in(&self, text: &str) -> Vec<Range<usize>> {
        if self.needles.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for part in prose(text) {
            // Each part is a part of the text itself.
            let at = part.as_ptr().addr() - text.as_ptr().addr();
            let words = Words::find(part);
            let places = self.needles.iter().flat_map(|needle| needle.find_in(&words));
            found.extend(places.map(|place| at + place.start..at + place.end));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_outside_of_code_and_asked_for_once() {
        let mut own = OwnKeywords::default();
        assert!(!own.want(0), "there never were any");
        assert!(own.want(2) && !own.want(2) && own.want(3));
        let keywords = ["deploy", "C++"].map(|word| word.parse().expect("a keyword")).to_vec();
        own.put(&Keywords { keywords });
        assert!(!own.want(3));
        let text = "`deploy` Deploy the C++ part, deployed\n```\ndeploy\n```\ndeploy";
        let found: Vec<&str> = own.find_in(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["Deploy", "C++", "deploy"]);
        assert_eq!(own.find_in(text)[0].start, 9);
    }
}
