-- What goes out with a message beside its text. reactions (how many and the first few people of each emoji), code and
-- forwarded_from are JSON, NULL for none. continued_seq: the reply in which a text goes on that grew to the limit.
-- content_rev: the rev of the last change of the text, NULL for none since it was sent. appended_at: when it last grew.
ALTER TABLE messages
    ADD COLUMN reactions TEXT NULL,
    ADD COLUMN pinned_at DATETIME(3) NULL,
    ADD COLUMN pinned_by BIGINT NULL,
    ADD COLUMN code VARCHAR(1000) NULL,
    ADD COLUMN forwarded_from VARCHAR(200) NULL,
    ADD COLUMN continued_seq BIGINT NULL,
    ADD COLUMN content_rev BIGINT NULL,
    ADD COLUMN appended_at DATETIME(3) NULL;

-- Who reacted with what; rev (in the channel's stream) orders them. Rows go when the message is deleted.
CREATE TABLE message_reactions (
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    emoji VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (channel_id, seq, rev),
    UNIQUE KEY message_reactions_user (channel_id, seq, user_id, emoji),
    KEY message_reactions_emoji (channel_id, seq, emoji, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Texts that edits replaced: rev is the edit, written_at when the old text was written, replaced_at when it went. Rows go
-- when the message is deleted.
CREATE TABLE message_versions (
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    written_at DATETIME(3) NOT NULL,
    replaced_at DATETIME(3) NOT NULL,
    PRIMARY KEY (channel_id, seq, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Pinned messages of a channel, ordered by the rev of the pinning; the same stands in the message itself.
CREATE TABLE message_pins (
    channel_id BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, rev),
    UNIQUE KEY message_pins_message (channel_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
