-- What belongs to one person in one team, and reaches that person's devices by the member's stream: rev counts there.

-- How a person wants a channel; no row is the default of everything. notify NULL: the usual level.
CREATE TABLE channel_preferences (
    member_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    is_muted TINYINT NOT NULL,
    notify VARCHAR(20) NULL,
    is_favourite TINYINT NOT NULL,
    position INT NULL,
    is_hidden TINYINT NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (member_id, channel_id),
    KEY channel_preferences_rev (member_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whom a person does not want to be notified of. is_muted 0 is a tombstone, so that other devices hear of it.
CREATE TABLE muted_users (
    member_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    is_muted TINYINT NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (member_id, user_id),
    KEY muted_users_rev (member_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How a person stands to a thread. A send writes the row of its sender, of those it names and of the root's author where
-- there is none yet, with rev 0: that somebody takes part is a fact of the channel's log, told by its stream. Everything
-- else takes revs of the person's own stream. last_read_seq starts where the person came in.
CREATE TABLE thread_members (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    root_seq BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    is_following TINYINT NOT NULL,
    is_muted TINYINT NOT NULL,
    last_read_seq BIGINT NOT NULL,
    set_rev BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (user_id, channel_id, root_seq),
    KEY thread_members_rev (user_id, team_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- is_saved 0 is a tombstone. A message that is deleted, or may no longer be read, is left out where the list is read.
CREATE TABLE saved_messages (
    member_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    is_saved TINYINT NOT NULL,
    saved_at DATETIME(3) NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (member_id, channel_id, seq),
    KEY saved_messages_rev (member_id, rev),
    KEY saved_messages_list (member_id, is_saved, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a person has typed and not sent; parent_seq 0 outside threads. An empty content is a tombstone.
CREATE TABLE drafts (
    member_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    parent_seq BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (member_id, channel_id, parent_seq),
    KEY drafts_rev (member_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
