//! A device of a person: it hears what its connection brings, and counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use syncspace_client::{Client, ConnectOptions, Connection, ThreadBook, ThreadKey, Unread, UnreadBook, Update};
use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::messages::{MessageQuery, Thread};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::{ChannelId, Rev, StreamId, TeamId, UserId};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world::PATIENCE;

/// Most threads asked about at the same time.
const THREADS_AT_ONCE: usize = 4;

pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) connection: Connection,
    pub(crate) me: UserId,
    heard: Arc<Heard>,
    member: StreamId,
    _tasks: JoinSet<()>,
}

struct Heard {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    book: UnreadBook,
    threads: ThreadBook,
    /// How far each followed stream was heard.
    revs: BTreeMap<StreamId, Rev>,
    /// How often the person came into a channel, in which it may have threads.
    entered: u32,
    /// How often it had, when all threads were last read.
    threads_read_at: u32,
}

impl Device {
    /// Reads how things are, and follows them from there.
    pub(crate) async fn start(client: Client, team: TeamId) -> Self {
        let me = client.credentials().expect("a login").user_id;
        let mine = client.team(team).await.expect("a team").membership.expect("a membership");
        let member = StreamId::Member(mine.member_id);
        let mut revs = BTreeMap::from([(member, head(&client, member).await)]);
        let mut book = UnreadBook::new(me);
        for channel in client.all_channels(team).await.expect("channels") {
            if let Some(membership) = channel.membership {
                book.put(channel.channel.id, membership.read);
                revs.insert(StreamId::Channel(channel.channel.id), channel.head.last_rev);
            }
        }
        let mut threads = ThreadBook::new(me);
        for thread in client.all_my_threads(team).await.expect("threads") {
            threads.put(thread.membership);
        }
        let (connection, updates) = client.connect(ConnectOptions { resume: revs.clone(), epoch: None });
        let heard = Arc::new(Heard {
            state: Mutex::new(State { book, threads, revs, entered: 0, threads_read_at: 0 }),
            changed: Notify::new(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(hear(heard.clone(), updates, client.clone(), connection.clone()));
        tasks.spawn(keep_threads(heard.clone(), client.clone(), team));
        Self { client, connection, me, heard, member, _tasks: tasks }
    }

    pub(crate) fn unread(&self, channel: ChannelId) -> Option<Unread> {
        self.heard.state.lock().expect("unbroken").book.unread(channel)
    }

    /// Gives the followed threads with what is unread in each.
    pub(crate) fn threads(&self) -> BTreeMap<ThreadKey, Option<Unread>> {
        let state = self.heard.state.lock().expect("unbroken");
        state.threads.followed().map(|thread| (thread, state.threads.unread(thread))).collect()
    }

    pub(crate) fn marker(&self, channel: ChannelId) -> Option<ReadMarker> {
        self.heard.state.lock().expect("unbroken").book.marker(channel)
    }

    /// Waits until everything was heard that the database has, and every number is sure.
    pub(crate) async fn wait_until_level(&self) {
        self.connection.reconnect_now();
        let level = async {
            while !self.is_level().await {
                // Something is heard or asked all the time while it is not level; a lost race is looked at again.
                drop(timeout(std::time::Duration::from_millis(20), self.heard.changed.notified()).await);
            }
        };
        let waited = timeout(PATIENCE, level).await;
        assert!(waited.is_ok(), "not level: {:?}", self.heard.state.lock().expect("unbroken").revs);
    }

    async fn is_level(&self) -> bool {
        let member_head = head(&self.client, self.member).await;
        let streams: Vec<StreamId> = self.heard.state.lock().expect("unbroken").revs.keys().copied().collect();
        let mut heads = vec![(self.member, member_head)];
        for stream in streams.into_iter().filter(|stream| matches!(stream, StreamId::Channel(_))) {
            heads.push((stream, head(&self.client, stream).await));
        }
        let state = self.heard.state.lock().expect("unbroken");
        let is_heard = |(stream, head): &(StreamId, Rev)| state.revs.get(stream).is_none_or(|rev| rev >= head);
        heads.iter().all(is_heard)
            && state.book.unsure().next().is_none()
            && state.threads.unsure().next().is_none()
            && state.entered == state.threads_read_at
    }
}

/// Gives the newest rev of a stream.
async fn head(client: &Client, stream: StreamId) -> Rev {
    let query = ChangesQuery { after: Rev::ZERO, limit: Some(1) };
    client.changes(stream, query).await.expect("changes").head_rev
}

async fn hear(heard: Arc<Heard>, mut updates: mpsc::Receiver<Update>, client: Client, connection: Connection) {
    let mut asking = JoinSet::new();
    while let Some(update) = updates.recv().await {
        if let Update::Event(event) = update {
            take(&heard, &event, &client, &connection).await;
        }
        let unsure: Vec<ChannelId> = heard.state.lock().expect("unbroken").book.unsure().collect();
        for channel in unsure {
            let (heard, connection) = (heard.clone(), connection.clone());
            asking.spawn(async move {
                if let Ok(read) = connection.marker(channel).await {
                    heard.state.lock().expect("unbroken").book.put(channel, read);
                    heard.changed.notify_waiters();
                }
            });
        }
        heard.changed.notify_waiters();
    }
}

/// Asks about the threads that the book is not sure of, a few at a time; about all of them after coming into a channel.
async fn keep_threads(heard: Arc<Heard>, client: Client, team: TeamId) {
    loop {
        let (unsure, entered, read_at) = {
            let state = heard.state.lock().expect("unbroken");
            let unsure: Vec<_> = state.threads.unsure().take(THREADS_AT_ONCE).collect();
            (unsure, state.entered, state.threads_read_at)
        };
        if entered > read_at
            && let Ok(threads) = client.all_my_threads(team).await
        {
            let mut state = heard.state.lock().expect("unbroken");
            threads.into_iter().for_each(|thread| state.threads.put(thread.membership));
            state.threads_read_at = entered;
        }
        let is_idle = unsure.is_empty();
        join_all(unsure.into_iter().map(|thread| ask_thread(&heard, &client, thread))).await;
        heard.changed.notify_waiters();
        if is_idle {
            drop(timeout(std::time::Duration::from_millis(20), heard.changed.notified()).await);
        }
    }
}

async fn ask_thread(heard: &Heard, client: &Client, (channel, root): ThreadKey) {
    let query = MessageQuery { limit: Some(1), ..MessageQuery::default() };
    let answer = client.thread(channel, root, query).await;
    let mut state = heard.state.lock().expect("unbroken");
    match answer {
        Ok(Thread { membership: Some(membership), .. }) => state.threads.put(membership),
        Ok(Thread { rev, .. }) => state.threads.put_stranger(channel, root, rev),
        // Asked again: the line was cut, or there is much to do; where the channel was left, the event that says so comes.
        Err(_) => {}
    }
}

async fn take(heard: &Heard, event: &Event, client: &Client, connection: &Connection) {
    apply(&mut heard.state.lock().expect("unbroken"), event, connection);
    if let (Some(stream), EventBody::StreamReload {}) = (event.stream, &event.body) {
        reload(heard, stream, client, connection).await;
    }
}

fn apply(state: &mut State, event: &Event, connection: &Connection) {
    state.book.take(event);
    state.threads.take(event);
    match (event.stream, &event.body) {
        (Some(stream), EventBody::StreamGone {}) => drop(state.revs.remove(&stream)),
        (Some(stream @ StreamId::Member(_)), body) => {
            state.revs.insert(stream, event.rev.expect("nothing of this stream is without a rev"));
            take_own(state, body, connection);
        }
        (Some(stream), _) => {
            if let (Some(rev), Some(held)) = (event.rev, state.revs.get_mut(&stream)) {
                *held = rev.max(*held);
            }
        }
        (None, _) => {}
    }
}

/// Follows what the person comes into, and lets go of what it leaves.
fn take_own(state: &mut State, body: &EventBody, connection: &Connection) {
    match body {
        EventBody::MyChannelJoined { channel, membership } => {
            state.entered += 1;
            follow(state, channel.id, &membership.read, connection);
        }
        EventBody::MyChannelLeft { channel_id } => unfollow(state, *channel_id, connection),
        EventBody::Changes { items, .. } => {
            for item in items {
                match item {
                    Change::MyChannel { channel, membership } => {
                        state.entered += 1;
                        follow(state, channel.id, &membership.read, connection)
                    }
                    Change::MyChannelGone { channel_id, .. } => unfollow(state, *channel_id, connection),
                    Change::MyThread { .. }
                    | Change::MyScheduled { .. }
                    | Change::MyChannelPreferences { .. }
                    | Change::MyUserMute { .. } => {}
                    other => unreachable!("{other:?}"),
                }
            }
        }
        EventBody::MyRead { .. }
        | EventBody::MyKeywordMentions { .. }
        | EventBody::MyScheduled { .. }
        | EventBody::MyThread { .. }
        | EventBody::MyChannelPreferences { .. }
        | EventBody::MyUserMute { .. }
        | EventBody::Void {} => {}
        other => unreachable!("{other:?}"),
    }
}

fn follow(state: &mut State, channel: ChannelId, read: &ReadMarker, connection: &Connection) {
    let stream = StreamId::Channel(channel);
    state.revs.entry(stream).or_insert_with(|| {
        connection.follow(stream, read.as_of_rev);
        read.as_of_rev
    });
}

fn unfollow(state: &mut State, channel: ChannelId, connection: &Connection) {
    let stream = StreamId::Channel(channel);
    state.revs.remove(&stream);
    connection.unfollow(stream);
}

async fn reload(heard: &Heard, stream: StreamId, client: &Client, connection: &Connection) {
    let StreamId::Channel(channel) = stream else { return };
    let Ok(mine) = client.channel(channel).await else { return };
    let mut state = heard.state.lock().expect("unbroken");
    if let Some(membership) = mine.membership {
        state.book.put(channel, membership.read);
        state.revs.insert(stream, mine.head.last_rev);
        connection.follow(stream, mine.head.last_rev);
    }
}
