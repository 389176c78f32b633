"""What the door to the engine offers about requests; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.access.acts import Door, looks
from engine.errors import Invalid

if TYPE_CHECKING:
    from engine.requests.report import RequestReport

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=400)


class RequestCommands(Door):
    """Requests that were answered in real time. Imports what it needs when it is called."""

    @looks("see requests", of="project")
    def requests(self, project: str, now: datetime, last: timedelta = HOUR) -> RequestReport:
        """Requests of ``project`` in the time of that length that ends ``now``, and the log that there is of them."""
        from engine.requests.report import of_project

        if not timedelta(minutes=1) <= last <= LONGEST:
            raise Invalid(f"Requests are shown of a minute to {LONGEST.days} days; name a time between, such as 24h.")
        with self._ledger.read() as db:
            return of_project(db, project, now, last)
