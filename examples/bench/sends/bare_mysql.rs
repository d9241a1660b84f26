//! The bare writer on the tables of MariaDB or MySQL.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Row, Value};

use super::{BATCH_ROWS_MAX, CONTENT_BYTES};

const AT: &str = "2026-11-22 17:26:21.500";
const DIGEST: &str = "0123456789abcdef0123456789abcdef";

/// Writes that many rows in each transaction, at most 256, and gives the committed ones per second.
pub(super) async fn measure(outstanding: usize, length: Duration) -> anyhow::Result<f64> {
    let url = syncspace_testkit::mysql_database().await;
    let options = OptsBuilder::from_opts(Opts::from_url(&url)?).prefer_socket(false).tcp_nodelay(true).setup(vec![
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET foreign_key_checks = 0",
    ]);
    let mut connection = Conn::new(options).await?;
    for statement in syncspace_migrations::mysql_steps().iter().flat_map(|step| &step.statements) {
        connection.query_drop(statement).await?;
    }
    for statement in FILL {
        connection.query_drop(statement).await?;
    }
    connection.query_drop("SET foreign_key_checks = 1").await?;
    let content = "x".repeat(CONTENT_BYTES);
    let rows = u32::try_from(outstanding.min(BATCH_ROWS_MAX))?;
    let started = Instant::now();
    let mut committed = 0_u32;
    while started.elapsed() < length {
        write(&mut connection, committed, rows, &content).await?;
        committed += rows;
    }
    let rate = f64::from(committed) / started.elapsed().as_secs_f64();
    connection.disconnect().await?;
    Ok(rate)
}

async fn write(connection: &mut Conn, last: u32, rows: u32, content: &str) -> anyhow::Result<()> {
    connection.query_drop("BEGIN").await?;
    let _head: Vec<Row> = connection.exec(HEAD, (1,)).await?;
    let numbers: Vec<_> = (last + 1..=last + rows).collect();
    let client_id = |number: &u32| format!("s0-{number:024}");
    let mut keys = Vec::new();
    for number in &numbers {
        keys.extend([Value::Int(1), Value::Int(1), Value::from(client_id(number))]);
    }
    // Filled up to a power of two, as the server does.
    let first = keys[..3].to_vec();
    let padded = numbers.len().next_power_of_two();
    for _ in numbers.len()..padded {
        keys.extend_from_slice(&first);
    }
    let by_client_id = format!("{BY_CLIENT_ID}{}", vec![BY_CLIENT_ID_EACH; padded].join(" OR "));
    let found: Vec<Row> = connection.exec(by_client_id, Params::Positional(keys)).await?;
    anyhow::ensure!(found.is_empty(), "a client id is there already");
    let _access: Vec<Row> = connection.exec(ACCESS, (1, 1)).await?;
    let mut left = numbers.as_slice();
    while !left.is_empty() {
        let (now, later) = left.split_at(1 << left.len().ilog2());
        left = later;
        let mut values = Vec::with_capacity(16 * now.len());
        for number in now {
            let name = Value::from(client_id(number));
            let [one, number, at, null] = [Value::Int(1), Value::from(*number), Value::from(AT), Value::NULL];
            values.extend([one.clone(), number.clone(), number.clone(), one.clone(), number.clone(), one]);
            values.extend([Value::from(content), Value::from("text"), null.clone(), null.clone(), null.clone()]);
            values.extend([at.clone(), at, name, null, Value::from(DIGEST)]);
        }
        let insert = format!("{INSERT}{}", vec![INSERT_EACH; now.len()].join(","));
        connection.exec_drop(insert, Params::Positional(values)).await?;
    }
    connection.exec_drop(UPDATE_HEAD, (last + rows, last + rows, 1)).await?;
    connection.exec_drop(NOTE, (format!("{last:032x}"), AT)).await?;
    connection.query_drop("COMMIT").await?;
    Ok(())
}

const FILL: [&str; 5] = [
    "INSERT INTO teams (id, name, is_public, created_by, created_at, updated_at, rev) VALUES (1, 'bench', 0, 1, \
     '2026-11-22 17:26:21.500', '2026-11-22 17:26:21.500', 1)",
    "INSERT INTO team_members (user_id, team_id, member_id, role, joined_at, rev) VALUES (1, 1, 1, 'owner', \
     '2026-11-22 17:26:21.500', 1)",
    "INSERT INTO channels (id, team_id, kind, name, is_private, created_by, created_at, updated_at, rev) VALUES (1, 1, \
     'public', 'bench', 0, 1, '2026-11-22 17:26:21.500', '2026-11-22 17:26:21.500', 1)",
    "INSERT INTO channel_members (user_id, channel_id, team_id, member_id, role, joined_at, last_read_seq, rev, my_rev) \
     VALUES (1, 1, 1, 1, 'admin', '2026-11-22 17:26:21.500', 0, 1, 1)",
    "INSERT INTO channel_heads (channel_id, team_id, last_seq, last_rev, floor_seq, floor_rev) VALUES (1, 1, 0, 0, 0, 0)",
];
const HEAD: &str = "SELECT channel_id, team_id, last_rev, floor_rev, last_seq, floor_seq FROM channel_heads \
     WHERE channel_id IN (?) ORDER BY channel_id FOR UPDATE";
const BY_CLIENT_ID: &str = "SELECT id, channel_id, seq, rev, sender_id, content, message_type, file_url, parent_message_id, parent_seq, reply_count, \
     last_reply_at, is_edited, edited_at, deleted_at, created_at, updated_at, client_id, mentions, client_digest FROM messages \
     WHERE ";
const BY_CLIENT_ID_EACH: &str = "(channel_id = ? AND sender_id = ? AND client_id = ?)";
const ACCESS: &str = "SELECT STRAIGHT_JOIN k.channel_id, k.user_id, c.team_id, t.is_public, tm.member_id, tm.role, tm.joined_at, \
     c.kind, c.archived_at, cm.role FROM (SELECT CAST(? AS SIGNED) AS channel_id, CAST(? AS SIGNED) AS user_id) k \
     JOIN channels c ON c.id = k.channel_id AND c.deleted_at IS NULL \
     JOIN teams t ON t.id = c.team_id AND t.deleted_at IS NULL \
     LEFT JOIN team_members tm ON tm.team_id = c.team_id AND tm.user_id = k.user_id AND tm.left_at IS NULL \
     LEFT JOIN channel_members cm ON cm.channel_id = c.id AND cm.user_id = k.user_id AND cm.left_at IS NULL";
const INSERT: &str = "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
     parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
     updated_at, client_id, mentions, client_digest) VALUES ";
const INSERT_EACH: &str = "(?,?,?,?,?,?,?,?,?,?,?,0,NULL,0,NULL,NULL,?,?,?,?,?)";
const UPDATE_HEAD: &str = "UPDATE channel_heads SET last_rev = ?, last_seq = ? WHERE channel_id = ?";
const NOTE: &str = "INSERT INTO log_commits (id, committed_at) VALUES (?, ?)";
