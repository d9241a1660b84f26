-- Teams' histories that are moved in. A fingerprint names what is imported: begun again, it goes on where it stood.
CREATE TABLE imports (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    source VARCHAR(50) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    match_by VARCHAR(10) NOT NULL,
    started_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    finished_at DATETIME(3) NULL,
    UNIQUE KEY imports_fingerprint (team_id, fingerprint)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What became of each name of an archive. kind: user, channel or file; key_hash is the SHA-256 of the name. detail, of a channel:
-- the kind that it is to have while it is out of sight, then 'open' while its people come in, then 'done'; 'foreign' for one that
-- was there before.
CREATE TABLE import_items (
    import_id BIGINT NOT NULL,
    kind VARCHAR(10) NOT NULL,
    key_hash VARCHAR(64) NOT NULL,
    object_id BIGINT NOT NULL,
    detail VARCHAR(10) NULL,
    PRIMARY KEY (import_id, kind, key_hash),
    KEY import_items_object (kind, object_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
