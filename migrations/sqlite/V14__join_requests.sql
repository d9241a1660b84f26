-- Who asks to come into a team; one row for each person and team, of the last request. rev counts in the team's stream. A
-- request that is no longer open stays, so that those who manage members learn of it.
CREATE TABLE join_requests (
    team_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    message TEXT,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    decided_by INTEGER,
    decided_at TEXT,
    rev INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX join_requests_open ON join_requests (team_id, is_open, created_at, user_id);
CREATE INDEX join_requests_rev ON join_requests (team_id, rev);
CREATE INDEX join_requests_user ON join_requests (user_id, team_id);
