"""The JSON of trials: its keys, which scripts rely on; and what the verbs say where nothing can be tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from console.cli.trials import health_document, row_document, trial_document
from engine.api import Engine
from tests import tiny
from tests.cli.calling import Told, call
from tests.console.trial_records import HEALTH, ROW, TRIAL
from tests.people import open_engine


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def said(engine: Engine, *words: str) -> Told:
    return call("--home", engine.home, "--operator", "ada", *words)


def test_a_trial_its_rows_and_its_health_have_the_keys_that_scripts_rely_on() -> None:
    assert set(trial_document(TRIAL)) == {
        "project", "version", "digest", "kind", "share", "since", "share_since", "by", "reason",
    }  # fmt: skip
    assert set(row_document(ROW)) == {"version", "kind", "act", "share", "at", "by", "reason", "how"}
    found = health_document(HEALTH)
    assert set(found) == {"since", "until", "ends_by_itself", "loss", "last_error", "live", "canary", "measured"}
    assert set(found["live"]) == set(found["canary"]) == {
        "version", "requests", "errors", "answered", "slow", "refused", "p50", "p95", "p99", "predictions", "labelled",
    }  # fmt: skip
    assert [each["name"] for each in found["measured"]] == ["errors", "slow answers", "loss"]
    assert all(set(each) == set(asdict(HEALTH.measured[0])) for each in found["measured"])


def test_where_nothing_runs_the_verbs_say_so(engine: Engine) -> None:
    found = said(engine, "trial", "tiny", "--json").json
    assert found == {"project": "tiny", "trial": None, "canary": None, "shadow": None, "history": []}
    assert said(engine, "trial", "tiny").out == "Nothing runs beside the live version of tiny.\n"
    ended = said(engine, "end-trial", "tiny", "--reason", "x")
    assert (ended.code, ended.err) == (1, "Nothing runs beside the live version of tiny; there is no trial to end.\n")
    assert said(engine, "status", "tiny", "--json").json["projects"][0]["trial"] is None
    assert said(engine, "health", "tiny", "--json").json["trial"] is None


def test_what_is_no_share_and_what_is_no_version_are_refused(engine: Engine) -> None:
    assert "'5' is no share" in said(engine, "canary", "tiny@1", "--share", "5", "--reason", "x").err
    assert said(engine, "canary", "tiny@9", "--share", "5%", "--reason", "x").code == 1
    assert said(engine, "canary", "tiny@1", "--reason", "x").code == 2
