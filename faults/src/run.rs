//! A run: people write and read, faults strike one after the other, everything settles, and the history is judged.

use std::collections::BTreeMap;
use std::fmt;

use syncspace_client::ClientError;
use syncspace_protocol::{ChannelId, Rev, StreamId};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep};

use crate::cluster::{Cluster, Store};
use crate::fault::Fault;
use crate::history::{Count, History, Log, Verdict, check};
use crate::people::{Device, Person, Place, Read, Revs, Writer, Written, whole_log};

/// How a run is made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it is made on.
    pub store: Store,
    /// Chooses faults, times and messages.
    pub seed: u64,
    /// How many faults strike.
    pub faults: usize,
    /// Which kinds; none means every kind that can strike this store.
    pub kinds: Vec<Fault>,
    /// Pause between two faults, at least; twice as long at most.
    pub pause: Duration,
    /// `FAILPOINTS` of every server from the start, to plant a defect.
    pub planted: String,
    /// Longest wait for every reader to have everything, after the last fault.
    pub settle: Duration,
    /// Tells each fault on standard error as it strikes.
    pub is_talkative: bool,
}

impl Plan {
    /// Plans a run with every kind of fault.
    #[must_use]
    pub const fn new(store: Store, seed: u64, faults: usize) -> Self {
        Self {
            store,
            seed,
            faults,
            kinds: Vec::new(),
            pause: Duration::from_millis(600),
            planted: String::new(),
            settle: Duration::from_secs(90),
            is_talkative: false,
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// Chose everything.
    pub seed: u64,
    /// What was made on what.
    pub store: Store,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, usize>,
    /// Messages that were tried.
    pub tried: usize,
    /// Edits and deletions that were tried.
    pub changes: usize,
    /// Tries that failed and were made again.
    pub repeats: usize,
    /// Connections that were lost.
    pub disconnects: usize,
    /// Pages in which readers were given what they had missed.
    pub pages: usize,
    /// Logs that a reader had to read again as a whole.
    pub rereads: usize,
    /// Readers.
    pub readers: usize,
    /// Length of the run up to the last fault, and from there until everybody had everything.
    pub lengths: [Duration; 2],
    /// The judgement.
    pub verdict: Verdict,
    /// The last words of each server, where something was found.
    pub outputs: Vec<String>,
}

/// People who write.
const WRITERS: u32 = 4;
/// Channels; the first one takes neither replies nor changes.
const CHANNELS: usize = 3;
/// Mean pause of a writer between two bursts.
const WRITER_PAUSE: Duration = Duration::from_millis(180);
const LOOK: Duration = Duration::from_millis(200);
/// Longest wait for people to come to an end.
const END_WAIT: Duration = Duration::from_secs(120);

/// Makes a run and judges it.
pub async fn run(plan: &Plan) -> Report {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut cluster = Cluster::start(plan.store, &plan.planted).await;
    let mut crowd = Crowd::gather(&cluster.url(), &mut random).await;
    let started = Instant::now();
    let faults = disturb(plan, &mut cluster, &mut random).await;
    let disturbed = started.elapsed();
    cluster.settle().await;
    let written = crowd.stop_writing().await;
    let heads = crowd.wait_until_all_is_read(plan.settle).await;
    let settled = started.elapsed().saturating_sub(disturbed);
    let read = crowd.stop_reading().await;
    let mut report = Report {
        seed: plan.seed,
        store: plan.store,
        faults,
        tried: written.iter().map(|written| written.sends.len()).sum(),
        changes: written.iter().map(|written| written.changes.len()).sum(),
        repeats: written.iter().map(|written| written.repeats).sum(),
        disconnects: written.iter().map(|written| written.disconnects).sum::<usize>()
            + read.iter().map(|read| read.disconnects).sum::<usize>(),
        pages: read.iter().map(|read| read.pages).sum(),
        rereads: read.iter().map(|read| read.rereads).sum(),
        readers: read.len(),
        lengths: [disturbed, settled],
        verdict: Verdict::default(),
        outputs: Vec::new(),
    };
    let history = crowd.history(written, read, heads).await;
    report.verdict = check(&history);
    if !report.verdict.is_good() {
        let processes = cluster.servers.iter().filter_map(|server| server.process.as_ref());
        report.outputs = processes.map(|process| process.output()).collect();
    }
    report
}

/// Lets the faults strike. Each kind once before any comes again, in an order that the seed gives.
async fn disturb(plan: &Plan, cluster: &mut Cluster, random: &mut fastrand::Rng) -> BTreeMap<Fault, usize> {
    let kinds = if plan.kinds.is_empty() { Fault::all(plan.store) } else { plan.kinds.clone() };
    let mut struck = BTreeMap::new();
    let mut bag = Vec::new();
    pause(plan, random).await;
    for number in 1..=plan.faults {
        if bag.is_empty() {
            bag.clone_from(&kinds);
            random.shuffle(&mut bag);
        }
        let Some(fault) = bag.pop() else { break };
        let began = Instant::now();
        let fault = fault.strike(cluster, random).await;
        if plan.is_talkative {
            tell(&format!("{number}/{}: {fault} ({:.1} s)", plan.faults, began.elapsed().as_secs_f64()));
        }
        *struck.entry(fault).or_default() += 1;
        pause(plan, random).await;
    }
    struck
}

async fn pause(plan: &Plan, random: &mut fastrand::Rng) {
    sleep(plan.pause.mul_f64(1.0 + random.f64())).await;
}

#[expect(clippy::print_stderr, reason = "asked for by the plan")]
fn tell(line: &str) {
    eprintln!("{line}");
}

/// Everybody who takes part.
struct Crowd {
    place: Place,
    stop: watch::Sender<bool>,
    end: watch::Sender<bool>,
    writers: Vec<JoinHandle<Written>>,
    devices: Vec<(Person, Revs, JoinHandle<Read>)>,
    refusals: Vec<String>,
}

impl Crowd {
    /// Gathers people: each writes on one device and reads on another, the first one reads on two.
    async fn gather(url: &str, random: &mut fastrand::Rng) -> Self {
        let place = Place::make(url, WRITERS as usize, CHANNELS).await;
        let (stop, end) = (watch::Sender::new(false), watch::Sender::new(false));
        let mut devices = Vec::new();
        for (number, person) in place.people.iter().chain(&place.people[..1]).enumerate() {
            let revs = Revs::default();
            let device = Device {
                name: format!("reader {number}"),
                person: person.clone(),
                channels: place.channels.clone(),
                random: random.fork(),
                revs: revs.clone(),
            };
            let reading = tokio::spawn(device.read(stop.subscribe(), end.subscribe()));
            devices.push((person.clone(), revs, reading));
        }
        let mut writers = Vec::new();
        for (number, person) in (0..WRITERS).zip(&place.people) {
            let writer = Writer {
                number,
                person: person.clone(),
                channels: place.channels.clone(),
                random: random.fork(),
                pause: WRITER_PAUSE,
            };
            writers.push(tokio::spawn(writer.write(stop.subscribe())));
        }
        Self { place, stop, end, writers, devices, refusals: Vec::new() }
    }

    async fn stop_writing(&mut self) -> Vec<Written> {
        self.stop.send_replace(true);
        let mut written = Vec::new();
        for writer in self.writers.drain(..) {
            written.push(joined(writer).await);
        }
        written
    }

    /// Waits until every device has reached the heads, and gives these; after the wait, as they then are.
    async fn wait_until_all_is_read(&mut self, wait: Duration) -> BTreeMap<ChannelId, (u64, u64)> {
        let deadline = Instant::now() + wait;
        loop {
            let read = self.heads().await;
            let is_over = Instant::now() >= deadline;
            match read {
                Ok((heads, mine)) => {
                    let reached = self.devices.iter().zip(&mine).all(|((person, revs, _), mine)| {
                        revs.get(StreamId::Member(person.member)) >= *mine
                            && heads.iter().all(|(channel, head)| revs.get(StreamId::Channel(*channel)).get() == head.1)
                    });
                    if reached || is_over {
                        return heads;
                    }
                }
                Err(error) if is_over => {
                    self.refusals.push(format!("the heads could not be read: {error:?}"));
                    return BTreeMap::new();
                }
                Err(_) => {}
            }
            sleep(LOOK).await;
        }
    }

    /// Reads last seq and rev of every channel, and the rev of the last marker of every device's person.
    async fn heads(&self) -> Result<(BTreeMap<ChannelId, (u64, u64)>, Vec<Rev>), ClientError> {
        let mut heads = BTreeMap::new();
        let mut mine = vec![Rev::ZERO; self.devices.len()];
        for &channel in &self.place.channels {
            for ((person, ..), mine) in self.devices.iter().zip(&mut mine) {
                let channel = person.client.channel(channel).await?;
                heads.insert(channel.channel.id, (channel.head.last_seq.get(), channel.head.last_rev.get()));
                *mine = channel.membership.map_or(*mine, |membership| membership.read.rev.max(*mine));
            }
        }
        Ok((heads, mine))
    }

    async fn stop_reading(&mut self) -> Vec<Read> {
        self.end.send_replace(true);
        let mut read = Vec::new();
        for (person, revs, reading) in std::mem::take(&mut self.devices) {
            read.push(joined(reading).await);
            let nothing = tokio::spawn(std::future::pending());
            nothing.abort();
            self.devices.push((person, revs, nothing));
        }
        read
    }

    /// Puts together what is known, and reads the log and the server's own counts.
    async fn history(self, written: Vec<Written>, read: Vec<Read>, heads: BTreeMap<ChannelId, (u64, u64)>) -> History {
        let mut history = History { refusals: self.refusals, ..History::default() };
        for written in written {
            history.sends.extend(written.sends);
            history.changes.extend(written.changes);
            history.refusals.extend(written.refusals);
        }
        for read in read {
            history.readers.push(read.reader);
            history.counts.extend(read.counts);
            history.refusals.extend(read.refusals);
        }
        for &channel in &self.place.channels {
            let client = &self.place.people[0].client;
            match patiently(|| whole_log(client, channel)).await {
                Ok((_, rows)) => {
                    let (last_seq, last_rev) = heads.get(&channel).copied().unwrap_or_default();
                    history.logs.insert(channel, Log { rows, last_seq, last_rev });
                }
                Err(error) => history.refusals.push(format!("c{channel} could not be read: {error:?}")),
            }
            for person in &self.place.people {
                let Ok(mine) = patiently(|| person.client.channel(channel)).await else { continue };
                let Some(membership) = mine.membership else { continue };
                history.counts.push(Count {
                    source: format!("the server for {}", person.id),
                    reader: person.id,
                    channel,
                    last_read_seq: membership.read.last_read_seq,
                    unread: membership.read.unread_count,
                });
            }
        }
        history
    }
}

/// Repeats a request: the first ones after a fault may meet connections that it has ended.
async fn patiently<T, F: Future<Output = Result<T, ClientError>>>(request: impl Fn() -> F) -> Result<T, ClientError> {
    for _ in 0..20 {
        if let Ok(answer) = request().await {
            return Ok(answer);
        }
        sleep(LOOK).await;
    }
    request().await
}

async fn joined<T>(task: JoinHandle<T>) -> T {
    match tokio::time::timeout(END_WAIT, task).await {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        Err(_) => panic!("somebody in the run does not come to an end"),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [disturbed, settled] = self.lengths.map(|length| length.as_secs_f64());
        let total: usize = self.faults.values().sum();
        writeln!(
            f,
            "seed {}, {:?}: {total} faults in {disturbed:.0} s, settled in {settled:.1} s",
            self.seed, self.store
        )?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {count:>4} {fault}")?;
        }
        let Verdict { logged, acknowledged, shown, .. } = self.verdict;
        writeln!(
            f,
            "{} messages tried, {acknowledged} acknowledged, {logged} in the log, {shown} shown to {} readers",
            self.tried, self.readers
        )?;
        writeln!(
            f,
            "{} changes, {} repeats, {} connections lost, {} pages of missed changes, {} logs read again",
            self.changes, self.repeats, self.disconnects, self.pages, self.rereads
        )?;
        write!(f, "{}", self.verdict)?;
        for output in &self.outputs {
            write!(f, "\n--- a server wrote last:\n{output}")?;
        }
        Ok(())
    }
}
