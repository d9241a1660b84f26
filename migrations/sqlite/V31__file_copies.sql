-- Files that have the same bytes: a forwarded message has copies of the rows of the other.
CREATE INDEX files_blob ON files (blob_key, state, size_bytes);
