"""Every way out that a gate names can be gone: it is gone here, and the verdict changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.projects.manifest.reader import parse_manifest
from engine.validation.gates import ways
from engine.vocabulary.gates import GATES, NEVER_WAIVED, WAIVABLE
from tests.engine.projects.manifests import SMALL
from tests.engine.validation.gates.ways_cases import CASES
from tests.engine.validation.gates.ways_worlds import found, made

FAILED = {way for row in GATES.values() for way in (row.failed, row.failed_binary) if way}


@pytest.mark.parametrize("case", CASES)
def test_the_way_that_is_named_changes_the_verdict(tmp_path: Path, case: str) -> None:
    name, verdict, says, before, after = CASES[case]
    gate = found(made(tmp_path, **before), name)
    assert gate is not None
    assert (gate.verdict, says in gate.evidence) == (verdict, True), gate.evidence
    changed = found(made(tmp_path, **after), name)
    # A gate that is gone, or is another's business now, does not stand in the way any more.
    assert changed is None or changed.verdict in ("pass", "warn"), changed.evidence


def test_every_sentence_of_advice_is_followed_by_a_case() -> None:
    followed = {says for _name, _verdict, says, *_rest in CASES.values()}
    keys = ("at_least", "every_segment_at_least", "not_below_live_by", "rows_at_least", "calibration_error_at_most")
    for template in {*FAILED, *ways.UNTOLD.values(), ways.CHANGE}:
        said = [template.format(key=key, name=name, rows=100) for key in keys for name in WAIVABLE]
        assert any(words in one for words in followed for one in said), template


def test_every_gate_that_says_what_to_do_where_it_fails_is_made_to_fail() -> None:
    failing = {name for name, verdict, *_rest in CASES.values() if verdict == "fail"}
    for row in GATES.values():
        assert not row.failed or any(row.name.startswith(name) for name in failing), row.name


def test_what_is_advised_is_a_key_that_the_manifest_knows() -> None:
    """Every gate that a sentence says may be waived may be, and the others say why not."""
    for name in WAIVABLE:
        text = f'{SMALL}\n[[waivers]]\ngate = "{name}"\nreason = "we know"\n'
        assert [waiver.gate for waiver in parse_manifest(text).waivers] == [name]
    for template in (*FAILED, *ways.UNTOLD.values()):
        assert "[[waivers]]" not in template or "{name}" in template
    assert not {*WAIVABLE} & {*NEVER_WAIVED}
