//! Cleaning of text from others: nothing in it may act on a terminal or reorder what is read.
//!
//! The server cleans on the way in; every output that is a terminal cleans again.

use std::borrow::Cow;

/// Removes escape sequences, control characters and bidirectional overrides; keeps newlines and tabs.
///
/// `\r\n` and `\r` become `\n`. A sequence goes as a whole (CSI, OSC, DCS, APC, PM, SOS, in their 7-bit and 8-bit
/// forms, ECMA-48 section 5); an unterminated one goes up to the end of its line, so that it cannot hide what follows.
#[must_use]
pub fn clean_text(text: &str) -> Cow<'_, str> {
    if text.chars().any(must_go) { Cow::Owned(remove_sequences(text)) } else { Cow::Borrowed(text) }
}

/// Cleans like [`clean_text`] and makes one line of it: newlines and tabs become spaces.
#[must_use]
pub fn clean_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| must_go(c) || c == '\n' || c == '\t') {
        Cow::Owned(remove_sequences(text).replace(['\n', '\t'], " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// Tells whether a character can steer a terminal or change the order in which text is read.
///
/// Bidirectional controls are those of Unicode TR9 that override or isolate; joiners stay, because emoji and
/// several scripts need them.
fn must_go(c: char) -> bool {
    let steers = c.is_control() && c != '\n' && c != '\t';
    let reorders =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}');
    let invisible =
        matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}');
    // A terminal that knows kitty's graphics draws one of the images that it holds in its place.
    let draws = c == '\u{10eeee}';
    steers || reorders || invisible || draws
}

fn remove_sequences(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {
                if rest.peek() == Some(&'\n') {
                    rest.next();
                }
                kept.push('\n');
            }
            '\u{1b}' => match rest.peek() {
                Some('[') => {
                    rest.next();
                    skip_csi(&mut rest);
                }
                Some(']' | 'P' | 'X' | '^' | '_') => {
                    rest.next();
                    skip_string(&mut rest);
                }
                // An escape of two or more characters: intermediates, then one final character.
                Some(' '..='~') => skip_escape(&mut rest),
                _ => {}
            },
            '\u{9b}' => skip_csi(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut rest),
            c if must_go(c) => {}
            c => kept.push(c),
        }
    }
    kept
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Skips parameters and intermediates up to and with the final character of a control sequence.
fn skip_csi(rest: &mut Rest<'_>) {
    while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
    rest.next_if(|c| ('@'..='~').contains(c));
}

/// Skips intermediates and the final character of a plain escape sequence.
fn skip_escape(rest: &mut Rest<'_>) {
    while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
    rest.next_if(|c| ('0'..='~').contains(c));
}

/// Skips a control string up to its end (BEL, ST), or up to the end of the line where it has none.
fn skip_string(rest: &mut Rest<'_>) {
    while let Some(&c) = rest.peek() {
        match c {
            '\n' | '\r' => return,
            '\u{7}' | '\u{9c}' => {
                rest.next();
                return;
            }
            '\u{1b}' => {
                rest.next();
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {
                rest.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(dirty: &str, clean: &str) {
        assert_eq!(clean_text(dirty), clean, "{dirty:?}");
    }

    #[test]
    fn ordinary_text_is_kept_as_it_is() {
        for text in ["", "hi", "two\nlines\tand a tab", "naïve 日本語 👩‍👩‍👧 ❤️ עברית"] {
            assert!(matches!(clean_text(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn whole_sequences_go() {
        check("a\u{1b}[31mred\u{1b}[0m", "ared");
        check("a\u{1b}]52;c;aGk=\u{7}b", "ab");
        check("a\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\b", "alinkb");
        check("a\u{1b}P$q\u{1b}\\b", "ab");
        check("a\u{9b}2Jb\u{9d}0;title\u{9c}c", "abc");
        check("a\u{1b}(Bb\u{1b}cc", "abc");
    }

    #[test]
    fn an_unterminated_sequence_hides_only_its_line() {
        check("a\u{1b}]0;never ended\nnext", "a\nnext");
        check("a\u{1b}", "a");
        check("a\u{1b}[", "a");
        check("a\u{1b}[12", "a");
    }

    #[test]
    fn nobody_draws_the_images_of_a_terminal() {
        check("a\u{10eeee}\u{305}\u{30d}b", "a\u{305}\u{30d}b");
        assert_eq!(clean_line("\u{10eeee}"), "");
    }

    #[test]
    fn overrides_and_controls_go() {
        check("a\u{202e}b\u{2066}c\u{0}d\u{7f}e\u{85}f", "abcdef");
        check("line\r\nline\rline", "line\nline\nline");
        assert_eq!(clean_line("a\nb\tc\u{1b}[1md"), "a b cd");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>()) {
            let clean = clean_text(&text);
            prop_assert!(!clean.chars().any(must_go));
            prop_assert_eq!(clean_text(&clean), clean.as_ref());
        }
    }
}
