//! Driver of the embedded store: one connection writes, a few read. Names no table of the product.
//!
//! SQLite allows one writer at a time, so write transactions take turns here, in order of arrival, instead of
//! colliding in the file. Whoever has the turn has the writing connection. Its statements run on threads that may wait for the
//! disk: the caller's own where that is one, see [`Sqlite::spawn_writing`], else one of tokio's for blocking work.

use std::cell::Cell;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, ffi, params_from_iter};
use tokio::sync::{Mutex as TurnLock, OwnedMutexGuard, Semaphore};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::error::Source;
use super::{Many, Row, Sql, Statement, StoreError, Value, checkpoint};

/// Connections that only read. More would not help: they share the machine with the server itself.
const READERS: usize = 3;
/// Distinct statements that a connection keeps prepared.
const STATEMENTS_KEPT: usize = 256;
/// Steps of a reading statement, as SQLite counts them, between two looks whether anybody still waits for it: about 0.1 ms.
const STEPS_PER_LOOK: i32 = 10_000;
/// Longest wait for another process that writes to the file.
const FILE_LOCK_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for the writer's turn or for a free reader.
const TURN_WAIT: Duration = Duration::from_secs(10);

thread_local! {
    /// Whether this thread may wait for the disk.
    static MAY_WAIT: Cell<bool> = const { Cell::new(false) };
}

/// Somebody who waits for what is read; says so when that ends.
#[derive(Default)]
struct Asked {
    is_given_up: Arc<AtomicBool>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }
}

/// An open file with its connections. Clones share them.
#[derive(Clone)]
pub(super) struct Sqlite(Arc<Connections>);

