//! Brings the schema up to date, once, however many instances start together.
//!
//! SQLite: everything is one transaction, and its write lock is what another process waits for. MySQL commits each
//! schema change by itself, so there a lease row keeps others out, and each finished statement is noted: a migration that
//! was cut off goes on where it stopped.

use std::time::Duration;

use jiff::Timestamp;
use syncspace_migrations::Step;
use syncspace_protocol::Time;

use super::lease::{Lease, MAKE_LEASES};
use super::mysql::{Mysql, is_done_already};
use super::value::params;
use super::{Dialect, Driver, Queries, Sql, Store, StoreError};

/// Longest wait for another instance that migrates.
const OTHER_MIGRATION_WAIT: Duration = Duration::from_secs(60);

const FIND_HISTORY: Sql = Sql::pair(
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_history'",
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_history'",
);
const MAKE_HISTORY: Sql = Sql::pair(
    "CREATE TABLE IF NOT EXISTS schema_history (
        version BIGINT NOT NULL PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        checksum VARCHAR(64) NOT NULL,
        statements_done BIGINT NOT NULL,
        applied_at DATETIME(3) NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS schema_history (
        version INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        checksum TEXT NOT NULL,
        statements_done INTEGER NOT NULL,
        applied_at TEXT
    ) STRICT",
);
const READ_HISTORY: Sql =
    Sql::both("SELECT version, name, checksum, statements_done, applied_at FROM schema_history ORDER BY version");
const NOTE_START: Sql =
    Sql::both("INSERT INTO schema_history (version, name, checksum, statements_done) VALUES (?, ?, ?, 0)");
const NOTE_STATEMENT: Sql =
    Sql::both("UPDATE schema_history SET statements_done = ? WHERE version = ? AND statements_done = ?");
const NOTE_END: Sql = Sql::both("UPDATE schema_history SET applied_at = ? WHERE version = ?");

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Version of the schema before; 0 is an empty database.
    pub from: i64,
    /// Version of the schema now.
    pub to: i64,
    /// Names of the steps that were applied, in order; empty if the schema was up to date.
    pub applied: Vec<String>,
}

/// Where the schema stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Version of the schema in the database; 0 is an empty database.
    pub current: i64,
    /// Version that this program needs.
    pub latest: i64,
    /// Names of the steps still to apply, in order.
    pub pending: Vec<String>,
    /// Name of the step that was cut off halfway; migrating goes on with it.
    pub unfinished: Option<String>,
}

impl Store {
    /// Applies what is missing in the schema, under a lock that other starting instances respect.
    ///
    /// Fails with [`StoreError::Schema`] if the database is newer than this program, was migrated by a changed file, or
    /// another instance migrates for too long. Running it again after any failure is safe.
    pub async fn migrate(&self) -> Result<MigrationReport, StoreError> {
        let status = self.migration_status().await?;
        let applied = if status.pending.is_empty() {
            Vec::new()
        } else {
            match &self.driver {
                Driver::Sqlite(_) => self.migrate_in_transaction().await?,
                Driver::Mysql(mysql) => self.migrate_under_lease(mysql).await?,
            }
        };
        Ok(MigrationReport { from: status.current, to: status.latest, applied })
    }

    /// Compares the database's schema with this program; changes nothing.
    pub async fn migration_status(&self) -> Result<MigrationStatus, StoreError> {
        let mut db = self;
        let plan = Plan::read(&mut db, self.dialect()).await?;
        Ok(MigrationStatus {
            current: plan.current,
            latest: plan.latest,
            unfinished: plan.pending.first().filter(|pending| pending.is_begun).map(Pending::name),
            pending: plan.pending.iter().map(Pending::name).collect(),
        })
    }

    async fn migrate_in_transaction(&self) -> Result<Vec<String>, StoreError> {
        let mut tx = self.begin().await?;
        // Read again: another process may have migrated while this one waited for the lock.
        let plan = Plan::read(&mut tx, Dialect::Sqlite).await?;
        tx.execute(&MAKE_HISTORY, params![]).await?;
        tx.execute(&MAKE_LEASES, params![]).await?;
        for Pending { step, .. } in &plan.pending {
            tx.execute(&NOTE_START, params![step.version, &step.name, &step.checksum]).await?;
            for statement in &step.statements {
                tx.execute(&Sql::built(statement.clone()), params![]).await?;
            }
            note_end(&mut tx, step).await?;
        }
        tx.commit().await?;
        Ok(plan.pending.iter().map(Pending::name).collect())
    }

    async fn migrate_under_lease(&self, mysql: &Mysql) -> Result<Vec<String>, StoreError> {
        mysql.execute_schema_statement(MAKE_HISTORY.mysql()).await?;
        let lease = Lease::acquire(self, "migrations", OTHER_MIGRATION_WAIT).await?;
        let outcome = tokio::select! {
            lost = lease.keep() => Err(lost),
            outcome = self.apply_statements(mysql) => outcome,
        };
        lease.release().await;
        outcome
    }

