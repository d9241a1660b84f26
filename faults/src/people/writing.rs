//! Somebody who writes: in bursts, each message again and again under the same name until the server has it.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use syncspace_client::{ClientError, ConnectOptions, Connection, Update};
use syncspace_protocol::messages::{EditMessage, SendMessage};
use syncspace_protocol::{ChannelId, MessageId, Seq};
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep};

use super::{Person, RETRY_PAUSE};
use crate::history::{Changed, Place, Sent};

/// Most messages that are outstanding together.
const BURST_MAX: usize = 5;
/// How long a writer goes on trying to hand in what was begun when the run ends.
const LAST_TRIES: Duration = Duration::from_secs(60);

/// Somebody who writes.
pub(crate) struct Writer {
    pub(crate) number: u32,
    pub(crate) person: Person,
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) random: fastrand::Rng,
    /// Mean pause between two bursts.
    pub(crate) pause: Duration,
}

/// What became of it.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) sends: Vec<Sent>,
    pub(crate) changes: Vec<Changed>,
    pub(crate) refusals: Vec<String>,
    /// Tries that failed and were made again.
    pub(crate) repeats: usize,
    /// How often the connection was lost.
    pub(crate) disconnects: usize,
}

struct Writing {
    writer: Writer,
    connection: Connection,
    written: Written,
    /// Replies by the message's number here, to be named again when it is sent again.
    parents: Vec<Option<MessageId>>,
    /// Messages that are not changed any more, or never.
    kept: BTreeSet<usize>,
    stop: watch::Receiver<bool>,
    /// When the writer gives up; set once the run is to end.
    deadline: Option<Instant>,
}

impl Writer {
    /// Writes until `stop`, then hands in what was begun.
    pub(crate) async fn write(self, stop: watch::Receiver<bool>) -> Written {
        let (connection, updates) = self.person.client.connect(ConnectOptions::default());
        let heard = tokio::spawn(hear(updates));
        let written = Written::default();
        let (parents, kept) = (Vec::new(), BTreeSet::new());
        let mut writing = Writing { writer: self, connection, written, parents, kept, stop, deadline: None };
        while !*writing.stop.borrow() {
            writing.burst().await;
            if writing.writer.random.u32(..100) < 25 {
                writing.change().await;
            }
            let pause = writing.writer.pause.as_secs_f64() * 2.0 * writing.writer.random.f64();
            sleep(Duration::from_secs_f64(pause)).await;
        }
        let Writing { connection, mut written, .. } = writing;
        connection.close().await;
        let (disconnects, end) = heard.await.unwrap_or_default();
        written.disconnects = disconnects;
        written.refusals.extend(end);
        written
    }
}

/// Takes updates; gives how often the connection broke, and how the session ended if it did.
async fn hear(mut updates: mpsc::Receiver<Update>) -> (usize, Option<String>) {
    let mut disconnects = 0;
    while let Some(update) = updates.recv().await {
        match update {
            Update::Disconnected { .. } => disconnects += 1,
            Update::LoggedOut { reason } => return (disconnects, Some(format!("a writer was logged out: {reason}"))),
            _ => {}
        }
    }
    (disconnects, None)
}

impl Writing {
    /// Sends some messages at once, and those that failed again, in their order, until all have their place.
    async fn burst(&mut self) {
        let first = self.written.sends.len();
        for _ in 0..self.writer.random.usize(1..=BURST_MAX) {
            self.compose();
        }
        let mut open: Vec<usize> = (first..self.written.sends.len()).collect();
        while !open.is_empty() && !self.is_overdue() {
            let tries = open.iter().map(|&at| self.send(at));
            let answers = join_all(tries).await;
            let mut failed = Vec::new();
            let mut wait = RETRY_PAUSE;
            for (at, answer) in open.into_iter().zip(answers) {
                match answer {
                    Ok(place) => self.written.sends[at].acks.push(place),
                    Err(error) if error.is_transient() => {
                        wait = wait.max(error.retry_after().unwrap_or_default());
                        failed.push(at);
                    }
                    Err(error) => {
                        let name = &self.written.sends[at].client_id;
                        self.written.refusals.push(format!("{name} was refused: {error:?}"));
                    }
                }
            }
            open = failed;
            if !open.is_empty() {
                self.written.repeats += open.len();
                self.retry_soon(wait).await;
            }
        }
        self.send_one_again().await;
    }

