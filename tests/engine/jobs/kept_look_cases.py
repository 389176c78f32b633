"""A world whose rows come late, change, get labels and go wrong, and looks at it: at all of it or what is new.

No process is started: what extract, the model and the meter would be is computed here.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from engine.clock import moment, stamp
from engine.jobs.health import kept, meter_job, predictions, rows
from engine.jobs.health.keeping import keep_rows
from engine.jobs.health.kept import Head, Learnt
from engine.jobs.health.look import Memory
from engine.jobs.health.rows import Fresh, Rows
from engine.monitoring.look_document import LookDocument
from engine.validation.holdout.split import Split, arrived

BEGINS = datetime(2026, 6, 1, tzinfo=UTC)
LIVE = BEGINS + timedelta(days=14)
QUARTER = timedelta(minutes=15)
DATA = SimpleNamespace(time="at", key=("id",), target="late", sensitive=("email",), since=True, labels=None)
MANIFEST: Any = SimpleNamespace(data=DATA)
SCHEMA = pa.schema(
    [("id", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("x", pa.float64()), ("place", pa.string()),
     ("email", pa.string()), ("late", pa.int64())]
)  # fmt: skip


@dataclass
class World:
    """``said``: of each key all that was ever said of it, with the moment at which it became known."""

    seed: int
    now: datetime = LIVE
    said: dict[int, list[tuple[datetime, dict[str, Any]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        for number in range(1400):
            self.add(BEGINS + number * QUARTER, BEGINS + number * QUARTER, known=True)

    def add(self, at: datetime | None, when: datetime, *, known: bool) -> None:
        key = len(self.said)
        x = self.chance.random()
        late = int(self.chance.random() < 0.1 + 0.8 * x) if known else None
        row = {"id": key, "at": at, "x": x, "place": self.chance.choice("AB"), "email": f"{key}@a.org", "late": late}
        self.said[key] = [(when, row)]

    def change(self, key: int, **values: Any) -> None:
        self.said[key].append((self.now, {**self.said[key][-1][1], **values}))

    def goes_on(self, by: timedelta) -> None:
        """Rows come in time, late, from the future and without a time; labels come; rows are put right."""
        self.now += by
        chance = self.chance
        for _ in range(chance.choice((0, 0, 3, 40))):
            back = timedelta(minutes=chance.randrange(0, 300 if chance.random() < 0.2 else 15))
            self.add(self.now - back, self.now, known=chance.random() < 0.5)
        if chance.random() < 0.2:
            self.add(self.now + timedelta(minutes=chance.randrange(5, 200)), self.now, known=False)
        if chance.random() < 0.1:
            self.add(None, self.now, known=False)
        bare = [key for key, said in self.said.items() if said[-1][1]["late"] is None]
        for key in chance.sample(bare, min(len(bare), chance.choice((0, 0, 5)))):
            self.change(key, late=chance.randrange(2))
        for key in chance.sample(sorted(self.said), chance.choice((0, 0, 2))):
            what: Any = chance.choice(
                ({"x": None}, {"x": 7.5}, {"place": f"new {key % 3}"}, {"place": None}, {"at": self.now - 30 * QUARTER})
            )
            self.change(key, **what)

    def labels_come(self) -> None:
        for key, said in self.said.items():
            if said[-1][1]["late"] is None:
                self.change(key, late=key % 2)

    def extract(self, as_of: datetime, since: datetime | None = None) -> pa.Table:
        found = []
        for said in self.said.values():
            then = [(at, row) for at, row in said if at <= as_of]
            if then and (since is None or then[-1][0] > since):
                found.append(then[-1][1])
        random.Random(stamp(as_of)).shuffle(found)  # in no order that could be relied on
        return pa.Table.from_pylist(found, schema=SCHEMA)


class Model:
    """A version whose model is a line; it counts what it is asked for."""

    label, features = "tiny@1", ["x", "place"]
    manifest = MANIFEST

    def __init__(self) -> None:
        self.asked: list[int] = []

    def lacking(self, table: pa.Table) -> list[str]:
        return []

    def scorer(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(score=self.score)

    def score(self, features: pa.Table) -> pa.Table:
        self.asked.append(features.num_rows)
        x = np.nan_to_num(features.column("x").to_numpy().astype(np.float64))
        chance = np.clip(0.1 + 0.8 * x, 0.001, 0.999)
        return pa.table({"prediction": (chance > 0.5).astype(np.int64), "p_0": 1 - chance, "p_1": chance})


class Looks:
    """One look after the other at one project, which keep what they keep in ``folder``."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.model = world, folder, Model()
        self.run, self.split = 0, _split(world)
        self.memory = Memory(until=LIVE, digest="d1", rows=0)

    @property
    def head(self) -> Head | None:
        return kept.head_of(self.folder / "kept", self.memory.digest)

    def context(self) -> Any:
        scratch = self.folder / f"run{self.run}"
        scratch.mkdir(exist_ok=True)
        return SimpleNamespace(folder=scratch, run=SimpleNamespace(as_of=self.world.now, id=self.run))

    def whole(self) -> Rows:
        table = self.world.extract(self.world.now)
        found = rows.all_of_it(table, table, MANIFEST, self.split, learnt(self.split), self.world.now)
        new = arrived(table, MANIFEST, self.memory.until, 0, self.world.now)
        return rows.replace(found, new_rows=new)

    def merged(self) -> Rows:
        head = self.head
        assert head is not None
        new = self.world.extract(self.world.now, moment(head.as_of))
        live: Any = self.model
        return rows.put_together(
            self.context(), live, Fresh(new, None), head, self.folder / "kept", self.memory.until
        )

    def said(self, seen: Rows) -> predictions.Predictions:
        live: Any = self.model
        return predictions.of_live(self.context(), live, seen)

    def keep(self, seen: Rows, said: predictions.Predictions, **computed: Any) -> None:
        context = self.context()
        content = {"answers": {}, "dear": {"as_of": stamp(self.world.now)}} | computed
        (context.folder / "kept.json").write_text(json.dumps(content))
        nobody = predictions.Predictions()
        keep_rows(context, MANIFEST, self.memory, self.folder / "kept", seen, said, nobody, LookDocument())
        self.run += 1


