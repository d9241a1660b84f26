//! Slack's markup (mrkdwn) as Markdown: `*bold*`, `~struck~`, `<address|text>`, `<@someone>`, `<!channel>`, the three entities.
//!
//! Code stays as it is, but for its entities: Slack's clients escape there too. Whatever the text, no byte of it is looked at
//! more than a few times: what looks ahead takes what it found, or stops at the next sign of its kind. See
//! <https://api.slack.com/reference/surfaces/formatting>.

pub mod blocks;

use std::borrow::Cow;

const FENCE: &str = "```";

/// Gives names for the ids in references.
pub trait Directory {
    /// Gives the username of a person, where it is known.
    fn user(&self, id: &str) -> Option<String>;
    /// Gives the name of a channel, where it is known.
    fn channel(&self, id: &str) -> Option<String>;
}

/// Knows nobody: a reference is shown by its own label, or by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNames;

impl Directory for NoNames {
    fn user(&self, _id: &str) -> Option<String> {
        None
    }

    fn channel(&self, _id: &str) -> Option<String> {
        None
    }
}

/// Writes a text of Slack as Markdown.
///
/// A fence stands in lines of its own. One that is never closed is code up to the end where it begins a line, as Markdown reads
/// it, and else a sign like others.
#[must_use]
pub fn to_markdown(text: &str, names: &impl Directory) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, fenced)) = rest.split_once(FENCE) {
        let begins_line = ends_line(if before.is_empty() { &out } else { before });
        let (code, after) = match fenced.split_once(FENCE) {
            Some((code, after)) => (code, Some(after)),
            None if begins_line => (fenced, None),
            None => break,
        };
        write_prose(before, names, &mut out);
        write_fenced(code, &mut out);
        rest = after.unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with('\n') {
            out.push('\n');
        }
    }
    write_prose(rest, names, &mut out);
    out
}

fn write_fenced(code: &str, out: &mut String) {
    if !ends_line(out) {
        out.push('\n');
    }
    out.push_str(FENCE);
    if !code.starts_with('\n') {
        out.push('\n');
    }
    out.push_str(&unescape(code));
    if !code.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(FENCE);
}

