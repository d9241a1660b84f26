-- The order in which a person's channels of a team stand: one row, so that an order is one change. channel_ids is a JSON list.
CREATE TABLE channel_orders (
    member_id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    channel_ids TEXT NOT NULL,
    rev BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE channel_preferences DROP COLUMN position;
