"""The tables of schedules and of what became of them, as the migration of that name makes them."""

# A schedule's row is a rule that was in force for a time: a change ends the row (`until`) and begins another, so that
# each due time belongs to the rule that was in force then. `settled`: what was due until then is accounted for. `entry`
# is what the manifest said when the row began. One occurrence may stand for a whole stretch that was missed (`last`,
# `times`). `downtimes`: when nobody settled anything. `engine`: whoever has the highest fence may.
SCHEDULES = """
CREATE TABLE schedules (
    id            INTEGER PRIMARY KEY,
    project       TEXT NOT NULL REFERENCES projects (name),
    job           TEXT NOT NULL,
    rule          TEXT NOT NULL,
    timezone      TEXT NOT NULL,
    catch_up      TEXT NOT NULL CHECK (catch_up IN ('latest', 'all', 'skip')),
    give_up_after TEXT,
    cool_down     TEXT,
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    note          TEXT NOT NULL,
    origin        TEXT NOT NULL CHECK (origin IN ('manifest', 'operator')),
    changed_by    TEXT,
    entry         TEXT NOT NULL,
    since         TEXT NOT NULL,
    until         TEXT,
    settled       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX schedules_in_force ON schedules (project, job) WHERE until IS NULL;
CREATE INDEX schedules_unsettled ON schedules (id) WHERE until IS NOT NULL AND settled < until;

CREATE TABLE occurrences (
    id       INTEGER PRIMARY KEY,
    schedule INTEGER NOT NULL REFERENCES schedules (id),
    project  TEXT NOT NULL,
    job      TEXT NOT NULL,
    due      TEXT NOT NULL,
    last     TEXT,
    times    INTEGER NOT NULL DEFAULT 1 CHECK (times >= 1),
    state    TEXT NOT NULL CHECK (state IN ('ran', 'skipped', 'missed')),
    why      TEXT NOT NULL,
    run      INTEGER REFERENCES runs (id),
    at       TEXT NOT NULL,
    fence    INTEGER NOT NULL,
    CHECK ((state = 'ran') = (run IS NOT NULL)),
    UNIQUE (schedule, due)
) STRICT;
CREATE UNIQUE INDEX none_runs_twice ON occurrences (project, job, due) WHERE state = 'ran';
CREATE INDEX occurrences_by_project ON occurrences (project, job, id);
CREATE INDEX occurrences_by_time ON occurrences (at);

CREATE TABLE downtimes (
    id    INTEGER PRIMARY KEY,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    why   TEXT NOT NULL
) STRICT;

CREATE TABLE engine (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    fence INTEGER NOT NULL,
    host  TEXT,
    pid   INTEGER,
    since TEXT
) STRICT;
INSERT INTO engine (one, fence) VALUES (1, 0);
"""
