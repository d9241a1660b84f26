//! Breaks a system of servers, database and Redis again and again while people write and read, and checks what became of it.
//!
//! `make faults` runs it. It ends with failure if anything was lost, doubled, reordered or miscounted.

#![expect(clippy::print_stdout, reason = "a run prints its report")]

use clap::Parser;
use syncspace_faults::{Plan, Store, run};

/// Disturbs a system and checks its history.
#[derive(Parser)]
struct Arguments {
    /// Faults to strike.
    #[arg(long, default_value_t = 200)]
    faults: usize,
    /// Chooses faults, times and messages; a random one by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Servers on MariaDB or MySQL and Redis; 0 means one server on its embedded store.
    #[arg(long, default_value_t = 3)]
    servers: usize,
    /// Defect to plant in every server, as `FAILPOINTS`: `bug::double_insert=return`.
    #[arg(long, default_value = "")]
    plant: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let store = match arguments.servers {
        0 => Store::Embedded,
        servers => Store::Shared { servers },
    };
    let plan = Plan { planted: arguments.plant, is_talkative: true, ..Plan::new(store, seed, arguments.faults) };
    let report = run(&plan).await;
    println!("{report}");
    anyhow::ensure!(report.verdict.is_good(), "the promise was broken; the same faults again: --seed {seed}");
    Ok(())
}
