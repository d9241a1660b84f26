//! How many messages a second an import brings in, and that all of them are there afterwards, each as it was.
//!
//! An archive with people, channels, threads and reactions is sent by the client library, as the command line does, and shown to
//! its people; then the team is exported, and count and hash of each channel are compared. Beside it a bare program writes as
//! many rows of messages, 256 in each transaction, into the same tables.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use syncspace_client::{Client, Importer};
use syncspace_examples::{Running, machine, server_command, server_program};
use syncspace_protocol::TeamId;
use syncspace_protocol::archive::ArchiveLine;
use syncspace_protocol::imports::{ExportQuery, StartImport};

use super::sends::{Place, bare_rate, has_mysql};

/// What issue and design want, in messages a second.
const GOAL: f64 = 5_000.0;
/// Rows of the bare writer's transactions.
const BARE_ROWS: usize = 256;
/// How long the bare writer writes.
const BARE_LENGTH: Duration = Duration::from_secs(2);
/// People and channels of the archive.
const PEOPLE: u32 = 50;
const CHANNELS: u32 = 20;

/// Signs the tokens of a server on MySQL.
const SECRET: &str = "a signing secret for a benchmark";
const PASSWORD: &str = "a long password";

/// Measures imports.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Messages of the archive.
    #[arg(long, default_value_t = 100_000)]
    messages: u32,
    /// How often it is imported, each time into a new server.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Which databases: `sqlite`, `mysql`; both by default.
    #[arg(long, value_delimiter = ',', default_values_t = ["sqlite".to_owned(), "mysql".to_owned()])]
    stores: Vec<String>,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let server = server_program(arguments.programs)?;
    println!("{}", machine());
    for store in &arguments.stores {
        let place = match store.as_str() {
            "sqlite" => Place::Embedded,
            "mysql" if has_mysql() => Place::Mysql,
            "mysql" => {
                println!("\nMariaDB or MySQL is not installed: not measured");
                continue;
            }
            other => anyhow::bail!("there is no store {other}: sqlite, mysql"),
        };
        println!("\n{} messages imported into {place}: messages a second (goal: {GOAL:.0})", arguments.messages);
        println!("{:>10} {:>12} {:>10}", "import", "bare writer", "ratio");
        for _ in 0..arguments.runs {
            let rate = measure(&server, place, arguments.messages).await?;
            let bare = bare_rate(place, BARE_ROWS, BARE_LENGTH).await?;
            println!("{rate:>10.0} {bare:>12.0} {:>10.2}", rate / bare);
        }
        println!("lost, doubled or changed: 0, by count and hash of each channel");
    }
    Ok(())
}

async fn measure(server: &std::path::Path, place: Place, messages: u32) -> anyhow::Result<f64> {
    let data = tempfile::tempdir()?;
    let mut command = server_command(server, data.path());
    command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--log-filter", "warn"]);
    command.env("SYNCSPACE_JWT_SECRET", SECRET);
    let mut create = Command::new(server);
    create.args(["admin", "create", "--username", "root", "--data-dir"]).arg(data.path());
    create.env("SYNCSPACE_JWT_SECRET", SECRET);
    if matches!(place, Place::Mysql) {
        let database = syncspace_testkit::mysql_database().await;
        command.args(["--database", &database]);
        create.args(["--database", &database]);
    }
    // Only who administers the server fills a team, and the first one is made beside it, on either store.
    let password_file = data.path().join("password");
    std::fs::write(&password_file, PASSWORD)?;
    ensure!(
        create.arg("--password-file").arg(password_file).output()?.status.success(),
        "cannot make an administrator"
    );
    let running = Running::start(&mut command)?;
    running.wait_until_ready()?;
    let client = Client::new(format!("http://{}", running.address).parse()?)?;
    client.login(serde_json::from_value(json!({"username": "root", "password": PASSWORD}))?).await?;
    let team = client.create_team(serde_json::from_value(json!({"name": "bench"}))?).await?.team.id;
    let start = json!({"source": "bench", "fingerprint": "0".repeat(64)});
    let start: StartImport = serde_json::from_value(start)?;
    let begun = Instant::now();
    let mut importer = Importer::start(client.clone(), team, &start).await?;
    let mut sent = Sums::default();
    for line in archive(messages) {
        let line: ArchiveLine = serde_json::from_value(line)?;
        sent.add(&line)?;
        importer.push(&line).await?;
    }
    let report = importer.finish().await?;
    let took = begun.elapsed();
    ensure!(report.messages == u64::from(messages), "{} messages were sent", report.messages);
    let found = exported(&client, team).await?;
    ensure!(found == sent, "what was exported is not what was imported");
    running.stop()?;
    Ok(f64::from(messages) / took.as_secs_f64())
}

/// Makes the lines of an archive: every fifth message is a reply, every tenth has reactions.
fn archive(messages: u32) -> impl Iterator<Item = Value> {
    const AT: &str = "2024-04-05T19:34:38.123Z";
    let people = (0..PEOPLE).map(|n| json!({"type": "user", "username": format!("person-{n}"), "role": "member"}));
    let channels = (0..CHANNELS).flat_map(move |channel| {
        let name = format!("channel-{channel}");
        let line = json!({"type": "channel", "key": name, "kind": "public", "name": name, "created_at": AT});
        let member = json!({"type": "member", "channel": name, "user": "person-0", "role": "member"});
        let count = messages / CHANNELS + u32::from(channel < messages % CHANNELS);
        let lines = (1..=count).map(move |number| {
            let mut line = json!({
                "type": "message", "channel": name, "number": number, "sender": format!("person-{}", number % PEOPLE),
                "content": format!("entry {number} of {name}: what was said there at that time, and by whom, and to what end"),
                "created_at": AT,
            });
            if number % 5 == 0 {
                line["parent"] = json!(number - 4);
            }
            if number % 10 == 1 {
                line["reactions"] = json!([{"emoji": "tada", "user": "person-1", "at": AT}]);
            }
            line
        });
        [line, member].into_iter().chain(lines)
    });
    people.chain(channels)
}

/// How many messages each channel has, and a hash over them.
#[derive(Default)]
struct Sums(BTreeMap<String, (u64, Sha256)>);

impl Sums {
    fn add(&mut self, line: &ArchiveLine) -> anyhow::Result<()> {
        if let ArchiveLine::Message(message) = line {
            let (count, hash) = self.0.entry(message.channel.clone()).or_default();
            *count += 1;
            hash.update(serde_json::to_vec(message)?);
        }
        Ok(())
    }
}

impl PartialEq for Sums {
    fn eq(&self, other: &Self) -> bool {
        let sums = |sums: &Self| -> Vec<_> {
            sums.0.iter().map(|(key, (count, hash))| (key.clone(), *count, hash.clone().finalize().to_vec())).collect()
        };
        sums(self) == sums(other)
    }
}

async fn exported(client: &Client, team: TeamId) -> anyhow::Result<Sums> {
    let mut archive = Vec::new();
    client.export_team(team, ExportQuery::default(), &mut archive, |_| {}).await?;
    let mut found = Sums::default();
    for line in archive.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        found.add(&serde_json::from_slice(line)?)?;
    }
    Ok(found)
}
