-- How long the messages of a channel are kept, in days: 0 for ever, NULL as long as the team says, whose settings say it too.
ALTER TABLE channels ADD COLUMN retention_days INTEGER;
-- The rev (in the channel's stream) at which floor_seq was last raised; 0 where that never happened.
ALTER TABLE channel_heads ADD COLUMN floor_seq_rev INTEGER NOT NULL DEFAULT 0;

-- By which the oldest of a channel are found, and not only all of it.
DROP INDEX saved_messages_channel;
CREATE INDEX saved_messages_channel ON saved_messages (channel_id, seq);
DROP INDEX thread_members_channel;
CREATE INDEX thread_members_channel ON thread_members (channel_id, root_seq);
