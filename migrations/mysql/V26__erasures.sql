-- Accounts whose person is erased, one row each: how far the work behind it has come. While stage is `messages`, channel_id is
-- the channel that the work is in, or behind which it looks for the next one: after_client_id is NULL then.
CREATE TABLE erasures (
    user_id BIGINT NOT NULL PRIMARY KEY,
    requested_by BIGINT NOT NULL,
    requested_at DATETIME(3) NOT NULL,
    stage VARCHAR(10) NOT NULL,
    channel_id BIGINT NOT NULL,
    after_client_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    messages BIGINT NOT NULL,
    reactions BIGINT NOT NULL,
    finished_at DATETIME(3) NULL,
    KEY erasures_stage (stage, requested_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Finds what one person reacted with, wherever.
ALTER TABLE message_reactions ADD KEY message_reactions_of (user_id, channel_id, seq);
