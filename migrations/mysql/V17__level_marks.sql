-- level_rev: the newest rev at which nothing was left to do; rev is past it where much is done in several batches.
ALTER TABLE follower_marks ADD COLUMN level_rev BIGINT NOT NULL DEFAULT 0;
UPDATE follower_marks SET level_rev = rev;