struct Connections {
    path: PathBuf,
    /// None once the store is closed.
    writer: Arc<TurnLock<Option<Connection>>>,
    /// The thread that moves pages into the data file; ends with the writer.
    mover: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<Connection>>,
    readers_free: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens the file, and makes it (0600) if it is not there.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || Self::open_now(path)).await.map_err(|error| unavailable("open", error))?
    }

    fn open_now(path: PathBuf) -> Result<Self, StoreError> {
        create_file(&path).map_err(|source| StoreError::Unavailable {
            during: "open the data file",
            source: Box::new(FileTrouble { path: path.clone(), advice: "check the path and who owns it", source }),
        })?;
        let failed = |error| store_error(&path, "open the data file", error);
        let mut writer = connect(&path).map_err(failed)?;
        let mover = connect(&path).and_then(|mover| checkpoint::beside(&mut writer, mover, &path)).map_err(failed)?;
        let readers = (0..READERS).map(|_| connect_reader(&path)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        Ok(Self(Arc::new(Connections {
            path,
            writer: Arc::new(TurnLock::new(Some(writer))),
            mover: Mutex::new(mover),
            readers: Mutex::new(readers),
            readers_free: Arc::new(Semaphore::new(READERS)),
        })))
    }

    /// Runs a statement by itself on one of the readers.
    pub(super) async fn query(&self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let text = sql.sqlite();
        let query = move |reader: &Connection, path: &Path| {
            query_now(reader, &text, &params).map_err(|error| store_error(path, &text, error))
        };
        self.read(query).await
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, &Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let waited = timeout(TURN_WAIT, Arc::clone(&self.0.readers_free).acquire_owned()).await;
        let permit = waited.map_err(|late| unavailable("wait for a reader", late))?;
        let permit = permit.map_err(|closed| unavailable("the store is closed", closed))?;
        let this = self.clone();
        let asked = Asked::default();
        let is_given_up = Arc::clone(&asked.is_given_up);
        let task = tokio::task::spawn_blocking(move || {
            let mut reader = this.readers().pop().ok_or_else(|| gone("the store is closed"))?;
            let is_wanted = reader.progress_handler(STEPS_PER_LOOK, Some(move || is_given_up.load(Ordering::Relaxed)));
            let during = "begin to read";
            let result = is_wanted
                .map_err(|error| store_error(&this.0.path, during, error))
                .and_then(|()| job(&reader, &this.0.path));
            this.readers().push(reader);
            drop(permit);
            result
        });
        let result = task.await.map_err(|error| unavailable("read", error))?;
        drop(asked);
        result
    }

    /// Runs a task that writes again and again on a thread of its own, where no statement changes threads.
    pub(super) fn spawn_writing(&self, tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
        let (runtime, running) = (tokio::runtime::Handle::current(), tasks.token());
        let on_thread = move || {
            MAY_WAIT.set(true);
            runtime.block_on(task);
            drop(running);
        };
        // Whoever waits for the task is told that it has ended.
        if let Err(error) = thread::Builder::new().name("sqlite-writer".to_owned()).spawn(on_thread) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "no thread for what writes; start the server again"
            );
        }
    }

    /// Runs a statement by itself on the writer.
    pub(super) async fn execute(&self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        let text = sql.sqlite();
        let (turn, rows) =
            self.turn().await?.run(move |writer, path| execute_now(writer, path, &text, &params)).await?;
        drop(turn);
        rows
    }

    /// Looks many keys up on one of the readers.
    pub(super) async fn query_many(&self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.read(move |reader, path| lookups.iter().map(|lookup| look_up(reader, path, lookup)).collect()).await
    }

    /// Changes many rows by themselves, all or none of them.
    pub(super) async fn execute_many(&self, change: Many) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.execute_many(change).await?;
        tx.commit_with(Vec::new()).await
    }

    /// Waits for the turn. The transaction holds the write lock from its first statement on.
    pub(super) async fn begin(&self) -> Result<SqliteTx, StoreError> {
        Ok(SqliteTx { turn: Some(self.turn().await?), is_begun: false })
    }

    /// Closes every connection, after the running transaction.
    pub(super) async fn close(&self) {
        let writer = match timeout(TURN_WAIT, self.0.writer.lock()).await {
            Ok(mut writer) => writer.take(),
            Err(_) => None,
        };
        if let Ok(Ok(all)) =
            timeout(TURN_WAIT, self.0.readers_free.acquire_many(u32::try_from(READERS).unwrap_or(1))).await
        {
            all.forget();
        }
        self.0.readers_free.close();
        let readers = std::mem::take(&mut *self.readers());
        let mover = self.0.mover.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closing = move || {
            drop((writer, readers));
            if mover.is_some_and(|mover| mover.join().is_err()) {
                tracing::error!("the thread that moves pages panicked");
            }
        };
        let _ = tokio::task::spawn_blocking(closing).await;
    }

    async fn turn(&self) -> Result<Turn, StoreError> {
        let waited = timeout(TURN_WAIT, Arc::clone(&self.0.writer).lock_owned()).await;
        let writer = waited.map_err(|late| unavailable("wait for the writer's turn", late))?;
        if writer.is_none() {
            return Err(gone("the store is closed"));
        }
        Ok(Turn { store: self.clone(), writer })
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write. Whatever was begun and not committed is undone before the next one has it.
struct Turn {
    store: Sqlite,
    writer: OwnedMutexGuard<Option<Connection>>,
}

impl Turn {
    /// Runs a job on the writing connection, and gives the turn back with what came of it.
    ///
    /// Where the caller gives up meanwhile, the turn ends with the job.
    async fn run<T: Send + 'static>(
        mut self,
        job: impl FnOnce(&mut Connection, &Path) -> T + Send + 'static,
    ) -> Result<(Self, T), StoreError> {
        let run = move || {
            let writer = self.writer.as_mut().ok_or_else(|| gone("the store is closed"))?;
            let result = job(writer, &self.store.0.path);
            Ok((self, result))
        };
        if MAY_WAIT.get() {
            return run();
        }
        tokio::task::spawn_blocking(run).await.map_err(|error| unavailable("write", error))?
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.as_mut() {
            roll_back(writer);
        }
    }
}

/// A transaction on the writer, which has the turn until it ends. Dropping it rolls it back.
pub(super) struct SqliteTx {
    /// None once an error has ended the turn.
    turn: Option<Turn>,
    /// Whether a statement was sent: the first one begins the transaction in its own job.
    is_begun: bool,
}

impl SqliteTx {
    pub(super) async fn query(&mut self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let text = sql.sqlite();
        let query = move |writer: &Connection, path: &Path| {
            query_now(writer, &text, &params).map_err(|error| store_error(path, &text, error))
        };
        self.run_inside(query).await
    }

    pub(super) async fn execute(&mut self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        let text = sql.sqlite();
        self.run_inside(move |writer, path| execute_now(writer, path, &text, &params)).await
    }

