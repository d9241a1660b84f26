//! Markdown as people read it where nothing is drawn: words without the marks, addresses in brackets behind them.
//!
//! Pure. Only for people: programs get the text as it was written.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use syncspace_protocol::search::Highlight;
use syncspace_protocol::text::clean_text;

use super::Emphasis;

/// Nothing stands before and behind what was found.
const UNMARKED: Emphasis = Emphasis { begin: "", end: "" };

/// Gives a text as it is read.
pub(crate) fn plain(text: &str) -> String {
    plain_with(text, &[], UNMARKED)
}

/// Gives a text as it is read, with what was found in it marked.
pub(crate) fn plain_with(text: &str, found: &[Highlight], emphasis: Emphasis) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let clean = clean_text(text);
    // Where something was to be cleaned the places of what was found are those of another text.
    let found = if clean == text { found } else { &[] };
    let mut reader =
        Reader { source: &clean, found, emphasis, out: String::new(), lists: Vec::new(), links: Vec::new() };
    for (event, range) in Parser::new_ext(&clean, options).into_offset_iter() {
        reader.take(event, range);
    }
    reader.out.trim_end().to_owned()
}

struct Reader<'a> {
    source: &'a str,
    found: &'a [Highlight],
    emphasis: Emphasis,
    out: String,
    /// The number of the next item of each list that is open; none where it has bullets.
    lists: Vec<Option<u64>>,
    /// Address of each link that is open, and where its words begin.
    links: Vec<(CowStr<'a>, usize)>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, event: Event<'a>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                self.words(&words, range);
            }
            Event::SoftBreak | Event::HardBreak => self.out.push('\n'),
            Event::Rule => {
                self.new_line();
                self.out.push_str("---\n");
            }
            Event::TaskListMarker(is_done) => self.out.push_str(if is_done { "[x] " } else { "[ ] " }),
            // Not asked for.
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::List(first) => self.lists.push(first),
            Tag::Item => {
                self.new_line();
                self.out.push_str(&"  ".repeat(self.lists.len().saturating_sub(1)));
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        self.out.push_str(&format!("{number}. "));
                        *number = number.saturating_add(1);
                    }
                    _ => self.out.push_str("- "),
                }
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.links.push((dest_url, self.out.len())),
            // The first paragraph of an item stands behind its sign.
            Tag::Paragraph if !self.lists.is_empty() && self.out.ends_with([' ']) => {}
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::TableCell => {}
            _ => self.new_line(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::Link | TagEnd::Image => {
                if let Some((address, begin)) = self.links.pop()
                    && self.out.get(begin..).is_none_or(|words| !words.contains(&*address))
                {
                    self.out.push_str(&format!(" ({})", clean_text(&address)));
                }
            }
            TagEnd::TableCell => self.out.push_str(" | "),
            TagEnd::TableHead | TagEnd::TableRow => {
                let kept = self.out.trim_end_matches(" | ").len();
                self.out.truncate(kept);
                self.new_line();
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock => {
                self.new_line();
            }
            _ => {}
        }
    }

    fn new_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// Writes words; each piece is cleaned by itself, as an entity can stand for any character.
    fn words(&mut self, words: &str, range: Range<usize>) {
        // What stands for something else, or in its marks, has no places of its own: inline code is as long as it looks.
        let begin = match self.source.get(range.clone()) {
            Some(written) => written.find(words).map(|at| range.start + at),
            None => None,
        };
        let Some(begin) = begin else { return self.out.push_str(&clean_text(words)) };
        let mut at = 0;
        for found in self.found {
            let part = found.start.max(begin) - begin..found.end.saturating_sub(begin).min(words.len());
            if let (Some(before), Some(hit)) = (words.get(at..part.start), words.get(part.clone()))
                && !hit.is_empty()
            {
                let pieces = [&clean_text(before), self.emphasis.begin, &clean_text(hit), self.emphasis.end];
                pieces.iter().for_each(|piece| self.out.push_str(piece));
                at = part.end;
            }
        }
        self.out.push_str(&clean_text(words.get(at..).unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, read: &str) {
        assert_eq!(plain(text), read, "{text:?}");
    }

    #[test]
    fn marks_are_left_out_and_addresses_stay() {
        check(
            "**Usage**: see [docs](https://x.y/d), `a_b` and snake_case",
            "Usage: see docs (https://x.y/d), a_b and snake_case",
        );
        check("<https://x.y> and [https://x.y](https://x.y)", "https://x.y and https://x.y");
        check("# Head\ntext\nmore\n\nlast", "Head\ntext\nmore\nlast");
        check("- one\n- two\n  1. in\n  2. it", "- one\n- two\n  1. in\n  2. it");
        check("- [x] done\n- [ ] open", "- [x] done\n- [ ] open");
        check("```rust\nfn a() {}\n\nlet **b**;\n```\nafter", "fn a() {}\n\nlet **b**;\nafter");
        check("> quoted\n\n2 * 3 * 4", "quoted\n2 * 3 * 4");
        check("| a | b |\n| - | - |\n| 1 | 2 |", "a | b\n1 | 2");
        check("", "");
    }

    #[test]
    fn what_was_found_is_marked_where_it_is_read() {
        let text = "**Usage**: [docs page](https://x.y) `code` a&amp;b";
        let of =
            |words: &str| text.find(words).map(|start| Highlight { start, end: start + words.len() }).expect("in it");
        let found = [of("Usage"), of("page"), of("x.y"), of("code")];
        let marked = plain_with(text, &found, Emphasis { begin: "<", end: ">" });
        assert_eq!(marked, "<Usage>: docs <page> (https://x.y) <code> a&b");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        check("x\u{1b}]0;b\u{7}c [a\u{1b}[2J](https://x.y/\u{1b}[2J)", "xc a (https://x.y/)");
        check("&#27;[2J&#x202e;", "[2J");
        let found = [Highlight { start: 5, end: 6 }, Highlight { start: 90, end: 99 }];
        let marked = plain_with("x\u{1b}]0;b\u{7}c", &found, Emphasis { begin: "<", end: ">" });
        assert_eq!(marked, "xc");
    }
}
