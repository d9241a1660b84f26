//! What each column that names a person becomes when the person is erased: the one list by which the erasure works.
//!
//! A table that is not here fails a test, and so does a column whose name says that it names somebody. Numbers of people may
//! stay: they lead to an account that has no name any more. What people wrote, and what tells how they live, goes.

use super::{Dialect, Queries, Sql, StoreError, Value, padded, params, placeholders};
use syncspace_protocol::UserId;

/// What becomes of the rows that name an erased person in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The number stays, for this reason.
    Stays(&'static str),
    /// Changed in the transaction that empties the account.
    AtOnce,
    /// Changed by operations of the log, or by what follows it: others hold copies, and hear of it.
    ByLog,
    /// Released, and removed with the bytes.
    Files,
    /// What another column of the table says holds for this one too.
    AsRow(&'static str),
    /// The rows go.
    Removed {
        /// Columns of the primary key.
        key: &'static str,
        /// Which rows, beside those that name the person.
        only: &'static str,
    },
    /// The rows stay, without what they say of the person.
    Cleared {
        /// Columns of the primary key.
        key: &'static str,
        /// What is set.
        set: &'static str,
        /// Which rows have something left.
        left: &'static str,
    },
}

/// A column that names a person, or the person's own stream in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub name: &'static str,
    /// What becomes of it.
    pub fate: Fate,
}

const fn stays(table: &'static str, name: &'static str, why: &'static str) -> PersonColumn {
    PersonColumn { table, name, fate: Fate::Stays(why) }
}

const fn at_once(table: &'static str, name: &'static str) -> PersonColumn {
    PersonColumn { table, name, fate: Fate::AtOnce }
}

const fn by_log(table: &'static str, name: &'static str) -> PersonColumn {
    PersonColumn { table, name, fate: Fate::ByLog }
}

const fn removed(table: &'static str, name: &'static str, key: &'static str) -> PersonColumn {
    PersonColumn { table, name, fate: Fate::Removed { key, only: "1 = 1" } }
}

const fn as_row(table: &'static str, name: &'static str, of: &'static str) -> PersonColumn {
    PersonColumn { table, name, fate: Fate::AsRow(of) }
}

const MADE: &str = "what was made belongs to the team or the server, and says by a number who made it";
const DECIDED: &str = "says by a number who decided about somebody else";
const STREAM: &str = "the number of a stream that nobody follows any more; numbers are never used again";
const OF_BOTS: &str = "bots are nobody's person: they end with their team";

/// Every column that names a person.
pub const PERSON_COLUMNS: &[PersonColumn] = &[
    at_once("users", "id"),
    at_once("users", "username"),
    at_once("users", "username_key"),
    at_once("users", "email"),
    at_once("users", "email_key"),
    at_once("users", "email_verified_at"),
    at_once("users", "email_pending"),
    removed("email_codes", "user_id", "code_hash"),
    as_row("email_codes", "email", "user_id"),
    at_once("mails", "user_id"),
    as_row("mails", "address", "user_id"),
    as_row("mails", "address_key", "user_id"),
    at_once("user_words", "user_id"),
    removed("user_activity", "user_id", "user_id"),
    removed("user_settings", "user_id", "user_id"),
    removed("user_keywords", "user_id", "user_id, place"),
    removed("sessions", "user_id", "id"),
    removed("socket_tickets", "user_id", "ticket_hash"),
    as_row("socket_tickets", "session_id", "user_id"),
    removed("password_resets", "user_id", "code_hash"),
    stays("password_resets", "made_by", DECIDED),
    removed("idempotency_keys", "user_id", "user_id, key_hash"),
    as_row("idempotency_keys", "object_id", "user_id"),
    stays("erasures", "user_id", "says that the account was erased, so that nobody switches it on again"),
    stays("erasures", "requested_by", DECIDED),
    stays("teams", "created_by", MADE),
    by_log("team_members", "user_id"),
    stays("team_members", "member_id", STREAM),
    stays("member_heads", "member_id", STREAM),
    removed("team_invites", "created_by", "id"),
    at_once("team_invites", "email"),
    at_once("team_invites", "email_key"),
    removed("team_bans", "user_id", "team_id, user_id"),
    stays("team_bans", "banned_by", DECIDED),
    by_log("join_requests", "user_id"),
    stays("join_requests", "decided_by", DECIDED),
    stays("user_groups", "created_by", MADE),
    by_log("user_group_members", "user_id"),
    stays("channels", "created_by", MADE),
    PersonColumn {
        table: "channel_members",
        name: "user_id",
        // That the person left came through the log; how far it had read is told to nobody else.
        fate: Fate::Cleared { key: "user_id, channel_id", set: "last_read_seq = 0", left: "last_read_seq > 0" },
    },
    stays("channel_members", "member_id", STREAM),
    by_log("messages", "sender_id"),
    stays("messages", "pinned_by", "a pin is the channel's, and says by a number who set it"),
    by_log("message_mentions", "target_id"),
    by_log("message_mentions", "sender_id"),
    by_log("message_reactions", "user_id"),
    by_log("message_search", "sender_id"),
    removed("channel_preferences", "member_id", "member_id, channel_id"),
    removed("channel_orders", "member_id", "member_id"),
    removed("muted_users", "member_id", "member_id, user_id"),
    stays("muted_users", "user_id", "what others keep quiet about is theirs"),
    removed("thread_members", "user_id", "user_id, channel_id, root_seq"),
    removed("saved_messages", "member_id", "member_id, channel_id, seq"),
    removed("drafts", "member_id", "member_id, channel_id, parent_seq"),
    removed("scheduled_messages", "member_id", "id"),
    as_row("scheduled_messages", "user_id", "member_id"),
    as_row("scheduled_messages", "session_id", "member_id"),
    removed("reminders", "member_id", "id"),
    as_row("reminders", "user_id", "member_id"),
    as_row("reminders", "session_id", "member_id"),
    PersonColumn { table: "files", name: "uploader_id", fate: Fate::Files },
    PersonColumn { table: "files", name: "asset_of", fate: Fate::Files },
    PersonColumn {
        table: "audit_log",
        name: "actor_id",
        // The line stays: who administers has to be able to show what was done on the server, and by which account. From where
        // and on which device goes.
        fate: Fate::Cleared {
            key: "at, id",
            set: "address = NULL, session_id = NULL, \
                  details = CASE WHEN action LIKE 'account.%' THEN '{}' ELSE details END",
            left: "(address IS NOT NULL OR session_id IS NOT NULL OR (action LIKE 'account.%' AND details <> '{}'))",
        },
    },
    PersonColumn {
        table: "audit_log",
        name: "user_id",
        fate: Fate::Cleared {
            key: "at, id",
            set: "address = NULL, details = CASE WHEN action LIKE 'account.%' THEN '{}' ELSE details END",
            left: "(address IS NOT NULL OR (action LIKE 'account.%' AND details <> '{}'))",
        },
    },
    as_row("audit_log", "session_id", "actor_id"),
    as_row("audit_log", "address", "actor_id"),
    stays("imports", "started_by", MADE),
    PersonColumn {
        table: "import_items",
        name: "object_id",
        // What the person was called where the history came from.
        fate: Fate::Removed { key: "import_id, kind, key_hash", only: "kind = 'user'" },
    },
    removed("import_members", "user_id", "import_id, channel_id, user_id"),
    stays("bots", "user_id", OF_BOTS),
    stays("bots", "created_by", MADE),
    stays("hooks", "bot_id", OF_BOTS),
    stays("hooks", "created_by", MADE),
    stays("commands", "bot_id", OF_BOTS),
    stays("commands", "created_by", MADE),
];

