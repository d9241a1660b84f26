//! How a database would carry out a statement: what it reads, along which index, and whether it puts anything in order.

use syncspace_server::store::{Dialect, Queries as _, Sql, Store, Value};

/// What MySQL or MariaDB would do.
pub(crate) struct Plan {
    /// The tables it reads, in the order in which it comes to them.
    pub(crate) reads: Vec<Read>,
    /// Whether it puts rows in order by itself.
    pub(crate) is_sorted: bool,
    /// As the database words it.
    pub(crate) text: String,
}

/// How one table is read.
#[derive(Debug)]
pub(crate) struct Read {
    /// Its name in the statement.
    pub(crate) table: String,
    /// `ref`, `range`, `ALL` and so on.
    pub(crate) access: String,
    /// The index that it goes along.
    pub(crate) index: Option<String>,
    /// Whether there is an index that it could go along.
    pub(crate) has_indexes: bool,
}

impl Read {
    /// Tells whether every row is read, be it along an index.
    pub(crate) fn is_whole(&self) -> bool {
        self.access == "ALL" || self.access == "index"
    }
}

impl Plan {
    /// Asks MySQL or MariaDB for a statement's plan, in the words that all their versions have.
    pub(crate) async fn of(store: &Store, statement: &str, values: Vec<Value>) -> Self {
        // The plan is read on the connection that was told how to word it.
        let mut tx = store.begin().await.expect("begins");
        let has_formats = Sql::both("SHOW VARIABLES LIKE 'explain_json_format_version'");
        if !tx.query(&has_formats, Vec::new()).await.expect("shows").is_empty() {
            // MySQL's second form leaves out how a change finds its rows.
            let first_form = Sql::both("SET SESSION explain_json_format_version = 1");
            tx.execute(&first_form, Vec::new()).await.expect("sets");
        }
        let explain = Sql::built(format!("EXPLAIN FORMAT=JSON {statement}"));
        let row = tx.query_first(&explain, values).await.expect("explains").expect("a plan");
        tx.rollback().await;
        let mut plan = Self { reads: Vec::new(), is_sorted: false, text: row.reader().take().expect("a plan") };
        plan.find(&serde_json::from_str(&plan.text).expect("JSON"));
        plan
    }

    /// Finds what is read in a part of the plan; what the statement makes on its way is no table.
    fn find(&mut self, part: &serde_json::Value) {
        if let (Some(table), Some(access)) = (part["table_name"].as_str(), part["access_type"].as_str())
            && !table.starts_with('<')
            && part.get("materialized_from_subquery").is_none()
        {
            self.reads.push(Read {
                table: table.to_owned(),
                access: access.to_owned(),
                index: part["key"].as_str().map(str::to_owned),
                has_indexes: !part["possible_keys"].is_null(),
            });
        }
        self.is_sorted |= part["filesort"].is_object() || part["using_filesort"] == true;
        match part {
            serde_json::Value::Object(fields) => fields.values().for_each(|part| self.find(part)),
            serde_json::Value::Array(parts) => parts.iter().for_each(|part| self.find(part)),
            _ => {}
        }
    }

    /// Tells whether a table is read along an index.
    pub(crate) fn goes_along(&self, index: &str) -> bool {
        self.reads.iter().any(|read| read.index.as_deref() == Some(index))
    }
}

/// Gives the steps in which the embedded store would carry out a statement.
pub(crate) async fn steps(store: &Store, statement: &str, values: Vec<Value>) -> Vec<String> {
    let explain = Sql::built(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = { store }.query(&explain, values).await.expect("explains");
    let steps = rows.iter().map(|row| {
        let mut row = row.reader();
        let _ids: (i64, i64, i64) = (row.take().expect("id"), row.take().expect("parent"), row.take().expect("0"));
        row.take().expect("a step")
    });
    let steps: Vec<String> = steps.collect();
    assert!(!steps.is_empty(), "{statement}");
    steps
}

/// Fills a table from a list of numbers `i`, 1 to `rows`.
pub(crate) async fn fill(store: &Store, table: &str, columns: &str, values: &str, rows: u32) {
    // MySQL ends a recursion after a thousand steps: both numbers are of a hundred.
    let sql = Sql::built(format!(
        "INSERT INTO {table} ({columns}) WITH RECURSIVE h AS (SELECT 0 AS k UNION ALL SELECT k + 1 FROM h WHERE k < 99), \
         n AS (SELECT a.k * 100 + b.k + 1 AS i FROM h a, h b) SELECT {values} FROM n WHERE i <= {rows}"
    ));
    { store }.execute(&sql, Vec::new()).await.expect(table);
    if store.dialect() == Dialect::Mysql {
        { store }.query(&Sql::built(format!("ANALYZE TABLE {table}")), Vec::new()).await.expect("analyses");
    }
}
