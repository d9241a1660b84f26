-- Who asks to come into a team; one row for each person and team, of the last request. rev counts in the team's stream. A
-- request that is no longer open stays, so that those who manage members learn of it.
CREATE TABLE join_requests (
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    message VARCHAR(500) NULL,
    state VARCHAR(10) NOT NULL,
    is_open TINYINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    decided_by BIGINT NULL,
    decided_at DATETIME(3) NULL,
    rev BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id),
    KEY join_requests_open (team_id, is_open, created_at, user_id),
    KEY join_requests_rev (team_id, rev),
    KEY join_requests_user (user_id, team_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
