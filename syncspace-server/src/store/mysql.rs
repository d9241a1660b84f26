//! Driver for MySQL and MariaDB: a pool of connections with a bound on every wait. Names no table of the product.

use std::future::Future;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{
    Conn, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, ServerError, Transaction, TxOpts, UrlError,
};
use tokio::time::timeout;
use url::Url;

use super::error::Source;
use super::{Many, ManySql, Row, Sql, Statement, StoreError, Value};

/// Longest wait for a connection, new or from the pool.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// Longest run of one statement.
const STATEMENT_WAIT: Duration = Duration::from_secs(5);
/// Longest run of one statement of a migration: a large table may be rebuilt.
const SCHEMA_STATEMENT_WAIT: Duration = Duration::from_secs(3600);
/// Longest wait for a row lock, in seconds. Shorter than [`STATEMENT_WAIT`], so that it is seen as a conflict.
const LOCK_WAIT_S: u32 = 3;
/// Longest list of ids in one column: more than a million channels of one person.
const LIST_BYTES_MAX: u32 = 16 * 1024 * 1024;
const CONNECTIONS_MIN: usize = 2;
const CONNECTIONS_MAX: usize = 32;
/// Distinct statements that a connection keeps prepared.
const STATEMENTS_KEPT: usize = 256;

const DUPLICATE: u16 = 1062;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const DEADLOCK: u16 = 1213;
/// Group replication refused the commit because another node was first.
const ROLLED_BACK_DURING_COMMIT: u16 = 3101;
/// What a server says that is starting, stopping, full, read-only, or does not let us in right now.
const AWAY: [u16; 14] = [1021, 1037, 1040, 1041, 1053, 1077, 1114, 1203, 1226, 1290, 1317, 1836, 1927, 3168];
/// Table, column, key or constraint exists already, or is gone already.
const THERE_ALREADY: [u16; 6] = [1050, 1051, 1060, 1061, 1091, 1826];

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub(super) struct Mysql {
    pool: Pool,
}

impl Mysql {
    /// Connects once, to find out early whether the address is right, and warns if commits may be lost.
    pub(super) async fn open(url: &Url) -> Result<Self, StoreError> {
        let options = options(url).map_err(|error| other("read the address of the database", error))?;
        let mysql = Self { pool: Pool::new(options) };
        mysql.warn_unless_durable().await?;
        Ok(mysql)
    }

    /// Runs a statement by itself.
    pub(super) async fn query(&self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut connection = self.connection().await?;
        query_on(&mut connection, sql, params).await
    }

    /// Runs a statement by itself, which commits it.
    pub(super) async fn execute(&self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        match execute_on(&mut connection, sql, params).await {
            Err(StoreError::Unavailable { source, .. }) if !is_refusal(&source) => {
                Err(StoreError::OutcomeUnknown { source })
            }
            outcome => outcome,
        }
    }

    /// Looks many keys up.
    pub(super) async fn query_many(&self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut connection = self.connection().await?;
        look_up_on(&mut connection, lookups).await
    }

    /// Changes many rows, all or none of them.
    pub(super) async fn execute_many(&self, change: Many) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.execute_many(change).await?;
        tx.commit_with(Vec::new()).await
    }

    /// Runs a statement of a migration, which may take long.
    pub(super) async fn execute_schema_statement(&self, text: &str) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        within(SCHEMA_STATEMENT_WAIT, "change the schema", text, connection.query_drop(text)).await
    }

    pub(super) async fn begin(&self) -> Result<MysqlTx, StoreError> {
        let begun = self.pool.start_transaction(TxOpts::default());
        within(CONNECTION_WAIT, "begin a transaction", "begin a transaction", begun)
            .await
            .map(|tx| MysqlTx { open: Some(tx) })
    }

    pub(super) async fn close(&self) {
        let closed = timeout(STATEMENT_WAIT, self.pool.clone().disconnect()).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database connections did not close cleanly");
        }
    }

    async fn connection(&self) -> Result<Conn, StoreError> {
        within(CONNECTION_WAIT, "connect", "log in to the database", self.pool.get_conn()).await
    }

    async fn warn_unless_durable(&self) -> Result<(), StoreError> {
        const SETTINGS: Sql = Sql::both(
            "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.log_bin, @@GLOBAL.sync_binlog, VERSION()",
        );
        let mut connection = self.connection().await?;
        let rows = match query_on(&mut connection, &SETTINGS, Vec::new()).await {
            // A proxy in front of the database may not know these settings.
            Err(StoreError::Other { source, .. }) => {
                tracing::warn!(error = &*source as &dyn std::error::Error, "cannot tell whether commits are durable");
                return Ok(());
            }
            rows => rows?,
        };
        let Some(row) = rows.first() else { return Ok(()) };
        let mut row = row.reader();
        let (flush, binlog, sync): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
        let version: String = row.take()?;
        if flush != 1 || (binlog == 1 && sync != 1) {
            tracing::warn!(
                innodb_flush_log_at_trx_commit = flush,
                log_bin = binlog,
                sync_binlog = sync,
                "the database may lose acknowledged messages in a power cut: set innodb_flush_log_at_trx_commit=1 and sync_binlog=1"
            );
        }
        tracing::debug!(version, "connected to the database");
        Ok(())
    }
}

