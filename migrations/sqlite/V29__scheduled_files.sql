-- What a message that is to be sent later carries, as JSON like that of messages.
ALTER TABLE scheduled_messages ADD COLUMN files TEXT;
-- How many such messages a file waits for: while there is one its bytes stay, and collect_at is NULL.
ALTER TABLE files ADD COLUMN holders INTEGER NOT NULL DEFAULT 0;
