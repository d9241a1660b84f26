//! Words of a text as search knows them, and the opaque form in which databases index them.
//!
//! A **part** is a run of letters and digits of any length, also one. Its case, its compatibility form (NFKC) and, on Latin
//! and Greek letters, its diacritics do not count: `resume` finds `Résumé`, as whoever types on another keyboard expects.
//! Marks of other scripts are letters in their own right and stay; Russian `ё` is `е`. Scripts that put no blanks between words
//! (Chinese, Japanese, Thai …), and Korean with its endings, give one part for each character, and in the index each
//! two neighbours too.
//!
//! An **exact** word has signs in it and stands beside its parts: `C++`, `.NET`, `foo_bar`, `a.b.c`, addresses, paths. Words
//! joined by `-` or an apostrophe alone are no exact words, but parts in a row.

use std::collections::HashSet;
use std::ops::Range;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use unicode_segmentation::UnicodeSegmentation;

use crate::TeamId;
use crate::limits::{EXACT_WORD_CHARS_MAX, INDEX_WORDS_MAX, WORD_CHARS_MAX};
use crate::names::fold_key;

/// A run of letters and digits, or one character of a script without blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Folded. Of a longer run the first [`WORD_CHARS_MAX`] characters.
    pub text: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Whether it is of a script without blanks and directly follows another one such.
    continues: bool,
}

impl Part {
    /// Tells whether a text with this part here has the wanted one: of a script without blanks only without one.
    pub(super) fn stands_for(&self, wanted: &Self) -> bool {
        self.text == wanted.text && (self.continues || !wanted.continues)
    }
}

/// A word with signs in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    /// Folded.
    pub text: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// The parts in it, by their places among all of the text.
    pub parts: Range<usize>,
}

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Parts in the order of the text.
    pub parts: Vec<Part>,
    /// Words with signs, by where they begin.
    pub exact: Vec<Exact>,
}

impl Words {
    /// Takes a text apart.
    #[must_use]
    pub fn find(text: &str) -> Self {
        let mut words = Self::default();
        let mut at = 0;
        // Blanks first: a mark behind one is part of the blank's glyph, and a word of its own where it is looked for alone.
        for piece in text.split_inclusive(char::is_whitespace) {
            words.add_piece(text, at..at + piece.trim_end().len());
            at += piece.len();
        }
        words
    }

    /// Adds a piece of a text that has no blank in it.
    fn add_piece(&mut self, text: &str, piece: Range<usize>) {
        let mut chunk = Vec::new();
        let mut after_syllable = false;
        for (at, text_here) in text[piece.clone()].grapheme_indices(true) {
            let at = piece.start + at;
            let glyph = Glyph { range: at..at + text_here.len(), class: Class::of(text_here) };
            match glyph.class {
                Class::Letter | Class::Sign(_) => chunk.push(glyph.clone()),
                Class::Syllable | Class::Break => self.add_chunk(text, &mut chunk),
            }
            let is_syllable = glyph.class == Class::Syllable;
            if is_syllable {
                self.parts.push(Part { text: fold(text_here), range: glyph.range, continues: after_syllable });
            }
            after_syllable = is_syllable;
        }
        self.add_chunk(text, &mut chunk);
    }

    /// Gives the texts by which the index knows it, each once: at most [`INDEX_WORDS_MAX`], the first ones.
    #[must_use]
    pub fn index_texts(&self) -> Vec<String> {
        let pairs = self.pairs(0..self.parts.len()).map(|(_, pair)| pair);
        let exact = self.exact.iter().map(|exact| exact.text.clone());
        let mut seen = HashSet::new();
        // Exact words first: nothing else finds them.
        let all = exact.chain(self.parts.iter().map(|part| part.text.clone())).chain(pairs);
        all.filter(|text| seen.insert(text.clone())).take(INDEX_WORDS_MAX).collect()
    }

    /// Gives each two neighbours of a script without blanks, with the place of the first one.
    pub(super) fn pairs(&self, of: Range<usize>) -> impl Iterator<Item = (usize, String)> {
        let first = of.start;
        let parts = &self.parts[of];
        parts.windows(2).enumerate().filter_map(move |(place, pair)| match pair {
            [one, other] if other.continues => Some((first + place, format!("{}{}", one.text, other.text))),
            _ => None,
        })
    }

