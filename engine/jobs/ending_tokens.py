"""Alerts about tokens that some program comes with, and that end soon, or go on only until theirs is changed.

One is about the project of which the token opened something lately, as far as a version of it is live; a token that
nobody uses may end in silence. It is over when the program comes with the new one, or the token has ended.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from engine.access import token_table
from engine.access.token_records import IN_USE, SOON, URGENT, Token
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding, Severity
from engine.release.history import live_deployment
from engine.storage.ledger import Ledger

PART = "tokens"


def tell(ledger: Ledger, now: datetime) -> None:
    """Raise an alert for each token in use that ends soon, and end those about what is over."""
    with ledger.read() as db:
        changed = [project for project, _, told, found in _found(db, now) if told != _said(found)]
    if changed:
        with ledger.write() as db:
            for project, number, _, found in _found(db, now):
                if project in changed:
                    alert_book.record(db, project, number, found, {PART}, None, now)


def _found(
    db: sqlite3.Connection, now: datetime
) -> list[tuple[str, int, set[tuple[str, str, Severity]], tuple[HealthFinding, ...]]]:
    """Of each project with something live: its version, what is told already, and what is to be."""
    used: dict[str, list[Token]] = defaultdict(list)
    for project, token in token_table.in_use(db, now - IN_USE):
        used[project].append(token)
    found = []
    for project in sorted({*used, *alert_book.projects_with(db, PART)}):
        live = live_deployment(db, project)
        if live is not None:
            told = {(a.key, a.why, a.severity) for a in alert_book.open_of(db, [project]) if a.part == PART}
            found.append((project, int(live["number"]), told, findings(used[project], now)))
    return found


def _said(found: Iterable[HealthFinding]) -> set[tuple[str, str, Severity]]:
    return {(each.key, each.why, each.severity) for each in found}


def findings(used: Iterable[Token], now: datetime) -> tuple[HealthFinding, ...]:
    """What is told of the tokens with which something of a project was opened lately. Pure.

    Of one that was replaced nothing is told on the day on which it was: its program is to be given the new one first.
    """
    told = []
    for token in used:
        if not token.holds(now) or token.until - now > SOON:
            continue
        until = f"{token.until:%d %b %Y %H:%M} UTC"
        if token.replaced_at is None:
            why = f"the token '{token.name}' ({token.mark}) is in use and ends on {until}; then who has it is refused"
            act = f"leverframe tokens rotate {token.name} --overlap 7d --reason … makes the one that takes its place"
        else:
            if token.replaced_said is None or token.used is None or token.used <= token.replaced_said:
                continue
            why = f"the token '{token.name}' ({token.mark}) was replaced and is in use still; it goes on until {until}"
            act = "give the program the new token of that name; leverframe tokens list shows when each was used"
        severity: Severity = "failing" if token.until - now <= URGENT else "watch"
        since = token.replaced_said or token.until - SOON
        told.append(HealthFinding(f"{PART}:{token.mark}", PART, severity, why, act, since))
    return tuple(told)
