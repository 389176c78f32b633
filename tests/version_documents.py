"""A version document with nothing much in it, for tests that are about one section of it."""

from __future__ import annotations

from engine.storage.objects import Stored
from engine.versions.records import (
    CodeSection,
    DataSection,
    EnvironmentSection,
    GoldenSection,
    Judgement,
    LineageSection,
    ModelSection,
    VersionDocument,
)

AS_OF = "2026-11-23T06:00:00.000000Z"
NOTHING = Stored("0" * 64, 0, ())
CODE = CodeSection(None, None, None, None, None, None, files=())
DATA = DataSection(
    rows=100, columns=2, since=None, until=None, train_rows=80, holdout_rows=20, digest="1" * 64, files=(), types={}
)
JUDGED = Judgement(
    task="binary", classes=("0", "1"), key_metric="roc_auc", metrics={}, segments=(), segments_left_out={},
    changed_decisions=None, verdict="pass", comparison="first", sentence="FIRST VERSION.", drift=(),
)  # fmt: skip
WHOLE = VersionDocument(
    project="tiny",
    code=CODE,
    data=DATA,
    schema={"columns": []},
    environment=EnvironmentSection("3.11.7", "2" * 64, NOTHING, ()),
    model=ModelSection((), ("x",), 0.1),
    settings={"data": {"target": "late"}, "train": {"run": "m:train"}},
    schedule={},
    metrics=JUDGED,
    gates=(),
    golden=GoldenSection(200, 1e-9, NOTHING, NOTHING),
    lineage=LineageSection(1, AS_OF, "ada", None, "0.1.0"),
)
