-- Who comes into the channels of an import when it is finished.
CREATE TABLE import_members (
    import_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (import_id, channel_id, user_id)
) STRICT, WITHOUT ROWID;
