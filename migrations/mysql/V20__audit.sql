-- What was done to the server, its accounts and its teams. Ordered and removed by time; id only tells lines of one moment apart.
-- details: JSON, by the action.
CREATE TABLE audit_log (
    at DATETIME(3) NOT NULL,
    id BIGINT NOT NULL,
    action VARCHAR(50) NOT NULL,
    actor_id BIGINT NULL,
    session_id BIGINT NULL,
    address VARCHAR(45) NULL,
    team_id BIGINT NULL,
    channel_id BIGINT NULL,
    user_id BIGINT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (at, id),
    KEY audit_team (team_id, at, id),
    KEY audit_actor (actor_id, at, id),
    KEY audit_user (user_id, at, id),
    KEY audit_action (action, at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