    async fn apply_statements(&self, mysql: &Mysql) -> Result<Vec<String>, StoreError> {
        let mut db = self;
        let plan = Plan::read(&mut db, Dialect::Mysql).await?;
        for pending in &plan.pending {
            let step = &pending.step;
            if !pending.is_begun {
                db.execute(&NOTE_START, params![step.version, &step.name, &step.checksum]).await?;
            }
            for (index, statement) in step.statements.iter().enumerate().skip(pending.statements_done) {
                // The first statement after a cut may have been done without having been noted.
                let may_be_done = pending.is_begun && index == pending.statements_done;
                match mysql.execute_schema_statement(statement).await {
                    Err(error) if may_be_done && is_done_already(&error) => {}
                    outcome => outcome?,
                }
                note_statement(&mut db, step, index).await?;
            }
            note_end(&mut db, step).await?;
        }
        Ok(plan.pending.iter().map(Pending::name).collect())
    }
}

async fn note_statement(db: &mut impl Queries, step: &Step, index: usize) -> Result<(), StoreError> {
    let before = i64::try_from(index).expect("a file has few statements");
    let noted = db.execute(&NOTE_STATEMENT, params![before + 1, step.version, before]).await?;
    if noted == 1 {
        return Ok(());
    }
    Err(StoreError::Schema { message: "another instance migrates at the same time; start this one again".to_owned() })
}

async fn note_end(db: &mut impl Queries, step: &Step) -> Result<(), StoreError> {
    let now = Time::from(Timestamp::now());
    db.execute(&NOTE_END, params![now, step.version]).await.map(drop)
}

/// What there is and what is missing.
struct Plan {
    current: i64,
    latest: i64,
    pending: Vec<Pending>,
}

/// A step that is not finished in the database.
struct Pending {
    step: Step,
    is_begun: bool,
    statements_done: usize,
}

impl Pending {
    fn name(&self) -> String {
        format!("V{}__{}", self.step.version, self.step.name)
    }
}

impl Plan {
    async fn read(db: &mut impl Queries, dialect: Dialect) -> Result<Self, StoreError> {
        let steps = match dialect {
            Dialect::Mysql => syncspace_migrations::mysql_steps(),
            Dialect::Sqlite => syncspace_migrations::sqlite_steps(),
        };
        let latest = steps.last().map_or(0, |step| step.version);
        let history = read_history(db).await?;
        let newest = history.last().map_or(0, |entry| entry.version);
        if newest > latest {
            return Err(StoreError::Schema {
                message: format!(
                    "database schema is at version {newest}, this binary knows up to {latest}: start a newer syncspace-server"
                ),
            });
        }
        let current = history.iter().filter(|entry| entry.is_applied).map(|entry| entry.version).max().unwrap_or(0);
        let mut pending = Vec::new();
        for step in steps {
            let entry = history.iter().find(|entry| entry.version == step.version);
            if let Some(entry) = entry.filter(|entry| entry.checksum != step.checksum) {
                return Err(changed_step(&step, entry));
            }
            if entry.is_none_or(|entry| !entry.is_applied) {
                let statements_done = entry.map_or(0, |entry| entry.statements_done);
                pending.push(Pending { step, is_begun: entry.is_some(), statements_done });
            }
        }
        Ok(Self { current, latest, pending })
    }
}

fn changed_step(step: &Step, entry: &HistoryEntry) -> StoreError {
    StoreError::Schema {
        message: format!(
            "schema step {} of this database ({}) is not the one this binary knows ({}): start the syncspace-server that \
             made it, or restore a backup",
            step.version, entry.name, step.name
        ),
    }
}

struct HistoryEntry {
    version: i64,
    name: String,
    checksum: String,
    statements_done: usize,
    is_applied: bool,
}

async fn read_history(db: &mut impl Queries) -> Result<Vec<HistoryEntry>, StoreError> {
    let found = db.query_first(&FIND_HISTORY, params![]).await?;
    let tables: i64 = found.map_or(Ok(0), |row| row.reader().take())?;
    if tables == 0 {
        return Ok(Vec::new());
    }
    let rows = db.query(&READ_HISTORY, params![]).await?;
    let entries = rows.iter().map(|row| {
        let mut row = row.reader();
        Ok(HistoryEntry {
            version: row.take()?,
            name: row.take()?,
            checksum: row.take()?,
            statements_done: usize::try_from(row.take::<u32>()?).unwrap_or(usize::MAX),
            is_applied: row.take::<Option<Time>>()?.is_some(),
        })
    });
    entries.collect()
}
