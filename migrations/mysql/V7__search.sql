-- How far the work behind the log has come in each channel. A rebuild of what a follower made begins without its rows here.
CREATE TABLE follower_marks (
    follower VARCHAR(20) NOT NULL,
    channel_id BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (follower, channel_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The search index: one row per message that can be found, in the order in which searches walk back. Made from messages, and
-- nothing but a way to them: what is found is read again there. tokens are opaque names of the words, each between blanks;
-- traits are flags (1 a link, 2 code, 4 a file, 8 part of a thread, 16 reactions, 32 pinned).
CREATE TABLE message_search (
    team_id BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    message_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    sender_id BIGINT NOT NULL,
    traits INT NOT NULL,
    tokens MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (team_id, created_at, message_id),
    UNIQUE KEY message_search_message (message_id),
    KEY message_search_channel (channel_id, created_at, message_id),
    KEY message_search_sender (team_id, sender_id, created_at, message_id),
    FULLTEXT KEY message_search_tokens (tokens)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- By which the public channels of a team are found among thousands of direct ones.
CREATE INDEX channels_kind ON channels (team_id, kind, id);
