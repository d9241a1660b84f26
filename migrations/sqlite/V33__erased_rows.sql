-- Finds what one person left in tables that nobody else asks by person.
CREATE INDEX team_bans_user ON team_bans (user_id);
CREATE INDEX import_members_user ON import_members (user_id);
CREATE INDEX socket_tickets_user ON socket_tickets (user_id);

-- Addresses however they are written, made by the database itself: what an older server writes has them too.
ALTER TABLE team_invites ADD COLUMN email_key TEXT GENERATED ALWAYS AS (LOWER(email)) VIRTUAL;
CREATE INDEX team_invites_email ON team_invites (email_key);
ALTER TABLE mails ADD COLUMN address_key TEXT GENERATED ALWAYS AS (LOWER(address)) VIRTUAL;
CREATE INDEX mails_address ON mails (address_key);
CREATE INDEX mails_user ON mails (user_id);
CREATE INDEX mails_expires ON mails (expires_at);
