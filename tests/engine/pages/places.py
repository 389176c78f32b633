"""A workspace that is served on a free port of this machine, and a client that asks it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.monitoring import looks
from engine.pages.service import Service
from engine.pages.view import open_view
from engine.runs import history
from tests.engine.reports.worlds import NOW, World, lived_in
from tests.look_documents import look_document

TOKEN = "0123456789abcdef0123"
SECRET = "passenger_email"


@dataclass
class Served:
    """Where it is, and what it told whoever runs it."""

    service: Service
    told: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.service.url.rstrip("/").rpartition(":")[2])

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (in small letters) and body."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            line.close()


@contextmanager
def served(home: Path, token: str | None = None, now: datetime = NOW) -> Iterator[Served]:
    """Serve the workspace at ``home``, at the moment ``now``."""
    found = Served(Service(open_view(home), "127.0.0.1", 0, token))
    try:
        found.service.start(lambda: now, found.told.append)
        yield found
    finally:
        found.service.close()


def looked_at(home: Path, name: str = "carrier", value: str = "EV", **changes: Any) -> World:
    """Six weeks of a project, and a look at its health in which ``name`` does worst and has drifted."""
    world = lived_in(home, **changes)
    columns = [(name, "large"), (SECRET, "large"), ("origin", "none")]
    document = {
        "parts": {
            "drift": {"verdict": "watch", "why": f"{name}: {value} is new"},
            "quality": {"verdict": "ok", "why": f"{SECRET}: well"},
        },
        "periods": {"live": []},
        "slices": {
            "metric": "roc_auc",
            "found": [
                {"conditions": [{"column": column, "value": value}], "n": 120, "value": 0.61, "low": 0.5, "high": 0.7,
                 "rest": 0.72, "verdict": "worse"}
                for column in (name, SECRET)
            ],
        },
        "drift": [
            {"column": column, "verdict": verdict, "why": f"{column}: {value} came, PSI 0.4, on 900 rows.", "size": 0.4}
            for column, verdict in columns
        ],
    }  # fmt: skip
    run = world.run(NOW, "health")
    with world.ledger.write() as db:
        seen = replace(look_document(document), verdict="watch", why="drift", rows=900, labelled=800)
        about = history.one(db, run)
        looks.keep(db, about, 3, seen, NOW)
        figures = (("drift", 0.4), ("labels", 0.9), ("rows", 900.0))
        looks.keep_figures(db, about, 3, [(name, value, None, None, 900) for name, value in figures])
    return world


def retitle(world: World, title: str) -> None:
    """Another title, as a changed manifest brings it."""
    with world.ledger.write() as db:
        row = db.execute("SELECT manifest FROM projects").fetchone()
        manifest = json.loads(row["manifest"])
        manifest["project"]["title"] = title
        db.execute("UPDATE projects SET title = ?, manifest = ?", (title, json.dumps(manifest)))
