"""A version whose predictions a command makes is held ready too: by a step for each table that is asked of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.api import Engine
from engine.runs.steps.sweep import sweep
from engine.scoring.makers import open_ready
from engine.scoring.row_table import stored_table
from engine.storage import workspace as workspaces
from engine.versions import document as documents
from tests.ledger import store_of

pytestmark = pytest.mark.slow


def test_a_command_answers_as_it_did_when_its_version_was_made(releases: Engine, tmp_path: Path) -> None:
    store, label = store_of(releases), "tiny@3"
    document = documents.of_version(store, label, releases.version(label).digest)
    scorer = open_ready(
        workspaces.find(releases.home), store, label, document, tmp_path / "held", marker="held ready"
    )
    inputs, recorded = (stored_table(store, each) for each in (document.golden.inputs, document.golden.predictions))
    assert (scorer.maker, scorer.blocks, scorer.outputs) == ("process", True, ("prediction", "p_0", "p_1"))
    assert scorer.score(inputs).to_pydict() == recorded.to_pydict()
    rows = list(zip(*(inputs.column(name).to_pylist() for name in scorer.features), strict=True))
    assert scorer.answer(rows[:3]) == [tuple(each.values()) for each in recorded.slice(0, 3).to_pylist()]
    assert scorer.answer([]) == []
    scorer.close()
    assert sweep("held ready") == 0 and sorted(path.name for path in (tmp_path / "held").iterdir()) == ["code", "model"]
