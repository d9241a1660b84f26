-- What people want to be reminded of. rev counts in the person's own stream. A row that is done stays without its note, so
-- that other devices learn of it. due_at is NULL for what the clock has nothing to do with.
CREATE TABLE reminders (
    id BIGINT NOT NULL PRIMARY KEY,
    member_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    note VARCHAR(500) NULL,
    state VARCHAR(10) NOT NULL,
    is_open TINYINT NOT NULL,
    is_message_gone TINYINT NOT NULL,
    remind_at DATETIME(3) NOT NULL,
    due_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    rev BIGINT NOT NULL,
    KEY reminders_due (due_at, id),
    KEY reminders_open (member_id, is_open, remind_at, id),
    KEY reminders_rev (member_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
