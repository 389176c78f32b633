"""The tables of live model health, as the migration of that name makes them."""

# `health`: what a run of that job found about the version that was live; `document` is the whole of it, compressed, and
# is dropped from rows that have grown old, while the row stays. `signals`: its figures, for lines over time. `alerts`:
# raised once, in an incident of their project; `key` says what about, and one is open per project and key. `triggers`:
# what became of each condition that a look found to hold, such as enough new rows.
HEALTH = """
CREATE TABLE health (
    run      INTEGER PRIMARY KEY REFERENCES runs (id),
    project  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    as_of    TEXT NOT NULL,
    at       TEXT NOT NULL,
    verdict  TEXT NOT NULL CHECK (verdict IN ('ok', 'watch', 'failing', 'unknown')),
    why      TEXT NOT NULL,
    rows     INTEGER NOT NULL,
    labelled INTEGER NOT NULL,
    document BLOB,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX health_by_project ON health (project, as_of, run);
CREATE INDEX health_with_document ON health (at) WHERE document IS NOT NULL;

CREATE TABLE signals (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL REFERENCES health (run),
    project TEXT NOT NULL,
    number  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    as_of   TEXT NOT NULL,
    value   REAL,
    low     REAL,
    high    REAL,
    n       INTEGER NOT NULL
) STRICT;
CREATE INDEX signals_by_project ON signals (project, name, as_of);

CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY,
    project   TEXT NOT NULL REFERENCES projects (name),
    opened_at TEXT NOT NULL,
    closed_at TEXT
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (project) WHERE closed_at IS NULL;

CREATE TABLE alerts (
    id              INTEGER PRIMARY KEY,
    incident        INTEGER NOT NULL REFERENCES incidents (id),
    project         TEXT NOT NULL REFERENCES projects (name),
    number          INTEGER NOT NULL,
    key             TEXT NOT NULL,
    part            TEXT NOT NULL,
    severity        TEXT NOT NULL CHECK (severity IN ('watch', 'failing')),
    why             TEXT NOT NULL,
    act             TEXT NOT NULL,
    since           TEXT NOT NULL,
    raised_at       TEXT NOT NULL,
    run             INTEGER REFERENCES runs (id),
    seen_at         TEXT NOT NULL,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    note            TEXT NOT NULL DEFAULT '',
    snoozed_until   TEXT,
    escalated_at    TEXT,
    resolved_at     TEXT,
    resolved_why    TEXT
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (project, key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_project ON alerts (project, id);

CREATE TABLE triggers (
    id      INTEGER PRIMARY KEY,
    project TEXT NOT NULL REFERENCES projects (name),
    kind    TEXT NOT NULL,
    seen    INTEGER NOT NULL REFERENCES runs (id),
    state   TEXT NOT NULL CHECK (state IN ('ran', 'skipped')),
    why     TEXT NOT NULL,
    run     INTEGER REFERENCES runs (id),
    at      TEXT NOT NULL,
    CHECK ((state = 'ran') = (run IS NOT NULL)),
    UNIQUE (seen, kind)
) STRICT;
CREATE INDEX triggers_by_project ON triggers (project, kind, id);
"""
