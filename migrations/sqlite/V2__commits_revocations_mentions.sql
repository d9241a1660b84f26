-- One row per committed transaction of the log: a commit of unknown outcome is found here, or known not to have happened.
CREATE TABLE log_commits (
    id TEXT NOT NULL PRIMARY KEY,
    committed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX log_commits_time ON log_commits (committed_at);

-- What a creating request with an Idempotency-Key made, kept for a day.
CREATE TABLE idempotency_keys (
    user_id INTEGER NOT NULL,
    key_hash TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (user_id, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_time ON idempotency_keys (created_at);

-- By which sessions that ended long ago are found.
CREATE INDEX sessions_ended ON sessions (ended_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Rights that were taken away, numbered 1, 2, 3 … without gaps in commit order. Every instance reads on from the number it
-- has applied; the head is locked last, after the heads of streams.
CREATE TABLE revocations (
    number INTEGER NOT NULL PRIMARY KEY,
    effect TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_time ON revocations (created_at);

CREATE TABLE revocation_head (
    id INTEGER NOT NULL PRIMARY KEY,
    last_number INTEGER NOT NULL,
    floor_number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO revocation_head (id, last_number, floor_number) VALUES (1, 0, 0);

-- Whom a message names, as it goes out with it: JSON; NULL for nobody.
ALTER TABLE messages ADD COLUMN mentions TEXT;

-- The same, to be counted by range: target_id is the person for kind 'user', 0 for kind 'channel' (everybody in it).
-- sender_id leaves out one's own; rows go when the message is deleted or no longer names the target.
CREATE TABLE message_mentions (
    channel_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    target_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    PRIMARY KEY (channel_id, kind, target_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_mentions_message ON message_mentions (channel_id, seq);

-- The rev (in the person's own stream) of the last time the marker was set: advances that did not know of it change nothing.
ALTER TABLE channel_members ADD COLUMN set_rev INTEGER NOT NULL DEFAULT 0;
