-- What a person says of itself and chooses, for the whole account. No row: nothing was ever chosen. dnd_hours is JSON. changed_at
-- also moves when the profile does: instances that cannot hear each other find by it whose devices and watchers to tell.
CREATE TABLE user_settings (
    user_id INTEGER NOT NULL PRIMARY KEY,
    presence TEXT NOT NULL,
    status_text TEXT,
    status_emoji TEXT,
    status_expires_at TEXT,
    time_zone TEXT,
    notify TEXT,
    dnd_hours TEXT,
    paused_until TEXT,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX user_settings_changed ON user_settings (changed_at, user_id);

-- The folded words of people's names, by whose beginnings people are found.
CREATE TABLE user_words (
    word TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (word, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_words_user ON user_words (user_id, word);
