//! `message send`: exactly once, also when the network or the server fails in between.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use syncspace_client::{Client, ClientError};
use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::messages::{Code, Message, MessageType, SendMessage};
use syncspace_protocol::{ChannelId, ClientId, FileId, MessageId, Seq};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::message::content;
use super::{file, resolve};
use crate::args::message as args;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::output::{Stream, counted};
use crate::prompt;
use crate::records::message::{MessageRow, Names};

/// First pause before a failed send is tried again; it doubles up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// Longest pause before a failed send is tried again, where the server names none.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Shorter waits are not worth a word.
const WAIT_TOLD_MIN: Duration = Duration::from_secs(1);

pub(super) async fn send(context: &Context, client: &Client, args: args::Send) -> Outcome {
    if args.lines && prompt::stdin_is_terminal() && context.global.no_input {
        return Err(CliError::Usage("--lines reads standard input, which is a terminal".to_owned()));
    }
    // Read before anything is asked of the server, so that a bad text fails without a trace.
    let text = match &args.text {
        _ if args.lines => None,
        // A script's standard input is not the text of a file that it sends.
        None if carries_files(&args) => Some(String::new()),
        text => Some(content(text.clone()).await?),
    };
    if context.global.dry_run {
        if !args.target.starts_with('@') {
            resolve::conversation(context, client, &args.target).await?;
        }
        context.only_plans(|| plan(&args, text.as_deref()))?;
        return Ok(());
    }
    let channel = resolve::channel_to_write(context, client, &args.target).await?;
    let parent_message_id = match args.reply_to {
        Some(seq) => Some(root(client, channel, &args.target, seq).await?),
        None => None,
    };
    let mut files = args.file_id.clone();
    for path in &args.file {
        files.push(file::send_up(context, client, channel, (path, None)).await?.id);
    }
    let code = args.code.clone().map(|language| Code { language: given(language), file_name: args.title.clone() });
    let sender = Sender {
        context,
        client,
        channel,
        target: &args.target,
        parent_message_id,
        code,
        files,
        patience: Duration::from_secs(args.retry_for.into()),
    };
    match text {
        Some(text) => sender.send_one(text, args.client_id).await,
        None => sender.send_lines(args.client_id).await,
    }
}

const fn carries_files(args: &args::Send) -> bool {
    !args.file.is_empty() || !args.file_id.is_empty()
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn plan(args: &args::Send, text: Option<&str>) -> String {
    match text {
        Some(text) if carries_files(args) => {
            let [bytes, files] = [text.len(), args.file.len() + args.file_id.len()].map(|count| count as u64);
            format!("send {} and {} to {}", counted(bytes, "byte"), counted(files, "file"), args.target)
        }
        Some(text) => format!("send {} to {}", counted(text.len() as u64, "byte"), args.target),
        None => format!("send each line of standard input to {}", args.target),
    }
}

pub(super) async fn root(client: &Client, channel: ChannelId, target: &str, seq: Seq) -> Outcome<MessageId> {
    Ok(client.message(channel, seq).await.during(|| format!("message {seq} of {target}"))?.id)
}

/// Sends messages to one channel.
struct Sender<'a> {
    context: &'a Context,
    client: &'a Client,
    channel: ChannelId,
    target: &'a str,
    parent_message_id: Option<MessageId>,
    /// What the text is, where it is code.
    code: Option<Code>,
    /// What the message carries.
    files: Vec<FileId>,
    /// How long a message is tried again.
    patience: Duration,
}

