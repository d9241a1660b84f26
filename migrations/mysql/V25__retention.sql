-- How long the messages of a channel are kept, in days: 0 for ever, NULL as long as the team says, whose settings say it too.
ALTER TABLE channels ADD COLUMN retention_days INT NULL;
-- The rev (in the channel's stream) at which floor_seq was last raised; 0 where that never happened.
ALTER TABLE channel_heads ADD COLUMN floor_seq_rev BIGINT NOT NULL DEFAULT 0;

-- By which the oldest of a channel are found, and not only all of it.
ALTER TABLE saved_messages DROP KEY saved_messages_channel, ADD KEY saved_messages_channel (channel_id, seq);
ALTER TABLE thread_members DROP KEY thread_members_channel, ADD KEY thread_members_channel (channel_id, root_seq);
