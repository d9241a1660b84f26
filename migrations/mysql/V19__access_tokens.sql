-- An access token is a session without a device: device_name says what it is for. token_hash is NULL for a login; scopes
-- say what a token may do, with commas between. A token without an end has the year 9999 in expires_at.
ALTER TABLE sessions
    ADD COLUMN token_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN scopes VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD UNIQUE KEY sessions_token (token_hash);
