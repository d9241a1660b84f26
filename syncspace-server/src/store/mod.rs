//! The database: statements and transactions over SQLite (embedded) or MySQL, and the tables' SQL.
//!
//! `sqlite.rs` and `mysql.rs` are drivers and name no table; files named for tables hold SQL as functions over
//! [`Queries`]. Nothing here knows a rule of the product.

mod checkpoint;
mod counts;
mod error;
#[cfg(feature = "failpoints")]
mod faults;
mod ids;
mod lease;
mod migrate;
mod mysql;
mod sql;
mod sqlite;
mod url;
mod value;

pub mod access_tokens;
pub mod arrivals;
pub mod audit;
pub mod bans;
pub mod bots;
pub mod channel_members;
pub mod channel_orders;
pub mod channel_preferences;
pub mod channels;
pub mod commands;
pub mod commits;
pub mod deliveries;
pub mod drafts;
pub mod email_codes;
pub mod erasures;
pub mod exports;
pub mod file_parts;
pub mod files;
pub mod groups;
pub mod heads;
pub mod hooks;
pub mod idempotency_keys;
pub mod imported;
pub mod imports;
pub mod invites;
pub mod join_requests;
pub mod keywords;
pub mod list;
pub mod mails;
pub mod marks;
pub mod mentions;
pub mod messages;
pub mod meta;
pub mod missed;
pub mod muted_users;
pub mod password_resets;
pub mod people;
pub mod personal_data;
pub mod pins;
pub mod reactions;
pub mod reminders;
pub mod removals;
pub mod retention;
pub mod revocations;
pub mod saved;
pub mod scheduled;
pub mod search;
pub mod server_settings;
pub mod sessions;
pub mod statistics;
pub mod teams;
pub mod threads;
pub mod user_settings;
pub mod users;
pub mod versions;
mod words;

pub use self::counts::StatementCounts;
pub use self::error::{Source, StoreError};
#[cfg(feature = "failpoints")]
pub use self::faults::CommitFault;
pub use self::ids::{BlockId, IdBlocks};
pub use self::lease::{Fence, Lease, LeaseTimes};
pub use self::migrate::{MigrationReport, MigrationStatus};
pub use self::sql::{Dialect, Many, ManySql, Sql, Statement, padded, placeholders};
pub use self::url::{DatabaseUrl, DatabaseUrlError};
pub use self::value::{FromValue, Row, RowReader, Value, params};

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use self::counts::Counts;
use self::mysql::{Mysql, MysqlTx};
use self::sqlite::{Sqlite, SqliteTx};

/// An open database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    driver: Driver,
    counts: Arc<Counts>,
}

#[derive(Clone)]
enum Driver {
    Sqlite(Sqlite),
    Mysql(Mysql),
}

/// What runs statements: a [`Tx`], or a `&Store`, where each statement stands by itself.
pub trait Queries: Send {
    /// Gives the rows of a statement that only reads.
    fn query(&mut self, sql: &Sql, params: Vec<Value>) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Runs a statement that changes rows and gives how many it matched, whether or not they differ afterwards.
    ///
    /// The count of an upsert differs between the databases; do not use it.
    fn execute(&mut self, sql: &Sql, params: Vec<Value>) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Gives the rows that each look-up finds for all its keys; look-ups about no key find nothing.
    ///
    /// The rows of one look-up come in no particular order, and a key that stands in it twice may find its row twice.
    fn query_many(&mut self, lookups: Vec<Many>) -> impl Future<Output = Result<Vec<Vec<Row>>, StoreError>> + Send;

    /// Inserts or changes many rows.
    fn execute_many(&mut self, change: Many) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives the first row, if there is one.
    fn query_first(
        &mut self,
        sql: &Sql,
        params: Vec<Value>,
    ) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send {
        async move { Ok(self.query(sql, params).await?.into_iter().next()) }
    }
}

