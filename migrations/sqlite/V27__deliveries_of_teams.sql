-- Finds the deliveries of a team that was deleted.
CREATE INDEX hook_deliveries_team ON hook_deliveries (team_id);
