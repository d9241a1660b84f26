-- Teams' histories that are moved in. A fingerprint names what is imported: begun again, it goes on where it stood.
CREATE TABLE imports (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    match_by TEXT NOT NULL,
    started_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;
CREATE UNIQUE INDEX imports_fingerprint ON imports (team_id, fingerprint);

-- What became of each name of an archive. kind: user, channel or file; key_hash is the SHA-256 of the name. detail, of a channel:
-- the kind that it is to have while it is out of sight, then 'open' while its people come in, then 'done'; 'foreign' for one that
-- was there before.
CREATE TABLE import_items (
    import_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (import_id, kind, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_items_object ON import_items (kind, object_id);