def _split(world: World) -> Split:
    table = world.extract(LIVE)
    at = np.array([each.timestamp() for each in table.column("at").to_pylist()])
    boundary = LIVE - timedelta(days=5)
    train = table.filter(pa.array(at <= boundary.timestamp()))
    return Split(train, table.slice(0, 0), stamp(boundary), BEGINS, LIVE)


def learnt(split: Split) -> Learnt:
    assert split.until is not None
    return Learnt(split.boundary, stamp(split.until))


def job_of(looks: Looks, seen: Rows, said: predictions.Predictions) -> dict[str, Any]:
    """What the meter would be asked."""
    context = looks.context()
    return {
        "version": "tiny@1",
        "as_of": stamp(looks.world.now),
        "profile": str(looks.folder / "profiles" / "one.profile"),
        "features": ["x", "place"],
        "validated": {"metrics": {"roc_auc": {"value": 0.79, "low": 0.75, "high": 0.82, "n": 700}}},
        "sensitive": ["email"],
        "key": ["id"],
        "time": "at",
        "slices": [],
        "bins": {},
        "window": None,
        "manifest": {
            "target": "late", "task": "binary", "positive": None, "metrics": ["roc_auc", "log_loss"],
            "segments": ["place"], "holdout": 5 * 86400.0, "gates": [], "waivers": {},
        },
        "problem": said.problem,
        "predictions": meter_job.put(context, "predictions", said.table),
        "labels_problem": None, "same_rows": None, "baseline": None, "baseline_problem": "there is none", "by": {},
        "alarms": [], "told": [], "rival": None, "rival_predictions": None, "rival_problem": None, "rival_until": None,
        **meter_job.about_rows(context, seen),
        **meter_job.about_kept(seen),
    }  # fmt: skip
