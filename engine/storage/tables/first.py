"""The tables that a workspace began with, and those of the runs' facts, as the migrations of their names make them."""

from __future__ import annotations

# Audit: `digest` covers the previous digest and the bytes of `body`; what is shown is read out of `body` by
# generated columns, so that there is nothing beside the hashed bytes that could be changed unnoticed.
AUDIT = """
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    body    TEXT NOT NULL,
    digest  TEXT NOT NULL,
    at      TEXT GENERATED ALWAYS AS (json_extract(body, '$.at')) VIRTUAL,
    actor   TEXT GENERATED ALWAYS AS (json_extract(body, '$.actor')) VIRTUAL,
    action  TEXT GENERATED ALWAYS AS (json_extract(body, '$.action')) VIRTUAL,
    subject TEXT GENERATED ALWAYS AS (json_extract(body, '$.subject')) VIRTUAL,
    reason  TEXT GENERATED ALWAYS AS (json_extract(body, '$.reason')) VIRTUAL
) STRICT;
CREATE INDEX audit_moves ON audit (seq) WHERE action IN ('release', 'rollback');
"""
TABLES = """
CREATE TABLE operators (
    name     TEXT PRIMARY KEY,
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
    name       TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    owner      TEXT NOT NULL,
    path       TEXT NOT NULL,
    manifest   TEXT NOT NULL,
    added_at   TEXT NOT NULL,
    removed_at TEXT
) STRICT;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    project      TEXT NOT NULL REFERENCES projects (name),
    job          TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled',
                                                'interrupted', 'nothing-new')),
    as_of        TEXT NOT NULL,
    queued_at    TEXT NOT NULL,
    started_at   TEXT,
    ended_at     TEXT,
    requested_by TEXT NOT NULL,
    options      TEXT NOT NULL,
    progress     REAL NOT NULL DEFAULT 0,
    phase        TEXT NOT NULL DEFAULT '',
    version      TEXT,
    why          TEXT
) STRICT;
CREATE INDEX runs_by_project ON runs (project, id);
CREATE INDEX runs_unfinished ON runs (state, id) WHERE state IN ('queued', 'running');

CREATE TABLE steps (
    run         INTEGER NOT NULL REFERENCES runs (id),
    seq         INTEGER NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    seconds     REAL,
    cpu_seconds REAL,
    peak_memory INTEGER,
    why         TEXT,
    PRIMARY KEY (run, seq)
) STRICT;

CREATE TABLE versions (
    id         INTEGER PRIMARY KEY,
    project    TEXT NOT NULL REFERENCES projects (name),
    number     INTEGER NOT NULL,
    digest     TEXT NOT NULL,
    made_at    TEXT NOT NULL,
    as_of      TEXT NOT NULL,
    run        INTEGER NOT NULL REFERENCES runs (id),
    verdict    TEXT NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail', 'cannot tell')),
    comparison TEXT NOT NULL,
    sentence   TEXT NOT NULL,
    against    INTEGER,
    metric     TEXT NOT NULL,
    data_until TEXT,
    expires_at TEXT,
    state      TEXT NOT NULL CHECK (state IN ('candidate', 'live', 'retired', 'rejected', 'expired', 'barred',
                                              'failed')),
    live_from  TEXT,
    live_until TEXT,
    reason     TEXT,
    UNIQUE (project, number)
) STRICT;
CREATE INDEX versions_by_state ON versions (project, state, number);
CREATE INDEX candidates ON versions (state, id) WHERE state = 'candidate';
CREATE UNIQUE INDEX one_live ON versions (project) WHERE state = 'live';

CREATE TABLE decisions (
    seq      INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('approve', 'reject', 'rollback', 'lift')),
    project  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    live_seq INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    audit    INTEGER NOT NULL REFERENCES audit (seq),
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX decisions_by_version ON decisions (project, number, seq);

CREATE TABLE deployments (
    seq      INTEGER PRIMARY KEY,
    project  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    previous INTEGER,
    kind     TEXT NOT NULL CHECK (kind IN ('release', 'rollback')),
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    release  TEXT NOT NULL,
    proof    TEXT NOT NULL,
    audit    INTEGER NOT NULL REFERENCES audit (seq),
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX deployments_by_project ON deployments (project, seq);
CREATE INDEX deployments_by_time ON deployments (project, at);

CREATE TABLE measurements (
    id      INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    number  INTEGER NOT NULL,
    run     INTEGER NOT NULL REFERENCES runs (id),
    metric  TEXT NOT NULL,
    as_of   TEXT NOT NULL,
    at      TEXT NOT NULL,
    value   REAL,
    low     REAL,
    high    REAL,
    n       INTEGER NOT NULL,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX measurements_by_project ON measurements (project, metric, as_of);
"""
# What a run worked on, as far as it came; and when a run that went wrong is tried again, None once that is settled.
RUN_FACTS = """
CREATE TABLE run_facts (
    run          INTEGER PRIMARY KEY REFERENCES runs (id),
    revision     TEXT,
    lock         TEXT,
    rows         INTEGER,
    train_rows   INTEGER,
    holdout_rows INTEGER,
    retries      INTEGER,
    retry_after  REAL
) STRICT;
ALTER TABLE runs ADD COLUMN retry_at TEXT;
CREATE INDEX runs_to_retry ON runs (retry_at) WHERE retry_at IS NOT NULL;
"""
