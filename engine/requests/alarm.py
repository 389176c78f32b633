"""That the request log stopped, and that it goes on, as an alert of the project."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import datetime

from engine.errors import LeverframeError
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.storage.ledger import Ledger
from engine.text import plain

PART = "request log"
_ACT = "Answers go on. Free some space, or ask for less with log_size and log in [serve]; the log goes on by itself."


def sound(ledger: Ledger, label: str, why: str, now: datetime) -> None:
    """Raise the alert, as ``label`` answers, unless it is open. Where that cannot be written, the next attempt does."""
    project, _, number = label.rpartition("@")
    with suppress(LeverframeError, sqlite3.Error), ledger.write(lasting=False) as db:
        if not any(each.part == PART for each in alert_book.open_alerts(db, project)):
            finding = HealthFinding(f"{PART}:stopped", PART, "watch", plain(why), _ACT, now)
            alert_book.tell(db, project, int(number), finding, now)


def end(ledger: Ledger, project: str, now: datetime) -> None:
    with suppress(LeverframeError, sqlite3.Error), ledger.write(lasting=False) as db:
        for alert in alert_book.open_alerts(db, project):
            if alert.part == PART:
                alert_book.over(db, alert, "requests are logged again", now)
