-- When a person showed that it reads mail to its address, and the address that counts once that is shown of it.
ALTER TABLE users ADD COLUMN email_verified_at DATETIME(3) NULL, ADD COLUMN email_pending VARCHAR(100) NULL;

-- Codes by which people show that they read mail to an address. Only the code's hash is stored.
CREATE TABLE email_codes (
    code_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    email VARCHAR(100) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY email_codes_user (user_id, expires_at),
    KEY email_codes_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is to be mailed, until it is sent or given up. Neither text nor code is stored: the text is written when it is sent, and
-- the code derived from the mail's name and the server's secret. Of a reset, address is what was typed until it is looked up.
CREATE TABLE mails (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    kind VARCHAR(10) NOT NULL,
    address VARCHAR(100) NOT NULL,
    user_id BIGINT NULL,
    invite_id BIGINT NULL,
    attempts INT NOT NULL,
    next_at DATETIME(3) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY mails_due (next_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far the mail of an invite has come; NULL where none is sent.
ALTER TABLE team_invites ADD COLUMN mail VARCHAR(10) NULL, ADD COLUMN mail_error VARCHAR(200) NULL,
    ADD KEY team_invites_maker (created_by, team_id, id);
