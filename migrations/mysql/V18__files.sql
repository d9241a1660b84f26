-- Files that people upload. A row is there before its bytes are, and goes after them: whatever a crash leaves is found here.
-- blob_key is made by the server. asset_of names whose picture it is (u7, t3); such a row has no channel, and anyone may read
-- it. attached_at and message_seq are there while a message carries it. collect_at: when its bytes may go; NULL for what stays.
-- picture_width and picture_height: of what is a picture, in pixels, as its first bytes say.
CREATE TABLE files (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NULL,
    channel_id BIGINT NULL,
    uploader_id BIGINT NOT NULL,
    asset_of VARCHAR(30) NULL,
    name VARCHAR(255) NOT NULL,
    content_type VARCHAR(100) NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    picture_width INT UNSIGNED NULL,
    picture_height INT UNSIGNED NULL,
    blob_key VARCHAR(64) NOT NULL,
    state VARCHAR(10) NOT NULL,
    message_seq BIGINT NULL,
    attached_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    collect_at DATETIME(3) NULL,
    KEY files_channel (channel_id, attached_at, id),
    KEY files_message (channel_id, message_seq),
    KEY files_uploader (uploader_id, state, attached_at, size_bytes),
    KEY files_asset (asset_of, id),
    KEY files_sha256 (sha256, asset_of),
    KEY files_collect (collect_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- What a message shows of its files, as JSON.
ALTER TABLE messages ADD COLUMN files TEXT NULL;
