"""The table of exports, as the migration of that name makes it."""

# `dialect` is '' for ONNX. `digest`: over all files of the folder. `parity`: the whole comparison. `forced`: it was
# written though parity does not hold. `used_by`: where callers have it, as somebody told.
EXPORTS = """
CREATE TABLE exports (
    id       INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,
    by       TEXT NOT NULL,
    project  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('onnx', 'sql')),
    dialect  TEXT NOT NULL,
    digest   TEXT NOT NULL,
    folder   TEXT NOT NULL,
    parity   TEXT NOT NULL,
    forced   INTEGER NOT NULL CHECK (forced IN (0, 1)),
    used_by  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX exports_by_version ON exports (project, number);
"""
