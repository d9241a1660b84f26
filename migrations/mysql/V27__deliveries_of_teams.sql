-- Finds the deliveries of a team that was deleted.
ALTER TABLE hook_deliveries ADD KEY hook_deliveries_team (team_id);
