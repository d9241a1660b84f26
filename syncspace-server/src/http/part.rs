//! Which part of a file a request wants, and what it holds already (RFC 9110, sections 13 and 14).

use std::ops::Range;

use http::{HeaderMap, header};
use schemars::{Schema, SchemaGenerator};

use super::body::RequestBody;
use super::reply::Failure;
use super::request::BodyStream;

/// The headers that say so.
pub(crate) struct Wish {
    range: Option<Bounds>,
    if_range: Option<String>,
    if_none_match: Option<String>,
}

/// One range of bytes, as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounds {
    /// From a place on, up to and with another.
    From(u64, Option<u64>),
    /// The last so many.
    Last(u64),
}

/// What comes of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything.
    Whole,
    /// Some of it.
    Some(Range<u64>),
    /// Nothing: it is held already.
    Held,
    /// There are no such bytes.
    Beyond,
}

impl RequestBody for Wish {
    async fn read(headers: &HeaderMap, _body: BodyStream) -> Result<Self, Failure> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Ok(Self {
            range: text(header::RANGE).and_then(parse_range),
            if_range: text(header::IF_RANGE).map(str::to_owned),
            if_none_match: text(header::IF_NONE_MATCH).map(str::to_owned),
        })
    }

    fn describe(_generator: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

impl Wish {
    /// Finds the part of a file of that length, whose content has that tag.
    pub(crate) fn part(&self, length: u64, tag: &str) -> Part {
        let is_held = |tags: &String| tags.split(',').any(|held| matches!(held.trim(), "*") || weak(held) == tag);
        if self.if_none_match.as_ref().is_some_and(is_held) {
            return Part::Held;
        }
        // A part of what it was before does not fit to what it is now.
        let range = self.range.filter(|_| self.if_range.as_ref().is_none_or(|held| held.trim() == tag));
        match range {
            None => Part::Whole,
            Some(Bounds::From(first, _)) if first >= length => Part::Beyond,
            Some(Bounds::From(first, last)) => Part::Some(first..last.map_or(length, |last| length.min(last + 1))),
            Some(Bounds::Last(0)) => Part::Beyond,
            Some(Bounds::Last(_)) if length == 0 => Part::Beyond,
            Some(Bounds::Last(count)) => Part::Some(length.saturating_sub(count)..length),
        }
    }
}

fn weak(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Reads one range; several at once, and what is none, are answered with everything, as the standard allows.
fn parse_range(text: &str) -> Option<Bounds> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX - 1).min(u64::MAX - 1))
    };
    match (first.trim(), last.trim()) {
        ("", last) => Some(Bounds::Last(number(last)?)),
        (first, "") => Some(Bounds::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Bounds::From(first, Some(last)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &str, length: u64) -> Part {
        Wish { range: parse_range(range), if_range: None, if_none_match: None }.part(length, "\"x\"")
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (range, found) in [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=2-", Part::Some(2..10)),
            ("bytes=2-999999999999999999999999", Part::Some(2..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-30", Part::Some(0..10)),
            ("bytes=9-9", Part::Some(9..10)),
            ("bytes=10-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=18446744073709551615-", Part::Beyond),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=-", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(range, 10), found, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Beyond);
        assert_eq!(part("bytes=-1", 0), Part::Beyond);
    }

    #[test]
    fn what_changed_is_sent_whole_and_what_is_held_not_at_all() {
        let wish = |if_range: &str, if_none_match: Option<&str>| Wish {
            range: parse_range("bytes=2-"),
            if_range: Some(if_range.to_owned()),
            if_none_match: if_none_match.map(str::to_owned),
        };
        assert_eq!(wish("\"x\"", None).part(10, "\"x\""), Part::Some(2..10));
        assert_eq!(wish("\"y\"", None).part(10, "\"x\""), Part::Whole);
        assert_eq!(wish("W/\"x\"", None).part(10, "\"x\""), Part::Whole);
        for held in ["\"x\"", "W/\"x\"", "\"y\", \"x\"", "*"] {
            assert_eq!(wish("\"x\"", Some(held)).part(10, "\"x\""), Part::Held, "{held}");
        }
    }
}
