"""The tables of what environments are rebuilt from, and of what came of rebuilding, as their migration makes them."""

# `kept_files`: for each lock, what its environment can be built from without the network: `files` is a list of JSON
# records (environments/kept_files.py), whose objects lie in the store. `why`: what is not kept of it, in words; NULL
# where nothing is missing. `rehearsals`: a version was rebuilt offline and held against its golden rows, or was not.
REHEARSALS = """
CREATE TABLE kept_files (
    lock  TEXT PRIMARY KEY,
    at    TEXT NOT NULL,
    files TEXT NOT NULL,
    why   TEXT
) STRICT;

CREATE TABLE rehearsals (
    id      INTEGER PRIMARY KEY,
    project TEXT NOT NULL REFERENCES projects (name),
    number  INTEGER NOT NULL,
    at      TEXT NOT NULL,
    seconds REAL NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('rebuilt', 'failed', 'impossible')),
    why     TEXT,
    run     INTEGER,
    CHECK ((outcome = 'rebuilt') = (why IS NULL))
) STRICT;
CREATE INDEX rehearsals_of_versions ON rehearsals (project, number, id);
"""
