//! Slack's payloads, as programs post them to incoming webhooks, turned into the text of a message.
//!
//! Pure. What Slack has and we do not (buttons, images, colours, other names and pictures of the sender) is left out; unknown
//! fields and blocks are ignored, so that what works there works here. See <https://api.slack.com/messaging/webhooks>.

use serde_json::Value;
use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::mrkdwn::blocks::{self, blocks_text};
use syncspace_protocol::mrkdwn::{self, NoNames};

use crate::outbound::ANSWER_BYTES_MAX;

/// Most attachments of one payload, as at Slack.
const ATTACHMENTS_MAX: usize = 100;
/// Most blocks of one payload or attachment, as at Slack.
const BLOCKS_MAX: usize = 50;

/// Longest text of a payload before it is rewritten, in bytes: what is longer gives no message that fits. Markup is longer than
/// what becomes of it, an entity at most five times.
const SOURCE_BYTES_MAX: usize = 5 * MESSAGE_BYTES_MAX;
// What a command answers is cut to fit, so no answer may be refused for its length.
const _: () = assert!(SOURCE_BYTES_MAX > ANSWER_BYTES_MAX);

/// What a payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackPost {
    /// The text of the message; never empty.
    pub text: String,
    /// The channel that it names, as it is written.
    pub channel: Option<String>,
}

/// Why a payload says nothing that could be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OddPayload {
    /// It is no JSON object, or none of a form.
    Invalid,
    /// There is no text in it.
    NoText,
    /// It has too many attachments.
    TooManyAttachments,
    /// It has too many blocks.
    TooManyBlocks,
    /// A text of it is far longer than a message may be.
    TooLong,
}

impl SlackPost {
    /// Reads a body: JSON, or a form with the JSON as `payload`.
    pub fn read(body: &[u8], is_form: bool) -> Result<Self, OddPayload> {
        // Programs that name no type, or a wrong one, are told apart by what they send.
        let form = (is_form || body.starts_with(b"payload=")).then(|| form_payload(body)).flatten();
        let json = form.as_deref().map_or(body, str::as_bytes);
        let payload: Value = serde_json::from_slice(json).map_err(|_| OddPayload::Invalid)?;
        Self::of(&payload)
    }

    fn of(payload: &Value) -> Result<Self, OddPayload> {
        if !payload.is_object() {
            return Err(OddPayload::Invalid);
        }
        let attachments = list(payload, "attachments");
        if attachments.len() > ATTACHMENTS_MAX {
            return Err(OddPayload::TooManyAttachments);
        }
        let has_too_many = |of: &Value| list(of, "blocks").len() > BLOCKS_MAX;
        if has_too_many(payload) || attachments.iter().any(has_too_many) {
            return Err(OddPayload::TooManyBlocks);
        }
        if has_long_text(payload) {
            return Err(OddPayload::TooLong);
        }
        let mut parts = Vec::new();
        // As at Slack, the text beside blocks is what notifications say, and is not shown.
        let blocks = blocks_text(list(payload, "blocks"), &NoNames);
        parts.push(if blocks.is_empty() { plain_or_mrkdwn(payload, "text", "mrkdwn") } else { blocks });
        parts.extend(attachments.iter().map(attachment_text));
        parts.retain(|part| !part.trim().is_empty());
        if parts.is_empty() {
            return Err(OddPayload::NoText);
        }
        let channel = text(payload, "channel").map(str::trim).filter(|name| !name.is_empty());
        Ok(Self { text: parts.join("\n"), channel: channel.map(str::to_owned) })
    }
}

fn form_payload(body: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(body).find(|(name, _)| name == "payload").map(|(_, value)| value.into_owned())
}

/// Tells whether a text anywhere in a payload is longer than what is rewritten.
fn has_long_text(of: &Value) -> bool {
    let is_long = |(name, value): (&String, &Value)| match value {
        Value::String(text) => {
            text.len() > SOURCE_BYTES_MAX && ["text", "pretext", "fallback", "value"].contains(&name.as_str())
        }
        value => has_long_text(value),
    };
    match of {
        Value::Object(fields) => fields.iter().any(is_long),
        Value::Array(values) => values.iter().any(has_long_text),
        _ => false,
    }
}

