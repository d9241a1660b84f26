//! What the server spends on each delivery of a message to everybody in a channel, beside a bare broadcaster.
//!
//! Everybody is connected; one of them sends, all others and the sender receive. The bare broadcaster is
//! a tokio-tungstenite server with 4 KiB buffers: one task and one queue per socket, shared bytes, several frames per flush
//! where several wait. It stores nothing and checks nothing, and its texts are as long as the server's events. Figures are
//! processor time of the server process, user and system, so the loopback network is part of both.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use futures_util::{SinkExt as _, StreamExt as _};
use syncspace_examples::{
    Community, Crowd, Plan, RawSocket, Running, Spread, machine, raise_file_limit, server_command, text_frame,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};

/// Processor time per delivery that the design allows, as a multiple of the bare broadcaster's.
const GOAL_RATIO: f64 = 1.2;

/// Length of each message, in bytes.
const CONTENT_BYTES: usize = 100;

/// Frames that wait for one socket of the bare broadcaster.
const BARE_QUEUE: usize = 4_096;

/// Measures the processor time of deliveries.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Numbers of members.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    members: Vec<usize>,
    /// Pairs of measurements for each number of members and each rate.
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Is the bare broadcaster.
    #[arg(long, hide = true)]
    bare: bool,
}

/// How messages follow each other.
#[derive(Debug, Clone, Copy)]
struct Pace {
    name: &'static str,
    pause: Duration,
    messages: u32,
}

/// Gives an idle channel and a busy one of this size: single messages long after each other, and many a second.
fn paces(members: usize) -> [Pace; 2] {
    let pace = |name, pause_us, messages| Pace { name, pause: Duration::from_micros(pause_us), messages };
    match members {
        0..=300 => [pace("idle", 20_000, 60), pace("busy", 1_000, 1_000)],
        301..=3_000 => [pace("idle", 100_000, 15), pace("busy", 2_500, 400)],
        _ => [pace("idle", 600_000, 3), pace("busy", 10_000, 60)],
    }
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.bare {
        return run_bare().await;
    }
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let server = arguments.programs.unwrap_or_else(|| beside.to_owned()).join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());
    ensure!(arguments.pairs > 0, "at least one pair is needed");
    let most = arguments.members.iter().copied().max().context("at least one number of members is needed")?;
    raise_file_limit(2 * most + 1_000)?;

    println!("{}", machine());
    println!();
    println!(
        "processor time of the server per delivery, microseconds, {} pairs, median (least to most)",
        arguments.pairs
    );
    println!("{:>8} {:>16} {:>24} {:>24} {:>6}  goal", "members", "messages/s", "server", "bare broadcaster", "ratio");
    for &members in &arguments.members {
        let mut own = start_own(&server, members).await?;
        let mut bare = start_bare(&this, members, own.event_bytes).await?;
        for pace in paces(members) {
            let mut times = [Vec::new(), Vec::new()];
            for _ in 0..arguments.pairs {
                times[0].push(own.measure(pace).await?);
                times[1].push(bare.measure(pace).await?);
            }
            let [own, bare] = times.map(Spread::of);
            let rate = format!("{} {:.0}", pace.name, 1.0 / pace.pause.as_secs_f64());
            let ratio = own.median / bare.median;
            println!("{members:>8} {rate:>16} {own:>24} {bare:>24} {ratio:>6.2}  <= {GOAL_RATIO}");
        }
    }
    Ok(())
}

/// A server with everybody connected to it.
struct Hall {
    running: Running,
    crowd: Crowd,
    sender: RawSocket,
    /// What the sender sends, and in what it numbers its frames.
    request: Request,
    sent: u32,
    members: usize,
    event_bytes: usize,
    _data: Option<tempfile::TempDir>,
}

enum Request {
    Send { channel: u64 },
    Text(Vec<u8>),
}

impl Request {
    fn frame(&self, number: u32) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Send { channel } => {
                let content = "x".repeat(CONTENT_BYTES);
                text_frame(&format!(
                    "{{\"id\":{number},\"op\":\"send\",\"channel_id\":{channel},\"content\":\"{content}\",\"client_id\":\"bench-{number}\"}}"
                ))
            }
            Self::Text(frame) => Ok(frame.clone()),
        }
    }
}

