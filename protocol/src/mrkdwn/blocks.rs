//! Slack's blocks and attachments as text: what can be read in them, one line or paragraph after the other.
//!
//! Unknown fields and kinds are passed over, and so is what cannot be read: buttons, colours, pictures without an address.

use serde_json::Value;

use super::{Directory, called, to_markdown};

/// Gives the text of some blocks; empty where there is nothing to read in them.
#[must_use]
pub fn blocks_text<'a>(blocks: impl IntoIterator<Item = &'a Value>, names: &impl Directory) -> String {
    join(blocks.into_iter().map(|block| block_text(block, names)))
}

/// Gives an attachment: what stands before it as it is, itself set off as a quotation.
///
/// Its texts are rewritten by `write`; what its blocks say is known.
#[must_use]
pub fn attachment_text(attachment: &Value, blocks: String, write: impl Fn(&str) -> String) -> String {
    let mut lines = Vec::new();
    lines.extend(text(attachment, "author_name").map(str::to_owned));
    if let Some(title) = text(attachment, "title").filter(|title| !title.trim().is_empty()) {
        lines.push(match text(attachment, "title_link").filter(|link| !link.is_empty()) {
            Some(link) => format!("[{title}]({link})"),
            None => format!("**{title}**"),
        });
    }
    lines.extend(text(attachment, "text").map(&write));
    lines.push(blocks);
    for field in list(attachment, "fields") {
        lines.push(field_text(field, &write));
    }
    lines.extend(text(attachment, "image_url").map(str::to_owned));
    lines.extend(text(attachment, "footer").map(str::to_owned));
    lines.retain(|line| !line.trim().is_empty());
    let before = text(attachment, "pretext").map(&write).filter(|text| !text.trim().is_empty());
    if lines.is_empty() && before.is_none() {
        lines.extend(text(attachment, "fallback").map(&write));
    }
    let quoted = lines.iter().flat_map(|part| part.lines()).map(|line| format!("> {line}"));
    before.into_iter().chain(quoted).collect::<Vec<_>>().join("\n")
}

fn field_text(field: &Value, write: impl Fn(&str) -> String) -> String {
    let value = write(text(field, "value").unwrap_or_default());
    let value = value.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let title = text(field, "title").unwrap_or_default();
    match (title.is_empty(), value.is_empty()) {
        (true, _) => value,
        (false, true) => format!("**{title}**"),
        (false, false) => format!("**{title}**: {value}"),
    }
}

