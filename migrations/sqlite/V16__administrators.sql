-- Finds the few administrators, and locks them alone, where one of them is to lose its rights.
CREATE INDEX users_admins ON users (is_admin, is_active, id);
