"""The table of what shadows came to, as the migration of that name makes it."""

# What one worker counted of one trial in one hour (or all of them in a day, once it is some days ago; `worker` is ''
# then). `figures` is JSON (engine/shadow/counting.py); `trouble`: why the worker's shadow scores nothing, '' where it
# does. Rows of what is long gone go, and the differences named in them go with the requests they are of.
SHADOW_FIGURES = """
CREATE TABLE shadow_figures (
    project TEXT NOT NULL REFERENCES projects (name),
    trial   INTEGER NOT NULL,
    label   TEXT NOT NULL,
    hour    TEXT NOT NULL,
    worker  TEXT NOT NULL,
    said_at TEXT NOT NULL,
    trouble TEXT NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (project, trial, hour, worker)
) STRICT, WITHOUT ROWID;
"""
