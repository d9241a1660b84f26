-- What a channel is about right now, and who posts in it.
ALTER TABLE channels ADD COLUMN topic TEXT;
ALTER TABLE channels ADD COLUMN posting TEXT NOT NULL DEFAULT 'everyone';

-- The rev (in the team's stream) at which a public channel became private: who looked without being in it learns it from
-- here; 0 where that never happened.
ALTER TABLE channels ADD COLUMN hidden_rev INTEGER NOT NULL DEFAULT 0;
CREATE INDEX channels_hidden ON channels (team_id, hidden_rev);

-- Whether whoever comes into the team comes into the channel too.
ALTER TABLE channels ADD COLUMN is_default INTEGER NOT NULL DEFAULT 0;
CREATE INDEX channels_default ON channels (team_id, is_default);

-- Who is kept out of a team.
CREATE TABLE team_bans (
    team_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    banned_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;

-- Whose account alone may use the invite; NULL for anybody's.
ALTER TABLE team_invites ADD COLUMN email TEXT NULL;
