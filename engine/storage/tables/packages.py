"""The tables of the common package list, as the migration of that name makes them."""

# `package_rules`: each row is the whole list as somebody left it, one constraint a line; the newest is in force.
# `enforced`: what breaks it fails its gate, where it else warns. `package_exceptions`: a project need not keep to the
# list for a package before `until`; the newest row of both is in force, and ends an earlier one.
PACKAGES = """
CREATE TABLE package_rules (
    id       INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    text     TEXT NOT NULL,
    enforced INTEGER NOT NULL CHECK (enforced IN (0, 1))
) STRICT;
CREATE TABLE package_exceptions (
    id      INTEGER PRIMARY KEY,
    project TEXT NOT NULL REFERENCES projects (name),
    package TEXT NOT NULL,
    until   TEXT NOT NULL,
    at      TEXT NOT NULL,
    by      TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT;
CREATE INDEX package_exceptions_of ON package_exceptions (project, package, id);
"""