/// A transaction on one connection. Dropping it rolls it back, before the connection is used again.
pub(super) struct MysqlTx {
    /// `None` once an error has ended the transaction: what follows must not commit statement by statement.
    open: Option<Transaction<'static>>,
}

impl MysqlTx {
    pub(super) async fn query(&mut self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let outcome = query_on(self.open()?, sql, params).await;
        self.end_if_broken(outcome)
    }

    pub(super) async fn execute(&mut self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        let outcome = execute_on(self.open()?, sql, params).await;
        self.end_if_broken(outcome)
    }

    pub(super) async fn query_many(&mut self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        let outcome = look_up_on(self.open()?, lookups).await;
        self.end_if_broken(outcome)
    }

    pub(super) async fn execute_many(&mut self, change: Many) -> Result<(), StoreError> {
        let outcome = change_many_on(self.open()?, change).await;
        self.end_if_broken(outcome)
    }

    pub(super) async fn commit_with(mut self, last: Vec<Statement>) -> Result<(), StoreError> {
        for Statement { sql, params } in last {
            self.execute(&sql, params).await?;
        }
        let transaction = self.open.take().ok_or_else(ended)?;
        match within(STATEMENT_WAIT, "commit", "COMMIT", transaction.commit()).await {
            Err(StoreError::Unavailable { source, .. } | StoreError::Other { source, .. }) => {
                Err(StoreError::OutcomeUnknown { source })
            }
            outcome => outcome,
        }
    }

    pub(super) async fn rollback(mut self) {
        if let Some(transaction) = self.open.take() {
            // Where this fails the connection is lost, and the server rolls back.
            let _ = timeout(STATEMENT_WAIT, transaction.rollback()).await;
        }
    }

    fn open(&mut self) -> Result<&mut Transaction<'static>, StoreError> {
        self.open.as_mut().ok_or_else(ended)
    }

    fn end_if_broken<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unavailable { .. } | StoreError::Conflict { .. }) = outcome {
            self.open = None;
        }
        outcome
    }
}

fn options(url: &Url) -> Result<Opts, UrlError> {
    let pool = PoolOpts::default()
        .with_constraints(PoolConstraints::new(CONNECTIONS_MIN, CONNECTIONS_MAX).expect("min is below max"))
        .with_inactive_connection_ttl(Duration::from_secs(30))
        .with_abs_conn_ttl(Some(Duration::from_secs(30 * 60)))
        .with_abs_conn_ttl_jitter(Some(Duration::from_secs(3 * 60)))
        // A reset costs a round trip and every prepared statement. Nothing changes the session after `setup`.
        .with_reset_connection(false);
    let setup = vec![
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin".to_owned(),
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
        format!(
            "SET time_zone = '+00:00', innodb_lock_wait_timeout = {LOCK_WAIT_S}, group_concat_max_len = {LIST_BYTES_MAX}, sql_mode = 'STRICT_TRANS_TABLES,\
             STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
        ),
    ];
    let options = OptsBuilder::from_opts(Opts::from_url(url.as_str())?)
        .prefer_socket(false)
        .client_found_rows(true)
        .stmt_cache_size(STATEMENTS_KEPT)
        .tcp_nodelay(true)
        .pool_opts(pool)
        .setup(setup);
    Ok(options.into())
}

async fn query_on(connection: &mut impl Queryable, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
    let text = sql.mysql();
    let rows: Vec<mysql_async::Row> =
        within(STATEMENT_WAIT, "query", text, connection.exec(text, bind(params))).await?;
    rows.into_iter().map(read_row).collect()
}

async fn execute_on(connection: &mut impl Queryable, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
    let text = sql.mysql();
    let change = async {
        let result = connection.exec_iter(text, bind(params)).await?;
        let matched = result.affected_rows();
        result.drop_result().await?;
        Ok(matched)
    };
    within(STATEMENT_WAIT, "change rows", text, change).await
}

async fn look_up_on(connection: &mut impl Queryable, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
    let mut found = Vec::with_capacity(lookups.len());
    for Many { sql, mut values } in lookups {
        let keys = values.len() / sql.width;
        // A key that is asked for twice costs little; a text of a length of its own costs a statement to prepare.
        if let Some(first) = values.get(..sql.width).map(<[Value]>::to_vec) {
            for _ in keys..keys.next_power_of_two() {
                values.extend_from_slice(&first);
            }
        }
        let mut rows = Vec::new();
        for (text, params) in texts_of(sql, values) {
            rows.append(&mut query_on(connection, &Sql::built(text), params).await?);
        }
        found.push(rows);
    }
    Ok(found)
}

async fn change_many_on(connection: &mut impl Queryable, change: Many) -> Result<(), StoreError> {
    for (text, params) in texts_of(change.sql, change.values) {
        execute_on(connection, &Sql::built(text), params).await?;
    }
    Ok(())
}

