//! `message append`: standard input becomes part of a message as it comes.

use std::time::Duration;

use syncspace_client::{Client, ClientError};
use syncspace_protocol::messages::{AppendMessage, Appended};
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
    let message = client.message(channel, which.seq).await.during(|| named(which))?;
    let mut end = End { client, channel, seq: which.seq, offset: length(&message.content) };
    let during = || format!("cannot append to {}", named(which));
    match text {
        Some(text) => end.grow(text).await.during(during)?,
        None => {
            let mut input = Input::new();
            while let Some(part) = input.next().await? {
                end.grow(part).await.during(during)?;
            }
        }
    }
    let message = client.message(channel, end.seq).await.during(|| named(which))?;
    context.out.entry(&Names::new(client).row(message).await)
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

/// Standard input in parts of whole characters.
struct Input {
    stdin: tokio::io::Stdin,
    /// The beginning of a character whose end has not come yet.
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
            let part =
                String::from_utf8(part).map_err(|_| CliError::Usage("standard input is not UTF-8 text".to_owned()))?;
            if !part.is_empty() {
                return Ok(Some(part));
            }
            if read == 0 {
                return Ok(None);
            }
        }
    }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
