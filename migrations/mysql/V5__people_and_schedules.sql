-- Messages to be sent later. rev counts in the author's own stream. A row whose message was sent or that was cancelled stays
-- without its text, so that other devices learn of it. due_at is NULL for what is not to be sent by the clock.
CREATE TABLE scheduled_messages (
    id BIGINT NOT NULL PRIMARY KEY,
    member_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    parent_message_id BIGINT NULL,
    content TEXT NOT NULL,
    state VARCHAR(10) NOT NULL,
    is_open TINYINT NOT NULL,
    send_at DATETIME(3) NOT NULL,
    due_at DATETIME(3) NULL,
    failure VARCHAR(500) NULL,
    message_id BIGINT NULL,
    message_seq BIGINT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    rev BIGINT NOT NULL,
    KEY scheduled_messages_due (due_at, id),
    KEY scheduled_messages_open (member_id, is_open, send_at, id),
    KEY scheduled_messages_rev (member_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
