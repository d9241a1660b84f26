-- What a person says of itself and chooses, for the whole account. No row: nothing was ever chosen. dnd_hours is JSON. changed_at
-- also moves when the profile does: instances that cannot hear each other find by it whose devices and watchers to tell.
CREATE TABLE user_settings (
    user_id BIGINT NOT NULL PRIMARY KEY,
    presence VARCHAR(20) NOT NULL,
    status_text VARCHAR(100) NULL,
    status_emoji VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    status_expires_at DATETIME(3) NULL,
    time_zone VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    notify VARCHAR(20) NULL,
    dnd_hours VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL,
    paused_until DATETIME(3) NULL,
    changed_at DATETIME(3) NOT NULL,
    KEY user_settings_changed (changed_at, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The folded words of people's names, by whose beginnings people are found.
CREATE TABLE user_words (
    word VARCHAR(100) NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (word, user_id),
    KEY user_words_user (user_id, word)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
