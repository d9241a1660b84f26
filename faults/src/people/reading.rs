//! Somebody who reads on one device: follows every channel, writes down what it is shown, and moves read markers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use syncspace_client::{Client, ClientError, ConnectOptions, Connection, Update};
use syncspace_protocol::channels::{MarkRead, MoveMarker, ReadMarker};
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::messages::MessageQuery;
use syncspace_protocol::socket::{Event as Told, EventBody, Hello};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, Epoch, Rev, Seq, StreamId};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::counting::Counting;
use super::{Person, RETRY_PAUSE, row_of};
use crate::history::{Count, Event, Reader, Row, Seen};

/// Of a hundred messages, those after which the reader moves the marker.
const MARKS_PERCENT: u32 = 4;
/// Of a hundred lost connections, those after which the program is started again with what it has saved.
const RESTARTS_PERCENT: u32 = 25;

/// How far a device has come in each stream; shared with whoever waits for it.
#[derive(Clone, Default)]
pub(crate) struct Revs(Arc<Mutex<BTreeMap<StreamId, Rev>>>);

/// A device on which somebody reads.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) person: Person,
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) random: fastrand::Rng,
    pub(crate) revs: Revs,
}

/// What became of it.
pub(crate) struct Read {
    pub(crate) reader: Reader,
    pub(crate) counts: Vec<Count>,
    pub(crate) refusals: Vec<String>,
    /// How often the connection was lost.
    pub(crate) disconnects: usize,
    /// Pages of missed changes.
    pub(crate) pages: usize,
    /// Logs that had to be read again as a whole.
    pub(crate) rereads: usize,
}

type Marking = BoxFuture<'static, (ChannelId, Result<ReadMarker, ClientError>)>;

struct Reading {
    device: Device,
    connection: Connection,
    updates: mpsc::Receiver<Update>,
    epoch: Option<Epoch>,
    counting: BTreeMap<ChannelId, Counting>,
    newest: BTreeMap<ChannelId, Seq>,
    marking: FuturesUnordered<Marking>,
    read: Read,
}

impl Revs {
    pub(crate) fn get(&self, stream: StreamId) -> Rev {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&stream).copied().unwrap_or(Rev::ZERO)
    }

    fn reach(&self, stream: StreamId, rev: Rev) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stream, rev);
    }

    fn all(&self) -> BTreeMap<StreamId, Rev> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Device {
    /// Reads until `end`; moves no marker any more from `stop` on. Nothing may have been written before.
    pub(crate) async fn read(self, stop: watch::Receiver<bool>, mut end: watch::Receiver<bool>) -> Read {
        let mut counting = BTreeMap::new();
        for &channel in &self.channels {
            let mine = super::done(self.person.client.channel(channel).await);
            let Some(membership) = mine.membership else { panic!("the person is in the channel") };
            counting.insert(channel, Counting::new(self.person.id, membership.read));
            self.revs.reach(StreamId::Channel(channel), Rev::ZERO);
        }
        let options = ConnectOptions { resume: self.revs.all(), epoch: None };
        let (connection, updates) = self.person.client.connect(options);
        let seen = self.channels.iter().map(|&channel| (channel, Vec::new())).collect();
        let reader = Reader { name: self.name.clone(), seen };
        let read = Read { reader, counts: Vec::new(), refusals: Vec::new(), disconnects: 0, pages: 0, rereads: 0 };
        let mut reading = Reading {
            device: self,
            connection,
            updates,
            epoch: None,
            counting,
            newest: BTreeMap::new(),
            marking: FuturesUnordered::new(),
            read,
        };
        loop {
            tokio::select! {
                () = is_set(&mut end) => break,
                update = reading.updates.recv() => match update {
                    Some(update) => {
                        let is_stopping = *stop.borrow();
                        reading.take(update, is_stopping).await;
                    }
                    None => break,
                },
                Some((channel, marked)) = reading.marking.next() => reading.marked(channel, marked),
            }
        }
        reading.finish().await
    }
}

