//! Slack's markup as Markdown: `*bold*`, `~struck~`, `<address|text>`, `<@someone>`, `<!channel>`, and the three entities.
//!
//! Code stays as it is, but for its entities: Slack's clients escape there too. Whatever the text, no byte of it is looked at
//! more than a few times: what looks ahead takes what it found, or stops at the next sign of its kind.

use std::borrow::Cow;

/// Rewrites a text.
pub(super) fn to_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // A fence that is never closed is a sign like others.
    while let Some((before, fenced)) = rest.split_once("```")
        && let Some((code, after)) = fenced.split_once("```")
    {
        write_prose(before, &mut out);
        out.push_str("```");
        out.push_str(&unescape(code));
        out.push_str("```");
        rest = after;
    }
    write_prose(rest, &mut out);
    out
}

/// Rewrites what is outside of fences. Nothing in it goes over the end of a line.
fn write_prose(text: &str, out: &mut String) {
    text.split_inclusive('\n').for_each(|line| write_line(line, out));
}

fn write_line(line: &str, out: &mut String) {
    let mut emphasis = Emphasis::default();
    let mut at = 0;
    while let Some(found) = line[at..].find(['`', '<', '*', '~']) {
        let (plain, from) = line[at..].split_at(found);
        out.push_str(&unescape(plain));
        let (sign, inside) = from.split_at(1);
        at += found + 1;
        let end = match sign {
            "`" => code(inside, out),
            "<" => reference(inside, out),
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
fn reference(inside: &str, out: &mut String) -> Option<usize> {
    let end = inside.find(['<', '>']).filter(|&end| inside[end..].starts_with('>'))?;
    if end == 0 || inside.starts_with(' ') {
        return None;
    }
    out.push_str(&resolved(&inside[..end]));
    Some(end + 1)
}

/// Gives what stands between angle brackets.
fn resolved(inside: &str) -> String {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let label = label.map(|label| unescape(label).into_owned()).filter(|label| !label.is_empty());
    if let Some(person) = target.strip_prefix('@') {
        return format!("@{}", label.as_deref().unwrap_or(person).trim_start_matches('@'));
    }
    if let Some(channel) = target.strip_prefix('#') {
        return format!("#{}", label.as_deref().unwrap_or(channel).trim_start_matches('#'));
    }
    if let Some(word) = target.strip_prefix('!') {
        // `<!subteam^S1|@oncall>` is a group, `<!date^…|yesterday>` has what to show where it is not known.
        let word = word.split('^').next().unwrap_or_default();
        return match (word, label) {
            ("channel" | "everyone", _) => "@channel".to_owned(),
            ("here", _) => "@here".to_owned(),
            (_, Some(label)) => label,
            (word, None) => format!("@{word}"),
        };
    }
    let target = unescape(target);
    match label.filter(|label| *label != target) {
        Some(label) if target.starts_with("mailto:") && target.ends_with(&label) => label,
        Some(label) => format!("[{label}]({target})"),
        None => target.into_owned(),
    }
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

    #[test]
    fn references_become_ours() {
        for (slack, ours) in [
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
            ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
            ("a < b and c > d", "a < b and c > d"),
            ("&lt;!channel&gt; &amp;lt;", "<!channel> &lt;"),
            ("<", "<"),
            ("<>", "<>"),
            ("<a\nb>", "<a\nb>"),
        ] {
            assert_eq!(to_markdown(slack), ours, "{slack}");
        }
    }

    #[test]
    fn emphasis_is_at_the_edges_of_words() {
        for (slack, ours) in [
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
        ] {
            assert_eq!(to_markdown(slack), ours, "{slack}");
        }
    }

    #[test]
    fn code_stays_as_it_is() {
        for (slack, ours) in [
            ("run `a *b* &lt;c&gt;` *now*", "run `a *b* <c>` **now**"),
            ("```\n*x* <@U1>\n```", "```\n*x* <@U1>\n```"),
            ("a ` b *c*", "a ` b **c**"),
            ("```open *c*", "```open **c**"),
        ] {
            assert_eq!(to_markdown(slack), ours, "{slack}");
        }
    }

    /// Long runs of what nothing closes, or of what is closed far away: minutes, were any of it searched again and again.
    #[test]
    fn no_text_takes_longer_than_its_length() {
        const PIECES: usize = 1 << 18;
        let of = |piece: &str| piece.repeat(PIECES);
        for same in ["<", "< ", "<a", " *a", " ~a", " *a ~b", "*a", "`", "``` ", "&", "&lt", "<!", "<@U1 ", "<|"] {
            let text = of(same);
            assert_eq!(to_markdown(&text).len(), text.len(), "{same}");
        }
        for (piece, closing, expected) in
            [(" <", ">", " <".repeat(PIECES) + ">"), (" *a", "*", " *".to_owned() + "*a" + &" *a".repeat(PIECES - 1) + "**")]
        {
            assert!(to_markdown(&(of(piece) + closing)) == expected, "{piece}");
        }
        assert_eq!(to_markdown(&of("*a* ")).len(), 6 * PIECES);
        assert_eq!(to_markdown(&of("<@a>")).len(), 2 * PIECES);
    }
}
