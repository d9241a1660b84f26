-- Counts what waits for one hook.
CREATE INDEX hook_deliveries_waiting ON hook_deliveries (hook_id, next_at);