impl Reading {
    async fn take(&mut self, update: Update, is_stopping: bool) {
        match update {
            Update::Connected(hello) => self.connected(&hello),
            Update::Disconnected { .. } => self.disconnected(),
            Update::LoggedOut { reason } => {
                self.read.refusals.push(format!("{} was logged out: {reason}", self.name()))
            }
            Update::Event(event) => match event.stream {
                Some(StreamId::Channel(channel)) => self.told(channel, event, is_stopping).await,
                Some(stream @ StreamId::Member(_)) => self.mine(stream, event),
                _ => {}
            },
            Update::Connecting { .. } => {}
        }
    }

    /// Follows the person's own stream from the first `hello` on: nothing happened in it before.
    fn connected(&mut self, hello: &Hello) {
        self.epoch = Some(hello.epoch.clone());
        let mine = StreamId::Member(self.device.person.member);
        if self.device.revs.get(mine) == Rev::ZERO {
            for team in &hello.teams {
                if team.team.membership.is_some_and(|membership| membership.member_id == self.device.person.member) {
                    self.device.revs.reach(mine, team.member_rev);
                    self.connection.follow(mine, team.member_rev);
                }
            }
        }
    }

    /// Connects again at once, or starts again as a program would that was killed: with the revs it holds, and nothing else.
    fn disconnected(&mut self) {
        self.read.disconnects += 1;
        if self.device.random.u32(..100) < RESTARTS_PERCENT {
            let mut resume = self.device.revs.all();
            resume.retain(|stream, rev| matches!(stream, StreamId::Channel(_)) || *rev > Rev::ZERO);
            let options = ConnectOptions { resume, epoch: self.epoch.clone() };
            (self.connection, self.updates) = self.device.person.client.connect(options);
        } else if self.device.random.bool() {
            self.connection.reconnect_now();
        }
    }

    async fn told(&mut self, channel: ChannelId, event: Told, is_stopping: bool) {
        let stream = StreamId::Channel(channel);
        match event.body {
            EventBody::StreamReload {} => return self.read_again(channel).await,
            EventBody::StreamGone {} => {
                self.shown(channel, Seen::Gone);
                return self.read_again(channel).await;
            }
            _ => {}
        }
        let Some(rev) = event.rev else { return };
        let mut marker = None;
        let seen = match event.body {
            EventBody::Changes { items, after, read, .. } => {
                self.read.pages += 1;
                marker = read;
                Seen::Page { after, rev, rows: items.iter().filter_map(row_in).collect() }
            }
            EventBody::MessageCreated { message, .. } => Seen::Event { rev, event: Event::Created(row_of(&message)) },
            EventBody::MessageUpdated { seq, content, .. } => {
                Seen::Event { rev, event: Event::Edited { seq, content } }
            }
            EventBody::MessageDeleted { seq, .. } => Seen::Event { rev, event: Event::Deleted { seq } },
            _ => Seen::Event { rev, event: Event::Other },
        };
        self.count(channel, &seen);
        if let Some(marker) = marker {
            self.set_marker(channel, marker);
        }
        self.shown(channel, seen);
        self.device.revs.reach(stream, rev);
        if !is_stopping && self.device.random.u32(..100) < MARKS_PERCENT {
            self.mark(channel);
        }
    }

    fn count(&mut self, channel: ChannelId, seen: &Seen) {
        let Some(counting) = self.counting.get_mut(&channel) else { return };
        let rows = match seen {
            Seen::Event { event: Event::Created(row), .. } => std::slice::from_ref(row),
            Seen::Page { rows, .. } | Seen::Reread { rows, .. } => rows,
            Seen::Event { rev, event: Event::Deleted { seq } } => return counting.deletion(*seq, *rev),
            Seen::Event { .. } | Seen::Gone => return,
        };
        for row in rows {
            counting.message(row);
            let newest = self.newest.entry(channel).or_insert(row.seq);
            *newest = row.seq.max(*newest);
        }
    }

    fn shown(&mut self, channel: ChannelId, seen: Seen) {
        self.read.reader.seen.entry(channel).or_default().push(seen);
    }

