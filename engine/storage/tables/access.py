"""The tables of who may work here, as the migration of that name makes them."""

# `standings`: what somebody is for the workspace, a row for each change; the newest holds. `project_roles`: the same
# for single projects, '' where the role was taken back. `bindings`: what proves that it is them, until it ends; a key
# or an account proves one person at a time. `folded`: rows of the trail alike that came too fast to be written one by
# one, and how many more there were (see engine/audit/flood.py).
ACCESS = """
CREATE TABLE standings (
    id       INTEGER PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (name),
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'auditor', 'operator', 'admin')),
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    at       TEXT NOT NULL,
    by       TEXT NOT NULL
) STRICT;
CREATE INDEX standings_by_operator ON standings (operator, id);

CREATE TABLE project_roles (
    id       INTEGER PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (name),
    project  TEXT NOT NULL REFERENCES projects (name),
    role     TEXT NOT NULL CHECK (role IN ('', 'viewer', 'auditor', 'operator', 'admin')),
    at       TEXT NOT NULL,
    by       TEXT NOT NULL
) STRICT;
CREATE INDEX project_roles_by_operator ON project_roles (operator, project, id);

CREATE TABLE bindings (
    id         INTEGER PRIMARY KEY,
    operator   TEXT NOT NULL REFERENCES operators (name),
    kind       TEXT NOT NULL CHECK (kind IN ('account', 'key')),
    value      TEXT NOT NULL,
    label      TEXT NOT NULL,
    public_key TEXT NOT NULL,
    comment    TEXT NOT NULL,
    at         TEXT NOT NULL,
    until      TEXT
) STRICT;
CREATE UNIQUE INDEX bindings_in_force ON bindings (kind, value) WHERE until IS NULL;
CREATE INDEX bindings_by_operator ON bindings (operator);

CREATE TABLE folded (
    actor   TEXT NOT NULL,
    account TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    since   TEXT NOT NULL,
    written INTEGER NOT NULL,
    more    INTEGER NOT NULL,
    until   TEXT NOT NULL,
    PRIMARY KEY (actor, account, action)
) STRICT;

INSERT INTO standings (operator, role, disabled, at, by) SELECT name, role, 0, added_at, '' FROM operators;
ALTER TABLE operators DROP COLUMN role;
"""
