-- Who may do what in a team, and how one comes into it, as JSON; NULL for the usual.
ALTER TABLE teams ADD COLUMN settings VARCHAR(1000) NULL;