    pub(super) async fn query_many(&mut self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.run_inside(move |writer, path| lookups.iter().map(|lookup| look_up(writer, path, lookup)).collect()).await
    }

    pub(super) async fn execute_many(&mut self, change: Many) -> Result<(), StoreError> {
        self.run_inside(move |writer, path| change_many(writer, path, &change)).await
    }

    pub(super) async fn commit_with(mut self, last: Vec<Statement>) -> Result<(), StoreError> {
        if !self.is_begun && last.is_empty() {
            return Ok(());
        }
        let commit = move |writer: &Connection, path: &Path| {
            for Statement { sql, params } in &last {
                execute_now(writer, path, &sql.sqlite(), params)?;
            }
            Ok(writer.execute_batch("COMMIT").map_err(|error| commit_error(path, error)))
        };
        // A job that broke off may have done so after the commit.
        let lost = |lost: StoreError| StoreError::OutcomeUnknown { source: lost.into() };
        self.run(commit).await.map_err(lost)?.flatten()
    }

    pub(super) async fn rollback(mut self) {
        if let Some(turn) = self.turn.take() {
            // Without an answer the job broke off, and its turn has ended with it.
            drop(turn.run(|writer, _| roll_back(writer)).await);
        }
    }

    async fn run_inside<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&Connection, &Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(job).await?
    }

    /// Runs a job inside the transaction; the first one begins it. The outer error says that the job broke off.
    async fn run<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&Connection, &Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Result<T, StoreError>, StoreError> {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let job = move |writer: &mut Connection, path: &Path| {
            if is_first {
                writer.execute_batch("BEGIN IMMEDIATE").map_err(|error| store_error(path, "BEGIN", error))?;
            }
            still_open(writer)?;
            job(writer, path)
        };
        let turn = self.turn.take().ok_or_else(|| gone("an earlier error ended the transaction"))?;
        let (turn, result) = turn.run(job).await?;
        self.turn = Some(turn);
        Ok(result)
    }
}

fn roll_back(writer: &mut Connection) {
    if !writer.is_autocommit()
        && let Err(error) = writer.execute_batch("ROLLBACK")
    {
        tracing::error!(error = &error as &dyn std::error::Error, "a transaction could not be rolled back");
    }
}

/// Some errors (disk full, I/O) end a transaction by themselves; what follows must not commit statement by statement.
fn still_open(writer: &Connection) -> Result<(), StoreError> {
    if writer.is_autocommit() { Err(gone("an earlier error ended the transaction")) } else { Ok(()) }
}

/// Makes the file readable for its owner alone; SQLite gives the files beside it the same rights.
fn create_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    if path.exists() {
        return Ok(());
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(FILE_LOCK_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: an acknowledged message survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(connection)
}

fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", "ON")?;
    Ok(connection)
}

fn query_now(connection: &Connection, text: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(text)?;
    read_rows(&mut statement, params)
}

fn look_up(connection: &Connection, path: &Path, lookup: &Many) -> Result<Vec<Row>, StoreError> {
    let text = lookup.sql.sqlite;
    let find = || {
        let mut statement = connection.prepare_cached(text)?;
        let mut rows = Vec::new();
        for key in lookup.values.chunks(lookup.sql.width) {
            rows.append(&mut read_rows(&mut statement, key)?);
        }
        Ok(rows)
    };
    find().map_err(|error| store_error(path, text, error))
}

fn change_many(writer: &Connection, path: &Path, change: &Many) -> Result<(), StoreError> {
    let text = change.sql.sqlite;
    let mut statement = writer.prepare_cached(text).map_err(|error| store_error(path, text, error))?;
    for row in change.values.chunks(change.sql.width) {
        if let Err(error) = statement.execute(params_from_iter(row)) {
            return Err(duplicate(writer, &error).unwrap_or_else(|| store_error(path, text, error)));
        }
    }
    Ok(())
}

fn read_rows(statement: &mut rusqlite::Statement<'_>, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let columns = statement.column_count();
    let mut found = statement.query(params_from_iter(params))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns).map(|column| read_value(column, row.get_ref(column)?));
        rows.push(Row::new(values.collect::<rusqlite::Result<_>>()?));
    }
    Ok(rows)
}

