"""The table of approved versions that go live later, as the migration of that name makes it."""

# Each has been proven and approved, against the deployment `live_seq` and under the policy with that digest, and goes
# live at `due` if all that is still so (release/at_its_time.py). `audit`: the row of the trail that tells of it. It is
# open until `how` says what became of it; `ended_audit` is then the row that tells that. `run`: proves it once more.
# The cursor is the last row of the trail that was told of (outbox/planned.py).
PLANNED_SWAPS = """
CREATE TABLE planned_swaps (
    id          INTEGER PRIMARY KEY,
    project     TEXT NOT NULL REFERENCES projects (name),
    number      INTEGER NOT NULL,
    live_seq    INTEGER NOT NULL,
    policy      TEXT NOT NULL,
    by          TEXT NOT NULL,
    reason      TEXT NOT NULL,
    due         TEXT NOT NULL,
    at          TEXT NOT NULL,
    audit       INTEGER NOT NULL,
    run         INTEGER,
    how         TEXT CHECK (how IN ('swapped', 'cancelled')),
    why         TEXT,
    ended_at    TEXT,
    ended_audit INTEGER,
    CHECK ((how IS NULL) = (ended_at IS NULL) AND (how IS NULL) = (ended_audit IS NULL))
) STRICT;
CREATE UNIQUE INDEX planned_swaps_open ON planned_swaps (project) WHERE how IS NULL;
CREATE INDEX planned_swaps_of_versions ON planned_swaps (project, number, id);
CREATE TRIGGER planned_swaps_end_once BEFORE UPDATE ON planned_swaps WHEN old.how IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a planned swap ends once'); END;
INSERT INTO cursors (name, seen) VALUES ('planned swaps', 0);
"""