    /// Adds what stands between two blanks, and empties it.
    fn add_chunk(&mut self, text: &str, chunk: &mut Vec<Glyph>) {
        let first = self.parts.len();
        for run in chunk.chunk_by(|one, other| one.is_letter() && other.is_letter()).filter(|run| run[0].is_letter()) {
            let range = bytes_of(run);
            let part = fold(&text[range.clone()]);
            let part =
                part.char_indices().nth(WORD_CHARS_MAX).map_or(part.as_str(), |(cut, _)| &part[..cut]).to_owned();
            self.parts.push(Part { text: part, range, continues: false });
        }
        if self.parts.len() > first {
            for span in exact_spans(chunk) {
                self.add_exact(text, first, bytes_of(&chunk[span]));
            }
        }
        chunk.clear();
    }

    fn add_exact(&mut self, text: &str, first: usize, range: Range<usize>) {
        let inside = |part: &Part| part.range.start >= range.start && part.range.end <= range.end;
        let parts = first + self.parts[first..].iter().take_while(|part| part.range.start < range.start).count();
        let count = self.parts[parts..].iter().take_while(|part| inside(part)).count();
        let folded = fold(&text[range.clone()]);
        if count > 0 && folded.chars().count() <= EXACT_WORD_CHARS_MAX {
            self.exact.push(Exact { text: folded, range, parts: parts..parts + count });
        }
    }
}

/// Gives the word as databases index it: letters and digits of ASCII, of the same length for every word.
///
/// An opaque name, so that no database finds a stop word, a too short word or an operator in it: `x` and FNV-1a of team and word
/// in base 36. The team is in it because a word that is rare in one team may be common on the server. Two words may share a
/// name; so whoever finds by names looks at the text again.
#[must_use]
pub fn index_word(team: TeamId, text: &str) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let bytes = team.get().to_le_bytes().into_iter().chain(text.bytes());
    let mut rest = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let mut word = ['x'; INDEX_WORD_CHARS];
    for place in word[1..].iter_mut() {
        *place = char::from(DIGITS[usize::try_from(rest % 36).unwrap_or_default()]);
        rest /= 36;
    }
    word.into_iter().collect()
}

/// Length of every [`index_word`]: 36^13 is above 2^64.
pub const INDEX_WORD_CHARS: usize = 14;

