//! How much there is: counted now, and kept for each day.

use syncspace_protocol::Time;
use syncspace_protocol::server::StatisticsDay;

use super::{Queries, Row, RowReader, Sql, StoreError, Value, params};

/// Counts what there is. People: who was there since the first time, and since the second one, by a connection or by a login or
/// token.
///
/// Messages are counted by the ends of channels, files by their rows: a look at every channel and file, not for a busy path.
pub async fn count(
    db: &mut impl Queries,
    day: String,
    [day_begin, week_begin]: [Time; 2],
) -> Result<StatisticsDay, StoreError> {
    let sql = Sql::pair(
        concat!(
            "SELECT (SELECT COUNT(*) FROM (SELECT user_id FROM user_activity WHERE is_online = 1 OR last_seen >= ? \
             UNION SELECT user_id FROM sessions WHERE last_used_at >= ?) AS seen), ",
            "(SELECT COUNT(*) FROM (SELECT user_id FROM user_activity WHERE is_online = 1 OR last_seen >= ? \
             UNION SELECT user_id FROM sessions WHERE last_used_at >= ?) AS seen), ",
            "(SELECT COUNT(*) FROM users WHERE is_active = 1), ",
            "(SELECT COUNT(*) FROM teams WHERE deleted_at IS NULL), ",
            "(SELECT COUNT(*) FROM channels WHERE deleted_at IS NULL), ",
            "(SELECT CAST(COALESCE(SUM(last_seq), 0) AS SIGNED) FROM channel_heads), ",
            "(SELECT COUNT(*) FROM files WHERE state = 'ready'), ",
            "(SELECT CAST(COALESCE(SUM(size_bytes), 0) AS SIGNED) FROM \
             (SELECT MAX(size_bytes) AS size_bytes FROM files WHERE state = 'ready' GROUP BY blob_key) AS kept)"
        ),
        concat!(
            "SELECT (SELECT COUNT(*) FROM (SELECT user_id FROM user_activity WHERE is_online = 1 OR last_seen >= ? \
             UNION SELECT user_id FROM sessions WHERE last_used_at >= ?) AS seen), ",
            "(SELECT COUNT(*) FROM (SELECT user_id FROM user_activity WHERE is_online = 1 OR last_seen >= ? \
             UNION SELECT user_id FROM sessions WHERE last_used_at >= ?) AS seen), ",
            "(SELECT COUNT(*) FROM users WHERE is_active = 1), ",
            "(SELECT COUNT(*) FROM teams WHERE deleted_at IS NULL), ",
            "(SELECT COUNT(*) FROM channels WHERE deleted_at IS NULL), ",
            "(SELECT COALESCE(SUM(last_seq), 0) FROM channel_heads), ",
            "(SELECT COUNT(*) FROM files WHERE state = 'ready'), ",
            "(SELECT COALESCE(SUM(size_bytes), 0) FROM \
             (SELECT MAX(size_bytes) AS size_bytes FROM files WHERE state = 'ready' GROUP BY blob_key) AS kept)"
        ),
    );
    let row = db.query_first(&sql, params![day_begin, day_begin, week_begin, week_begin]).await?;
    let row = row.ok_or_else(|| StoreError::Other { during: "count".into(), source: "no row".into() })?;
    read_counts(day, &mut row.reader())
}

/// Keeps what was counted as the end of its day.
pub async fn put(db: &mut impl Queries, counts: &StatisticsDay) -> Result<(), StoreError> {
    let insert = "INSERT INTO statistics_days \
                  (day, people_day, people_week, users, teams, channels, messages, files, file_bytes) \
                  VALUES (?,?,?,?,?,?,?,?,?) ";
    let names = ["people_day", "people_week", "users", "teams", "channels", "messages", "files", "file_bytes"];
    let set = |new: &dyn Fn(&str) -> String| {
        names.iter().map(|name| format!("{name} = {}", new(name))).collect::<Vec<_>>().join(", ")
    };
    let sql = Sql::built_pair(
        format!("{insert}ON DUPLICATE KEY UPDATE {}", set(&|name| format!("VALUES({name})"))),
        format!("{insert}ON CONFLICT (day) DO UPDATE SET {}", set(&|name| format!("excluded.{name}"))),
    );
    let numbers = [
        counts.people_day,
        counts.people_week,
        counts.users,
        counts.teams,
        counts.channels,
        counts.messages,
        counts.files,
        counts.file_bytes,
    ];
    let mut values = params![&counts.day];
    values.extend(numbers.map(|count| Value::Int(i64::try_from(count).unwrap_or(i64::MAX))));
    db.execute(&sql, values).await.map(drop)
}

/// Lists the newest days that are kept.
pub async fn list(db: &mut impl Queries, limit: u32) -> Result<Vec<StatisticsDay>, StoreError> {
    let sql = Sql::both(
        "SELECT day, people_day, people_week, users, teams, channels, messages, files, file_bytes FROM statistics_days \
         ORDER BY day DESC LIMIT ?",
    );
    db.query(&sql, params![limit]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<StatisticsDay, StoreError> {
    let mut row = row.reader();
    let day = row.take()?;
    read_counts(day, &mut row)
}

fn read_counts(day: String, row: &mut RowReader<'_>) -> Result<StatisticsDay, StoreError> {
    Ok(StatisticsDay {
        day,
        people_day: row.take()?,
        people_week: row.take()?,
        users: row.take()?,
        teams: row.take()?,
        channels: row.take()?,
        messages: row.take()?,
        files: row.take()?,
        file_bytes: row.take()?,
    })
}
