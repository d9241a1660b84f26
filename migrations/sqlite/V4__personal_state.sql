-- What belongs to one person in one team, and reaches that person's devices by the member's stream: rev counts there.

-- How a person wants a channel; no row is the default of everything. notify NULL: the usual level.
CREATE TABLE channel_preferences (
    member_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    is_muted INTEGER NOT NULL,
    notify TEXT,
    is_favourite INTEGER NOT NULL,
    position INTEGER,
    is_hidden INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (member_id, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_preferences_rev ON channel_preferences (member_id, rev);

-- Whom a person does not want to be notified of. is_muted 0 is a tombstone, so that other devices hear of it.
CREATE TABLE muted_users (
    member_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    is_muted INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (member_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX muted_users_rev ON muted_users (member_id, rev);

-- How a person stands to a thread. A send writes the row of its sender, of those it names and of the root's author where
-- there is none yet, with rev 0: that somebody takes part is a fact of the channel's log, told by its stream. Everything
-- else takes revs of the person's own stream. last_read_seq starts where the person came in.
CREATE TABLE thread_members (
    user_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    root_seq INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    is_following INTEGER NOT NULL,
    is_muted INTEGER NOT NULL,
    last_read_seq INTEGER NOT NULL,
    set_rev INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (user_id, channel_id, root_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_members_rev ON thread_members (user_id, team_id, rev);

-- is_saved 0 is a tombstone. A message that is deleted, or may no longer be read, is left out where the list is read.
CREATE TABLE saved_messages (
    member_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    is_saved INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (member_id, channel_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_messages_rev ON saved_messages (member_id, rev);
CREATE INDEX saved_messages_list ON saved_messages (member_id, is_saved, rev);

-- What a person has typed and not sent; parent_seq 0 outside threads. An empty content is a tombstone.
CREATE TABLE drafts (
    member_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    parent_seq INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (member_id, channel_id, parent_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_rev ON drafts (member_id, rev);
