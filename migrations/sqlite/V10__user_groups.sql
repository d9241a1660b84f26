-- User groups: people of a team who are mentioned by one name. A deleted group keeps its row, without its name.
CREATE TABLE user_groups (
    id INTEGER NOT NULL PRIMARY KEY,
    team_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT,
    created_by INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    rev INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX user_groups_name_key ON user_groups (team_id, name_key);
CREATE INDEX user_groups_list ON user_groups (team_id, deleted_at, id);
CREATE INDEX user_groups_rev ON user_groups (team_id, rev);

-- Who is in them. Whoever leaves the team leaves its groups.
CREATE TABLE user_group_members (
    group_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_group_members_user ON user_group_members (team_id, user_id, group_id);
