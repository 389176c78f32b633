"""The tables of the tokens that programs come with, as the migration of that name makes them."""

# One row a token, for ever. `mark`: the part of it that is no secret; `digest`: SHA-256 of the whole of it, which is
# kept nowhere. `projects`: JSON, NULL for all. `replaced_at`: from when another has its place, which was said at
# `replaced_said`. `token_uses`: a row for each day on which it opened anything of a project ('': of the whole
# workspace), with when it first did; more would be a write for each request.
TOKENS = """
CREATE TABLE tokens (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    mark     TEXT NOT NULL UNIQUE,
    digest   TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    scopes   TEXT NOT NULL CHECK (scopes <> ''),
    projects TEXT,
    made_at  TEXT NOT NULL,
    made_by  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    ends_at  TEXT NOT NULL CHECK (ends_at > made_at),
    replaced_at   TEXT,
    replaced_said TEXT,
    replaced_by   TEXT,
    revoked_at    TEXT,
    revoked_by    TEXT,
    CHECK ((replaced_at IS NULL) = (replaced_said IS NULL) AND (replaced_at IS NULL) = (replaced_by IS NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;
CREATE INDEX tokens_by_name ON tokens (name, id);
CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens BEGIN SELECT RAISE(ABORT, 'tokens stay'); END;
CREATE TRIGGER tokens_no_update BEFORE UPDATE OF id, name, mark, digest, scopes, projects, made_at, made_by, reason,
    ends_at ON tokens BEGIN SELECT RAISE(ABORT, 'what a token may is settled when it is made'); END;

CREATE TABLE token_uses (
    token   INTEGER NOT NULL REFERENCES tokens (id),
    project TEXT NOT NULL,
    day     TEXT NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (token, project, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_uses_by_time ON token_uses (at);
"""
