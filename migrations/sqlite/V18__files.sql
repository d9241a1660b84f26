-- Files that people upload. A row is there before its bytes are, and goes after them: whatever a crash leaves is found here.
-- blob_key is made by the server. asset_of names whose picture it is (u7, t3); such a row has no channel, and anyone may read
-- it. attached_at and message_seq are there while a message carries it. collect_at: when its bytes may go; NULL for what stays.
-- picture_width and picture_height: of what is a picture, in pixels, as its first bytes say.
CREATE TABLE files (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER,
    channel_id INTEGER,
    uploader_id INTEGER NOT NULL,
    asset_of TEXT,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    picture_width INTEGER,
    picture_height INTEGER,
    blob_key TEXT NOT NULL,
    state TEXT NOT NULL,
    message_seq INTEGER,
    attached_at TEXT,
    created_at TEXT NOT NULL,
    collect_at TEXT
) STRICT;
CREATE INDEX files_channel ON files (channel_id, attached_at, id);
CREATE INDEX files_message ON files (channel_id, message_seq);
CREATE INDEX files_uploader ON files (uploader_id, state, attached_at, size_bytes);
CREATE INDEX files_asset ON files (asset_of, id);
CREATE INDEX files_sha256 ON files (sha256, asset_of);
CREATE INDEX files_collect ON files (collect_at, id);
-- What a message shows of its files, as JSON.
ALTER TABLE messages ADD COLUMN files TEXT;
