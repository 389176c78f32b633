"""The first hour: a file of data, ``leverframe new``, and the commands that it prints, as printed, up to a version."""

from __future__ import annotations

import csv
import random
import shlex
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.forked_runs import forked_runs
from tests.killing import forget
from tests.workspaces import copied


@pytest.mark.slow
def test_a_csv_becomes_a_project_and_its_first_version_by_the_commands_that_new_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, today: datetime, first_minutes: Path
) -> None:
    draw = random.Random(7)
    with (tmp_path / "customers.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer", "signed_up", "plan", 'spend "EUR"', "{{ note }}", "churned"])
        for number in range(2000):
            plan, spend = draw.choice(["basic", "plus", "größer", ""]), draw.random()
            at = (today - timedelta(days=100 - number // 20)).strftime("%Y-%m-%d")
            churned = "yes" if draw.random() < (0.9 if spend > 0.5 and plan != "plus" else 0.1) else "no"
            rows.writerow([number, at, plan, round(spend, 4), f"call {number}\nback", churned])
    monkeypatch.chdir(tmp_path)
    made = call("new", "churn", "--from", "customers.csv", "--target", "churned", "--time", "signed_up")
    assert (made.code, made.err) == (0, "")
    commands = [line.split() for line in made.out.splitlines() if line.startswith("  leverframe ")]
    assert [words[1] for words in commands] == ["init", "check", "add", "retrain"]
    told = []
    for words in commands:
        told.append(call(*shlex.split(" ".join(words))[1:]))
        if words[1] == "init":  # Another that was just made: it has nothing but the packages, which take 14 s.
            forget(tmp_path / "home")
            forked_runs(copied(first_minutes / "home", tmp_path / "home"))
    assert [(each.code, each.err) for each in told] == [(0, "")] * 4
    assert "All is well; nothing was kept of this check." in told[1].out
    assert "and made churn@1" in told[3].out
    version = call("candidates", "--json").json[0]
    assert (version["version"], version["verdict"]) == ("churn@1", "pass")
