//! Slack's markup as Markdown: `*bold*`, `~struck~`, `<address|text>`, `<@someone>`, `<!channel>`, and the three entities.
//!
//! Code stays as it is, but for its entities: Slack's clients escape there too.

/// Rewrites a text.
pub(super) fn to_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        out.push_str(&prose(&rest[..at]));
        let fence = if rest[at..].starts_with("```") { "```" } else { "`" };
        let inside = &rest[at + fence.len()..];
        // One that is never closed is a sign like others.
        let Some(end) = inside.find(fence) else {
            out.push_str(fence);
            rest = inside;
            continue;
        };
        out.push_str(fence);
        out.push_str(&unescape(&inside[..end]));
        out.push_str(fence);
        rest = &inside[end + fence.len()..];
    }
    out.push_str(&prose(rest));
    out
}

/// Rewrites what is outside of code.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&marks(&rest[..at]));
        let inside = &rest[at + 1..];
        let is_reference = |&end: &usize| inside[end..].starts_with('>') && end > 0 && !inside.starts_with(' ');
        match inside.find(['>', '\n']).filter(is_reference) {
            Some(end) => {
                out.push_str(&reference(&inside[..end]));
                rest = &inside[end + 1..];
            }
            None => {
                out.push('<');
                rest = inside;
            }
        }
    }
    out.push_str(&marks(rest));
    out
}

/// Gives what stands between angle brackets.
fn reference(inside: &str) -> String {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let label = label.map(unescape).filter(|label| !label.is_empty());
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
        None => target,
    }
}

/// Rewrites emphasis: a mark counts where it is at the edge of a word on both sides, as at Slack.
fn marks(text: &str) -> String {
    let text = unescape(text);
    let struck = emphasis(&text, '~', "~~");
    emphasis(&struck, '*', "**")
}

fn emphasis(text: &str, mark: char, ours: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let inside = &rest[at + mark.len_utf8()..];
        let opens = !out.ends_with(mark) || at > 0;
        let is_edge = rest[..at].chars().next_back().or_else(|| out.chars().next_back());
        let opens = opens && is_edge.is_none_or(|c| !c.is_alphanumeric() && c != mark);
        let end = opens.then(|| closing(inside, mark)).flatten();
        out.push_str(&rest[..at]);
        match end {
            Some(end) => {
                out.push_str(ours);
                out.push_str(&inside[..end]);
                out.push_str(ours);
                rest = &inside[end + mark.len_utf8()..];
            }
            None => {
                out.push(mark);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Finds where emphasis ends: on the same line, behind something, before the end of a word.
fn closing(inside: &str, mark: char) -> Option<usize> {
    let line = inside.split('\n').next().unwrap_or_default();
    if line.starts_with(char::is_whitespace) || line.starts_with(mark) {
        return None;
    }
    let fits = |&(at, _): &(usize, &str)| {
        let before = line[..at].chars().next_back();
        let after = line[at + mark.len_utf8()..].chars().next();
        before.is_some_and(|c| !c.is_whitespace()) && after.is_none_or(|c| !c.is_alphanumeric() && c != mark)
    };
    line.match_indices(mark).find(fits).map(|(at, _)| at)
}

/// Gives the three signs that Slack escapes.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
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
}
