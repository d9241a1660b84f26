-- One-time links by which a person sets a new password. Only the code's hash is stored.
CREATE TABLE password_resets (
    code_hash TEXT NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    made_by INTEGER,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_resets_user ON password_resets (user_id);
CREATE INDEX password_resets_expires ON password_resets (expires_at);

-- What administrators settle for the whole server: one row, with its JSON.
CREATE TABLE server_settings (
    id INTEGER NOT NULL PRIMARY KEY,
    settings TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- How much there was at the end of each day, UTC. The row of today grows.
CREATE TABLE statistics_days (
    day TEXT NOT NULL PRIMARY KEY,
    people_day INTEGER NOT NULL,
    people_week INTEGER NOT NULL,
    users INTEGER NOT NULL,
    teams INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    files INTEGER NOT NULL,
    file_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Counts who was there since a time.
CREATE INDEX user_activity_last_seen ON user_activity (last_seen);

-- Since when nothing is left of what was deleted but its tombstone.
ALTER TABLE teams ADD COLUMN purged_at TEXT;
CREATE INDEX teams_deleted ON teams (purged_at, deleted_at);
ALTER TABLE channels ADD COLUMN purged_at TEXT;
CREATE INDEX channels_deleted ON channels (purged_at, deleted_at);
CREATE INDEX drafts_channel ON drafts (channel_id);
CREATE INDEX scheduled_messages_channel ON scheduled_messages (channel_id);
CREATE INDEX reminders_channel ON reminders (channel_id);
CREATE INDEX saved_messages_channel ON saved_messages (channel_id);
CREATE INDEX thread_members_channel ON thread_members (channel_id);
CREATE INDEX channel_preferences_channel ON channel_preferences (channel_id);
