"""The tables of housekeeping, as the migration of that name makes them."""

# `settings`: what an operator chose instead of a default. `places`: folders beside the workspace that are watched and
# never cleaned. `holds`: versions that nobody may clean. `scans`: the history that growth is read from; only the newest
# report is kept. `bin`: what was cleaned away; a state that ends in -ing is at work, or was cut short and is finished
# by the next look. `versions.cleaned_at`: its content is no longer in the store.
HOUSEKEEPING = """
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE places (
    path     TEXT PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('data', 'logs', 'bin')),
    added_at TEXT NOT NULL,
    added_by TEXT NOT NULL
) STRICT;

CREATE TABLE holds (
    id          INTEGER PRIMARY KEY,
    project     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    since       TEXT NOT NULL,
    held_by     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    released_at TEXT,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE UNIQUE INDEX holds_in_force ON holds (project, number) WHERE released_at IS NULL;

CREATE TABLE scans (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    free    INTEGER NOT NULL,
    shares  TEXT NOT NULL,
    report  TEXT
) STRICT;
CREATE INDEX scans_by_time ON scans (at);

CREATE TABLE bin (
    id        INTEGER PRIMARY KEY,
    item      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    what      TEXT NOT NULL,
    paths     TEXT NOT NULL,
    bytes     INTEGER NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('binning', 'binned', 'restoring', 'restored', 'purging', 'purged')),
    binned_at TEXT NOT NULL,
    binned_by TEXT NOT NULL,
    reason    TEXT NOT NULL,
    purge_at  TEXT NOT NULL,
    ended_at  TEXT
) STRICT;
CREATE INDEX bin_there ON bin (state, purge_at) WHERE state NOT IN ('restored', 'purged');
CREATE INDEX bin_by_item ON bin (item);
ALTER TABLE versions ADD COLUMN cleaned_at TEXT;
"""
