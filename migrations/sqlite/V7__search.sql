-- How far the work behind the log has come in each channel. A rebuild of what a follower made begins without its rows here.
CREATE TABLE follower_marks (
    follower TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (follower, channel_id)
) STRICT, WITHOUT ROWID;

-- The search index: one row per message that can be found, in the order in which searches walk back. Made from messages, and
-- nothing but a way to them: what is found is read again there. tokens are opaque names of the words, each between blanks;
-- traits are flags (1 a link, 2 code, 4 a file, 8 part of a thread, 16 reactions, 32 pinned).
CREATE TABLE message_search (
    team_id INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    traits INTEGER NOT NULL,
    tokens TEXT NOT NULL,
    PRIMARY KEY (team_id, created_at, message_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX message_search_message ON message_search (message_id);
CREATE INDEX message_search_channel ON message_search (channel_id, created_at, message_id);
CREATE INDEX message_search_sender ON message_search (team_id, sender_id, created_at, message_id);

-- What FULLTEXT is there: the same tokens by rowid = message_id. It keeps no text and no places of words, only where each word is.
CREATE VIRTUAL TABLE message_search_words USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);

-- By which the public channels of a team are found among thousands of direct ones.
CREATE INDEX channels_kind ON channels (team_id, kind, id);