    /// Takes what happened in the person's own stream.
    fn mine(&mut self, stream: StreamId, event: Told) {
        match event.body {
            EventBody::MyRead { channel_id, read } => self.set_marker(channel_id, read),
            EventBody::Changes { items, .. } => {
                for item in items {
                    if let Change::MyChannel { channel, membership } = item {
                        self.set_marker(channel.id, membership.read);
                    }
                }
            }
            EventBody::StreamReload {} | EventBody::StreamGone {} => {
                self.read.refusals.push(format!("{} lost its own stream", self.name()));
            }
            _ => {}
        }
        if let Some(rev) = event.rev {
            self.device.revs.reach(stream, rev);
        }
    }

    fn set_marker(&mut self, channel: ChannelId, marker: ReadMarker) {
        if let Some(counting) = self.counting.get_mut(&channel) {
            counting.marker(marker);
        }
    }

    /// Moves the marker up to the newest message, or now and then back a little.
    fn mark(&mut self, channel: ChannelId) {
        let Some(newest) = self.newest.get(&channel).copied() else { return };
        let is_back = self.device.random.u32(..100) < 25;
        let back = if is_back { self.device.random.u64(1..40) } else { 0 };
        let seq = Seq::try_from(newest.get().saturating_sub(back)).unwrap_or(newest);
        let mode = if is_back { MoveMarker::Set } else { MoveMarker::Advance };
        let known_rev = self.counting.get(&channel).map(Counting::marker_rev);
        let (connection, mark) = (self.connection.clone(), MarkRead { seq, mode, known_rev });
        self.marking.push(Box::pin(async move { (channel, connection.read(channel, mark).await) }));
    }

    fn marked(&mut self, channel: ChannelId, marked: Result<ReadMarker, ClientError>) {
        match marked {
            Ok(marker) => self.set_marker(channel, marker),
            Err(error) if error.is_transient() => {}
            Err(error) => self.read.refusals.push(format!("{} could not mark c{channel}: {error:?}", self.name())),
        }
    }

    /// Reads the whole log, as a program must that is told to, and follows it from there.
    async fn read_again(&mut self, channel: ChannelId) {
        self.read.rereads += 1;
        let mut tries = 0;
        let (rev, rows) = loop {
            match whole_log(&self.device.person.client, channel).await {
                Ok(read) => break read,
                Err(error) if !error.is_transient() && tries > 20 => {
                    self.read.refusals.push(format!("{} could not read c{channel}: {error:?}", self.name()));
                    return;
                }
                Err(_) => tries += 1,
            }
            sleep(RETRY_PAUSE).await;
        };
        let seen = Seen::Reread { rev, rows };
        self.count(channel, &seen);
        self.shown(channel, seen);
        self.device.revs.reach(StreamId::Channel(channel), rev);
        self.connection.follow(StreamId::Channel(channel), rev);
    }

    async fn finish(mut self) -> Read {
        let name = self.name().to_owned();
        let person = self.device.person.id;
        self.read.counts = self
            .counting
            .iter()
            .map(|(&channel, counting)| Count {
                source: name.clone(),
                reader: person,
                channel,
                last_read_seq: counting.last_read_seq(),
                unread: counting.unread(),
            })
            .collect();
        self.connection.close().await;
        self.read
    }

    fn name(&self) -> &str {
        &self.device.name
    }
}

async fn is_set(signal: &mut watch::Receiver<bool>) {
    // Whoever gave the signal may be gone: that is a signal too.
    drop(signal.wait_for(|signal| *signal).await);
}

fn row_in(change: &Change) -> Option<Row> {
    match change {
        Change::Message { message } => Some(row_of(message)),
        _ => None,
    }
}

/// Reads every message of a channel, and the rev from which later events count.
pub(crate) async fn whole_log(client: &Client, channel: ChannelId) -> Result<(Rev, Vec<Row>), ClientError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut first_rev = None;
    loop {
        let after = rows.last().map_or(Seq::ZERO, |row| row.seq);
        let query = MessageQuery { after: Some(after), limit: Some(PAGE_ITEMS_MAX), ..MessageQuery::default() };
        let page = client.messages(channel, query).await?;
        // Later pages may hold newer messages; what happened to earlier ones since comes as events.
        let rev = *first_rev.get_or_insert(page.rev);
        rows.extend(page.items.iter().map(row_of));
        if page.next.is_none() || page.items.is_empty() {
            return Ok((rev, rows));
        }
    }
}
