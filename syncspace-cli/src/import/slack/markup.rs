//! Slack's markup as Markdown: its references by name, its links, its bold and struck words, its escapes.

use std::iter::Peekable;
use std::str::Chars;

/// Gives names for the ids in references.
pub(super) trait Directory {
    fn user(&self, id: &str) -> Option<String>;
    fn channel(&self, id: &str) -> Option<String>;
}

/// Writes a text of Slack as Markdown. Code stays as it stands, but for its escapes.
pub(super) fn to_markdown(text: &str, names: &impl Directory) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (place, part) in text.split("```").enumerate() {
        if place > 0 {
            out.push_str("```");
        }
        if place % 2 == 1 {
            // A fence that begins in a line of text stands in a line of its own in Markdown.
            let needs_line = out.trim_end_matches('`').chars().next_back().is_some_and(|c| c != '\n');
            if needs_line {
                out.truncate(out.len() - 3);
                out.push_str("\n```");
            }
            if !part.starts_with('\n') {
                out.push('\n');
            }
            out.push_str(&unescaped(part));
            if !part.ends_with('\n') {
                out.push('\n');
            }
        } else {
            let part = if place > 0 && !part.is_empty() && !part.starts_with('\n') {
                format!("\n{part}")
            } else {
                part.to_owned()
            };
            write_inline(&part, names, &mut out);
        }
    }
    // A fence that was never closed ends with its text.
    if text.matches("```").count() % 2 == 1 {
        out.push_str("```");
    }
    out
}

fn write_inline(text: &str, names: &impl Directory, out: &mut String) {
    let mut rest = text.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        match c {
            '`' => {
                out.push('`');
                let code: String = take_until(&mut rest, '`').unwrap_or_default();
                out.push_str(&unescaped(&code));
                if !code.is_empty() {
                    out.push('`');
                }
            }
            '<' => match take_until(&mut rest, '>') {
                // A reference never begins with a blank; a bare sign would have come as its escape.
                Some(text) if text.is_empty() || text.starts_with(' ') => {
                    out.push('<');
                    out.push_str(&text);
                    out.push('>');
                }
                Some(reference) => out.push_str(&resolved(&reference, names)),
                None => out.push('<'),
            },
            '*' | '~' if opens(before, &rest, c) => match take_until(&mut rest, c) {
                Some(words) => {
                    let mark = if c == '*' { "**" } else { "~~" };
                    out.push_str(mark);
                    write_inline(&words, names, out);
                    out.push_str(mark);
                }
                None => out.push(c),
            },
            '&' => out.push_str(&entity(&mut rest)),
            c => out.push(c),
        }
        before = Some(c);
    }
}

/// Tells whether a sign begins marked words: behind a blank, before none, and with its like in the same line.
fn opens(before: Option<char>, rest: &Peekable<Chars<'_>>, sign: char) -> bool {
    let follows = before.is_none_or(|c| !c.is_alphanumeric() && c != sign);
    let mut ahead = rest.clone();
    let begins = ahead.peek().is_some_and(|c| !c.is_whitespace() && *c != sign);
    let mut last = ' ';
    let closes = ahead.take_while(|c| *c != '\n').any(|c| {
        let is_end = c == sign && !last.is_whitespace();
        last = c;
        is_end
    });
    follows && begins && closes
}

/// Takes what stands before a sign in the same line, and the sign; takes nothing where there is none.
fn take_until(rest: &mut Peekable<Chars<'_>>, sign: char) -> Option<String> {
    let mut ahead = rest.clone();
    let mut taken = String::new();
    loop {
        match ahead.next()? {
            '\n' => return None,
            c if c == sign => break,
            c => taken.push(c),
        }
    }
    *rest = ahead;
    Some(taken)
}

/// Gives a character for its escape; Slack knows three.
fn entity(rest: &mut Peekable<Chars<'_>>) -> String {
    for (name, sign) in [("amp;", "&"), ("lt;", "<"), ("gt;", ">")] {
        let mut ahead = rest.clone();
        if name.chars().all(|wanted| ahead.next() == Some(wanted)) {
            *rest = ahead;
            return sign.to_owned();
        }
    }
    "&".to_owned()
}

fn unescaped(text: &str) -> String {
    // Links are marked in code, too.
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&amp;", "&")
}

/// Gives what stands between `<` and `>` as people read it.
fn resolved(reference: &str, names: &impl Directory) -> String {
    let (target, label) = match reference.split_once('|') {
        Some((target, label)) => (target, Some(unescaped(label)).filter(|label| !label.is_empty())),
        None => (reference, None),
    };
    let rest = |sign: usize| target.get(sign..).unwrap_or_default();
    match target.get(..1) {
        Some("@") => match names.user(rest(1)) {
            Some(name) => format!("@{name}"),
            None => format!("@{}", label.unwrap_or_else(|| rest(1).to_owned())),
        },
        Some("#") => match names.channel(rest(1)) {
            Some(name) => format!("#{name}"),
            None => format!("#{}", label.unwrap_or_else(|| rest(1).to_owned())),
        },
        Some("!") => special(rest(1), label),
        _ => link(&unescaped(target), label),
    }
}

fn special(word: &str, label: Option<String>) -> String {
    match word.split('^').next().unwrap_or_default() {
        "here" => "@here".to_owned(),
        "channel" => "@channel".to_owned(),
        "everyone" => "@all".to_owned(),
        "subteam" => {
            let label = label.unwrap_or_else(|| "group".to_owned());
            if label.starts_with('@') { label } else { format!("@{label}") }
        }
        _ => label.unwrap_or_else(|| word.to_owned()),
    }
}

fn link(address: &str, label: Option<String>) -> String {
    match label {
        Some(label) if label != address && !address.ends_with(&label) => {
            format!("[{}]({address})", label.replace(['[', ']'], ""))
        }
        _ => address.strip_prefix("mailto:").unwrap_or(address).to_owned(),
    }
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

    #[test]
    fn slacks_markup_becomes_markdown() {
        for (slack, markdown) in [
            ("plain words, 3 * 4 * 5", "plain words, 3 * 4 * 5"),
            ("*bold* and _it_ and ~gone~", "**bold** and _it_ and ~~gone~~"),
            ("a*b*c stays", "a*b*c stays"),
            ("*not closed", "*not closed"),
            ("<@U1> see <#C1|old-name> or <#C9|lost>", "@alice see #general or #lost"),
            ("<@U9|bob> and <@U8>", "@bob and @U8"),
            ("<!here> <!channel> <!everyone> <!subteam^S1|@ops>", "@here @channel @all @ops"),
            ("<https://example.org/a?b=1&amp;c=2|the page>", "[the page](https://example.org/a?b=1&c=2)"),
            ("<https://example.org> <mailto:a@b.org|a@b.org>", "https://example.org a@b.org"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt; is an escape", "&lt; is an escape"),
            ("`*x* &lt;` stays", "`*x* <` stays"),
            ("look: ```let x = *y;``` done", "look: \n```\nlet x = *y;\n```\n done"),
            ("```\na\n```", "```\na\n```"),
            ("```open", "```\nopen\n```"),
            ("*<https://example.org|all>*", "**[all](https://example.org)**"),
            ("< a and >", "< a and >"),
        ] {
            assert_eq!(to_markdown(slack, &Known), markdown, "{slack}");
        }
    }
}
