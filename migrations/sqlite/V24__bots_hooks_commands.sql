-- A bot is an account without a password, of one team. Its tokens are sessions like everybody's.
ALTER TABLE users ADD COLUMN is_bot INTEGER NOT NULL DEFAULT 0;

CREATE TABLE bots (
    user_id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX bots_team ON bots (team_id, user_id);

-- Hooks write as a bot (incoming: token_hash, channel_id), or hear what their bot reads (outgoing: url, secret, triggers as
-- JSON, channel_id or every channel of the bot). The secret signs and is needed as it is.
CREATE TABLE hooks (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    bot_id INTEGER NOT NULL,
    channel_id INTEGER,
    may_choose_channel INTEGER NOT NULL,
    token_hash TEXT,
    url TEXT,
    secret TEXT,
    trigger_words TEXT,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX hooks_token ON hooks (token_hash);
CREATE INDEX hooks_team ON hooks (team_id, id);
CREATE INDEX hooks_kind ON hooks (kind, team_id);

-- What outgoing hooks are to be told, one row for each hook and message, without its text: that is read when it is sent.
-- next_at is NULL once it is over, done_at until then.
CREATE TABLE hook_deliveries (
    id INTEGER NOT NULL PRIMARY KEY,
    hook_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at TEXT,
    last_status INTEGER,
    last_error TEXT,
    created_at TEXT NOT NULL,
    done_at TEXT
) STRICT;
CREATE UNIQUE INDEX hook_deliveries_message ON hook_deliveries (hook_id, channel_id, seq);
CREATE INDEX hook_deliveries_due ON hook_deliveries (next_at);
CREATE INDEX hook_deliveries_hook ON hook_deliveries (hook_id, id);
CREATE INDEX hook_deliveries_done ON hook_deliveries (done_at);

-- Commands that people of a team type with a slash; who answers is behind the url.
CREATE TABLE commands (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    usage_hint TEXT,
    bot_id INTEGER NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX commands_name ON commands (team_id, name);
