"""The table of what load tests came to, as the migration of that name makes it."""

# A row a test. `levels` is JSON, what was measured with each number of connections (engine/requests/capacity.py).
CAPACITIES = """
CREATE TABLE capacities (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES projects (name),
    version TEXT NOT NULL,
    digest  TEXT NOT NULL,
    workers INTEGER NOT NULL CHECK (workers > 0),
    timeout REAL NOT NULL,
    levels  TEXT NOT NULL,
    by      TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT;
CREATE INDEX capacities_by_project ON capacities (project, id);
"""
