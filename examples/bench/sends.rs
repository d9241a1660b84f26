//! How many messages a second the server takes, acknowledged after the commit, beside a bare writer of the same statements.
//!
//! For each number of outstanding messages the server and a bare program take turns, on the embedded
//! store and, where MariaDB or MySQL is installed, on a private one. The bare program runs the statements of a transaction of
//! ours (lock the head, look the client ids and the sender's rights up, insert the rows, note the transaction, write the head,
//! commit) for that many messages, at most 256 per transaction; it talks to nobody. `--instances` measures two instances
//! against one instead.

mod bare_mysql;
mod bare_sqlite;
mod generator;
mod served;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use syncspace_examples::machine;

use self::served::Measured;
pub(crate) use self::served::{Place, has_mysql};

/// Share of the bare writer's rate that the design wants, at 64 and at 1,024 outstanding.
const GOAL_RATIO: f64 = 0.8;

/// Length of each message, in bytes.
const CONTENT_BYTES: usize = 100;

/// Most rows in one transaction, of the server and of the bare writer.
const BATCH_ROWS_MAX: usize = 256;

/// Measures durable sends.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Pairs of measurements for each number of outstanding messages.
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Length of one measurement, in milliseconds.
    #[arg(long, default_value_t = 1_000)]
    duration_ms: u64,
    /// Numbers of outstanding messages.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256, 1_024])]
    outstanding: Vec<usize>,
    /// Which databases: `sqlite`, `mysql`; both by default.
    #[arg(long, value_delimiter = ',', default_values_t = ["sqlite".to_owned(), "mysql".to_owned()])]
    stores: Vec<String>,
    /// Measure two instances against one, on one database and one Redis.
    #[arg(long)]
    instances: bool,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    ensure!(arguments.pairs > 0, "at least one pair is needed");
    let this = std::env::current_exe().context("where this program is")?;
    let beside =
        this.parent().and_then(std::path::Path::parent).context("this program lies in a folder of its build")?;
    let server = arguments.programs.clone().unwrap_or_else(|| beside.to_owned()).join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());

    println!("{}", machine());
    if arguments.instances {
        return compare_instances(&server, &arguments).await;
    }
    for store in &arguments.stores {
        match store.as_str() {
            "sqlite" => compare_with_bare(&server, &arguments, Place::Embedded).await?,
            "mysql" if served::has_mysql() => compare_with_bare(&server, &arguments, Place::Mysql).await?,
            "mysql" => println!("\nMariaDB or MySQL is not installed: not measured"),
            other => anyhow::bail!("there is no store {other}: sqlite, mysql"),
        }
    }
    Ok(())
}

async fn compare_with_bare(server: &std::path::Path, arguments: &Arguments, place: Place) -> anyhow::Result<()> {
    let length = Duration::from_millis(arguments.duration_ms);
    println!();
    println!(
        "durable sends in one channel on {place}, {} pairs of {length:?}: messages per second, median (least to most)",
        arguments.pairs
    );
    println!("µs are processor time per message; the receivers of the acknowledgements follow no stream");
    println!(
        "{:>12} {:>26} {:>26} {:>6}  {:<6} {:>9} {:>12}",
        "outstanding", "server", "bare writer", "ratio", "goal", "server µs", "generator µs"
    );
    for &outstanding in &arguments.outstanding {
        let mut served = Vec::new();
        let mut bare = Vec::new();
        for _ in 0..arguments.pairs {
            served.push(served::measure(server, place, outstanding, length).await?);
            bare.push(bare_rate(place, outstanding, length).await?);
        }
        let (rates, bare) = (Spread::of(served.iter().map(Measured::rate)), Spread::of(bare));
        let cost = |cost: fn(&Measured) -> f64| Spread::of(served.iter().map(cost)).median;
        let (server_us, generator_us) = (cost(Measured::server_us), cost(Measured::generator_us));
        let ratio = rates.median / bare.median;
        let goal = if outstanding == 64 || outstanding >= 1_024 { format!(">={GOAL_RATIO}") } else { String::new() };
        println!(
            "{outstanding:>12} {rates:>26} {bare:>26} {ratio:>6.2}  {goal:<6} {server_us:>9.1} {generator_us:>12.1}"
        );
    }
    Ok(())
}

/// Gives how many rows a second the bare writer commits, so many in each transaction.
pub(crate) async fn bare_rate(place: Place, rows: usize, length: Duration) -> anyhow::Result<f64> {
    match place {
        Place::Embedded => bare_sqlite::measure(rows, length),
        Place::Mysql => bare_mysql::measure(rows, length).await,
    }
}

async fn compare_instances(server: &std::path::Path, arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(served::has_mysql() && served::has_redis(), "two instances need MariaDB or MySQL, and Redis: install both");
    let length = Duration::from_millis(arguments.duration_ms);
    println!();
    println!(
        "durable sends on MariaDB or MySQL with Redis, {} rounds of {length:?}: messages per second, median (least to most)",
        arguments.pairs
    );
    println!("{:>12} {:>9} {:>26} {:>26} {:>6}", "outstanding", "channels", "one instance", "two instances", "ratio");
    for &outstanding in arguments.outstanding.iter().filter(|&&outstanding| outstanding >= 2) {
        for channels in [1, 2] {
            let mut rates = [Vec::new(), Vec::new()];
            for _ in 0..arguments.pairs {
                for (instances, rates) in (1..).zip(&mut rates) {
                    let arrangement = served::Arrangement { instances, channels, outstanding };
                    rates.push(served::measure_instances(server, arrangement, length).await?.rate());
                }
            }
            let [one, two] = rates.map(Spread::of);
            let ratio = two.median / one.median;
            println!("{outstanding:>12} {channels:>9} {one:>26} {two:>26} {ratio:>6.2}");
        }
    }
    Ok(())
}

struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{:.0} ({:.0} to {:.0})", self.median, self.least, self.most))
    }
}
