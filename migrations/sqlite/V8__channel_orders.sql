-- The order in which a person's channels of a team stand: one row, so that an order is one change. channel_ids is a JSON list.
CREATE TABLE channel_orders (
    member_id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    channel_ids TEXT NOT NULL,
    rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE channel_preferences DROP COLUMN position;
