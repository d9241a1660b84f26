//! A server with channels and messages, and a person with a saved login and a cache.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use syncspace_examples::Running;
use syncspace_examples::population::{Place, channel_id, token, user_id};
use syncspace_protocol::TeamId;
use syncspace_protocol::search::words::{Words, index_word};
use tempfile::TempDir;

use super::seat::Seat;

/// Times of the messages: one each second from here, so that every day has its line.
const TIME: &str = "2026-11-22 17:26:21.500";
/// Words of the messages, by a rough Zipf mix.
const WORDS: usize = 4_000;
/// Stands in one message alone, and in which.
pub(super) const NEEDLE: &str = "needleinit";
pub(super) const NEEDLE_NUMBER: u64 = 7_777;

/// How much there is.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) channels: u64,
    pub(super) people: u64,
    pub(super) messages_each: u64,
    /// Whether each message of the first channel leads to another one of it.
    pub(super) has_links: bool,
}

impl Plan {
    fn text(&self, number: u64) -> String {
        if !self.has_links {
            return text(number);
        }
        format!("syncspace://1/{}/{} {}", channel_id(0), self.linked(number) + 1, text(number))
    }

    /// Gives to which message of the first channel that one leads: anywhere.
    pub(super) fn linked(&self, number: u64) -> u64 {
        fastrand::Rng::with_seed(number).u64(0..self.messages_each)
    }
}

/// The programs that are measured.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    pub(super) client: PathBuf,
    /// This program, which is the bare ones too.
    pub(super) this: PathBuf,
}

/// A server's data, and a person's folder.
pub(super) struct Desk {
    pub(super) plan: Plan,
    place: Place,
    folder: TempDir,
}

impl Desk {
    /// Makes the data; person 0 is in every channel.
    pub(super) async fn new(programs: &Programs, plan: Plan) -> anyhow::Result<Self> {
        let place = Place::embedded()?;
        place.start(&programs.server)?.stop()?;
        let mut rows = place.rows().await?;
        // The second one writes while the first one looks on.
        rows.put_people(plan.channels, plan.people, |number| if number < 2 { 0..plan.channels } else { 0..0 }).await?;
        let texts = (0..plan.channels * plan.messages_each).map(|number| (TIME.to_owned(), plan.text(number)));
        let count = usize::try_from(plan.channels * plan.messages_each)?;
        rows.put_texts(plan.channels, 2, Counted { texts, left: count }).await?;
        rows.run(&format!("UPDATE channel_members SET last_read_seq = {}", plan.messages_each)).await?;
        rows.finish().await?;
        Ok(Self { plan, place, folder: tempfile::tempdir()? })
    }

    /// Marks everything as unread.
    pub(super) async fn forget_reading(&self) -> anyhow::Result<()> {
        let mut rows = self.place.rows().await?;
        rows.run("UPDATE channel_members SET last_read_seq = 0").await?;
        rows.finish().await
    }

    /// Starts the server, and logs the person in.
    pub(super) fn serve(&self, programs: &Programs) -> anyhow::Result<Running> {
        let running = self.place.start(&programs.server)?;
        self.log_in(&running.address)?;
        Ok(running)
    }

    /// Starts the server again where it was.
    pub(super) fn serve_at(&self, programs: &Programs, address: &str) -> anyhow::Result<Running> {
        self.place.start_at(&programs.server, address)
    }

    fn log_in(&self, address: &str) -> anyhow::Result<()> {
        let login = json!({
            "username": "person-0", "user_id": user_id(0), "session_id": 5_000_000, "access_token": token(0)?,
            "refresh_token": "none", "access_token_until": "2098-01-01T00:00:00.000Z",
        });
        let path = self.folder.path().join("credentials.json");
        fs::write(&path, json!({ "version": 1, "servers": { (format!("http://{address}")): login } }).to_string())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(())
    }

    /// Starts the client.
    pub(super) fn sit_down(&self, programs: &Programs) -> anyhow::Result<Seat> {
        Seat::start(&programs.client, &[], self.folder.path())
    }

