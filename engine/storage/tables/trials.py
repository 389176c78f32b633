"""The table of trials, candidates that run beside what is live, as the migration of that name makes it."""

# Only ever appended to: a row for each start, change of share and end of a trial; the newest row of a project is what
# holds. `began`: the first row of the trial, which names it; its own number there. `share`: what holds from this row
# on, and of an end what held before. `against`: the deployment beside which it runs. `how`: of an end, what ended it.
# `audit`: the row of the trail that tells of it.
TRIALS = """
CREATE TABLE trials (
    seq     INTEGER PRIMARY KEY,
    began   INTEGER NOT NULL,
    project TEXT NOT NULL REFERENCES projects (name),
    number  INTEGER NOT NULL,
    digest  TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('shadow', 'canary')),
    act     TEXT NOT NULL CHECK (act IN ('start', 'change', 'end')),
    share   REAL NOT NULL CHECK (share > 0 AND share <= 1),
    against INTEGER NOT NULL,
    at      TEXT NOT NULL,
    by      TEXT NOT NULL,
    reason  TEXT NOT NULL,
    how     TEXT CHECK (
        how IN ('by hand', 'policy', 'released', 'rejected', 'expired', 'another', 'removed', 'canary')
    ),
    audit   INTEGER NOT NULL,
    CHECK ((act = 'end') = (how IS NOT NULL)),
    CHECK ((act = 'start') = (began = seq)),
    CHECK (kind = 'shadow' OR share < 1)
) STRICT;
CREATE INDEX trials_of ON trials (project, seq);
"""
