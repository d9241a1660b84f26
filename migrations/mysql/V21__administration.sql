-- One-time links by which a person sets a new password. Only the code's hash is stored.
CREATE TABLE password_resets (
    code_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    made_by BIGINT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY password_resets_user (user_id),
    KEY password_resets_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What administrators settle for the whole server: one row, with its JSON.
CREATE TABLE server_settings (
    id INT UNSIGNED NOT NULL PRIMARY KEY,
    settings TEXT NOT NULL,
    updated_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How much there was at the end of each day, UTC. The row of today grows.
CREATE TABLE statistics_days (
    day VARCHAR(10) NOT NULL PRIMARY KEY,
    people_day BIGINT NOT NULL,
    people_week BIGINT NOT NULL,
    users BIGINT NOT NULL,
    teams BIGINT NOT NULL,
    channels BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    files BIGINT NOT NULL,
    file_bytes BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- Counts who was there since a time.
ALTER TABLE user_activity ADD KEY user_activity_last_seen (last_seen);

-- Since when nothing is left of what was deleted but its tombstone.
ALTER TABLE teams ADD COLUMN purged_at DATETIME(3) NULL, ADD KEY teams_deleted (purged_at, deleted_at);
ALTER TABLE channels ADD COLUMN purged_at DATETIME(3) NULL, ADD KEY channels_deleted (purged_at, deleted_at);
ALTER TABLE drafts ADD KEY drafts_channel (channel_id);
ALTER TABLE scheduled_messages ADD KEY scheduled_messages_channel (channel_id);
ALTER TABLE reminders ADD KEY reminders_channel (channel_id);
ALTER TABLE saved_messages ADD KEY saved_messages_channel (channel_id);
ALTER TABLE thread_members ADD KEY thread_members_channel (channel_id);
ALTER TABLE channel_preferences ADD KEY channel_preferences_channel (channel_id);
