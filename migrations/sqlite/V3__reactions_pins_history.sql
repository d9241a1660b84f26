-- What goes out with a message beside its text. reactions (how many and the first few people of each emoji), code and
-- forwarded_from are JSON, NULL for none. continued_seq: the reply in which a text goes on that grew to the limit.
-- content_rev: the rev of the last change of the text, NULL for none since it was sent. appended_at: when it last grew.
ALTER TABLE messages ADD COLUMN reactions TEXT;
ALTER TABLE messages ADD COLUMN pinned_at TEXT;
ALTER TABLE messages ADD COLUMN pinned_by INTEGER;
ALTER TABLE messages ADD COLUMN code TEXT;
ALTER TABLE messages ADD COLUMN forwarded_from TEXT;
ALTER TABLE messages ADD COLUMN continued_seq INTEGER;
ALTER TABLE messages ADD COLUMN content_rev INTEGER;
ALTER TABLE messages ADD COLUMN appended_at TEXT;

-- Who reacted with what; rev (in the channel's stream) orders them. Rows go when the message is deleted.
CREATE TABLE message_reactions (
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (channel_id, seq, rev)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX message_reactions_user ON message_reactions (channel_id, seq, user_id, emoji);
CREATE INDEX message_reactions_emoji ON message_reactions (channel_id, seq, emoji, rev);

-- Texts that edits replaced: rev is the edit, written_at when the old text was written, replaced_at when it went. Rows go
-- when the message is deleted.
CREATE TABLE message_versions (
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    written_at TEXT NOT NULL,
    replaced_at TEXT NOT NULL,
    PRIMARY KEY (channel_id, seq, rev)
) STRICT, WITHOUT ROWID;

-- Pinned messages of a channel, ordered by the rev of the pinning; the same stands in the message itself.
CREATE TABLE message_pins (
    channel_id INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    PRIMARY KEY (channel_id, rev)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX message_pins_message ON message_pins (channel_id, seq);
