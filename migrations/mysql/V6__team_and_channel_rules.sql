-- What a channel is about right now, and who posts in it.
ALTER TABLE channels ADD COLUMN topic VARCHAR(250) NULL;
ALTER TABLE channels ADD COLUMN posting VARCHAR(20) NOT NULL DEFAULT 'everyone';

-- The rev (in the team's stream) at which a public channel became private: who looked without being in it learns it from
-- here; 0 where that never happened.
ALTER TABLE channels ADD COLUMN hidden_rev BIGINT NOT NULL DEFAULT 0;
CREATE INDEX channels_hidden ON channels (team_id, hidden_rev);

-- Whether whoever comes into the team comes into the channel too.
ALTER TABLE channels ADD COLUMN is_default TINYINT NOT NULL DEFAULT 0;
CREATE INDEX channels_default ON channels (team_id, is_default);

-- Who is kept out of a team.
CREATE TABLE team_bans (
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    banned_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (team_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whose account alone may use the invite; NULL for anybody's.
ALTER TABLE team_invites ADD COLUMN email VARCHAR(100) NULL;
