-- Counts the changes of a person's keywords, so that other devices learn when to read them again.
ALTER TABLE user_settings ADD COLUMN keywords_rev INTEGER NOT NULL DEFAULT 0;