    /// Writes the next message down, before it is tried.
    fn compose(&mut self) {
        let at = self.written.sends.len();
        let channel = self.writer.random.choice(self.writer.channels.iter().copied());
        let Some(channel) = channel else { panic!("there is a channel") };
        let number = self.writer.number;
        let client_id = format!("w{number}-{at}");
        let content = format!("message {at} of writer {number}");
        let parent = self.parent(channel);
        self.parents.push(parent);
        self.written.sends.push(Sent { sender: number, channel, client_id, content, acks: Vec::new() });
    }

    /// Chooses, now and then, what the next message answers. The first channel has no replies and no changes: there every
    /// rev belongs to one message.
    fn parent(&mut self, channel: ChannelId) -> Option<MessageId> {
        if self.is_plain(channel) || self.writer.random.u32(..100) >= 15 {
            return None;
        }
        let at = self.settled(|at, sent, parents| sent.channel == channel && parents[at].is_none())?;
        self.kept.insert(at);
        self.written.sends[at].acks.first().map(|ack| ack.id)
    }

    fn is_plain(&self, channel: ChannelId) -> bool {
        self.writer.channels.first() == Some(&channel)
    }

    /// Chooses a message that has its place and may still be changed.
    fn settled(&mut self, fits: impl Fn(usize, &Sent, &[Option<MessageId>]) -> bool) -> Option<usize> {
        let (kept, parents) = (&self.kept, &self.parents);
        let recent = self.written.sends.iter().enumerate().rev().take(60);
        let fitting =
            recent.filter(|&(at, sent)| !sent.acks.is_empty() && !kept.contains(&at) && fits(at, sent, parents));
        self.writer.random.choice(fitting.map(|(at, _)| at).collect::<Vec<_>>())
    }

    fn send(&self, at: usize) -> impl Future<Output = Result<Place, ClientError>> + use<> {
        let (sent, connection) = (&self.written.sends[at], self.connection.clone());
        let channel = sent.channel;
        let message = SendMessage {
            content: sent.content.clone(),
            client_id: Some(super::name(&sent.client_id)),
            parent_message_id: self.parents[at],
            ..SendMessage::default()
        };
        async move {
            let ack = connection.send(channel, message).await?;
            Ok(Place { id: ack.message_id, seq: ack.seq, rev: ack.rev })
        }
    }

    /// Sends, now and then, what stands there already, perhaps to another server: it gets the same place back.
    async fn send_one_again(&mut self) {
        if self.writer.random.u32(..100) < 10
            && let Some(at) = self.settled(|_, _, _| true)
            && let Ok(place) = self.send(at).await
        {
            self.written.sends[at].acks.push(place);
        }
    }

    /// Edits a message once, or deletes it; afterwards it stays as it is.
    ///
    /// Once, because a change of unknown outcome may still come, after the next one.
    async fn change(&mut self) {
        let Some(plain) = self.writer.channels.first().copied() else { return };
        let Some(at) = self.settled(|_, sent, _| sent.channel != plain) else { return };
        let Some(place) = self.written.sends[at].acks.first().copied() else { return };
        let channel = self.written.sends[at].channel;
        self.kept.insert(at);
        if self.writer.random.u32(..100) < 65 {
            let content = format!("{}, edited", self.written.sends[at].content);
            self.change_surely(channel, place.seq, Some(content)).await;
        }
        if self.writer.random.u32(..100) < 50 {
            self.change_surely(channel, place.seq, None).await;
        }
    }

    async fn change_surely(&mut self, channel: ChannelId, seq: Seq, content: Option<String>) {
        let number = self.written.changes.len();
        self.written.changes.push(Changed { channel, seq, content: content.clone(), ack: None });
        let mut is_first = true;
        while !self.is_overdue() {
            let answer = match &content {
                Some(content) => {
                    self.connection
                        .edit(channel, seq, EditMessage { content: content.clone(), expected_rev: None })
                        .await
                }
                None => self.connection.delete(channel, seq).await,
            };
            match answer {
                Ok(rev) => {
                    self.written.changes[number].ack = Some(rev);
                    return;
                }
                Err(error) if error.is_transient() => {
                    is_first = false;
                    self.written.repeats += 1;
                    self.retry_soon(error.retry_after().unwrap_or(RETRY_PAUSE)).await;
                }
                Err(error) => {
                    // Of a repeat, it may mean that the first try was done.
                    if is_first {
                        self.written.refusals.push(format!("a change of c{channel}/{seq} was refused: {error:?}"));
                    }
                    return;
                }
            }
        }
    }

    async fn retry_soon(&self, wait: Duration) {
        sleep(wait.min(RETRY_PAUSE * 10)).await;
        self.connection.reconnect_now();
    }

    fn is_overdue(&mut self) -> bool {
        if self.deadline.is_none() && *self.stop.borrow() {
            self.deadline = Some(Instant::now() + LAST_TRIES);
        }
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}