/// Every table that has no such column, and why nothing is to be done about it.
pub const NOBODYS_TABLES: &[(&str, &str)] = &[
    ("schema_history", "of the schema"),
    ("store_meta", "of the store"),
    ("id_blocks", "of the store"),
    ("leases", "of instances"),
    ("team_heads", "numbers of streams"),
    ("channel_heads", "numbers of streams"),
    ("message_versions", "go with their message"),
    ("message_pins", "of messages; they go with their message"),
    ("hook_deliveries", "of messages; the text is read when it is sent, and is empty then"),
    ("file_parts", "bytes of files; they go with their file"),
    ("follower_marks", "of channels"),
    ("log_commits", "names of transactions, for an hour"),
    ("revocations", "numbers of people and sessions, for a day"),
    ("revocation_head", "the end of a log"),
    ("server_settings", "of the server"),
    ("statistics_days", "counts"),
];

/// Who is erased: the account, and what names it in each team.
#[derive(Debug, Clone)]
pub struct Person {
    user: UserId,
    members: Vec<Value>,
}

impl Person {
    /// Loads by which numbers rows name a person.
    pub async fn load(db: &mut impl Queries, user: UserId) -> Result<Self, StoreError> {
        let sql = Sql::both("SELECT member_id FROM team_members WHERE user_id = ?");
        let rows = db.query(&sql, params![user]).await?;
        let members = rows.iter().map(|row| row.reader().take::<i64>().map(Value::Int)).collect::<Result<_, _>>()?;
        Ok(Self { user, members })
    }

    fn numbers(&self, column: &PersonColumn) -> Vec<Value> {
        if column.name == "member_id" { padded(self.members.clone()) } else { vec![self.user.into()] }
    }
}

/// Removes or clears at most `limit` rows of each table; gives how many there were, and whether there may be more.
pub async fn clear_all(
    db: &mut impl Queries,
    dialect: Dialect,
    person: &Person,
    limit: u32,
) -> Result<(u64, bool), StoreError> {
    let (mut cleared, mut has_more) = (0, false);
    for column in PERSON_COLUMNS {
        let rows = clear(db, dialect, person, column, limit).await?;
        has_more |= rows >= u64::from(limit);
        cleared += rows;
    }
    Ok((cleared, has_more))
}

/// Removes or clears what a column's rows have of a person, at most `limit` of them; gives how many there were.
async fn clear(
    db: &mut impl Queries,
    dialect: Dialect,
    person: &Person,
    column: &PersonColumn,
    limit: u32,
) -> Result<u64, StoreError> {
    let numbers = person.numbers(column);
    if numbers.is_empty() {
        return Ok(0);
    }
    let PersonColumn { table, name, fate } = *column;
    let (change, key, only) = match fate {
        Fate::Removed { key, only } => (format!("DELETE FROM {table}"), key, only),
        Fate::Cleared { key, set, left } => (format!("UPDATE {table} SET {set}"), key, left),
        Fate::Stays(_) | Fate::AtOnce | Fate::ByLog | Fate::Files | Fate::AsRow(_) => return Ok(0),
    };
    let found = format!("{name} IN ({}) AND {only}", placeholders(numbers.len()));
    let sql = match dialect {
        Dialect::Mysql => format!("{change} WHERE {found} LIMIT {limit}"),
        Dialect::Sqlite => {
            format!("{change} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {found} LIMIT {limit})")
        }
    };
    db.execute(&Sql::built(sql), numbers).await
}
