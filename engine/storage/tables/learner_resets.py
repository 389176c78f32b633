"""The table of learners that were reset, as the migration of that name makes it."""

# A learner was reset: from `checkpoint` (a version's digest) it goes on, while `live` is what is live, and it learns no
# label that became known before `since`. `before` and `after`: the error that grew, on `rows` rows; `curve`: how it did
# in the run that found it, of which no version came.
LEARNER_RESETS = """
CREATE TABLE learner_resets (
    id          INTEGER PRIMARY KEY,
    project     TEXT NOT NULL REFERENCES projects (name),
    at          TEXT NOT NULL,
    by          TEXT NOT NULL,
    run         INTEGER NOT NULL REFERENCES runs (id),
    live        TEXT NOT NULL,
    checkpoint  TEXT NOT NULL,
    since       TEXT NOT NULL,
    before      REAL NOT NULL,
    after       REAL NOT NULL,
    rows        INTEGER NOT NULL,
    metric      TEXT NOT NULL,
    curve       TEXT NOT NULL,
    reason      TEXT NOT NULL
) STRICT;
CREATE INDEX resets_by_project ON learner_resets (project, id);
"""