fn read_value(column: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(rusqlite::Error::Utf8Error(column, error)),
        },
        other @ (ValueRef::Real(_) | ValueRef::Blob(_)) => {
            Err(rusqlite::Error::InvalidColumnType(column, String::new(), other.data_type()))
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn execute_now(writer: &Connection, path: &Path, text: &str, params: &[Value]) -> Result<u64, StoreError> {
    let done = writer.prepare_cached(text).and_then(|mut statement| statement.execute(params_from_iter(params)));
    match done {
        Ok(rows) => Ok(rows as u64),
        Err(error) => Err(duplicate(writer, &error).unwrap_or_else(|| store_error(path, text, error))),
    }
}

/// Gives the violated unique key by its name in `migrations/`; SQLite itself names only its columns.
fn duplicate(writer: &Connection, error: &rusqlite::Error) -> Option<StoreError> {
    let rusqlite::Error::SqliteFailure(code, Some(message)) = error else { return None };
    let is_unique = matches!(
        code.extended_code,
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID
    );
    if !is_unique {
        return None;
    }
    let (table, columns) = violated_columns(message)?;
    let key = find_unique_index(writer, table, &columns).ok()?.unwrap_or_else(|| "PRIMARY".to_owned());
    Some(StoreError::Duplicate { key })
}

/// Reads `UNIQUE constraint failed: users.team_id, users.name`.
fn violated_columns(message: &str) -> Option<(&str, Vec<&str>)> {
    let (_, list) = message.rsplit_once(": ")?;
    let pairs = list.split(", ").map(|pair| pair.split_once('.')).collect::<Option<Vec<_>>>()?;
    let table = pairs.first()?.0;
    Some((table, pairs.into_iter().map(|(_, column)| column).collect()))
}

fn find_unique_index(writer: &Connection, table: &str, columns: &[&str]) -> rusqlite::Result<Option<String>> {
    let indexes = "SELECT name FROM pragma_index_list(?) WHERE \"unique\" = 1 AND origin = 'c'";
    let mut statement = writer.prepare_cached(indexes)?;
    let names = statement.query_map([table], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut statement = writer.prepare_cached("SELECT name FROM pragma_index_info(?) ORDER BY seqno")?;
    for name in names {
        let found =
            statement.query_map([&name], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        if found == columns {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// A file that cannot be used, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {advice}", path = path.display())]
struct FileTrouble<E: std::error::Error + 'static> {
    path: PathBuf,
    advice: &'static str,
    source: E,
}

fn store_error(path: &Path, during: &str, error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error_code();
    let advice = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds the data file; one server at a time"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; free some space, the server then goes on by itself",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            "the data file cannot be written; check its rights, its owner, and how the disk is mounted"
        }
        Some(ErrorCode::CannotOpen) => "the data file cannot be opened; check the path and its rights",
        Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
            "the disk reports errors; look at the system's log"
        }
        Some(ErrorCode::OutOfMemory) => "the machine is out of memory",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            let trouble = FileTrouble {
                path: path.to_owned(),
                advice: "this is no intact data file; restore a backup",
                source: error,
            };
            return StoreError::Other { during: during.to_owned().into(), source: Box::new(trouble) };
        }
        _ => return StoreError::Other { during: during.to_owned().into(), source: Box::new(error) },
    };
    let trouble = FileTrouble { path: path.to_owned(), advice, source: error };
    StoreError::Unavailable { during: "use the data file", source: Box::new(trouble) }
}

/// After a failed sync the change may already be on the disk, and a restart would find it there.
fn commit_error(path: &Path, error: rusqlite::Error) -> StoreError {
    match store_error(path, "COMMIT", error) {
        StoreError::Unavailable { source, .. } if is_io_failure(&source) => StoreError::OutcomeUnknown { source },
        other => other,
    }
}

fn is_io_failure(source: &Source) -> bool {
    source
        .downcast_ref::<FileTrouble<rusqlite::Error>>()
        .is_some_and(|trouble| trouble.source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure))
}

fn unavailable(during: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable { during, source: Box::new(error) }
}

fn gone(why: &'static str) -> StoreError {
    StoreError::Unavailable { during: "use the embedded store", source: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violated_columns_are_read_from_the_message() {
        assert_eq!(
            violated_columns("UNIQUE constraint failed: channels.team_id, channels.name_key"),
            Some(("channels", vec!["team_id", "name_key"]))
        );
        assert_eq!(violated_columns("UNIQUE constraint failed: index 'x'"), None);
    }
}
