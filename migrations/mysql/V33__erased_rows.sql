-- Finds what one person left in tables that nobody else asks by person.
ALTER TABLE team_bans ADD KEY team_bans_user (user_id);
ALTER TABLE import_members ADD KEY import_members_user (user_id);
ALTER TABLE socket_tickets ADD KEY socket_tickets_user (user_id);

-- Addresses however they are written, made by the database itself: what an older server writes has them too.
ALTER TABLE team_invites ADD COLUMN email_key VARCHAR(100) AS (LOWER(email)) VIRTUAL;
ALTER TABLE team_invites ADD KEY team_invites_email (email_key);
ALTER TABLE mails ADD COLUMN address_key VARCHAR(100) AS (LOWER(address)) VIRTUAL;
ALTER TABLE mails ADD KEY mails_address (address_key), ADD KEY mails_user (user_id), ADD KEY mails_expires (expires_at);
