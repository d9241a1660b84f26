//! Many people in one team of a server on its embedded store, made in a moment.
//!
//! One person is registered the ordinary way; the others are copies of its rows, with its password. The server runs meanwhile.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use syncspace_client::Client;
use syncspace_protocol::{ChannelId, TeamId};

/// Ids of the copies begin here: far beyond what the server gives out itself.
const FIRST_ID: i64 = 1_000_000;

/// Password of everybody.
const PASSWORD: &str = "a long password";

/// Connections that log people in at the same time.
const LOGINS_AT_ONCE: usize = 4;

/// Who shall be there.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// People beside the owner.
    pub people: usize,
    /// Channels, beside the team's own first one.
    pub channels: usize,
    /// How many of the channels each of them is in.
    pub channels_each: usize,
}

/// A team with channels and people.
pub struct Community {
    /// The team.
    pub team: TeamId,
    /// Its channels. Person `n` is in `channels_each` of them, from channel `n` on, round and round.
    pub channels: Vec<ChannelId>,
    /// Access token of the owner, who is in every channel.
    pub owner_token: String,
    /// Access tokens of the people.
    pub tokens: Vec<String>,
}

impl Community {
    /// Makes it on a server with its data in this folder.
    pub async fn found(address: &str, data: &Path, plan: Plan) -> anyhow::Result<Self> {
        ensure!(plan.channels_each <= plan.channels, "more channels each than there are");
        let client = Client::new(format!("http://{address}").parse()?)?;
        let owner = client.register(body(json!({"username": "owner", "password": PASSWORD}))?).await?;
        let team = client.create_team(body(json!({"name": "bench"}))?).await?.team.id;
        let mut channels = Vec::new();
        for number in 0..plan.channels {
            let channel = json!({"kind": "public", "name": format!("channel-{number}")});
            channels.push(client.create_channel(team, body(channel)?).await?.channel.id);
        }
        let (database, ids) = (data.join("syncspace.db"), channels.clone());
        tokio::task::spawn_blocking(move || add_people(&database, team, &ids, plan)).await??;
        let address = address.to_owned();
        let tokens = tokio::task::spawn_blocking(move || log_in(&address, plan.people)).await??;
        Ok(Self { team, channels, owner_token: owner.access_token.0, tokens })
    }

    /// Makes one person with a channel; gives the person's access token and the channel.
    pub async fn found_alone(address: &str) -> anyhow::Result<(String, ChannelId)> {
        let client = Client::new(format!("http://{address}").parse()?)?;
        let owner = client.register(body(json!({"username": "owner", "password": PASSWORD}))?).await?;
        let team = client.create_team(body(json!({"name": "bench"}))?).await?.team.id;
        let channel = client.create_channel(team, body(json!({"kind": "public", "name": "bench"}))?).await?;
        Ok((owner.access_token.0, channel.channel.id))
    }
}

fn body<T: serde::de::DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    serde_json::from_value(value).context("a body of the benchmark")
}

fn add_people(database: &Path, team: TeamId, channels: &[ChannelId], plan: Plan) -> anyhow::Result<()> {
    let mut database = Connection::open(database)?;
    database.busy_timeout(Duration::from_secs(20))?;
    let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut user = transaction.prepare(
            "INSERT INTO users (id, username, username_key, hashed_password, is_active, is_admin, is_online, created_at, \
             updated_at) SELECT ?1, ?2, ?2, hashed_password, 1, 0, 0, created_at, updated_at FROM users WHERE username = 'owner'",
        )?;
        let mut head = transaction
            .prepare("INSERT INTO member_heads (member_id, team_id, last_rev, floor_rev) VALUES (?1, ?2, 0, 0)")?;
        let mut member = transaction.prepare(
            "INSERT INTO team_members (user_id, team_id, member_id, role, joined_at, rev) SELECT ?1, team_id, ?1, 'member', \
             joined_at, rev FROM team_members WHERE team_id = ?2 AND role = 'owner'",
        )?;
        let mut seat = transaction.prepare(
            "INSERT INTO channel_members (user_id, channel_id, team_id, member_id, role, joined_at, last_read_seq, rev, my_rev) \
             VALUES (?1, ?2, ?3, ?1, 'member', '2026-11-22 17:26:21.500', 0, 1, 0)",
        )?;
        let team = i64::try_from(team.get())?;
        for number in 0..plan.people {
            let id = FIRST_ID + i64::try_from(number)?;
            user.execute(params![id, username(number)])?;
            head.execute(params![id, team])?;
            member.execute(params![id, team])?;
            for step in 0..plan.channels_each {
                let channel = channels[(number + step) % channels.len()];
                seat.execute(params![id, i64::try_from(channel.get())?, team])?;
            }
        }
    }
    transaction.commit().context("add people")
}

fn username(number: usize) -> String {
    format!("person-{number}")
}

fn log_in(address: &str, people: usize) -> anyhow::Result<Vec<String>> {
    let share = people.div_ceil(LOGINS_AT_ONCE).max(1);
    let numbers: Vec<usize> = (0..people).collect();
    let threads: Vec<_> = numbers
        .chunks(share)
        .map(|numbers| {
            let (address, numbers) = (address.to_owned(), numbers.to_vec());
            std::thread::spawn(move || log_in_some(&address, &numbers))
        })
        .collect();
    let mut tokens = Vec::with_capacity(people);
    for thread in threads {
        tokens.extend(thread.join().map_err(|_| anyhow::anyhow!("a login thread failed"))??);
    }
    Ok(tokens)
}

/// Logs people in one after the other over one connection.
fn log_in_some(address: &str, numbers: &[usize]) -> anyhow::Result<Vec<String>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
    let mut tokens = Vec::with_capacity(numbers.len());
    for &number in numbers {
        let body = json!({"username": username(number), "password": PASSWORD}).to_string();
        let request = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        writer.write_all(request.as_bytes())?;
        let reply: Value = serde_json::from_slice(&read_reply(&mut reader)?)?;
        let token = reply["access_token"].as_str().with_context(|| format!("no token for a login: {reply}"))?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

fn read_reply(reader: &mut impl BufRead) -> anyhow::Result<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        ensure!(reader.read_line(&mut line)? > 0, "the server ended the connection");
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}
