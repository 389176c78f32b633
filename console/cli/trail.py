"""audit: every act, who did it and why; and the proof that nobody has touched the record."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from console.cli import documents
from console.cli.paging import newest_of, rest_of
from console.cli.printing import Cell, complain, document, say, table
from console.cli.session import Session, Verb, limit_option, matching_option
from console.text.lines import Span
from engine.api import Engine
from engine.errors import Refusal
from engine.records import AuditRow, AuditVerdict

STANDARD_OUTPUT = "-"
HEADINGS = ("row", "at (UTC)", "who", "did", "to", "reason")


@click.command(cls=Verb)
@click.option("--verify", is_flag=True, help="Follow the whole chain; exit code 1 when it is broken.")
@click.option(
    "--export", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True),
    help="Write all of it to FILE, which must not exist; - is standard output.",
)  # fmt: skip
@limit_option
@matching_option
@click.pass_obj
def audit(session: Session, verify: bool, export: Path | None, limit: int | None, matching: str) -> int:
    """The audit trail, the newest first; what it says can be verified and taken away."""
    with session.engine() as engine:
        if export is not None:
            found = _exported(engine, export)
            return _broken(found) if str(export) == STANDARD_OUTPUT else _verdict(session, found, export)
        if verify:
            return _verdict(session, engine.verify_audit(), None)
        shown = newest_of(
            session,
            lambda offset, count: engine.audit(offset=offset, limit=count, matching=matching),
            lambda row: row.seq,
            limit,
            documents.audit_row,
        )
        if shown is None:
            return 0
        if not shown:
            say(f"No row holds {matching}.")
            return 0
        table([_row(row) for row in shown], HEADINGS, right=["row"])
        rest_of(len(shown), None if matching else engine.count_audit())
    return 0


def _exported(engine: Engine, target: Path) -> AuditVerdict:
    try:
        return engine.export_audit(sys.stdout if str(target) == STANDARD_OUTPUT else target.expanduser())
    except FileExistsError:
        raise Refusal(f"{target} exists already; name a new file, an export is never written over.") from None


def _row(row: AuditRow) -> tuple[Cell, ...]:
    return str(row.seq), f"{row.at:%Y-%m-%d %H:%M:%S}", row.actor, row.action, row.subject, row.reason or _details(row)


def _details(row: AuditRow) -> Span:
    """What else the row says, for acts that need no reason."""
    simple = {name: value for name, value in row.details.items() if isinstance(value, str | int) and value}
    told = [f"{name} {_short(str(value))}" for name, value in simple.items()]
    return Span(", ".join(told).replace("_", " "), "dim")


def _short(value: str) -> str:
    """A digest by its beginning, a time to the minute; anything else as it is."""
    if len(value) == 64 and value.isalnum():
        return value[:12]
    return f"{value[:16].replace('T', ' ')} UTC" if value.endswith("Z") and len(value) == 27 else value


def _verdict(session: Session, found: AuditVerdict, file: Path | None) -> int:
    if session.json:
        document({**documents.audit_verdict(found), **({"file": str(file)} if file else {})})
    elif file is not None:
        say(f"{found.rows:,} rows are written to {file}.")
    if _broken(found):
        return 1
    if not session.json:
        say(f"All {found.rows:,} rows hold. Keep this head; it shows later that none was cut off:")
        say(found.head, indent=2)
    return 0


def _broken(found: AuditVerdict) -> int:
    """Say that the trail is broken, where it is; the exit code."""
    if not found.ok:
        complain(f"The audit trail is broken at row {found.first_broken}: {found.why}. {found.rows:,} rows hold.")
    return int(not found.ok)
