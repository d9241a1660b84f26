-- What was done to the server, its accounts and its teams. Ordered and removed by time; id only tells lines of one moment apart.
-- details: JSON, by the action.
CREATE TABLE audit_log (
    at TEXT NOT NULL,
    id INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_id INTEGER,
    session_id INTEGER,
    address TEXT,
    team_id INTEGER,
    channel_id INTEGER,
    user_id INTEGER,
    details TEXT NOT NULL,
    PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_team ON audit_log (team_id, at, id);
CREATE INDEX audit_actor ON audit_log (actor_id, at, id);
CREATE INDEX audit_user ON audit_log (user_id, at, id);
CREATE INDEX audit_action ON audit_log (action, at, id);
