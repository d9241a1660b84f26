//! What people chose for their whole account; no row is the default of everything.

use jiff::tz::TimeZone;
use syncspace_protocol::preferences::{DndHours, Preferences};
use syncspace_protocol::status::{ChosenPresence, CustomStatus};
use syncspace_protocol::{Time, TimeZoneName, UserId};

use super::{FromValue, Queries, Row, RowReader, Sql, StoreError, Value, padded, params, placeholders};

/// What a person chose for the whole account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// What presence to show.
    pub presence: ChosenPresence,
    /// What the person says of itself; it may be over.
    pub custom_status: Option<CustomStatus>,
    /// Where the person's clock stands.
    pub time_zone: Option<TimeZoneName>,
    /// Of what to notify, and when not to disturb.
    pub preferences: Preferences,
}

impl UserSettings {
    /// Gives the rules of the person's clock; those of UTC where none was chosen.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.time_zone.as_ref().map_or(TimeZone::UTC, TimeZoneName::zone)
    }
}

/// What decides how a person looks to others.
#[derive(Debug, Clone)]
pub struct Looks {
    /// The person.
    pub user_id: UserId,
    /// Whether the account may be used.
    pub is_active: bool,
    /// What the person chose.
    pub settings: UserSettings,
}

/// Hours as a column: JSON.
impl From<&DndHours> for Value {
    fn from(hours: &DndHours) -> Self {
        // Words and times: writing them cannot fail.
        serde_json::to_string(hours).map_or(Self::Null, Self::Text)
    }
}

impl FromValue for DndHours {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        serde_json::from_str(&String::from_value(value)?).map_err(|_| "hours of a week")
    }
}

/// Columns of a person's settings, of `us`; all of them may be absent.
pub(super) const SETTINGS: &str = "us.presence, us.status_text, us.status_emoji, us.status_expires_at, us.time_zone, \
                                   us.notify, us.dnd_hours, us.paused_until, us.keywords_rev";

/// Adds them to an account `u`.
pub(super) const JOIN_SETTINGS: &str = "LEFT JOIN user_settings us ON us.user_id = u.id";

/// Most people named in one statement.
const PER_STATEMENT: usize = 512;

/// Reads [`SETTINGS`], of which nothing is there where nothing was chosen.
pub(super) fn read_settings(row: &mut RowReader<'_>) -> Result<UserSettings, StoreError> {
    let presence: Option<ChosenPresence> = row.take()?;
    let status = CustomStatus { text: row.take()?, emoji: row.take()?, expires_at: row.take()? };
    Ok(UserSettings {
        presence: presence.unwrap_or_default(),
        custom_status: Some(status).filter(|status| status.text.is_some() || status.emoji.is_some()),
        time_zone: row.take()?,
        preferences: Preferences {
            notify: row.take()?,
            dnd_hours: row.take()?,
            paused_until: row.take()?,
            keywords_rev: row.take::<Option<u32>>()?.unwrap_or_default(),
        },
    })
}

/// Finds what a person chose.
pub async fn find(db: &mut impl Queries, user: UserId) -> Result<UserSettings, StoreError> {
    let sql = Sql::built(format!("SELECT {SETTINGS} FROM user_settings us WHERE us.user_id = ?"));
    let row = db.query_first(&sql, params![user]).await?;
    row.map_or_else(|| Ok(UserSettings::default()), |row| read_settings(&mut row.reader()))
}

/// Writes what a person chose, and that something of the account changed now.
pub async fn put(db: &mut impl Queries, user: UserId, settings: &UserSettings, now: Time) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO user_settings (user_id, presence, status_text, status_emoji, status_expires_at, \
                          time_zone, notify, dnd_hours, paused_until, keywords_rev, changed_at) \
                          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const COLUMNS: [&str; 10] = [
        "presence",
        "status_text",
        "status_emoji",
        "status_expires_at",
        "time_zone",
        "notify",
        "dnd_hours",
        "paused_until",
        "keywords_rev",
        "changed_at",
    ];
    let mysql = COLUMNS.map(|column| format!("{column} = VALUES({column})")).join(", ");
    let sqlite = COLUMNS.map(|column| format!("{column} = excluded.{column}")).join(", ");
    let upsert = Sql::built_pair(
        format!("{INSERT} ON DUPLICATE KEY UPDATE {mysql}"),
        format!("{INSERT} ON CONFLICT (user_id) DO UPDATE SET {sqlite}"),
    );
    let status = settings.custom_status.as_ref();
    let values = params![
        user,
        settings.presence,
        status.and_then(|status| status.text.clone()),
        status.and_then(|status| status.emoji.as_ref()),
        status.and_then(|status| status.expires_at),
        settings.time_zone.as_ref(),
        settings.preferences.notify,
        settings.preferences.dnd_hours.as_ref(),
        settings.preferences.paused_until,
        settings.preferences.keywords_rev,
        now,
    ];
    db.execute(&upsert, values).await.map(drop)
}

/// Gives the beginning of a statement on accounts `u` that is read by [`read_looks`].
pub(super) fn select_looks() -> String {
    format!("SELECT u.id, u.is_active, {SETTINGS} FROM users u {JOIN_SETTINGS}")
}

/// Reads a row of [`select_looks`].
pub(super) fn read_looks(row: &Row) -> Result<Looks, StoreError> {
    let mut row = row.reader();
    Ok(Looks { user_id: row.take()?, is_active: row.take()?, settings: read_settings(&mut row)? })
}

/// Loads what decides how people look, by id; those who do not exist are left out.
pub async fn list_looks(db: &mut impl Queries, users: &[UserId]) -> Result<Vec<Looks>, StoreError> {
    let mut looks = Vec::with_capacity(users.len());
    for some in users.chunks(PER_STATEMENT) {
        let ids = padded(some.iter().map(|&user| Value::from(user)).collect());
        let sql = format!("{} WHERE u.id IN ({}) ORDER BY u.id", select_looks(), placeholders(ids.len()));
        for row in db.query(&Sql::built(sql), ids).await? {
            looks.push(read_looks(&row)?);
        }
    }
    Ok(looks)
}

/// Lists whose accounts were changed since a time, the latest ones, at most `limit`.
pub async fn list_changed(db: &mut impl Queries, since: Time, limit: u32) -> Result<Vec<UserId>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT user_id FROM user_settings WHERE changed_at >= ? ORDER BY changed_at DESC, user_id DESC LIMIT ?",
    );
    let rows = db.query(&SELECT, params![since, limit]).await?;
    rows.iter().map(|row| row.reader().take()).collect()
}
