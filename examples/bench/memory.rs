//! What the server holds for each idle, logged-in connection, beside a bare tokio-tungstenite server with the same buffers.
//!
//! Every connection belongs to another person, who is in 20 channels. Then the same with 120 channels
//! each, which gives the price of a further one. Figures are resident memory of the server process, without the kernel's, and
//! what each connection adds to it after the first thousand, who fill what is shared: the caches of the store, pools, tables.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;
use futures_util::StreamExt as _;
use syncspace_examples::{Community, Crowd, Plan, Running, Spread, machine, raise_file_limit, server_command};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Goals of the design, in bytes.
const OVER_BARE_GOAL: f64 = 3.0 * 1024.0;
const CONNECTION_GOAL: f64 = 10.0 * 1024.0;
const CHANNEL_GOAL: f64 = 16.0;

/// Channels that everybody is in, and how many more for the price of a further one.
const CHANNELS: usize = 20;
const FURTHER_CHANNELS: usize = 100;

/// Connections with which a further channel is measured.
const CHANNEL_CONNECTIONS: usize = 1_000;

/// Connections that come first, and are there while the others are counted.
const FIRST_CONNECTIONS: usize = 1_000;

/// Measures memory per idle connection.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Numbers of connections.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    connections: Vec<usize>,
    /// Pairs of measurements for each number of connections.
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Is the bare server.
    #[arg(long, hide = true)]
    bare: bool,
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
    let most = arguments.connections.iter().copied().max().context("at least one number of connections is needed")?;
    raise_file_limit(FIRST_CONNECTIONS + most + 1_000)?;

    println!("{}", machine());
    println!();
    println!(
        "resident bytes per idle connection in {CHANNELS} channels, {} pairs, median (least to most)",
        arguments.pairs
    );
    println!("{:>12} {:>26} {:>26} {:>10}  goals", "connections", "server", "bare server", "over bare");
    let data = tempfile::tempdir()?;
    let tokens = found(&server, data.path(), FIRST_CONNECTIONS + most, CHANNELS).await?;
    for &connections in &arguments.connections {
        let mut bytes = [Vec::new(), Vec::new()];
        for _ in 0..arguments.pairs {
            let tokens = &tokens[..FIRST_CONNECTIONS + connections];
            bytes[0].push(measure(&mut own_command(&server, data.path()), tokens).await?);
            let nobody = vec![None; FIRST_CONNECTIONS + connections];
            bytes[1].push(measure(Command::new(&this).args(["memory", "--bare"]), &nobody).await?);
        }
        let [own, bare] = bytes.map(Spread::of);
        println!(
            "{connections:>12} {own:>26.0} {bare:>26.0} {:>10.0}  <= {CONNECTION_GOAL} and <= {OVER_BARE_GOAL} over bare",
            own.median - bare.median
        );
    }
    println!();
    measure_further_channels(&server, arguments.pairs).await
}

fn own_command(server: &Path, data: &Path) -> Command {
    let mut command = server_command(server, data);
    command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--login-attempts-per-minute", "0"]);
    command.args(["--log-filter", "warn"]);
    command
}

/// Fills a data directory with people, and gives their access tokens.
async fn found(server: &Path, data: &Path, people: usize, channels: usize) -> anyhow::Result<Vec<Option<String>>> {
    let running = Running::start(&mut own_command(server, data))?;
    running.wait_until_ready()?;
    let plan = Plan { people, channels, channels_each: channels };
    let community = Community::found(&running.address, data, plan).await?;
    running.stop()?;
    Ok(community.tokens.into_iter().map(Some).collect())
}

/// Gives the resident memory that each connection beyond the first ones adds to a server.
async fn measure(command: &mut Command, tokens: &[Option<String>]) -> anyhow::Result<f64> {
    let running = Running::start(command)?;
    let memory = || running.settled_memory()?.context("resident memory is read from Linux's /proc");
    let (first, others) = tokens.split_at(FIRST_CONNECTIONS);
    let first = Crowd::gather(&running.address, first, |_| |_: &[u8]| ()).await?;
    first.settle().await;
    let before = memory()?;
    let crowd = Crowd::gather(&running.address, others, |_| |_: &[u8]| ()).await?;
    crowd.settle().await;
    let after = memory()?;
    drop((first, crowd));
    let added = u32::try_from(after.saturating_sub(before) / 1_024)?;
    Ok(f64::from(added) * 1_024.0 / f64::from(u32::try_from(others.len())?))
}

async fn measure_further_channels(server: &Path, pairs: usize) -> anyhow::Result<()> {
    let (few, many) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let few_tokens = found(server, few.path(), FIRST_CONNECTIONS + CHANNEL_CONNECTIONS, CHANNELS).await?;
    let people = FIRST_CONNECTIONS + CHANNEL_CONNECTIONS;
    let many_tokens = found(server, many.path(), people, CHANNELS + FURTHER_CHANNELS).await?;
    let mut prices = Vec::new();
    for _ in 0..pairs {
        let with_few = measure(&mut own_command(server, few.path()), &few_tokens).await?;
        let with_many = measure(&mut own_command(server, many.path()), &many_tokens).await?;
        prices.push((with_many - with_few) / f64::from(u32::try_from(FURTHER_CHANNELS)?));
    }
    let price = Spread::of(prices);
    println!(
        "resident bytes per further channel of a connection ({CHANNEL_CONNECTIONS} connections, {} channels beside \
         {CHANNELS}): {price:.1}  goal <= {CHANNEL_GOAL}",
        CHANNELS + FURTHER_CHANNELS
    );
    Ok(())
}

/// Upgrades every connection, and reads what comes.
async fn run_bare() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let config = WebSocketConfig::default()
        .read_buffer_size(2 * 1024)
        .write_buffer_size(16 * 1024)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(64 * 1024))
        .max_frame_size(Some(64 * 1024));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
            while let Some(message) = socket.next().await {
                message?;
            }
            anyhow::Ok(())
        });
    }
}
