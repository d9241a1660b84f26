-- An access token is a session without a device: device_name says what it is for. token_hash is NULL for a login; scopes
-- say what a token may do, with commas between. A token without an end has the year 9999 in expires_at.
ALTER TABLE sessions ADD COLUMN token_hash TEXT;
ALTER TABLE sessions ADD COLUMN scopes TEXT;
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
