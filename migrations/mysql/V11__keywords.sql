-- Words and phrases by which people want to be called, in their order. lookup: the word of the search index that every message
-- has that has the keyword; by it the words of messages find keywords, however many there are.
CREATE TABLE user_keywords (
    user_id BIGINT NOT NULL,
    place INT NOT NULL,
    keyword VARCHAR(50) NOT NULL,
    lookup VARCHAR(200) NOT NULL,
    PRIMARY KEY (user_id, place),
    KEY user_keywords_lookup (lookup, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every message up to this place was worked on: an older one is news only where its text was changed.
ALTER TABLE follower_marks ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