fn list<'a>(of: &'a Value, field: &str) -> &'a [Value] {
    of.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(of: &'a Value, field: &str) -> Option<&'a str> {
    of.get(field).and_then(Value::as_str)
}

/// Gives a field that is mrkdwn unless a flag says otherwise.
fn plain_or_mrkdwn(of: &Value, field: &str, flag: &str) -> String {
    let written = text(of, field).unwrap_or_default();
    if of.get(flag) == Some(&Value::Bool(false)) { written.to_owned() } else { to_markdown(written) }
}

/// Gives what an attachment says, with its blocks.
fn attachment_text(attachment: &Value) -> String {
    let blocks = blocks_text(list(attachment, "blocks"), &NoNames);
    blocks::attachment_text(attachment, blocks, to_markdown)
}

/// Rewrites a text; nothing is known of the names at the place that it comes from.
fn to_markdown(text: &str) -> String {
    mrkdwn::to_markdown(text, &NoNames)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(payload: &Value, expected: &str) {
        let body = payload.to_string();
        let post = SlackPost::read(body.as_bytes(), false).map(|post| post.text);
        assert_eq!(post.as_deref(), Ok(expected), "{payload}");
        let form: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &body).finish();
        for is_form in [true, false] {
            assert_eq!(SlackPost::read(form.as_bytes(), is_form).map(|post| post.text).as_deref(), Ok(expected));
        }
    }

    #[track_caller]
    fn check_odd(body: &str, expected: OddPayload) {
        assert_eq!(SlackPost::read(body.as_bytes(), false), Err(expected), "{body}");
    }

    #[test]
    fn what_says_nothing_is_refused_in_slacks_words() {
        for body in ["", "x", "[]", "\"text\"", "null", "{\"text\":", "text=hi", "payload=", "payload=%7B"] {
            check_odd(body, OddPayload::Invalid);
        }
        for body in [
            "{}",
            "{\"text\":\"\"}",
            "{\"text\":\" \\n\"}",
            "{\"text\":7}",
            "{\"text\":null,\"attachments\":{}}",
            "{\"attachments\":[{},7,\"x\",{\"color\":\"good\"}]}",
            "{\"blocks\":[{\"type\":\"actions\",\"elements\":[]},{\"type\":7},null]}",
        ] {
            check_odd(body, OddPayload::NoText);
        }
        check_odd(&json!({"attachments": vec![json!({"text": "x"}); 101]}).to_string(), OddPayload::TooManyAttachments);
        check_odd(&json!({"blocks": vec![json!({"type": "divider"}); 51]}).to_string(), OddPayload::TooManyBlocks);
        // Deeper than any reader follows.
        check_odd(&format!("{{\"blocks\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000)), OddPayload::Invalid);
        check_odd("{\"text\":\"\\ud800\"}", OddPayload::Invalid);
    }

    #[test]
    fn a_text_far_over_a_message_is_refused_before_it_is_rewritten() {
        let long = "<".repeat(SOURCE_BYTES_MAX + 1);
        for payload in [
            json!({ "text": long }),
            json!({"text": long, "mrkdwn": false}),
            json!({"attachments": [{ "pretext": long }]}),
            json!({"attachments": [{"fields": [{"title": "a", "value": long}]}]}),
            json!({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": long}}]}),
            json!({"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": long}]}]}),
        ] {
            check_odd(&payload.to_string(), OddPayload::TooLong);
        }
        // Each entity is one sign: what is as long as that may fit.
        check(&json!({"text": "&amp;".repeat(MESSAGE_BYTES_MAX)}), &"&".repeat(MESSAGE_BYTES_MAX));
        check(&json!({"text": "x", "icon_url": long}), "x");
    }

    #[test]
    fn a_text_is_taken_as_slack_marks_it_up() {
        check(
            &json!({"text": "Build *passed* in <https://ci.example.org/7|#7>"}),
            "Build **passed** in [#7](https://ci.example.org/7)",
        );
        check(&json!({"text": "*as it is* &amp; so", "mrkdwn": false}), "*as it is* &amp; so");
        check(&json!({"text": "hi", "username": "ci", "icon_emoji": ":robot:", "unfurl_links": true, "new": {}}), "hi");
    }

    #[test]
    fn a_channel_is_only_named() {
        let post = SlackPost::read(br##"{"text":"x","channel":" #deploys "}"##, false).expect("a post");
        assert_eq!(post.channel.as_deref(), Some("#deploys"));
        assert_eq!(SlackPost::read(br#"{"text":"x","channel":""}"#, false).expect("a post").channel, None);
    }

    #[test]
    fn attachments_are_set_off() {
        check(
            &json!({
                "text": "Deploy",
                "attachments": [{
                    "fallback": "not shown", "color": "#36a64f", "pretext": "New *release*", "author_name": "Alice",
                    "title": "v1.2", "title_link": "https://example.org/v1.2", "text": "two\nlines",
                    "fields": [
                        {"title": "Env", "value": "prod", "short": true}, {"title": "Only"}, {"value": "a\nb"}, {}, 7,
                    ],
                    "footer": "by CI", "ts": 1,
                }],
            }),
            "Deploy\nNew **release**\n> Alice\n> [v1.2](https://example.org/v1.2)\n> two\n> lines\n> **Env**: prod\n> **Only**\n\
             > a b\n> by CI",
        );
        check(&json!({"attachments": [{"fallback": "all there is"}]}), "> all there is");
        check(&json!({"attachments": [{"title": "Alone"}, {"text": "next"}]}), "> **Alone**\n> next");
    }

    #[test]
    fn blocks_go_before_the_text() {
        check(
            &json!({"text": "not shown", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*shown*"}}]}),
            "**shown**",
        );
        check(&json!({"text": "shown", "blocks": [{"type": "image", "image_url": 7}]}), "shown");
        check(
            &json!({"attachments": [{"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Big"}}]}]}),
            "> **Big**",
        );
    }
}