fn list<'a>(of: &'a Value, field: &str) -> &'a [Value] {
    of.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(of: &'a Value, field: &str) -> Option<&'a str> {
    of.get(field).and_then(Value::as_str)
}

/// Joins what is not empty, each on lines of its own.
fn join(parts: impl Iterator<Item = String>) -> String {
    parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

fn block_text(block: &Value, names: &impl Directory) -> String {
    match text(block, "type").unwrap_or_default() {
        "section" => {
            let own = block.get("text").map(|object| object_text(object, names)).unwrap_or_default();
            join(std::iter::once(own).chain(list(block, "fields").iter().map(|object| object_text(object, names))))
        }
        "header" => {
            let header = block.get("text").map(|object| object_text(object, names)).unwrap_or_default();
            if header.trim().is_empty() { header } else { format!("**{}**", header.trim()) }
        }
        "context" => {
            let texts =
                list(block, "elements").iter().map(|object| object_text(object, names)).filter(|text| !text.is_empty());
            texts.collect::<Vec<_>>().join(" ")
        }
        "divider" => "---".to_owned(),
        "markdown" => text(block, "text").unwrap_or_default().to_owned(),
        "image" => image_text(block, names),
        "rich_text" => join(list(block, "elements").iter().map(|part| rich_part(part, names))),
        _ => String::new(),
    }
}

/// Gives a text object, or what an image in a context says of itself.
fn object_text(object: &Value, names: &impl Directory) -> String {
    let written = text(object, "text").unwrap_or_default();
    match text(object, "type") {
        Some("mrkdwn") => to_markdown(written, names),
        Some("image") => text(object, "alt_text").unwrap_or_default().to_owned(),
        _ => written.to_owned(),
    }
}

fn image_text(block: &Value, names: &impl Directory) -> String {
    let Some(url) = text(block, "image_url") else { return String::new() };
    let title = block.get("title").map(|object| object_text(object, names)).filter(|title| !title.is_empty());
    let title = title.or_else(|| text(block, "alt_text").map(str::to_owned)).unwrap_or_default();
    if title.is_empty() { url.to_owned() } else { format!("[{title}]({url})") }
}

fn rich_part(part: &Value, names: &impl Directory) -> String {
    let inside = || list(part, "elements").iter().map(|element| rich_element(element, names)).collect::<String>();
    match text(part, "type").unwrap_or_default() {
        "rich_text_section" => inside(),
        "rich_text_quote" => inside().lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
        "rich_text_preformatted" => format!("```\n{}\n```", bare(part)),
        "rich_text_list" => {
            let is_ordered = text(part, "style") == Some("ordered");
            let indent = part.get("indent").and_then(Value::as_u64).unwrap_or(0).min(8);
            let indent = "  ".repeat(usize::try_from(indent).unwrap_or(0));
            let items = list(part, "elements").iter().enumerate().map(|(place, item)| {
                let mark = if is_ordered { format!("{}.", place + 1) } else { "-".to_owned() };
                format!("{indent}{mark} {}", rich_part(item, names))
            });
            items.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// Gives the text of what is shown as it is written.
fn bare(part: &Value) -> String {
    let texts =
        list(part, "elements").iter().filter_map(|element| text(element, "text").or_else(|| text(element, "url")));
    texts.collect::<String>().trim_end().to_owned()
}

fn rich_element(element: &Value, names: &impl Directory) -> String {
    let written = text(element, "text").unwrap_or_default();
    match text(element, "type").unwrap_or_default() {
        "text" => styled(element, written),
        "link" => {
            let url = text(element, "url").unwrap_or_default();
            if written.is_empty() || written == url { url.to_owned() } else { format!("[{written}]({url})") }
        }
        "emoji" => format!(":{}:", text(element, "name").unwrap_or_default()),
        "user" => {
            let id = text(element, "user_id").unwrap_or_default();
            called('@', names.user(id), id)
        }
        "usergroup" => format!("@{}", text(element, "usergroup_id").unwrap_or_default()),
        "channel" => {
            let id = text(element, "channel_id").unwrap_or_default();
            called('#', names.channel(id), id)
        }
        "broadcast" => format!("@{}", text(element, "range").unwrap_or_default()),
        "date" => text(element, "fallback").unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// Marks a text up, whose edges must not be blank for that.
fn styled(element: &Value, written: &str) -> String {
    let has = |style: &str| element["style"].get(style) == Some(&Value::Bool(true));
    let marks: String = [("bold", "**"), ("italic", "_"), ("strike", "~~"), ("code", "`")]
        .iter()
        .filter(|(style, _)| has(style))
        .map(|(_, mark)| *mark)
        .collect();
    let inner = written.trim();
    if marks.is_empty() || inner.is_empty() {
        return written.to_owned();
    }
    let (before, after) = written.split_once(inner).unwrap_or_default();
    let closing: String = marks.chars().rev().collect();
    format!("{before}{marks}{inner}{closing}{after}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::NoNames;
    use super::*;

    #[test]
    fn each_block_is_read() {
        for (block, expected) in [
            (json!({"type": "section", "text": {"type": "plain_text", "text": "*plain*"}}), "*plain*"),
            (
                json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "*A*"}, {"type": "mrkdwn", "text": "b"}]}),
                "**A**\nb",
            ),
            (json!({"type": "header", "text": {"type": "plain_text", "text": "Title"}}), "**Title**"),
            (
                json!({"type": "context", "elements": [
                    {"type": "image", "image_url": "https://x", "alt_text": "cat"}, {"type": "mrkdwn", "text": "_by_ me"},
                ]}),
                "cat _by_ me",
            ),
            (json!({"type": "divider"}), "---"),
            (json!({"type": "image", "image_url": "https://x/i.png", "alt_text": "graph"}), "[graph](https://x/i.png)"),
            (json!({"type": "markdown", "text": "**as is**"}), "**as is**"),
            (json!({"type": "actions", "elements": [{"type": "button", "text": {"text": "no"}}]}), ""),
            (json!({"type": "of_the_future", "text": "no"}), ""),
            (json!(7), ""),
        ] {
            assert_eq!(block_text(&block, &NoNames), expected, "{block}");
        }
    }

    #[test]
    fn rich_text_keeps_its_form() {
        let section = |elements: Value| json!({"type": "rich_text_section", "elements": elements});
        let rich = json!({"type": "rich_text", "elements": [
            section(json!([
                {"type": "text", "text": "See "},
                {"type": "link", "url": "https://x", "text": "this"},
                {"type": "text", "text": " bold ", "style": {"bold": true, "italic": true}},
                {"type": "emoji", "name": "tada"},
                {"type": "broadcast", "range": "here"},
                {"type": "user", "user_id": "U1"},
                {"type": "new"},
            ])),
            {"type": "rich_text_list", "style": "ordered", "elements": [
                section(json!([{"type": "text", "text": "one"}])), section(json!([{"type": "text", "text": "two"}])),
            ]},
            {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [
                section(json!([{"type": "text", "text": "below"}])),
            ]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q1\nq2"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "let x = 1;"}]},
        ]});
        let expected = "See [this](https://x) **_bold_** :tada:@here@U1\n1. one\n2. two\n  - below\n> q1\n> q2\n```\nlet x = 1;\n```";
        assert_eq!(blocks_text(&[rich], &NoNames), expected);
    }
}