    /// Gives the file that the client keeps for the person.
    pub(super) fn cache(&self) -> anyhow::Result<PathBuf> {
        let files = fs::read_dir(self.folder.path().join("cache"))?;
        let paths = files.filter_map(|file| Some(file.ok()?.path()));
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "db")).max().context("there is a cache")
    }

    /// Puts every message into the cache, as it would be there after a long time of reading.
    pub(super) fn fill_cache(&self) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.cache()?)?;
        let known: String = connection.query_row("SELECT body FROM messages LIMIT 1", [], |row| row.get(0))?;
        let mut message: Value = serde_json::from_str(&known)?;
        let transaction = connection.transaction()?;
        for number in 0..self.plan.channels * self.plan.messages_each {
            put(&transaction, &mut message, number, self.plan)?;
        }
        transaction.execute("DELETE FROM logs", [])?;
        for number in 0..self.plan.channels {
            let (channel, rev) = (i64::try_from(channel_id(number))?, i64::try_from(self.plan.messages_each)?);
            transaction.execute("INSERT INTO logs (channel_id, rev) VALUES (?1, ?2)", [channel, rev])?;
        }
        transaction.commit()?;
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }

    /// Times the bare query for the word that stands in one message.
    pub(super) fn search(&self, count: usize) -> anyhow::Result<Vec<Duration>> {
        let connection = Connection::open(self.cache()?)?;
        let token = index_word(TeamId::try_from(1)?, NEEDLE);
        let mut times = Vec::new();
        for _ in 0..count {
            let begun = Instant::now();
            let sql = "SELECT body FROM words JOIN messages ON messages.id = words.rowid WHERE words MATCH ?1";
            let body: String = connection.prepare_cached(sql)?.query_row([&token], |row| row.get(0))?;
            ensure!(body.contains(NEEDLE), "another message: {body}");
            times.push(begun.elapsed());
        }
        Ok(times)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Puts message number `number` into the cache, in the form of one that the client wrote itself.
fn put(connection: &Connection, message: &mut Value, number: u64, plan: Plan) -> anyhow::Result<()> {
    let (id, channel, seq) = (10_000_000 + number, channel_id(number % plan.channels), number / plan.channels + 1);
    let content = plan.text(number);
    let words = Words::find(&content).index_texts();
    let team = TeamId::try_from(1)?;
    let tokens: Vec<String> = words.iter().map(|word| index_word(team, word)).collect();
    for (name, value) in [
        ("id", json!(id)),
        ("channel_id", json!(channel)),
        ("seq", json!(seq)),
        ("rev", json!(seq)),
        ("sender_id", json!(user_id(number % 2))),
        ("client_id", json!(id.to_string())),
        ("content", json!(content)),
    ] {
        message[name] = value;
    }
    let (id, channel, seq) = (i64::try_from(id)?, i64::try_from(channel)?, i64::try_from(seq)?);
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO messages (id, channel_id, seq, rev, created_at, body) VALUES (?1, ?2, ?3, ?3, 0, ?4)",
    )?;
    statement.execute(params![id, channel, seq, message.to_string()])?;
    connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([id])?;
    let mut statement = connection.prepare_cached("INSERT INTO words (rowid, tokens) VALUES (?1, ?2)")?;
    statement.execute(params![id, tokens.join(" ")])?;
    Ok(())
}

/// Gives the text of message number `number`: about 85 bytes, the same every time.
pub(super) fn text(number: u64) -> String {
    let mut random = fastrand::Rng::with_seed(number);
    let mut words: Vec<String> = (0..12)
        .map(|_| {
            let span = random.usize(1..WORDS);
            format!("w{}", random.usize(0..span))
        })
        .collect();
    if number == NEEDLE_NUMBER {
        words.push(NEEDLE.to_owned());
    }
    format!("message {number} {}", words.join(" "))
}

/// Texts of which it is known how many they are.
struct Counted<I> {
    texts: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.saturating_sub(1);
        self.texts.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}
