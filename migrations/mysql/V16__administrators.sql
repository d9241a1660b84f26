-- Finds the few administrators, and locks them alone, where one of them is to lose its rights.
ALTER TABLE users ADD KEY users_admins (is_admin, is_active, id);
