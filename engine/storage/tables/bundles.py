"""The tables of versions that travel, as the migration of that name makes them."""

# `origins`: where a version came from that was not made here; `stations` is JSON, see versions/origins.py.
# `trusted_keys`: whose bundles are taken in, by what that workspace is called here; one that ended stays as it was.
BUNDLES = """
CREATE TABLE origins (
    project     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    at          TEXT NOT NULL,
    by          TEXT NOT NULL,
    source      TEXT NOT NULL,
    key         TEXT NOT NULL,
    stations    TEXT NOT NULL,
    same_ground INTEGER NOT NULL CHECK (same_ground IN (0, 1)),
    despite     TEXT,
    PRIMARY KEY (project, number),
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;

CREATE TABLE trusted_keys (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    line        TEXT NOT NULL,
    name        TEXT NOT NULL,
    at          TEXT NOT NULL,
    by          TEXT NOT NULL,
    reason      TEXT NOT NULL,
    until       TEXT
) STRICT;
CREATE UNIQUE INDEX trusted_keys_now ON trusted_keys (fingerprint) WHERE until IS NULL;
CREATE UNIQUE INDEX trusted_names_now ON trusted_keys (name) WHERE until IS NULL;
"""

# `judged_here`: what a version that came in was found to be against what was live here then (`against`), on `rows` of
# the `of_rows` of its holdout; `problem`: why they could not be compared. `answer` is JSON: versions/judged_here.py.
JUDGED_HERE = """
CREATE TABLE judged_here (
    project TEXT NOT NULL,
    number  INTEGER NOT NULL,
    at      TEXT NOT NULL,
    against TEXT NOT NULL,
    rows    INTEGER NOT NULL CHECK (rows >= 0),
    of_rows INTEGER NOT NULL CHECK (of_rows >= rows),
    problem TEXT,
    answer  TEXT NOT NULL,
    PRIMARY KEY (project, number),
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
"""
