"""The ledger's tables, as explicit migrations that are applied in order and never edited afterwards.

sqlite-utils keeps the record of what was applied. It is imported only when something is to be applied, because it
imports pandas. ``PRAGMA user_version`` repeats the count, so that opening a current ledger costs one read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import now, pause, stamp
from engine.errors import Refusal
from engine.storage.statements import append_only, refuse, script, split
from engine.storage.tables.access import ACCESS
from engine.storage.tables.approvals import APPROVALS
from engine.storage.tables.backtest import BACKTESTS
from engine.storage.tables.backup import BACKUPS
from engine.storage.tables.bundles import BUNDLES, JUDGED_HERE
from engine.storage.tables.capacities import CAPACITIES
from engine.storage.tables.exports import EXPORTS
from engine.storage.tables.feedback import FEEDBACK
from engine.storage.tables.feedback_agreements import FEEDBACK_AGREEMENTS
from engine.storage.tables.feedback_blocks import FEEDBACK_BLOCKS
from engine.storage.tables.first import AUDIT, RUN_FACTS, TABLES
from engine.storage.tables.fleet import FLEET
from engine.storage.tables.health import HEALTH
from engine.storage.tables.housekeeping import HOUSEKEEPING
from engine.storage.tables.learner_resets import LEARNER_RESETS
from engine.storage.tables.packages import PACKAGES
from engine.storage.tables.past import PAST, PAST_OF_MOVES
from engine.storage.tables.planned_swaps import PLANNED_SWAPS
from engine.storage.tables.rehearsals import REHEARSALS
from engine.storage.tables.report import REPORTS
from engine.storage.tables.requests import REQUESTS, SKEW_CHECKS
from engine.storage.tables.routing import ROUTING
from engine.storage.tables.schedule import SCHEDULES
from engine.storage.tables.scorings import SCORINGS
from engine.storage.tables.shadows import SHADOW_FIGURES
from engine.storage.tables.tokens import TOKENS
from engine.storage.tables.trials import TRIALS

if TYPE_CHECKING:
    from sqlite_utils import Database


_APPEND_ONLY = ("audit", "decisions", "deployments", "measurements")


def _first(db: Database) -> None:
    statements = AUDIT + TABLES
    for table in _APPEND_ONLY:
        statements += refuse(table, "UPDATE") + refuse(table, "DELETE")
    statements += refuse("versions", "DELETE")
    fixed = "id, project, number, digest, made_at, as_of, run, verdict, comparison, sentence, metric"
    statements += refuse("versions", "UPDATE", f" OF {fixed}")
    for statement in split(statements):
        db.execute(statement)


def _schedules(db: Database) -> None:
    statements = SCHEDULES
    for table in ("occurrences", "downtimes"):
        statements += refuse(table, "UPDATE") + refuse(table, "DELETE")
    statements += refuse("schedules", "DELETE") + refuse("engine", "DELETE")
    fixed = "id, project, job, rule, timezone, catch_up, give_up_after, cool_down, enabled, note, origin, since"
    statements += refuse("schedules", "UPDATE", f" OF {fixed}")
    for statement in split(statements):
        db.execute(statement)
    # Projects that are there already begin from now: for a rule that nobody kept, nothing is caught up.
    at = stamp(now())
    db.execute(
        "INSERT INTO schedules (project, job, rule, timezone, catch_up, give_up_after, enabled, note, origin, entry,"
        " since, settled) SELECT name, 'retrain', json_extract(entry, '$.cron'),"
        " coalesce(json_extract(entry, '$.timezone'), 'UTC'), coalesce(json_extract(entry, '$.catch_up'), 'latest'),"
        " json_extract(entry, '$.give_up_after'), 1, '', 'manifest', entry, ?, ?"
        " FROM (SELECT name, json_extract(manifest, '$.schedule.retrain') AS entry FROM projects"
        " WHERE removed_at IS NULL) WHERE json_extract(entry, '$.cron') IS NOT NULL",
        (at, at),
    )


def _run_facts(db: Database) -> None:
    for statement in split(RUN_FACTS):
        db.execute(statement)


def _housekeeping(db: Database) -> None:
    for statement in split(HOUSEKEEPING + refuse("bin", "DELETE") + refuse("holds", "DELETE")):
        db.execute(statement)


def _health(db: Database) -> None:
    fixed = "run, project, number, as_of, at, verdict, why, rows, labelled"
    grown = refuse("health", "DELETE") + refuse("health", "UPDATE", f" OF {fixed}")
    for table in ("alerts", "incidents"):
        grown += refuse(table, "DELETE")
    for table in ("signals", "triggers"):
        grown += refuse(table, "UPDATE") + refuse(table, "DELETE")
    for statement in split(HEALTH + grown):
        db.execute(statement)


def _reports(db: Database) -> None:
    fixed = "id, project, key, recipient, report, subject, body, token, queued_at"
    kept = refuse("outbox", "DELETE") + refuse("outbox", "UPDATE", f" OF {fixed}")
    for table in ("reports", "news"):
        kept += refuse(table, "UPDATE") + refuse(table, "DELETE")
    for statement in split(REPORTS + kept):
        db.execute(statement)


def _past(db: Database) -> None:
    for statement in split(PAST + refuse("past", "UPDATE") + refuse("past", "DELETE")):
        db.execute(statement)


def _runs_by_job(db: Database) -> None:
    # A look every quarter of an hour is 35,000 runs a year: the newest retrain must be found without passing over them.
    db.execute("CREATE INDEX runs_by_job ON runs (project, job, id)")


def _runs_but_looks(db: Database) -> None:
    # The list of runs leaves finished looks out; runs.history.NO_LOOK says the same.
    db.execute("CREATE INDEX runs_but_looks ON runs (id) WHERE NOT (job = 'health' AND state = 'succeeded')")


def _cancelled_runs(db: Database) -> None:
    # Who asked a run to end, and why, in the ledger: what a run records can then ask in the same transaction.
    db.execute("ALTER TABLE runs ADD COLUMN cancel TEXT")


def _past_of_moves(db: Database) -> None:
    for statement in PAST_OF_MOVES:
        db.execute(statement)


def _pictures(db: Database) -> None:
    # What an environment must be: the digest of the picture that was taken of it, by the digest of its lock, and what
    # the file system said of it when it was last found to be so (engine/environments/pictures.py).
    db.execute("CREATE TABLE pictures (lock TEXT PRIMARY KEY, picture TEXT NOT NULL, stamp TEXT NOT NULL) STRICT")


def _backups(db: Database) -> None:
    kept = ""
    for table in ("backups", "scrubs"):
        kept += refuse(table, "UPDATE") + refuse(table, "DELETE")
    for statement in split(BACKUPS + kept):
        db.execute(statement)


def _decided(db: Database) -> None:
    # For the check that each of these rows has its decision: else it would read the whole trail once more.
    db.execute("CREATE INDEX audit_decided ON audit (seq) WHERE action IN ('approve', 'reject', 'lift', 'rollback')")


def _allowances(db: Database) -> None:
    # What a run asked for that was stopped for it, as parts of a manifest, and who allowed it: projects/allowances.py.
    db.execute("ALTER TABLE run_facts ADD COLUMN asked TEXT")
    db.execute(
        "CREATE TABLE allowances (id INTEGER PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (name),"
        " run INTEGER NOT NULL, asked TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,"
        " until TEXT) STRICT"
    )
    fixed = " OF id, project, run, asked, at, by, reason"
    kept = refuse("allowances", "DELETE") + refuse("allowances", "UPDATE", fixed)
    for statement in split(kept):
        db.execute(statement)


def _backtests(db: Database) -> None:
    for statement in split(BACKTESTS + refuse("backtests", "UPDATE") + refuse("backtests", "DELETE")):
        db.execute(statement)


def _routing(db: Database) -> None:
    kept = refuse("routed", "UPDATE")
    for table in ("routes", "routed", "handovers"):
        kept += refuse(table, "DELETE")
    fixed = "id, kind, who, address, starts, ends, days, zone, lets, after, project, at, by"
    kept += refuse("routes", "UPDATE", f" OF {fixed}")
    kept += refuse("handovers", "UPDATE", " OF id, former, to_whom, by, note, matters, offered_at")
    for statement in split(ROUTING + kept):
        db.execute(statement)


def _access(db: Database) -> None:
    kept = ""
    for table in ("standings", "project_roles"):
        kept += refuse(table, "UPDATE") + refuse(table, "DELETE")
    kept += refuse("bindings", "DELETE")
    kept += refuse("bindings", "UPDATE", " OF id, operator, kind, value, label, public_key, comment, at")
    for statement in split(ACCESS + kept):
        db.execute(statement)


def _comments(db: Database) -> None:
    # What was said of a version, on its card: else each look at one would read the whole trail.
    db.execute("CREATE INDEX audit_comments ON audit (subject, seq) WHERE action = 'comment'")


def _approvals(db: Database) -> None:
    # Who committed the code of a version since what was live, as projects/source/authors.py found it; NULL: not kept.
    db.execute("ALTER TABLE versions ADD COLUMN authors TEXT")
    kept = refuse("addresses", "DELETE") + refuse("glasses", "UPDATE") + refuse("glasses", "DELETE")
    for statement in split(APPROVALS + kept):
        db.execute(statement)


def _planned_swaps(db: Database) -> None:
    fixed = " OF id, project, number, live_seq, policy, by, reason, due, at, audit"
    kept = refuse("planned_swaps", "DELETE") + refuse("planned_swaps", "UPDATE", fixed)
    for statement in split(PLANNED_SWAPS + kept):
        db.execute(statement)


def _rehearsals(db: Database) -> None:
    kept = refuse("rehearsals", "DELETE") + refuse("rehearsals", "UPDATE")
    for statement in split(REHEARSALS + kept):
        db.execute(statement)
    # Projects that are there already are rehearsed from the next time on, as those that are added from now on.
    at = stamp(now())
    db.execute(
        "INSERT INTO schedules (project, job, rule, timezone, catch_up, enabled, note, origin, entry, since, settled)"
        " SELECT name, 'rehearsal', '0 2 * * sun', zone, 'latest', 1, '', 'manifest',"
        " '{\"cron\": \"0 2 * * sun\", \"timezone\": \"' || zone || '\"}', ?, ? FROM (SELECT name,"
        " coalesce(json_extract(manifest, '$.schedule.retrain.timezone'), 'UTC') AS zone FROM projects"
        " WHERE removed_at IS NULL)",
        (at, at),
    )


_BUNDLES = BUNDLES + append_only("origins") + refuse("trusted_keys", "DELETE")
_PREPARED = " OF id, project, number, digest, live_seq, by, at"
_FLEET = (
    FLEET + refuse("preparations", "DELETE") + refuse("preparations", "UPDATE", _PREPARED)
    + refuse("confirmations", "UPDATE") + refuse("taken_out", "DELETE")
)  # fmt: skip
_LOGGED = " OF id, project, file, version, worker, digest, bytes, requests, rows, since, until, written_at"
_REQUESTS = REQUESTS + refuse("request_blocks", "UPDATE", _LOGGED)
_FEEDBACK = FEEDBACK + append_only("feedback_batches", "feedback_decisions", "learnt_words", "frozen_learners")

# In order, each applied once; append to it, and never edit what was released.
MIGRATIONS: tuple[tuple[str, Callable[[Database], None]], ...] = (
    ("first", _first),
    ("schedules", _schedules),
    ("housekeeping", _housekeeping),
    ("run facts", _run_facts),
    ("health", _health),
    ("reports", _reports),
    ("past", _past),
    ("runs by job", _runs_by_job),
    ("runs but looks", _runs_but_looks),
    ("cancelled runs", _cancelled_runs),
    ("past of moves", _past_of_moves),
    ("pictures of environments", _pictures),
    ("backups", _backups),
    ("decided", _decided),
    ("allowances", _allowances),
    ("backtests", _backtests),
    ("routing", _routing),
    ("access", _access),
    ("comments", _comments),
    ("approvals", _approvals),
    ("planned swaps", _planned_swaps),
    ("rehearsals", _rehearsals),
    ("bundles", script(_BUNDLES)),
    ("exports", script(EXPORTS + append_only("exports"))),
    ("common packages", script(PACKAGES + append_only("package_rules", "package_exceptions"))),
    ("judged here", script(JUDGED_HERE + append_only("judged_here"))),
    ("fleet", script(_FLEET)),
    ("requests", script(_REQUESTS)),
    ("tokens", script(TOKENS + append_only("token_uses"))),
    ("feedback", script(_FEEDBACK)),
    ("scorings", script(SCORINGS + refuse("scorings", "DELETE"))),
    ("skew checks", script(SKEW_CHECKS)),
    ("capacities", script(CAPACITIES + append_only("capacities"))),
    ("trials", script(TRIALS + append_only("trials"))),
    ("shadow figures", script(SHADOW_FIGURES)),
    ("learner resets", script(LEARNER_RESETS + append_only("learner_resets"))),
    ("feedback blocks", script(FEEDBACK_BLOCKS + append_only("feedback_blocks", "feedback_packed"))),
    ("feedback agreements", script(FEEDBACK_AGREEMENTS + append_only("feedback_agreements"))),
)
LATEST = len(MIGRATIONS)


def _numbered(change: Callable[[Database], None], version: int) -> Callable[[Database], None]:
    def apply(db: Database) -> None:
        change(db)
        db.execute(f"PRAGMA user_version = {version}")

    return apply


def migrate(path: Path, locks: Path) -> None:
    """Bring the ledger at ``path`` up to date; safe when several processes try at once."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    ledger = Migrations("ledger")
    for version, (name, change) in enumerate(MIGRATIONS, 1):
        ledger(name=name)(_numbered(change, version))
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