impl Store {
    /// Opens a database; makes the file of the embedded store if it is not there. Does not touch the schema.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let driver = match url {
            DatabaseUrl::Sqlite(path) => Driver::Sqlite(Sqlite::open(path).await?),
            DatabaseUrl::Mysql(url) => Driver::Mysql(Mysql::open(url).await?),
        };
        Ok(Self { driver, counts: Arc::default() })
    }

    /// Begins a transaction. Its first statement must lock (a head row `FOR UPDATE`, or a change).
    ///
    /// The embedded store runs one transaction at a time: never begin a second one, nor take ids, while holding one.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let driver = match &self.driver {
            Driver::Sqlite(sqlite) => TxDriver::Sqlite(sqlite.begin().await?),
            Driver::Mysql(mysql) => TxDriver::Mysql(mysql.begin().await?),
        };
        self.counts.transaction();
        Ok(Tx {
            driver,
            counts: Arc::clone(&self.counts),
            #[cfg(feature = "failpoints")]
            fault: None,
        })
    }

    /// Runs a task that does little else than write, where that costs the least.
    pub fn spawn_writing(&self, tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.spawn_writing(tasks, task),
            Driver::Mysql(_) => drop(tasks.spawn(task)),
        }
    }

    /// Tells which words this database understands.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.driver {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Mysql(_) => Dialect::Mysql,
        }
    }

    /// Gives how many statements were sent since the store was opened.
    #[must_use]
    pub fn statement_counts(&self) -> StatementCounts {
        self.counts.now()
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        const PING: Sql = Sql::both("SELECT 1");
        let mut db = self;
        db.query(&PING, Vec::new()).await.map(drop)
    }

    /// Waits for what is running and closes every connection; what comes later is refused as unavailable.
    pub async fn close(self) {
        match self.driver {
            Driver::Sqlite(sqlite) => sqlite.close().await,
            Driver::Mysql(mysql) => mysql.close().await,
        }
    }
}

impl Queries for &Store {
    async fn query(&mut self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.counts.read();
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.query(sql, params).await,
            Driver::Mysql(mysql) => mysql.query(sql, params).await,
        }
    }

    async fn execute(&mut self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        self.counts.change();
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.execute(sql, params).await,
            Driver::Mysql(mysql) => mysql.execute(sql, params).await,
        }
    }

    async fn query_many(&mut self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.counts.look_up(&lookups);
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.query_many(lookups).await,
            Driver::Mysql(mysql) => mysql.query_many(lookups).await,
        }
    }

    async fn execute_many(&mut self, change: Many) -> Result<(), StoreError> {
        self.counts.change_many(&change);
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.execute_many(change).await,
            Driver::Mysql(mysql) => mysql.execute_many(change).await,
        }
    }
}

/// A transaction. Dropping it rolls it back.
pub struct Tx {
    driver: TxDriver,
    counts: Arc<Counts>,
    #[cfg(feature = "failpoints")]
    fault: Option<CommitFault>,
}

enum TxDriver {
    Sqlite(SqliteTx),
    Mysql(MysqlTx),
}

impl Tx {
    /// Makes the changes durable. Once this has given `Ok`, they survive a power cut.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.commit_with(Vec::new()).await
    }

    /// Runs last statements that change rows, and makes everything durable. An error of a statement leaves nothing.
    pub async fn commit_with(self, last: Vec<Statement>) -> Result<(), StoreError> {
        #[cfg(feature = "failpoints")]
        if let Some(fault) = self.fault {
            return self.commit_unheard(fault, last).await;
        }
        self.commit_plainly(last).await
    }

    async fn commit_plainly(self, last: Vec<Statement>) -> Result<(), StoreError> {
        last.iter().for_each(|_| self.counts.change());
        match self.driver {
            TxDriver::Sqlite(tx) => tx.commit_with(last).await,
            TxDriver::Mysql(tx) => tx.commit_with(last).await,
        }
    }

    /// Undoes the changes and waits until that is done.
    pub async fn rollback(self) {
        match self.driver {
            TxDriver::Sqlite(tx) => tx.rollback().await,
            TxDriver::Mysql(tx) => tx.rollback().await,
        }
    }
}

impl Queries for Tx {
    async fn query(&mut self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.counts.read();
        match &mut self.driver {
            TxDriver::Sqlite(tx) => tx.query(sql, params).await,
            TxDriver::Mysql(tx) => tx.query(sql, params).await,
        }
    }

    async fn execute(&mut self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        self.counts.change();
        match &mut self.driver {
            TxDriver::Sqlite(tx) => tx.execute(sql, params).await,
            TxDriver::Mysql(tx) => tx.execute(sql, params).await,
        }
    }

    async fn query_many(&mut self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.counts.look_up(&lookups);
        match &mut self.driver {
            TxDriver::Sqlite(tx) => tx.query_many(lookups).await,
            TxDriver::Mysql(tx) => tx.query_many(lookups).await,
        }
    }

    async fn execute_many(&mut self, change: Many) -> Result<(), StoreError> {
        self.counts.change_many(&change);
        match &mut self.driver {
            TxDriver::Sqlite(tx) => tx.execute_many(change).await,
            TxDriver::Mysql(tx) => tx.execute_many(change).await,
        }
    }
}
