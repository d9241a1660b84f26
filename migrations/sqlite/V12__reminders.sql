-- What people want to be reminded of. rev counts in the person's own stream. A row that is done stays without its note, so
-- that other devices learn of it. due_at is NULL for what the clock has nothing to do with.
CREATE TABLE reminders (
    id INTEGER NOT NULL PRIMARY KEY,
    member_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    session_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    note TEXT,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    is_message_gone INTEGER NOT NULL,
    remind_at TEXT NOT NULL,
    due_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    rev INTEGER NOT NULL
) STRICT;
CREATE INDEX reminders_due ON reminders (due_at, id);
CREATE INDEX reminders_open ON reminders (member_id, is_open, remind_at, id);
CREATE INDEX reminders_rev ON reminders (member_id, rev);
