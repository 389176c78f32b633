"""The tables of the request log, as the migration of that name makes them."""

# `request_blocks`: a row for each file of the log, in the folder `requests` of the workspace; `ended_at` and `why` when
# the file was let go of. Rows of what is long gone go too. `request_counts`: every request there was, by minute (or by
# hour, once it is some days ago); `fallback` is '' where the live version answered, `status` 0 of what was lost unseen,
# `kept` and `lost` are rows; `histogram` is JSON, a number of answers by bucket (engine/requests/counting.py).
REQUESTS = """
CREATE TABLE request_blocks (
    id         INTEGER PRIMARY KEY,
    project    TEXT NOT NULL REFERENCES projects (name),
    file       TEXT NOT NULL UNIQUE,
    version    TEXT NOT NULL,
    worker     TEXT NOT NULL,
    digest     TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    requests   INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    since      TEXT NOT NULL,
    until      TEXT NOT NULL,
    written_at TEXT NOT NULL,
    ended_at   TEXT,
    why        TEXT,
    CHECK ((ended_at IS NULL) = (why IS NULL))
) STRICT;
CREATE INDEX request_blocks_there ON request_blocks (project, until) WHERE ended_at IS NULL;

CREATE TABLE request_counts (
    project   TEXT NOT NULL REFERENCES projects (name),
    minute    TEXT NOT NULL,
    worker    TEXT NOT NULL,
    version   TEXT NOT NULL,
    digest    TEXT NOT NULL,
    fallback  TEXT NOT NULL,
    status    INTEGER NOT NULL,
    requests  INTEGER NOT NULL,
    rows      INTEGER NOT NULL,
    kept      INTEGER NOT NULL,
    lost      INTEGER NOT NULL,
    seconds   REAL NOT NULL,
    histogram TEXT NOT NULL,
    PRIMARY KEY (project, minute, worker, version, digest, fallback, status)
) STRICT, WITHOUT ROWID;
"""

# `skew_checks`: logged requests that were asked again; `worst` is JSON, the rows that differ most, for as long as the
# log keeps its own (engine/requests/skew.py).
SKEW_CHECKS = """
CREATE TABLE skew_checks (
    run       INTEGER PRIMARY KEY REFERENCES runs (id),
    project   TEXT NOT NULL REFERENCES projects (name),
    version   TEXT NOT NULL,
    at        TEXT NOT NULL,
    rows      INTEGER NOT NULL,
    differing INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    largest   REAL NOT NULL,
    unread    INTEGER NOT NULL,
    worst     TEXT NOT NULL
) STRICT;
CREATE INDEX skew_checks_by_project ON skew_checks (project, run);
"""
