-- The same tables, columns and key names as ../mysql, in SQLite's words: times are TEXT ('YYYY-MM-DD HH:MM:SS.mmm', UTC),
-- numbers INTEGER. STRICT refuses what MySQL's strict mode refuses.

CREATE TABLE store_meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE id_blocks (
    name TEXT NOT NULL PRIMARY KEY,
    next_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    hashed_password TEXT NOT NULL,
    full_name TEXT,
    avatar_url TEXT,
    is_active INTEGER NOT NULL,
    is_admin INTEGER NOT NULL,
    is_online INTEGER NOT NULL,
    last_seen TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_username_key ON users (username_key);
CREATE UNIQUE INDEX users_email_key ON users (email_key);

-- Presence is written here, where no foreign key points, and copied to users lazily.
CREATE TABLE user_activity (
    user_id INTEGER NOT NULL PRIMARY KEY,
    is_online INTEGER NOT NULL,
    last_seen TEXT NOT NULL
) STRICT;

-- A session is one device. Nothing token-like is stored: a refresh token is a MAC over (id, refresh_n, seed).
CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    device_name TEXT,
    seed TEXT NOT NULL,
    refresh_n INTEGER NOT NULL,
    rotated_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT,
    CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, id);

CREATE TABLE socket_tickets (
    ticket_hash TEXT NOT NULL PRIMARY KEY,
    session_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX socket_tickets_expiry ON socket_tickets (expires_at);

-- name_key is NULL once the team is deleted, so that the name is free again.
CREATE TABLE teams (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT,
    description TEXT,
    avatar_url TEXT,
    is_public INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    rev INTEGER NOT NULL,
    CONSTRAINT teams_created_by_fk FOREIGN KEY (created_by) REFERENCES users (id)
) STRICT;
CREATE UNIQUE INDEX teams_name_key ON teams (name_key);
CREATE INDEX teams_created_by ON teams (created_by);

-- Heads: the last numbers of each stream. No foreign key points at them or from them: a counter in a row with
-- foreign-key locks on it deadlocks.
CREATE TABLE team_heads (
    team_id INTEGER NOT NULL PRIMARY KEY,
    last_rev INTEGER NOT NULL,
    floor_rev INTEGER NOT NULL
) STRICT;

CREATE TABLE member_heads (
    member_id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    last_rev INTEGER NOT NULL,
    floor_rev INTEGER NOT NULL
) STRICT;

CREATE TABLE channel_heads (
    channel_id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    last_rev INTEGER NOT NULL,
    floor_seq INTEGER NOT NULL,
    floor_rev INTEGER NOT NULL
) STRICT;

-- Whoever leaves keeps the row (left_at) and the member_id, so that the stream can say so.
CREATE TABLE team_members (
    user_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    role TEXT NOT NULL DEFAULT 'member',
    joined_at TEXT NOT NULL,
    left_at TEXT,
    rev INTEGER NOT NULL,
    PRIMARY KEY (user_id, team_id),
    CONSTRAINT team_members_user_fk FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT team_members_team_fk FOREIGN KEY (team_id) REFERENCES teams (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX team_members_member ON team_members (member_id);
CREATE INDEX team_members_team ON team_members (team_id, user_id);
CREATE INDEX team_members_rev ON team_members (team_id, rev);

CREATE TABLE team_invites (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    code_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    uses_max INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    CONSTRAINT team_invites_team_fk FOREIGN KEY (team_id) REFERENCES teams (id)
) STRICT;
CREATE UNIQUE INDEX team_invites_code ON team_invites (code_hash);
CREATE INDEX team_invites_team ON team_invites (team_id, id);

-- name_key of a direct or group channel lists its people ('@3@7'), so that there is one of each; NULL once deleted.
CREATE TABLE channels (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    name_key TEXT,
    description TEXT,
    is_private INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    archived_at TEXT,
    deleted_at TEXT,
    rev INTEGER NOT NULL,
    CONSTRAINT channels_team_fk FOREIGN KEY (team_id) REFERENCES teams (id),
    CONSTRAINT channels_created_by_fk FOREIGN KEY (created_by) REFERENCES users (id)
) STRICT;
CREATE UNIQUE INDEX channels_name_key ON channels (team_id, name_key);
CREATE INDEX channels_rev ON channels (team_id, rev);
CREATE INDEX channels_created_by ON channels (created_by);

-- rev counts in the team's stream (who is in the channel), my_rev in the member's own (marker, and being in it).
CREATE TABLE channel_members (
    user_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    role TEXT NOT NULL DEFAULT 'member',
    joined_at TEXT NOT NULL,
    left_at TEXT,
    last_read_seq INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    my_rev INTEGER NOT NULL,
    PRIMARY KEY (user_id, channel_id),
    CONSTRAINT channel_members_user_fk FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT channel_members_channel_fk FOREIGN KEY (channel_id) REFERENCES channels (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_members_channel ON channel_members (channel_id, user_id);
CREATE INDEX channel_members_rev ON channel_members (team_id, rev);
CREATE INDEX channel_members_my_rev ON channel_members (member_id, my_rev);

-- The log. No foreign keys: they cost a third of the write CPU and do not cross shards.
CREATE TABLE messages (
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    message_type TEXT NOT NULL DEFAULT 'text',
    file_url TEXT,
    parent_message_id INTEGER,
    parent_seq INTEGER,
    reply_count INTEGER NOT NULL,
    last_reply_at TEXT,
    is_edited INTEGER NOT NULL,
    edited_at TEXT,
    deleted_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_digest TEXT NOT NULL,
    PRIMARY KEY (channel_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX messages_id ON messages (id);
CREATE UNIQUE INDEX messages_client_id ON messages (channel_id, sender_id, client_id);
CREATE INDEX messages_rev ON messages (channel_id, rev, seq);
CREATE INDEX messages_thread ON messages (channel_id, parent_seq, seq);
CREATE INDEX messages_created_at ON messages (channel_id, created_at DESC);
