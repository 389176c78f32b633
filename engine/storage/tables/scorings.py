"""The table of scorings, as the migration of that name makes it."""

# One row for each output that a run of the job `score` began. `named`: the run that its rows name, which is the first
# that wrote this input with this version to this place, so that whoever does it again writes the same bytes.
# `input_digest`, `rows` and `digest` are there once they are known; `ended_at` once the output stands under its name.
SCORINGS = """
CREATE TABLE scorings (
    id           INTEGER PRIMARY KEY,
    run          INTEGER NOT NULL REFERENCES runs (id),
    named        INTEGER NOT NULL REFERENCES runs (id),
    project      TEXT NOT NULL,
    number       INTEGER NOT NULL,
    input        TEXT NOT NULL,
    input_digest TEXT,
    output       TEXT NOT NULL,
    at           TEXT NOT NULL,
    rows         INTEGER,
    digest       TEXT,
    ended_at     TEXT,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX scorings_by_version ON scorings (project, number, id);
CREATE INDEX scorings_by_run ON scorings (run);
CREATE INDEX scorings_by_named ON scorings (named);
CREATE INDEX scorings_by_output ON scorings (output, id);
CREATE INDEX scorings_by_digest ON scorings (digest);
"""
