//! `message append`: standard input becomes part of a message as it comes.

use std::time::Duration;

use syncspace_client::{Client, ClientError};
use syncspace_protocol::messages::{AppendMessage, Appended, Message};
use syncspace_protocol::text::clean_text;
use syncspace_protocol::{ChannelId, Seq};
use tokio::io::AsyncReadExt;

use super::message::named;
use super::resolve;
use crate::args::message as args;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::prompt;
use crate::records::message::Names;

/// Most bytes of standard input in one part.
const PART_BYTES_MAX: usize = 8_000;
/// Longest beginning of a control sequence that waits for its end.
const SEQUENCE_BYTES_MAX: usize = 64;
/// Pause before a part is tried again where the server names none.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a part is tried before the command gives up.
const TRIES_MAX: u32 = 30;

pub(super) async fn append(context: &Context, client: &Client, which: &args::One, text: Option<String>) -> Outcome {
    let text = text.filter(|text| text != "-");
    if text.is_none() && prompt::stdin_is_terminal() && context.global.no_input {
        return Err(CliError::Usage("the text is missing: give it, or pipe it in".to_owned()));
    }
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("append to {}", named(which)))? {
        return Ok(());
    }
    let last = last_part(client, channel, which.seq).await.during(|| named(which))?;
    let mut end = End { client, channel, seq: last.seq, offset: length(&last.content) };
    let during = || format!("cannot append to {}", named(which));
    match text {
        Some(text) => end.grow(text).await.during(during)?,
        None => {
            let mut input = Input::new();
            while let Some(part) = input.next().await? {
                // What steers a terminal, like the end of a colour, is no text: alone it would be refused.
                if !clean_text(&part).is_empty() {
                    end.grow(part).await.during(during)?;
                }
            }
        }
    }
    let message = client.message(channel, end.seq).await.during(|| named(which))?;
    context.out.entry(&Names::new(client).row(message).await)
}

/// Finds the message in which a text ends: where one is full it goes on in a reply, and that may be full too.
async fn last_part(client: &Client, channel: ChannelId, seq: Seq) -> Result<Message, ClientError> {
    let mut last = client.message(channel, seq).await?;
    // Each reply comes after what it continues, so this ends.
    while let Some(next) = last.continued_seq.filter(|next| *next > last.seq) {
        let reply = client.message(channel, next).await?;
        if reply.deleted_at.is_some() {
            break;
        }
        last = reply;
    }
    Ok(last)
}

/// Where the text ends.
struct End<'a> {
    client: &'a Client,
    channel: ChannelId,
    seq: Seq,
    offset: u64,
}

impl End<'_> {
    /// Appends a part, however long the server wants it to wait.
    async fn grow(&mut self, part: String) -> Result<(), ClientError> {
        let append = AppendMessage { offset: self.offset, content: part };
        let mut tries = 0;
        loop {
            let error = match self.client.append_message(self.channel, self.seq, append.clone()).await {
                Ok(appended) => {
                    self.go_to(appended);
                    return Ok(());
                }
                Err(error) => error,
            };
            tries += 1;
            if !error.is_transient() || tries >= TRIES_MAX {
                return Err(error);
            }
            tokio::time::sleep(error.retry_after().unwrap_or(PAUSE)).await;
        }
    }

    fn go_to(&mut self, appended: Appended) {
        self.offset = appended.length;
        if let Some(continued) = appended.continued {
            (self.seq, self.offset) = (continued.seq, continued.length);
        }
    }
}

/// Standard input in parts of whole characters and whole escape sequences.
struct Input {
    stdin: tokio::io::Stdin,
    /// The beginning of a character or sequence whose end has not come yet.
    rest: Vec<u8>,
}

impl Input {
    fn new() -> Self {
        Self { stdin: tokio::io::stdin(), rest: Vec::new() }
    }

    async fn next(&mut self) -> Outcome<Option<String>> {
        loop {
            let mut bytes = vec![0; PART_BYTES_MAX];
            let read = self.stdin.read(&mut bytes).await;
            let read =
                read.map_err(|source| CliError::Local { what: "cannot read standard input".to_owned(), source })?;
            self.rest.extend(bytes.into_iter().take(read));
            let whole = match std::str::from_utf8(&self.rest) {
                Ok(text) => text.len(),
                Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
                Err(_) => return Err(CliError::Usage("standard input is not UTF-8 text".to_owned())),
            };
            let part = self.rest.drain(..whole).collect();
            let mut part =
                String::from_utf8(part).map_err(|_| CliError::Usage("standard input is not UTF-8 text".to_owned()))?;
            if read > 0 {
                let begun = part.split_off(whole_sequences(&part));
                self.rest.splice(..0, begun.into_bytes());
            }
            if !part.is_empty() {
                return Ok(Some(part));
            }
            if read == 0 {
                return Ok(None);
            }
        }
    }
}

/// Gives how much of a text to take so that a control sequence whose end has not come yet is not torn apart.
fn whole_sequences(text: &str) -> usize {
    let Some(begin) = text.rfind('\u{1b}') else { return text.len() };
    let rest = &text[begin..];
    let is_begun = match rest.strip_prefix("\u{1b}[") {
        Some(parameters) => parameters.chars().all(|c| (' '..='?').contains(&c)),
        None => rest.chars().skip(1).all(|c| (' '..='/').contains(&c)),
    };
    if is_begun && rest.len() <= SEQUENCE_BYTES_MAX { begin } else { text.len() }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_whose_end_has_not_come_waits_for_it() {
        for (text, whole) in [
            ("", ""),
            ("plain", "plain"),
            ("a\u{1b}[0m", "a\u{1b}[0m"),
            ("a\u{1b}[0mb", "a\u{1b}[0mb"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[", "a"),
            ("a\u{1b}[31", "a"),
            ("a\u{1b}(", "a"),
            ("\u{1b}[0m\u{1b}[3", "\u{1b}[0m"),
        ] {
            assert_eq!(&text[..whole_sequences(text)], whole, "{text:?}");
        }
        let endless = format!("\u{1b}[{}", "1".repeat(SEQUENCE_BYTES_MAX));
        assert_eq!(whole_sequences(&endless), endless.len());
    }
}
