-- One row per committed transaction of the log: a commit of unknown outcome is found here, or known not to have happened.
CREATE TABLE log_commits (
    id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    committed_at DATETIME(3) NOT NULL,
    KEY log_commits_time (committed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a creating request with an Idempotency-Key made, kept for a day.
CREATE TABLE idempotency_keys (
    user_id BIGINT NOT NULL,
    key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    request_digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    object_id BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (user_id, key_hash),
    KEY idempotency_keys_time (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- By which sessions that ended long ago are found.
ALTER TABLE sessions ADD KEY sessions_ended (ended_at), ADD KEY sessions_expiry (expires_at);

-- Rights that were taken away, numbered 1, 2, 3 … without gaps in commit order. Every instance reads on from the number it
-- has applied; the head is locked last, after the heads of streams.
CREATE TABLE revocations (
    number BIGINT NOT NULL PRIMARY KEY,
    effect TEXT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    KEY revocations_time (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE revocation_head (
    id TINYINT NOT NULL PRIMARY KEY,
    last_number BIGINT NOT NULL,
    floor_number BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO revocation_head (id, last_number, floor_number) VALUES (1, 0, 0);

-- Whom a message names, as it goes out with it: JSON; NULL for nobody.
ALTER TABLE messages ADD COLUMN mentions VARCHAR(1000) NULL;

-- The same, to be counted by range: target_id is the person for kind 'user', 0 for kind 'channel' (everybody in it).
-- sender_id leaves out one's own; rows go when the message is deleted or no longer names the target.
CREATE TABLE message_mentions (
    channel_id BIGINT NOT NULL,
    kind VARCHAR(10) NOT NULL,
    target_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    sender_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, kind, target_id, seq),
    KEY message_mentions_message (channel_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The rev (in the person's own stream) of the last time the marker was set: advances that did not know of it change nothing.
ALTER TABLE channel_members ADD COLUMN set_rev BIGINT NOT NULL DEFAULT 0;
