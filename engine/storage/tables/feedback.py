"""The tables of feedback, as the migration of that name makes them."""

# `learnt_words`: what a version, by its digest, learnt on top of its parent, as the object `digest`. It is not named by
# the version's document, for it has keys, which do not travel.
# A batch as it came; its rows are the object `digest`. `source`: where it came from, in words. `tally`: what its labels
# are, counted. `held`: why it is quarantined, NULL where it is not. What a person decided of one that is stands in
# `feedback_decisions`: neither table is ever changed.
FEEDBACK = """
CREATE TABLE feedback_batches (
    id       INTEGER PRIMARY KEY,
    project  TEXT NOT NULL REFERENCES projects (name),
    at       TEXT NOT NULL,
    by       TEXT NOT NULL,
    source   TEXT NOT NULL,
    rows     INTEGER NOT NULL CHECK (rows > 0),
    since    TEXT NOT NULL,
    until    TEXT NOT NULL,
    digest   TEXT NOT NULL,
    tally    TEXT NOT NULL,
    held     TEXT
) STRICT;
CREATE INDEX feedback_by_project ON feedback_batches (project, id);
CREATE TABLE feedback_decisions (
    batch    INTEGER PRIMARY KEY REFERENCES feedback_batches (id),
    at       TEXT NOT NULL,
    by       TEXT NOT NULL,
    verdict  TEXT NOT NULL CHECK (verdict IN ('let in', 'thrown away')),
    reason   TEXT NOT NULL
) STRICT;
CREATE TABLE learnt_words (
    version  TEXT PRIMARY KEY,
    project  TEXT NOT NULL REFERENCES projects (name),
    at       TEXT NOT NULL,
    digest   TEXT NOT NULL,
    rows     INTEGER NOT NULL
) STRICT;
CREATE TABLE frozen_learners (
    id       INTEGER PRIMARY KEY,
    project  TEXT NOT NULL REFERENCES projects (name),
    at       TEXT NOT NULL,
    by       TEXT NOT NULL,
    frozen   INTEGER NOT NULL CHECK (frozen IN (0, 1)),
    reason   TEXT NOT NULL
) STRICT;
CREATE INDEX frozen_by_project ON frozen_learners (project, id);
"""
