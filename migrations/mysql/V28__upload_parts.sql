-- Uploads whose bytes come in several requests. received_bytes: how many have come for good; NULL for what came at once.
-- hash_state: the checksum so far, to be gone on with by any instance.
ALTER TABLE files ADD COLUMN received_bytes BIGINT NULL, ADD COLUMN hash_state VARCHAR(255) NULL;
-- The parts, each bytes of its own below part_key, in the order of start_at; blob_key is that of the file. size_bytes is NULL
-- until a part is whole and counts: a row is there before its bytes are. What never became whole goes with the file.
CREATE TABLE file_parts (
    part_key VARCHAR(64) NOT NULL PRIMARY KEY,
    blob_key VARCHAR(64) NOT NULL,
    start_at BIGINT NOT NULL,
    size_bytes BIGINT NULL,
    KEY file_parts_blob (blob_key, start_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
