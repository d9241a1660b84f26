//! The bare writer on the embedded store's tables.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{BATCH_ROWS_MAX, CONTENT_BYTES};

const AT: &str = "2026-11-22 17:26:21.500";
const DIGEST: &str = "0123456789abcdef0123456789abcdef";

/// Writes that many rows in each transaction, at most 256, and gives the committed ones per second.
pub(super) fn measure(outstanding: usize, length: Duration) -> anyhow::Result<f64> {
    let data = tempfile::tempdir()?;
    let mut database = Connection::open(data.path().join("bare.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    for statement in syncspace_migrations::sqlite_steps().iter().flat_map(|step| &step.statements) {
        database.execute_batch(statement)?;
    }
    database.execute_batch(FILL)?;
    database.set_prepared_statement_cache_capacity(32);
    let content = "x".repeat(CONTENT_BYTES);
    let rows = u32::try_from(outstanding.min(BATCH_ROWS_MAX))?;
    let started = Instant::now();
    let mut committed = 0_u32;
    while started.elapsed() < length {
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        write(&transaction, committed, rows, &content)?;
        transaction.commit()?;
        committed += rows;
    }
    Ok(f64::from(committed) / started.elapsed().as_secs_f64())
}

fn write(transaction: &Transaction<'_>, last: u32, rows: u32, content: &str) -> anyhow::Result<()> {
    transaction.prepare_cached(HEAD)?.query_row([1], |row| row.get::<_, i64>(0))?;
    let client_ids: Vec<_> = (last + 1..=last + rows).map(|number| format!("s0-{number:024}")).collect();
    let mut find = transaction.prepare_cached(BY_CLIENT_ID)?;
    for client_id in &client_ids {
        anyhow::ensure!(!find.exists(params![1, 1, client_id])?, "{client_id} is there already");
    }
    transaction.prepare_cached(ACCESS)?.query_row([1, 1], |row| row.get::<_, i64>(0))?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    for (number, client_id) in (last + 1..).zip(&client_ids) {
        insert.execute(params![
            1,
            number,
            number,
            1,
            number,
            1,
            content,
            "text",
            None::<String>,
            None::<i64>,
            None::<i64>,
            AT,
            AT,
            client_id,
            None::<String>,
            DIGEST
        ])?;
    }
    transaction.prepare_cached(UPDATE_HEAD)?.execute([last + rows, last + rows, 1])?;
    transaction.prepare_cached(NOTE)?.execute([format!("{last:032x}").as_str(), AT])?;
    Ok(())
}

const FILL: &str = "
    PRAGMA foreign_keys = OFF;
    INSERT INTO teams (id, name, is_public, created_by, created_at, updated_at, rev)
        VALUES (1, 'bench', 0, 1, '2026-11-22 17:26:21.500', '2026-11-22 17:26:21.500', 1);
    INSERT INTO team_members (user_id, team_id, member_id, role, joined_at, rev)
        VALUES (1, 1, 1, 'owner', '2026-11-22 17:26:21.500', 1);
    INSERT INTO channels (id, team_id, kind, name, is_private, created_by, created_at, updated_at, rev)
        VALUES (1, 1, 'public', 'bench', 0, 1, '2026-11-22 17:26:21.500', '2026-11-22 17:26:21.500', 1);
    INSERT INTO channel_members (user_id, channel_id, team_id, member_id, role, joined_at, last_read_seq, rev, my_rev)
        VALUES (1, 1, 1, 1, 'admin', '2026-11-22 17:26:21.500', 0, 1, 1);
    INSERT INTO channel_heads (channel_id, team_id, last_seq, last_rev, floor_seq, floor_rev) VALUES (1, 1, 0, 0, 0, 0);
";
const HEAD: &str =
    "SELECT channel_id, team_id, last_rev, floor_rev, last_seq, floor_seq FROM channel_heads WHERE channel_id = ?";
const BY_CLIENT_ID: &str = "SELECT id, channel_id, seq, rev, sender_id, content, message_type, file_url, parent_message_id, parent_seq, reply_count, \
     last_reply_at, is_edited, edited_at, deleted_at, created_at, updated_at, client_id, mentions, client_digest FROM messages \
     WHERE channel_id = ? AND sender_id = ? AND client_id = ?";
const ACCESS: &str = "SELECT c.id, ?2, c.team_id, t.is_public, tm.member_id, tm.role, tm.joined_at, c.kind, c.archived_at, cm.role \
     FROM channels c JOIN teams t ON t.id = c.team_id AND t.deleted_at IS NULL \
     LEFT JOIN team_members tm ON tm.team_id = c.team_id AND tm.user_id = ?2 AND tm.left_at IS NULL \
     LEFT JOIN channel_members cm ON cm.channel_id = c.id AND cm.user_id = ?2 AND cm.left_at IS NULL \
     WHERE c.id = ?1 AND c.deleted_at IS NULL";
const INSERT: &str = "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
     parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
     updated_at, client_id, mentions, client_digest) VALUES (?,?,?,?,?,?,?,?,?,?,?,0,NULL,0,NULL,NULL,?,?,?,?,?)";
const UPDATE_HEAD: &str = "UPDATE channel_heads SET last_rev = ?, last_seq = ? WHERE channel_id = ?";
const NOTE: &str = "INSERT INTO log_commits (id, committed_at) VALUES (?, ?)";
