-- Text is utf8mb4_bin throughout; what must be unique has a folded *_key column made by the protocol crate, so that
-- both databases agree on what is the same. Ids come from id_blocks, never from AUTO_INCREMENT. Times are UTC.

CREATE TABLE store_meta (
    name VARCHAR(50) NOT NULL PRIMARY KEY,
    value VARCHAR(1000) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE id_blocks (
    name VARCHAR(50) NOT NULL PRIMARY KEY,
    next_id BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    username VARCHAR(50) NOT NULL,
    username_key VARCHAR(50) NOT NULL,
    email VARCHAR(100) NULL,
    email_key VARCHAR(100) NULL,
    hashed_password VARCHAR(255) NOT NULL,
    full_name VARCHAR(100) NULL,
    avatar_url VARCHAR(500) NULL,
    is_active TINYINT NOT NULL,
    is_admin TINYINT NOT NULL,
    is_online TINYINT NOT NULL,
    last_seen DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY users_username_key (username_key),
    UNIQUE KEY users_email_key (email_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Presence is written here, where no foreign key points, and copied to users lazily.
CREATE TABLE user_activity (
    user_id BIGINT NOT NULL PRIMARY KEY,
    is_online TINYINT NOT NULL,
    last_seen DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A session is one device. Nothing token-like is stored: a refresh token is a MAC over (id, refresh_n, seed).
CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    device_name VARCHAR(100) NULL,
    seed CHAR(32) NOT NULL,
    refresh_n BIGINT NOT NULL,
    rotated_at DATETIME(3) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    last_used_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    ended_at DATETIME(3) NULL,
    KEY sessions_user (user_id, id),
    CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE socket_tickets (
    ticket_hash CHAR(64) NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY socket_tickets_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- name_key is NULL once the team is deleted, so that the name is free again.
CREATE TABLE teams (
    id BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    name_key VARCHAR(100) NULL,
    description VARCHAR(1000) NULL,
    avatar_url VARCHAR(500) NULL,
    is_public TINYINT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    deleted_at DATETIME(3) NULL,
    rev BIGINT NOT NULL,
    UNIQUE KEY teams_name_key (name_key),
    KEY teams_created_by (created_by),
    CONSTRAINT teams_created_by_fk FOREIGN KEY (created_by) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Heads: the last numbers of each stream. No foreign key points at them or from them: a counter in a row with
-- foreign-key locks on it deadlocks.
CREATE TABLE team_heads (
    team_id BIGINT NOT NULL PRIMARY KEY,
    last_rev BIGINT NOT NULL,
    floor_rev BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE member_heads (
    member_id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    last_rev BIGINT NOT NULL,
    floor_rev BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE channel_heads (
    channel_id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    last_rev BIGINT NOT NULL,
    floor_seq BIGINT NOT NULL,
    floor_rev BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whoever leaves keeps the row (left_at) and the member_id, so that the stream can say so.
CREATE TABLE team_members (
    user_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    role VARCHAR(50) NOT NULL DEFAULT 'member',
    joined_at DATETIME(3) NOT NULL,
    left_at DATETIME(3) NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (user_id, team_id),
    UNIQUE KEY team_members_member (member_id),
    KEY team_members_team (team_id, user_id),
    KEY team_members_rev (team_id, rev),
    CONSTRAINT team_members_user_fk FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT team_members_team_fk FOREIGN KEY (team_id) REFERENCES teams (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE team_invites (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    code_hash CHAR(64) NOT NULL,
    role VARCHAR(50) NOT NULL,
    uses_max INT NOT NULL,
    uses INT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    revoked_at DATETIME(3) NULL,
    UNIQUE KEY team_invites_code (code_hash),
    KEY team_invites_team (team_id, id),
    CONSTRAINT team_invites_team_fk FOREIGN KEY (team_id) REFERENCES teams (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- name_key of a direct or group channel lists its people ('@3@7'), so that there is one of each; NULL once deleted.
CREATE TABLE channels (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    kind VARCHAR(20) NOT NULL,
    name VARCHAR(100) NULL,
    name_key VARCHAR(200) NULL,
    description VARCHAR(1000) NULL,
    is_private TINYINT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    archived_at DATETIME(3) NULL,
    deleted_at DATETIME(3) NULL,
    rev BIGINT NOT NULL,
    UNIQUE KEY channels_name_key (team_id, name_key),
    KEY channels_rev (team_id, rev),
    KEY channels_created_by (created_by),
    CONSTRAINT channels_team_fk FOREIGN KEY (team_id) REFERENCES teams (id),
    CONSTRAINT channels_created_by_fk FOREIGN KEY (created_by) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- rev counts in the team's stream (who is in the channel), my_rev in the member's own (marker, and being in it).
CREATE TABLE channel_members (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    role VARCHAR(50) NOT NULL DEFAULT 'member',
    joined_at DATETIME(3) NOT NULL,
    left_at DATETIME(3) NULL,
    last_read_seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    my_rev BIGINT NOT NULL,
    PRIMARY KEY (user_id, channel_id),
    KEY channel_members_channel (channel_id, user_id),
    KEY channel_members_rev (team_id, rev),
    KEY channel_members_my_rev (member_id, my_rev),
    CONSTRAINT channel_members_user_fk FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT channel_members_channel_fk FOREIGN KEY (channel_id) REFERENCES channels (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The log. No foreign keys: they cost a third of the write CPU and do not cross shards.
CREATE TABLE messages (
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    sender_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    message_type VARCHAR(20) NOT NULL DEFAULT 'text',
    file_url VARCHAR(500) NULL,
    parent_message_id BIGINT NULL,
    parent_seq BIGINT NULL,
    reply_count INT NOT NULL,
    last_reply_at DATETIME(3) NULL,
    is_edited TINYINT NOT NULL,
    edited_at DATETIME(3) NULL,
    deleted_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    client_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    client_digest CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (channel_id, seq),
    UNIQUE KEY messages_id (id),
    UNIQUE KEY messages_client_id (channel_id, sender_id, client_id),
    KEY messages_rev (channel_id, rev, seq),
    KEY messages_thread (channel_id, parent_seq, seq),
    KEY messages_created_at (channel_id, created_at DESC)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
