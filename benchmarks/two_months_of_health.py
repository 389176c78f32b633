"""Two simulated months of the sample projects: one version of each goes live, and then a look a day.

``flights`` has a real season: the weather of autumn is not that of late summer. ``diamonds`` has none: its stones come
in an order drawn by lot, so that whatever alarms there is a false alarm. Prints what was raised when, and what ended.

    .venv/bin/python -m benchmarks.two_months_of_health [--days 60] [--from 2026-09-14]
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.demo import repository
from console.demo.story import Tale
from engine.api import Engine, open_engine
from engine.monitoring.records import Look

PROJECTS = ("flights", "diamonds")
LINE = "{day}  {project:<9} {verdict:<8} {what}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=60)
    options.add_argument("--from", dest="start", type=datetime.fromisoformat, default=datetime(2026, 9, 14))
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-months-") as folder:
        months(Path(folder), given.start.replace(tzinfo=UTC), given.days)


def months(folder: Path, start: datetime, days: int) -> None:
    engine = open_engine(folder / "home", "ada", create=True)
    for project in PROJECTS:
        path = repository.ensure(Tale(project, 1), folder / "projects", repository.samples())
        name = engine.add(path).name
        run = engine.wait(engine.retrain(name, as_of=start).id, lambda _: None)
        assert run.version is not None, run.why
        engine.move(engine.plan_release(run.version), "the first", lambda _: None)
        print(f"{run.version} is live, from data up to {start:%d %B %Y}", flush=True)
        follow(engine, name, start, days)
    engine.close()


def follow(engine: Engine, project: str, start: datetime, days: int) -> None:
    """A look a day; a line for each alarm that begins or ends."""
    known: set[str] = set()
    for day in range(1, days + 1):
        run = engine.wait(engine.look(project, as_of=start + timedelta(days=day)).id, lambda _: None)
        look = engine.health(project)
        assert run.state == "succeeded" and look is not None, run.why
        now = {alert.key: alert.why for alert in engine.alerts(project)}
        for key in sorted(now.keys() - known):
            told(day, look, f"raised {key}: {now[key]}")
        for key in sorted(known - now.keys()):
            told(day, look, f"over   {key}")
        known = set(now)
    raised = engine.past_alerts(project, limit=1000)
    print(f"{project}: {len(raised)} alerts in {days} days, {len({each.incident for each in raised})} incidents")


def told(day: int, look: Look, what: str) -> None:
    print(LINE.format(day=f"day {day:>2}", project=look.project, verdict=look.verdict, what=what), flush=True)


if __name__ == "__main__":
    main()