/// Cuts rows into pieces for which there are texts.
fn texts_of(sql: &'static ManySql, mut values: Vec<Value>) -> impl Iterator<Item = (String, Vec<Value>)> {
    std::iter::from_fn(move || {
        let left = values.len() / sql.width;
        if left == 0 {
            return None;
        }
        let rows = ManySql::rows_in_next_text(left);
        let rest = values.split_off(rows * sql.width);
        Some((sql.mysql(rows), std::mem::replace(&mut values, rest)))
    })
}

/// Waits for an operation, at most that long. Giving up is safe: the pool cleans the connection before its next use.
async fn within<T>(
    limit: Duration,
    during: &'static str,
    statement: &str,
    operation: impl Future<Output = mysql_async::Result<T>>,
) -> Result<T, StoreError> {
    match timeout(limit, operation).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(store_error(during, statement, error)),
        Err(late) => Err(StoreError::Unavailable { during, source: Box::new(late) }),
    }
}

fn bind(params: Vec<Value>) -> Params {
    if params.is_empty() {
        return Params::Empty;
    }
    let bound = params.into_iter().map(|value| match value {
        Value::Null => mysql_async::Value::NULL,
        Value::Int(number) => mysql_async::Value::Int(number),
        Value::Text(text) => mysql_async::Value::Bytes(text.into_bytes()),
    });
    Params::Positional(bound.collect())
}

fn read_row(row: mysql_async::Row) -> Result<Row, StoreError> {
    let values = row.unwrap().into_iter().enumerate().map(|(column, value)| {
        read_value(value).ok_or(StoreError::Corrupt { column, expected: "a whole number, text or time" })
    });
    values.collect::<Result<_, _>>().map(Row::new)
}

fn read_value(value: mysql_async::Value) -> Option<Value> {
    match value {
        mysql_async::Value::NULL => Some(Value::Null),
        mysql_async::Value::Int(number) => Some(Value::Int(number)),
        mysql_async::Value::UInt(number) => i64::try_from(number).ok().map(Value::Int),
        mysql_async::Value::Bytes(bytes) => String::from_utf8(bytes).ok().map(Value::Text),
        mysql_async::Value::Date(year, month, day, hour, minute, second, micros) => {
            let ms = micros / 1000;
            Some(Value::Text(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")))
        }
        _ => None,
    }
}

fn store_error(during: &'static str, statement: &str, error: mysql_async::Error) -> StoreError {
    use mysql_async::{DriverError, Error};
    match error {
        Error::Server(refusal) => match refusal.code {
            DUPLICATE => StoreError::Duplicate { key: duplicate_key(&refusal.message).to_owned() },
            DEADLOCK | LOCK_WAIT_TIMEOUT | ROLLED_BACK_DURING_COMMIT => {
                StoreError::Conflict { source: Box::new(refusal) }
            }
            code if AWAY.contains(&code) => StoreError::Unavailable { during, source: Box::new(refusal) },
            _ => other(statement, refusal),
        },
        Error::Io(_) => StoreError::Unavailable { during, source: Box::new(error) },
        Error::Driver(
            DriverError::ConnectionClosed | DriverError::PoolDisconnected | DriverError::PacketOutOfOrder,
        ) => StoreError::Unavailable { during, source: Box::new(error) },
        _ => other(statement, error),
    }
}

/// Tells whether a schema change failed because it is there already: a migration that was cut off runs it again.
pub(super) fn is_done_already(error: &StoreError) -> bool {
    match error {
        StoreError::Duplicate { .. } => true,
        StoreError::Other { source, .. } => {
            source.downcast_ref::<ServerError>().is_some_and(|refusal| THERE_ALREADY.contains(&refusal.code))
        }
        _ => false,
    }
}

/// Reads `Duplicate entry '…' for key 'users.users_name_key'`; the table's name is there on MySQL 8 only.
fn duplicate_key(message: &str) -> &str {
    let key = message.rsplit_once("for key '").map_or(message, |(_, key)| key.trim_end_matches('\''));
    key.rsplit_once('.').map_or(key, |(_, name)| name)
}

/// Tells whether the server itself answered, so that nothing was changed.
fn is_refusal(source: &Source) -> bool {
    source.downcast_ref::<ServerError>().is_some()
}

fn other(during: &str, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Other { during: during.to_owned().into(), source: Box::new(error) }
}

fn ended() -> StoreError {
    StoreError::Unavailable { during: "go on with a transaction", source: "an earlier error ended it".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_key_is_read_from_both_servers_messages() {
        for (message, key) in [
            ("Duplicate entry 'alice' for key 'users.users_username_key'", "users_username_key"),
            ("Duplicate entry 'alice' for key 'users_username_key'", "users_username_key"),
            ("Duplicate entry '3-7' for key 'PRIMARY'", "PRIMARY"),
            ("Duplicate entry 'for key 'x.y'' for key 'a'", "a"),
        ] {
            assert_eq!(duplicate_key(message), key, "{message}");
        }
    }
}