impl Sender<'_> {
    async fn send_one(&self, content: String, client_id: Option<ClientId>) -> Outcome {
        let client_id = client_id.unwrap_or_else(new_client_id);
        let sent = self.send_surely(content, client_id.clone()).await;
        if sent.as_ref().is_err_and(ClientError::is_transient) {
            self.context.out.say(&format!("sending it again with --client-id {client_id} cannot double it"));
        }
        let message = sent.during(|| format!("cannot send to {}", self.target))?;
        self.context.out.entry(&Names::new(self.client).row(message).await)
    }

    async fn send_lines(&self, client_id: Option<ClientId>) -> Outcome {
        let run = client_id.unwrap_or_else(new_client_id);
        let out = &self.context.out;
        let bar = if out.wants_progress() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        // People want to know that all went; programs want what went.
        let printed = if out.is_table() { None } else { Some(out.stream::<MessageRow>()?) };
        let mut count = Count::default();
        let done = self.send_each_line(&run, &bar, printed.as_ref(), &mut count).await;
        bar.finish_and_clear();
        match done {
            Ok(()) => {
                out.say(&count.told(self.target));
                Ok(())
            }
            Err(CliError::OutputClosed) => Err(CliError::OutputClosed),
            Err(error) => {
                out.say(&count.told(self.target));
                out.say(&format!("the same lines with --client-id {run} go on from there and double nothing"));
                Err(error)
            }
        }
    }

    async fn send_each_line(
        &self,
        run: &ClientId,
        bar: &ProgressBar,
        printed: Option<&Stream<'_>>,
        count: &mut Count,
    ) -> Outcome {
        let mut names = Names::new(self.client);
        let mut lines = Lines::new();
        while let Some((number, line)) = lines.next().await? {
            let client_id = ClientId::try_from(format!("{run}-{number}"))
                .map_err(|error| CliError::Usage(format!("--client-id {run} is too long for --lines: {error}")))?;
            let sent = self.send_surely(line, client_id).await;
            let message = sent.during(|| format!("cannot send line {number} to {}", self.target))?;
            count.add(&message);
            bar.set_message(format!("{} sent to {}", count.messages, self.target));
            bar.tick();
            if let Some(printed) = printed {
                printed.push(&names.row(message).await)?;
            }
        }
        Ok(())
    }

    /// Sends one message under its `client_id`, again and again while the failure may pass.
    async fn send_surely(&self, content: String, client_id: ClientId) -> Result<Message, ClientError> {
        let until = Instant::now() + self.patience;
        let mut pause = PAUSE_FIRST;
        loop {
            let message = SendMessage {
                content: content.clone(),
                client_id: Some(client_id.clone()),
                parent_message_id: self.parent_message_id,
                message_type: if self.code.is_some() { MessageType::Code } else { MessageType::Text },
                code: self.code.clone(),
                files: self.files.clone(),
                ..SendMessage::default()
            };
            let error = match self.client.send_message(self.channel, message).await {
                Ok(message) => return Ok(message),
                Err(error) => error,
            };
            let wait = error.retry_after().unwrap_or(pause);
            if !error.is_transient() || Instant::now() + wait > until {
                return Err(error);
            }
            // A paced run is told to wait a moment again and again: that is no news.
            if wait >= WAIT_TOLD_MIN {
                self.context.out.say(&format!("{error}; trying again in {:.1} s", wait.as_secs_f32()));
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

fn new_client_id() -> ClientId {
    ClientId::try_from(uuid::Uuid::now_v7().to_string()).expect("a UUID is 36 visible ASCII characters")
}

/// What was sent so far.
#[derive(Debug, Default)]
struct Count {
    messages: u64,
    last_seq: Option<Seq>,
}

impl Count {
    fn add(&mut self, message: &Message) {
        self.messages += 1;
        self.last_seq = Some(message.seq);
    }

    fn told(&self, target: &str) -> String {
        match (self.messages, self.last_seq) {
            (1, Some(seq)) => format!("1 message sent to {target}, as {seq}"),
            (messages, Some(seq)) => format!("{messages} messages sent to {target}, the last as {seq}"),
            (_, None) => format!("nothing sent to {target}"),
        }
    }
}

/// The lines of standard input that hold anything, with their numbers.
struct Lines {
    input: BufReader<tokio::io::Stdin>,
    number: u64,
}

impl Lines {
    fn new() -> Self {
        Self { input: BufReader::new(tokio::io::stdin()), number: 0 }
    }

    async fn next(&mut self) -> Outcome<Option<(u64, String)>> {
        let most = u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX) + 2;
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.input).take(most).read_until(b'\n', &mut bytes).await;
            let read =
                read.map_err(|source| CliError::Local { what: "cannot read standard input".to_owned(), source })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if let Some(line) = self.check(bytes)? {
                return Ok(Some((self.number, line)));
            }
        }
    }

    /// Gives the text of a line; none where it is blank.
    fn check(&self, bytes: Vec<u8>) -> Outcome<Option<String>> {
        let number = self.number;
        let text = String::from_utf8(bytes).map_err(|_| CliError::Usage(format!("line {number} is not UTF-8 text")))?;
        let line = text.trim_end_matches(['\n', '\r']);
        if line.len() > MESSAGE_BYTES_MAX {
            let message = format!("line {number} is longer than the {MESSAGE_BYTES_MAX} bytes of a message");
            return Err(CliError::Usage(message));
        }
        Ok(if line.trim().is_empty() { None } else { Some(line.to_owned()) })
    }
}
