-- Messages to be sent later. rev counts in the author's own stream. A row whose message was sent or that was cancelled stays
-- without its text, so that other devices learn of it. due_at is NULL for what is not to be sent by the clock.
CREATE TABLE scheduled_messages (
    id INTEGER NOT NULL PRIMARY KEY,
    member_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    session_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    parent_message_id INTEGER,
    content TEXT NOT NULL,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    send_at TEXT NOT NULL,
    due_at TEXT,
    failure TEXT,
    message_id INTEGER,
    message_seq INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    rev INTEGER NOT NULL
) STRICT;
CREATE INDEX scheduled_messages_due ON scheduled_messages (due_at, id);
CREATE INDEX scheduled_messages_open ON scheduled_messages (member_id, is_open, send_at, id);
CREATE INDEX scheduled_messages_rev ON scheduled_messages (member_id, rev);
