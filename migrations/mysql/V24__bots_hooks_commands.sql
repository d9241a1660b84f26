-- A bot is an account without a password, of one team. Its tokens are sessions like everybody's.
ALTER TABLE users ADD COLUMN is_bot TINYINT NOT NULL DEFAULT 0;

CREATE TABLE bots (
    user_id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    KEY bots_team (team_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Hooks write as a bot (incoming: token_hash, channel_id), or hear what their bot reads (outgoing: url, secret, triggers as
-- JSON, channel_id or every channel of the bot). The secret signs and is needed as it is.
CREATE TABLE hooks (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    kind VARCHAR(10) NOT NULL,
    name VARCHAR(100) NOT NULL,
    bot_id BIGINT NOT NULL,
    channel_id BIGINT NULL,
    may_choose_channel TINYINT NOT NULL,
    token_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    url VARCHAR(1000) NULL,
    secret VARCHAR(64) NULL,
    trigger_words TEXT NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY hooks_token (token_hash),
    KEY hooks_team (team_id, id),
    KEY hooks_kind (kind, team_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What outgoing hooks are to be told, one row for each hook and message, without its text: that is read when it is sent.
-- next_at is NULL once it is over, done_at until then.
CREATE TABLE hook_deliveries (
    id BIGINT NOT NULL PRIMARY KEY,
    hook_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    attempts INT NOT NULL,
    next_at DATETIME(3) NULL,
    last_status INT NULL,
    last_error VARCHAR(500) NULL,
    created_at DATETIME(3) NOT NULL,
    done_at DATETIME(3) NULL,
    UNIQUE KEY hook_deliveries_message (hook_id, channel_id, seq),
    KEY hook_deliveries_due (next_at),
    KEY hook_deliveries_hook (hook_id, id),
    KEY hook_deliveries_done (done_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Commands that people of a team type with a slash; who answers is behind the url.
CREATE TABLE commands (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    name VARCHAR(50) NOT NULL,
    description VARCHAR(250) NULL,
    usage_hint VARCHAR(100) NULL,
    bot_id BIGINT NOT NULL,
    url VARCHAR(1000) NOT NULL,
    secret VARCHAR(64) NOT NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY commands_name (team_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
