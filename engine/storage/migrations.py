"""The ledger's tables, as explicit migrations that are applied in order and never edited afterwards.

sqlite-utils keeps the record of what was applied. It is imported only when something is to be applied, because it
imports pandas. ``PRAGMA user_version`` repeats the count, so that opening a current ledger costs one read.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import pause
from engine.errors import Refusal

if TYPE_CHECKING:
    from sqlite_utils import Database

LATEST = 1

# Audit: `digest` covers the previous digest and the bytes of `body`; what is shown is read out of `body` by
# generated columns, so that there is nothing beside the hashed bytes that could be changed unnoticed.
_AUDIT = """
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    body    TEXT NOT NULL,
    digest  TEXT NOT NULL,
    at      TEXT GENERATED ALWAYS AS (json_extract(body, '$.at')) VIRTUAL,
    actor   TEXT GENERATED ALWAYS AS (json_extract(body, '$.actor')) VIRTUAL,
    action  TEXT GENERATED ALWAYS AS (json_extract(body, '$.action')) VIRTUAL,
    subject TEXT GENERATED ALWAYS AS (json_extract(body, '$.subject')) VIRTUAL,
    reason  TEXT GENERATED ALWAYS AS (json_extract(body, '$.reason')) VIRTUAL
) STRICT;
CREATE INDEX audit_moves ON audit (seq) WHERE action IN ('release', 'rollback');
"""

_TABLES = """
CREATE TABLE operators (
    name     TEXT PRIMARY KEY,
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
    name       TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    owner      TEXT NOT NULL,
    path       TEXT NOT NULL,
    manifest   TEXT NOT NULL,
    added_at   TEXT NOT NULL,
    removed_at TEXT
) STRICT;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    project      TEXT NOT NULL REFERENCES projects (name),
    job          TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled',
                                                'interrupted', 'nothing-new')),
    as_of        TEXT NOT NULL,
    queued_at    TEXT NOT NULL,
    started_at   TEXT,
    ended_at     TEXT,
    requested_by TEXT NOT NULL,
    options      TEXT NOT NULL,
    progress     REAL NOT NULL DEFAULT 0,
    phase        TEXT NOT NULL DEFAULT '',
    version      TEXT,
    why          TEXT
) STRICT;
CREATE INDEX runs_by_project ON runs (project, id);
CREATE INDEX runs_unfinished ON runs (state, id) WHERE state IN ('queued', 'running');

CREATE TABLE steps (
    run         INTEGER NOT NULL REFERENCES runs (id),
    seq         INTEGER NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    seconds     REAL,
    cpu_seconds REAL,
    peak_memory INTEGER,
    why         TEXT,
    PRIMARY KEY (run, seq)
) STRICT;

CREATE TABLE versions (
    id         INTEGER PRIMARY KEY,
    project    TEXT NOT NULL REFERENCES projects (name),
    number     INTEGER NOT NULL,
    digest     TEXT NOT NULL,
    made_at    TEXT NOT NULL,
    as_of      TEXT NOT NULL,
    run        INTEGER NOT NULL REFERENCES runs (id),
    verdict    TEXT NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail', 'cannot tell')),
    comparison TEXT NOT NULL,
    sentence   TEXT NOT NULL,
    against    INTEGER,
    metric     TEXT NOT NULL,
    data_until TEXT,
    expires_at TEXT,
    state      TEXT NOT NULL CHECK (state IN ('candidate', 'live', 'retired', 'rejected', 'expired', 'barred',
                                              'failed')),
    live_from  TEXT,
    live_until TEXT,
    reason     TEXT,
    UNIQUE (project, number)
) STRICT;
CREATE INDEX versions_by_state ON versions (project, state, number);
CREATE INDEX candidates ON versions (state, id) WHERE state = 'candidate';
CREATE UNIQUE INDEX one_live ON versions (project) WHERE state = 'live';

CREATE TABLE decisions (
    seq      INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('approve', 'reject', 'rollback', 'lift')),
    project  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    live_seq INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    audit    INTEGER NOT NULL REFERENCES audit (seq),
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX decisions_by_version ON decisions (project, number, seq);

CREATE TABLE deployments (
    seq      INTEGER PRIMARY KEY,
    project  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    previous INTEGER,
    kind     TEXT NOT NULL CHECK (kind IN ('release', 'rollback')),
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    release  TEXT NOT NULL,
    proof    TEXT NOT NULL,
    audit    INTEGER NOT NULL REFERENCES audit (seq),
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX deployments_by_project ON deployments (project, seq);
CREATE INDEX deployments_by_time ON deployments (project, at);

CREATE TABLE measurements (
    id      INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    number  INTEGER NOT NULL,
    run     INTEGER NOT NULL REFERENCES runs (id),
    metric  TEXT NOT NULL,
    as_of   TEXT NOT NULL,
    at      TEXT NOT NULL,
    value   REAL,
    low     REAL,
    high    REAL,
    n       INTEGER NOT NULL,
    FOREIGN KEY (project, number) REFERENCES versions (project, number)
) STRICT;
CREATE INDEX measurements_by_project ON measurements (project, metric, as_of);
"""

_APPEND_ONLY = ("audit", "decisions", "deployments", "measurements")


def _refuse(table: str, event: str, columns: str = "") -> str:
    what = event.split()[0].lower()
    return (
        f"CREATE TRIGGER {table}_no_{what} BEFORE {event}{columns} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;"
    )


def _first(db: Database) -> None:
    statements = _AUDIT + _TABLES
    for table in _APPEND_ONLY:
        statements += _refuse(table, "UPDATE") + _refuse(table, "DELETE")
    statements += _refuse("versions", "DELETE")
    fixed = "id, project, number, digest, made_at, as_of, run, verdict, comparison, sentence, metric"
    statements += _refuse("versions", "UPDATE", f" OF {fixed}")
    for statement in _split(statements):
        db.execute(statement)
    db.execute("PRAGMA user_version = 1")


def _split(script: str) -> list[str]:
    """The single statements of ``script``; ``executescript`` would end the migration's transaction."""
    import sqlite3

    statements, current = [], ""
    for piece in script.split(";"):
        current += piece + ";"
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return [s for s in statements if s != ";"]


def migrate(path: Path, locks: Path) -> None:
    """Bring the ledger at ``path`` up to date; safe when several processes try at once."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    ledger = Migrations("ledger")
    ledger(name="first")(_first)
    descriptor = os.open(locks / "migrate", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        db = Database(path)
        _use_wal(db, path)
        ledger.apply(db)
        db.close()
    finally:
        os.close(descriptor)


def _use_wal(db: Database, path: Path) -> None:
    """Switch to WAL. SQLite does not wait here for one who only looks, whatever the timeout, so this does."""
    import sqlite3

    for _ in range(1000):
        try:
            db.conn.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            pause(0.01)
    raise Refusal(f"The ledger {path} is held by another program; end that and try again.")
