-- What a channel is about right now, and who posts in it.
ALTER TABLE channels ADD COLUMN topic VARCHAR(250) NULL;
ALTER TABLE channels ADD COLUMN posting VARCHAR(20) NOT NULL DEFAULT 'everyone';

-- The rev (in the team's stream) at which a public channel became private: who looked without being in it learns it from
-- here; 0 where that never happened.
ALTER TABLE channels ADD COLUMN hidden_rev BIGINT NOT NULL DEFAULT 0;
CREATE INDEX channels_hidden ON channels (team_id, hidden_rev);
