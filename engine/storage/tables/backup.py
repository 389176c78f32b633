"""The tables of backups and of what was read through, as the migration of that name makes them."""

# `texts`: settings that are no numbers. `backups`: every one that was made or failed. `scrubs`: every object of a
# version was read at that time; `damage` says what was not whole. `versions.damage` repeats its newest row, for lists.
BACKUPS = """
CREATE TABLE texts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE backups (
    id         INTEGER PRIMARY KEY,
    at         TEXT NOT NULL,
    by         TEXT NOT NULL,
    place      TEXT NOT NULL,
    why        TEXT,
    digest     TEXT,
    audit_rows INTEGER,
    audit_head TEXT,
    objects    INTEGER,
    added      INTEGER,
    bytes      INTEGER,
    seconds    REAL NOT NULL,
    CHECK ((why IS NULL) = (digest IS NOT NULL))
) STRICT;

CREATE TABLE scrubs (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    project TEXT NOT NULL,
    number  INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    damage  TEXT,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX scrubs_by_version ON scrubs (project, number, id);
ALTER TABLE versions ADD COLUMN damage TEXT;
"""