fn ends_line(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

/// Rewrites what is outside of fences. Nothing in it goes over the end of a line.
fn write_prose(text: &str, names: &impl Directory, out: &mut String) {
    text.split_inclusive('\n').for_each(|line| write_line(line, names, out));
}

fn write_line(line: &str, names: &impl Directory, out: &mut String) {
    let mut emphasis = Emphasis::default();
    let mut at = 0;
    while let Some(found) = line[at..].find(['`', '<', '*', '~']) {
        let (plain, from) = line[at..].split_at(found);
        out.push_str(&unescape(plain));
        let (sign, inside) = from.split_at(1);
        at += found + 1;
        let end = match sign {
            "`" => code(inside, out),
            "<" => reference(inside, names, out),
            _ => {
                let before = line[..at - 1].chars().next_back();
                emphasis.meet(sign, (before, inside.chars().next()), out.len());
                None
            }
        };
        match end {
            Some(end) => at += end,
            None => out.push_str(sign),
        }
    }
    out.push_str(&unescape(&line[at..]));
    emphasis.write(out);
}

/// Writes the code that begins here, and says where it ends; a sign that nothing closes is the last of its line.
fn code(inside: &str, out: &mut String) -> Option<usize> {
    let end = inside.find('`')?;
    out.push('`');
    out.push_str(&unescape(&inside[..end]));
    out.push('`');
    Some(end + 1)
}

/// Writes the reference that begins here, and says where it ends. Both brackets are escaped where they stand for themselves.
fn reference(inside: &str, names: &impl Directory, out: &mut String) -> Option<usize> {
    let end = inside.find(['<', '>']).filter(|&end| inside[end..].starts_with('>'))?;
    if end == 0 || inside.starts_with(' ') {
        return None;
    }
    out.push_str(&resolved(&inside[..end], names));
    Some(end + 1)
}

/// Gives what stands between angle brackets as people read it.
fn resolved(inside: &str, names: &impl Directory) -> String {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let label = label.map(|label| unescape(label).into_owned()).filter(|label| !label.is_empty());
    if let Some(person) = target.strip_prefix('@') {
        return called('@', names.user(person).or(label), person);
    }
    if let Some(channel) = target.strip_prefix('#') {
        return called('#', names.channel(channel).or(label), channel);
    }
    if let Some(word) = target.strip_prefix('!') {
        return special(word, label);
    }
    link(&unescape(target), label)
}

fn called(sign: char, name: Option<String>, id: &str) -> String {
    format!("{sign}{}", name.as_deref().unwrap_or(id).trim_start_matches(sign))
}

/// Gives what begins with `!`: `<!subteam^S1|@oncall>` is a group, `<!date^…|yesterday>` has what to show where it is not known.
fn special(word: &str, label: Option<String>) -> String {
    let (kind, rest) = word.split_once('^').unwrap_or((word, word));
    match (kind, label) {
        ("channel" | "everyone", _) => "@channel".to_owned(),
        ("here", _) => "@here".to_owned(),
        ("subteam", label) => called('@', label, rest),
        (_, Some(label)) => label,
        (kind, None) => format!("@{kind}"),
    }
}

fn link(address: &str, label: Option<String>) -> String {
    // Slack makes links of what people type without a scheme, and keeps what they typed as the label.
    let mail = address.strip_prefix("mailto:").or_else(|| address.strip_prefix("tel:"));
    let typed = mail.or_else(|| address.split_once("://").map(|(_, rest)| rest)).unwrap_or(address);
    match label {
        Some(label) if label != address && label != typed => {
            let label = if is_balanced(&label) { label } else { label.replace(['[', ']'], "") };
            format!("[{label}]({address})")
        }
        _ => mail.unwrap_or(address).to_owned(),
    }
}

/// Tells whether Markdown takes a label with its brackets.
fn is_balanced(label: &str) -> bool {
    let mut open = 0_usize;
    label.chars().all(|c| match c {
        '[' => {
            open += 1;
            true
        }
        ']' if open == 0 => false,
        ']' => {
            open -= 1;
            true
        }
        _ => true,
    }) && open == 0
}

/// The marks of emphasis in one line. A mark counts where it is at the edge of a word, as at Slack.
#[derive(Default)]
struct Emphasis {
    /// Marks that began something and were not ended yet: where each stands in what was written.
    open: [Option<usize>; 2],
    /// Marks that count: Markdown has two in the place of each.
    counted: Vec<usize>,
}

impl Emphasis {
    /// Takes the next mark, between its neighbours, that is going to stand at a place.
    fn meet(&mut self, mark: &str, (before, after): (Option<char>, Option<char>), place: usize) {
        let is_mark = |c: char| mark.starts_with(c);
        let is_inside = |c: &char| !c.is_whitespace() && !is_mark(*c);
        let is_outside = |c: char| !c.is_alphanumeric() && !is_mark(c);
        let (own, other) = if mark == "*" { (0, 1) } else { (1, 0) };
        match self.open[own] {
            Some(opened) if before.as_ref().is_some_and(is_inside) && after.is_none_or(is_outside) => {
                self.counted.extend([opened, place]);
                self.open[own] = None;
                // What began within and goes on behind is no emphasis: the two would cross.
                self.open[other] = self.open[other].filter(|&begun| begun < opened);
            }
            None if after.as_ref().is_some_and(is_inside) && before.is_none_or(is_outside) => {
                self.open[own] = Some(place);
            }
            _ => {}
        }
    }

    /// Doubles the marks that count.
    fn write(mut self, out: &mut String) {
        self.counted.sort_unstable();
        let Some(&first) = self.counted.first() else { return };
        let written = out.split_off(first);
        let mut from = 0;
        for place in self.counted {
            out.push_str(&written[from..=place - first]);
            from = place - first;
        }
        out.push_str(&written[from..]);
    }
}

/// Gives the three signs that Slack escapes.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl Directory for Known {
        fn user(&self, id: &str) -> Option<String> {
            (id == "U1").then(|| "alice".to_owned())
        }

        fn channel(&self, id: &str) -> Option<String> {
            (id == "C1").then(|| "general".to_owned())
        }
    }

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (slack, ours) in cases {
            assert_eq!(to_markdown(slack, &Known), *ours, "{slack}");
        }
    }

    #[test]
    fn references_become_ours() {
        check(&[
            ("<https://example.org/a?b=1&amp;c=2>", "https://example.org/a?b=1&c=2"),
            ("<https://example.org|the page>", "[the page](https://example.org)"),
            ("<https://example.org|https://example.org>", "https://example.org"),
            ("<mailto:bob@example.org|bob@example.org>", "bob@example.org"),
            ("<@U024BE7LH>", "@U024BE7LH"),
            ("<@U024BE7LH|alice>: hi", "@alice: hi"),
            ("<@alice>", "@alice"),
            ("<#C024BE7LR|general>", "#general"),
            ("<!channel> <!here|here> <!everyone>", "@channel @here @channel"),
            ("<!subteam^S1|@oncall>", "@oncall"),
            ("<!subteam^S1|oncall> <!subteam^S1>", "@oncall @S1"),
            ("<!date^1392734382^{date}|Feb 18> <!date^1>", "Feb 18 @date"),
            ("<@U1> see <#C1|old-name> or <#C9|lost>", "@alice see #general or #lost"),
            ("<@U9|@bob> and <@U8|>", "@bob and @U8"),
            ("<http://example.org|example.org> <mailto:a@b.org> <tel:+1|+1>", "http://example.org a@b.org +1"),
            ("<https://example.org/7|7>", "[7](https://example.org/7)"),
            (
                "<https://example.org|[A-1] a> <https://example.org|a]>",
                "[[A-1] a](https://example.org) [a](https://example.org)",
            ),
            ("a <b <@U1>", "a <b @alice"),
            ("a < b and c > d", "a < b and c > d"),
            ("&lt;!channel&gt; &amp;lt;", "<!channel> &lt;"),
            ("<", "<"),
            ("<>", "<>"),
            ("<a\nb>", "<a\nb>"),
        ]);
    }

    #[test]
    fn emphasis_is_at_the_edges_of_words() {
        check(&[
            ("*bold* and ~gone~, _so_", "**bold** and ~~gone~~, _so_"),
            ("(*bold*)", "(**bold**)"),
            ("*two words*!", "**two words**!"),
            ("2*3*4", "2*3*4"),
            ("* one\n* two", "* one\n* two"),
            ("*open", "*open"),
            ("**already**", "**already**"),
            ("*a\nb*", "*a\nb*"),
            ("snake_case and ~/home", "snake_case and ~/home"),
            ("*a ~b~ c* ~d *e* f~", "**a ~~b~~ c** ~~d **e** f~~"),
            ("*a ~b* c~", "**a ~b** c~"),
            ("*<https://example.org|all>* of `it`", "**[all](https://example.org)** of `it`"),
            ("é*ü* (*ü*)", "é*ü* (**ü**)"),
        ]);
    }

    #[test]
    fn code_stays_as_it_is() {
        check(&[
            ("run `a *b* &lt;c&gt;` *now*", "run `a *b* <c>` **now**"),
            ("```\n*x* <@U1>\n```", "```\n*x* <@U1>\n```"),
            ("a ` b *c*", "a ` b **c**"),
            ("a `` *b*", "a `` **b**"),
            ("a `b\n*c*` d", "a `b\n**c**` d"),
            ("look: ```let x = *y;``` done", "look: \n```\nlet x = *y;\n```\n done"),
            ("```a``````b```", "```\na\n```\n```\nb\n```"),
            ("```\na\n```\n*b*", "```\na\n```\n**b**"),
            ("``````", "```\n\n```"),
            ("```a``````b", "```\na\n```\n```\nb\n```"),
            ("```open *c*", "```\nopen *c*\n```"),
            ("so\n```open", "so\n```\nopen\n```"),
            ("by ``` they are made, *c* <@U1>", "by ``` they are made, **c** @alice"),
        ]);
    }

    /// Long runs of what nothing closes, or of what is closed far away: minutes, were any of it searched again and again.
    #[test]
    fn no_text_takes_longer_than_its_length() {
        const PIECES: usize = 1 << 18;
        let of = |piece: &str| piece.repeat(PIECES);
        for same in ["<", "< ", "<a", " *a", " ~a", " *a ~b", "*a", "` a", "&", "&lt", "<!", "<@U1 ", "<|"] {
            let text = of(same);
            assert_eq!(to_markdown(&text, &NoNames).len(), text.len(), "{same}");
        }
        for (piece, closing, expected) in [
            (" <", ">", " <".repeat(PIECES) + ">"),
            (" *a", "*", " *".to_owned() + "*a" + &" *a".repeat(PIECES - 1) + "**"),
        ] {
            assert!(to_markdown(&(of(piece) + closing), &NoNames) == expected, "{piece}");
        }
        assert!(to_markdown(&of("``` "), &NoNames).len() >= 4 * PIECES);
        assert_eq!(to_markdown(&of("*a* "), &NoNames).len(), 6 * PIECES);
        assert_eq!(to_markdown(&of("<@a>"), &NoNames).len(), 2 * PIECES);
    }
}
