"""The tables of what an approval takes, as the migration of that name makes them."""

# `glasses`: what an admin may release past the policy until `until` (release/glass.py).
# `addresses`: a row is an address that was an operator's from `at` until `until`; in small letters.
APPROVALS = """
CREATE TRIGGER versions_no_update_of_authors BEFORE UPDATE OF authors ON versions
BEGIN SELECT RAISE(ABORT, 'versions is append-only'); END;

CREATE TABLE addresses (
    id       INTEGER PRIMARY KEY,
    address  TEXT NOT NULL,
    operator TEXT NOT NULL REFERENCES operators (name),
    at       TEXT NOT NULL,
    until    TEXT
) STRICT;
CREATE TABLE glasses (
    id       INTEGER PRIMARY KEY,
    project  TEXT NOT NULL REFERENCES projects (name),
    number   INTEGER NOT NULL,
    live_seq INTEGER NOT NULL,
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    at       TEXT NOT NULL,
    until    TEXT NOT NULL
) STRICT;
CREATE INDEX glasses_of_versions ON glasses (project, number);

CREATE UNIQUE INDEX addresses_held ON addresses (address) WHERE until IS NULL;
CREATE TRIGGER addresses_no_update BEFORE UPDATE OF id, address, operator, at ON addresses
BEGIN SELECT RAISE(ABORT, 'addresses is append-only'); END;
"""
