"""The tables of the workers that answer requests, as the migration of that name makes them."""

# `workers`: a row for each process that answers, from its beginning to its end; whether it lives is said by the lock
# that it holds (scoring/beats.py), so that nothing has to be written for that. `answers`: JSON, for each project the
# label, digest and deployment that it answers with, as of `said_at`; written when that has changed.
# `preparations`: a version that is proven and about to be made live, until `ended_at`; one at a time for a project.
# `confirmations`: what each worker found of it. `crashes`: a version's scorer ended in the middle of a request.
# `taken_out`: it did so too often; `until` is when a person put it back, or another deployment took its place.
FLEET = """
CREATE TABLE workers (
    name     TEXT PRIMARY KEY,
    pid      INTEGER NOT NULL,
    began_at TEXT NOT NULL,
    answers  TEXT NOT NULL,
    said_at  TEXT NOT NULL,
    ended_at TEXT,
    why      TEXT,
    CHECK ((ended_at IS NULL) = (why IS NULL))
) STRICT;
CREATE INDEX workers_there ON workers (name) WHERE ended_at IS NULL;

CREATE TABLE preparations (
    id       INTEGER PRIMARY KEY,
    project  TEXT NOT NULL REFERENCES projects (name),
    number   INTEGER NOT NULL,
    digest   TEXT NOT NULL,
    live_seq INTEGER NOT NULL,
    by       TEXT NOT NULL,
    at       TEXT NOT NULL,
    ended_at TEXT,
    how      TEXT CHECK (how IN ('live', 'given up')),
    why      TEXT,
    CHECK ((ended_at IS NULL) = (how IS NULL))
) STRICT;
CREATE INDEX preparations_open ON preparations (project) WHERE ended_at IS NULL;

CREATE TABLE confirmations (
    preparation INTEGER NOT NULL REFERENCES preparations (id),
    worker      TEXT NOT NULL,
    at          TEXT NOT NULL,
    digest      TEXT NOT NULL,
    why         TEXT,
    PRIMARY KEY (preparation, worker)
) STRICT;

CREATE TABLE crashes (
    id         INTEGER PRIMARY KEY,
    project    TEXT NOT NULL,
    number     INTEGER NOT NULL,
    deployment INTEGER NOT NULL,
    worker     TEXT NOT NULL,
    at         TEXT NOT NULL,
    why        TEXT NOT NULL
) STRICT;
CREATE INDEX crashes_of ON crashes (project, deployment, at);

CREATE TABLE taken_out (
    id         INTEGER PRIMARY KEY,
    project    TEXT NOT NULL REFERENCES projects (name),
    number     INTEGER NOT NULL,
    deployment INTEGER NOT NULL,
    at         TEXT NOT NULL,
    why        TEXT NOT NULL,
    until      TEXT,
    ended_by   TEXT,
    CHECK ((until IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE INDEX taken_out_now ON taken_out (project, deployment) WHERE until IS NULL;
"""