impl Hall {
    /// Gives the processor time per delivery, in microseconds.
    async fn measure(&mut self, pace: Pace) -> anyhow::Result<f64> {
        let deliveries = u64::from(pace.messages) * u64::try_from(self.members)?;
        let goal = self.crowd.received() + deliveries;
        let before = self.running.processor_time()?;
        let started = Instant::now();
        for number in 0..pace.messages {
            tokio::time::sleep_until((started + pace.pause * number).into()).await;
            self.send().await?;
        }
        self.crowd.wait_for(goal).await?;
        let spent = self.running.processor_time()?.since(&before);
        ensure!(self.crowd.received() == goal, "{} frames more than there are", self.crowd.received() - goal);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(deliveries)?))
    }

    /// Sends one message; its sender takes what came for it meanwhile, as it would otherwise count as slow.
    async fn send(&mut self) -> anyhow::Result<()> {
        self.sent += 1;
        let frame = self.request.frame(self.sent)?;
        self.sender.send(&frame).await?;
        while let Ok(taken) = tokio::time::timeout(Duration::ZERO, self.sender.take(|_| ())).await {
            taken?;
        }
        Ok(())
    }
}

async fn start_own(server: &Path, members: usize) -> anyhow::Result<Hall> {
    let data = tempfile::tempdir()?;
    let mut command = server_command(server, data.path());
    command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--login-attempts-per-minute", "0"]);
    command.args(["--log-filter", "warn"]);
    let running = Running::start(&mut command)?;
    running.wait_until_ready()?;
    let plan = Plan { people: members, channels: 1, channels_each: 1 };
    let community = Community::found(&running.address, data.path(), plan).await?;
    let tokens: Vec<_> = community.tokens.into_iter().map(Some).collect();
    let lengths = Arc::new(Mutex::new(0));
    let crowd = Crowd::gather(&running.address, &tokens, |place| {
        let lengths = Arc::clone(&lengths);
        move |text: &[u8]| {
            if place == 0 {
                *lengths.lock().unwrap_or_else(PoisonError::into_inner) = text.len();
            }
        }
    })
    .await?;
    let sender = RawSocket::connect(&running.address, Some(&community.owner_token)).await?;
    crowd.settle().await;
    let channel = community.channels.first().context("there is a channel")?.get();
    let mut hall = Hall {
        running,
        crowd,
        sender,
        request: Request::Send { channel },
        sent: 0,
        members,
        event_bytes: 0,
        _data: Some(data),
    };
    hall.measure(Pace { name: "warm", pause: Duration::from_millis(100), messages: 2 }).await?;
    hall.event_bytes = *lengths.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(hall)
}

async fn start_bare(this: &Path, members: usize, event_bytes: usize) -> anyhow::Result<Hall> {
    let running = Running::start(Command::new(this).args(["fanout", "--bare"]))?;
    let crowd = Crowd::gather(&running.address, &vec![None; members], |_| |_: &[u8]| ()).await?;
    let sender = RawSocket::connect(&running.address, None).await?;
    let request = Request::Text(text_frame(&"x".repeat(event_bytes))?);
    let mut hall = Hall { running, crowd, sender, request, sent: 0, members, event_bytes, _data: None };
    hall.measure(Pace { name: "warm", pause: Duration::from_millis(100), messages: 2 }).await?;
    Ok(hall)
}

type Queues = Arc<Mutex<Vec<mpsc::Sender<Message>>>>;

/// Hands every text that comes to every socket, also to its sender.
async fn run_bare() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let queues = Queues::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve_bare(stream, Arc::clone(&queues)));
    }
}

async fn serve_bare(stream: TcpStream, queues: Queues) -> anyhow::Result<()> {
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(4 * 1024);
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
    let (queue, mut messages) = mpsc::channel(BARE_QUEUE);
    queues.lock().unwrap_or_else(PoisonError::into_inner).push(queue);
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            _ = messages.recv_many(&mut batch, 64) => {
                for message in batch.drain(..) {
                    socket.feed(message).await?;
                }
                socket.flush().await?;
            }
            message = socket.next() => {
                let message = message.context("the peer is gone")??;
                if message.is_text() {
                    for queue in queues.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                        // A full queue is a lost message; the benchmark then says so.
                        drop(queue.try_send(message.clone()));
                    }
                }
            }
        }
    }
}
