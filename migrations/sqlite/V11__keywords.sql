-- Words and phrases by which people want to be called, in their order. lookup: the word of the search index that every message
-- has that has the keyword; by it the words of messages find keywords, however many there are.
CREATE TABLE user_keywords (
    user_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    keyword TEXT NOT NULL,
    lookup TEXT NOT NULL,
    PRIMARY KEY (user_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_keywords_lookup ON user_keywords (lookup, user_id);

-- Every message up to this place was worked on: an older one is news only where its text was changed.
ALTER TABLE follower_marks ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
