-- Accounts whose person is erased, one row each: how far the work behind it has come. While stage is `messages`, channel_id is
-- the channel that the work is in, or behind which it looks for the next one: after_client_id is NULL then.
CREATE TABLE erasures (
    user_id INTEGER NOT NULL PRIMARY KEY,
    requested_by INTEGER NOT NULL,
    requested_at TEXT NOT NULL,
    stage TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    after_client_id TEXT,
    messages INTEGER NOT NULL,
    reactions INTEGER NOT NULL,
    finished_at TEXT
) STRICT;
CREATE INDEX erasures_stage ON erasures (stage, requested_at);

-- Finds what one person reacted with, wherever.
CREATE INDEX message_reactions_of ON message_reactions (user_id, channel_id, seq);
