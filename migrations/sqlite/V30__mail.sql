-- When a person showed that it reads mail to its address, and the address that counts once that is shown of it.
ALTER TABLE users ADD COLUMN email_verified_at TEXT;
ALTER TABLE users ADD COLUMN email_pending TEXT;

-- Codes by which people show that they read mail to an address. Only the code's hash is stored.
CREATE TABLE email_codes (
    code_hash TEXT NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX email_codes_user ON email_codes (user_id, expires_at);
CREATE INDEX email_codes_expires ON email_codes (expires_at);

-- What is to be mailed, until it is sent or given up. Neither text nor code is stored: the text is written when it is sent, and
-- the code derived from the mail's name and the server's secret. Of a reset, address is what was typed until it is looked up.
CREATE TABLE mails (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    user_id INTEGER,
    invite_id INTEGER,
    attempts INTEGER NOT NULL,
    next_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mails_due ON mails (next_at);

-- How far the mail of an invite has come; NULL where none is sent.
ALTER TABLE team_invites ADD COLUMN mail TEXT;
ALTER TABLE team_invites ADD COLUMN mail_error TEXT;
CREATE INDEX team_invites_maker ON team_invites (created_by, team_id, id);
