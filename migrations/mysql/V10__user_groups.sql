-- User groups: people of a team who are mentioned by one name. A deleted group keeps its row, without its name.
CREATE TABLE user_groups (
    id BIGINT NOT NULL PRIMARY KEY,
    team_id BIGINT NOT NULL,
    name VARCHAR(50) NOT NULL,
    name_key VARCHAR(50) NULL,
    created_by BIGINT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    deleted_at DATETIME(3) NULL,
    rev BIGINT NOT NULL,
    UNIQUE KEY user_groups_name_key (team_id, name_key),
    KEY user_groups_list (team_id, deleted_at, id),
    KEY user_groups_rev (team_id, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who is in them. Whoever leaves the team leaves its groups.
CREATE TABLE user_group_members (
    group_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id),
    KEY user_group_members_user (team_id, user_id, group_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who is in a group stands in the message that mentions it.
ALTER TABLE messages MODIFY COLUMN mentions TEXT NULL;