/// Gives the form by which words are compared.
#[must_use]
pub fn fold(text: &str) -> String {
    const APART: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
    const TOGETHER: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded = fold_key(text);
    let apart = APART.normalize(&folded);
    let mut base = None;
    let kept = apart.chars().filter(|&c| {
        let is_diacritic = matches!(c, '\u{300}'..='\u{36f}');
        if !is_diacritic {
            base = Some(c);
        }
        // Latin and Greek stand below U+0400, whatever marks they had.
        let falls = is_diacritic && base.is_some_and(|base| base < '\u{400}' || (base == 'е' && c == '\u{308}'));
        !falls
    });
    let kept: String = kept.collect();
    TOGETHER.normalize(&kept).into_owned()
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Glyph {
    range: Range<usize>,
    class: Class,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    /// A letter of a script without blanks.
    Syllable,
    Sign(char),
    /// What no word has in it.
    Break,
}

impl Class {
    /// Judges a character with its marks by the first of it.
    fn of(text: &str) -> Self {
        match text.chars().next() {
            Some(c) if is_syllable(c) && c.is_alphanumeric() => Self::Syllable,
            Some(c) if c.is_alphanumeric() => Self::Letter,
            Some(c)
                if c.is_ascii_graphic()
                    && !matches!(c, '<' | '>' | '|' | '"' | '(' | ')' | '[' | ']' | '{' | '}' | '`') =>
            {
                Self::Sign(c)
            }
            Some('’') => Self::Sign('\''),
            _ => Self::Break,
        }
    }
}

impl Glyph {
    fn is_letter(&self) -> bool {
        self.class == Class::Letter
    }

    fn sign(&self) -> Option<char> {
        match self.class {
            Class::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    fn is(&self, sign: char) -> bool {
        self.sign() == Some(sign)
    }
}

/// Tells whether a character is of a script that puts no blanks between words, or of Korean.
fn is_syllable(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}'
        | '\u{20000}'..='\u{3ffff}')
}

fn bytes_of(glyphs: &[Glyph]) -> Range<usize> {
    match (glyphs.first(), glyphs.last()) {
        (Some(first), Some(last)) => first.range.start..last.range.end,
        _ => 0..0,
    }
}

/// Finds the exact words of what stands between two blanks: all of it, and the names and suffixed words inside.
fn exact_spans(chunk: &[Glyph]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let whole = trimmed(chunk, 0..chunk.len());
    let is_telling = |glyph: &Glyph| glyph.sign().is_some_and(|sign| !matches!(sign, '-' | '\'' | ','));
    if chunk[whole.clone()].iter().any(is_telling) {
        spans.push(whole);
    }
    let names = runs(chunk, |glyph| glyph.is_letter() || glyph.is('_'));
    spans.extend(names.into_iter().filter(|run| chunk[run.clone()].iter().any(|glyph| glyph.is('_'))));
    let dotted = runs(chunk, |glyph| glyph.is_letter() || glyph.is('_') || glyph.is('.'));
    let dotted = dotted.into_iter().map(|run| trimmed(chunk, run));
    spans.extend(dotted.filter(|run| chunk[run.clone()].iter().any(|glyph| glyph.is('.'))));
    spans.extend(suffixed(chunk));
    spans.retain(|span| chunk[span.clone()].iter().any(Glyph::is_letter));
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    spans.dedup();
    spans
}

/// Gives the longest runs of glyphs that fit.
fn runs(chunk: &[Glyph], fits: impl Fn(&Glyph) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in chunk.iter().enumerate().filter(|(_, glyph)| fits(glyph)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Gives letters with `++` or `#` behind them: `C++`, `F#`.
fn suffixed(chunk: &[Glyph]) -> Vec<Range<usize>> {
    let with_suffix = |run: Range<usize>| {
        let rest = &chunk[run.end..];
        let suffix = match rest {
            [one, other, ..] if one.is('+') && other.is('+') => 2,
            [one, ..] if one.is('#') => 1,
            _ => return None,
        };
        Some(run.start..run.end + suffix)
    };
    runs(chunk, Glyph::is_letter).into_iter().filter_map(with_suffix).collect()
}

/// Cuts off the signs around a word that belong to the sentence, and keeps those that belong to the word.
fn trimmed(chunk: &[Glyph], span: Range<usize>) -> Range<usize> {
    let glyphs = &chunk[span.clone()];
    let opens = |glyph: &Glyph| glyph.is_letter() || glyph.sign().is_some_and(|sign| "._#@$/~".contains(sign));
    let closes = |glyph: &Glyph| glyph.is_letter() || glyph.sign().is_some_and(|sign| "+#_".contains(sign));
    let mut start = 0;
    loop {
        start += glyphs[start..].iter().take_while(|glyph| !opens(glyph)).count();
        // An ellipsis before a word is none of it.
        match glyphs[start..].iter().take_while(|glyph| glyph.is('.')).count() {
            0 | 1 => break,
            dots => start += dots,
        }
    }
    let end = glyphs.iter().rposition(closes).map_or(start, |last| (last + 1).max(start));
    span.start + start..span.start + end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, parts: &[&str], exact: &[&str]) {
        let words = Words::find(text);
        let found: Vec<_> = words.parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(found, parts, "parts of {text:?}");
        let found: Vec<_> = words.exact.iter().map(|exact| exact.text.as_str()).collect();
        assert_eq!(found, exact, "exact words of {text:?}");
    }

    #[test]
    fn short_words_and_digits_are_words() {
        check("I go to a B, 7 x", &["i", "go", "to", "a", "b", "7", "x"], &[]);
        check("", &[], &[]);
        check("… !? - ++ #", &[], &[]);
    }

    #[test]
    fn words_with_signs_stand_beside_their_parts() {
        check("C++ or C#, not .NET.", &["c", "or", "c", "not", "net"], &["c++", "c#", ".net"]);
        check("call foo_bar() in a.b.c", &["call", "foo", "bar", "in", "a", "b", "c"], &["foo_bar", "a.b.c"]);
        check("x.foo_bar", &["x", "foo", "bar"], &["x.foo_bar", "foo_bar"]);
        check("std::vector<C++>", &["std", "vector", "c"], &["std::vector", "c++"]);
        check("(**C++**)", &["c"], &["c++"]);
        check("end... ...then", &["end", "then"], &[]);
    }

    #[test]
    fn addresses_are_exact_words() {
        check("mail Alice@Example.org!", &["mail", "alice", "example", "org"], &["alice@example.org", "example.org"]);
        check(
            "see (https://ex.org/a-b?q=1).",
            &["see", "https", "ex", "org", "a", "b", "q", "1"],
            &["https://ex.org/a-b?q=1", "ex.org"],
        );
        check("/etc/passwd #general @bob", &["etc", "passwd", "general", "bob"], &["/etc/passwd", "#general", "@bob"]);
    }

    #[test]
    fn hyphens_and_apostrophes_only_join_parts() {
        check("follow-up don’t don't 1,000", &["follow", "up", "don", "t", "don", "t", "1", "000"], &[]);
    }

    #[test]
    fn case_width_and_latin_diacritics_do_not_count() {
        check("Résumé STRASSE ＡＢＣ", &["resume", "strasse", "abc"], &[]);
        check("re\u{301}sume\u{301} straße Άλφα", &["resume", "strasse", "αλφα"], &[]);
        check("ёж Йод", &["еж", "йод"], &[]);
        check("ไทย", &["ไ", "ท", "ย"], &[]);
    }

    #[test]
    fn scripts_without_blanks_give_characters_and_pairs() {
        check("日本語C++です", &["日", "本", "語", "c", "で", "す"], &["c++"]);
        let texts = Words::find("日本語 本").index_texts();
        assert_eq!(texts, ["日", "本", "語", "日本", "本語"]);
        check("が ｶﾞ", &["が", "ガ"], &[]);
    }

    #[test]
    fn words_are_bounded() {
        let words = Words::find(&format!("{} {}_b", "ä".repeat(1_000), "c".repeat(1_000)));
        assert_eq!(words.parts[0].text, "a".repeat(WORD_CHARS_MAX));
        assert_eq!(words.exact, []);
        let many: String = (0..5_000).map(|number| format!("{number} ")).collect();
        assert_eq!(Words::find(&many).index_texts().len(), INDEX_WORDS_MAX);
    }

    #[test]
    fn index_words_are_opaque_and_of_one_length() {
        let team = |id: u64| TeamId::try_from(id).expect("an id");
        let word = index_word(team(1), "the");
        assert_eq!(word, "xzlivoh6mefta0");
        assert_ne!(word, index_word(team(2), "the"));
        assert_ne!(word, index_word(team(1), "thé"));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_in_order(text in any::<String>()) {
            let words = Words::find(&text);
            let mut end = 0;
            for part in &words.parts {
                prop_assert!(part.range.start >= end && text.get(part.range.clone()).is_some());
                prop_assert!(!part.text.is_empty());
                end = part.range.end;
            }
            for exact in &words.exact {
                prop_assert!(text.get(exact.range.clone()).is_some());
                prop_assert!(!exact.parts.is_empty() && exact.parts.end <= words.parts.len());
            }
        }

        #[test]
        fn case_and_form_change_no_word(text in "[a-zA-ZäÉß_.+ ]{0,40}") {
            let texts = Words::find(&text).index_texts();
            prop_assert_eq!(Words::find(&text.to_uppercase()).index_texts(), texts.clone());
            let apart = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
            prop_assert_eq!(Words::find(&apart).index_texts(), texts);
        }

        #[test]
        fn index_words_are_lower_case_letters_and_digits(text in any::<String>()) {
            let word = index_word(TeamId::try_from(7).expect("an id"), &text);
            prop_assert_eq!(word.len(), INDEX_WORD_CHARS);
            prop_assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        }
    }
}
