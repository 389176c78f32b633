"""The table of backtests, as the migration of that name makes it."""

# One row for each backtest that came to its end; `document` is the whole of it, compressed, and `digest` that of the
# text before that.
BACKTESTS = """
CREATE TABLE backtests (
    run      INTEGER PRIMARY KEY REFERENCES runs (id),
    project  TEXT NOT NULL REFERENCES projects (name),
    as_of    TEXT NOT NULL,
    at       TEXT NOT NULL,
    digest   TEXT NOT NULL,
    document BLOB NOT NULL
) STRICT;
CREATE INDEX backtests_by_project ON backtests (project, run);
"""
