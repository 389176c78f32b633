"""One table says which steps there are; the logs, the times, the runner and the places that launch them hold to it."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from engine.projects.manifest.reader import load_manifest
from engine.runs.logs import log_files
from engine.runs.steps import python_runner
from engine.runs.times import times_history
from engine.vocabulary import steps
from engine.vocabulary.steps import CONTRACTS, NAMES, STEPS
from tests import tiny
from tests.test_architecture import ROOT, sources, tree


def test_every_step_has_a_name_of_its_own_and_says_what_it_does() -> None:
    assert len(set(NAMES)) == len(STEPS) and all(step.does for step in STEPS)
    assert [step.name for step in STEPS if bool(step.contract) + step.process + bool(step.script) > 1] == []


def test_what_a_step_runs_in_the_place_of_the_project_s_code_is_there() -> None:
    folders = ("engine/runs/steps", "engine/exports/scripts")
    for script in filter(None, (step.script for step in STEPS)):
        assert any((ROOT / folder / script).is_file() for folder in folders), script


@pytest.mark.parametrize("packed", ["", log_files.PACKED])
def test_the_log_of_a_run_has_every_step_that_prints_in_the_order_of_the_table(tmp_path: Path, packed: str) -> None:
    for step in reversed(STEPS):
        log = tmp_path / (f"steps/{step.name.replace(' ', '-')}/step" if not step.process else step.name)
        if step.logs:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.with_name(f"{log.name}.log{packed}").write_text("a line\n")
    expected = [step.name for step in STEPS if step.logs]
    assert list(log_files.names(tmp_path)) == expected
    assert all(log_files.find(tmp_path, name) is not None for name in expected)


def test_a_step_that_another_release_knew_is_in_the_log_too(tmp_path: Path) -> None:
    for name in ("tidying", "train"):
        (tmp_path / "steps" / name).mkdir(parents=True)
        (tmp_path / "steps" / name / "step.log").write_text("a line\n")
    assert set(log_files.names(tmp_path)) == {"tidying", "train"}


def test_times_are_told_in_the_order_of_the_table_and_what_is_not_in_it_last() -> None:
    assert times_history.in_order(["tidying", *reversed(NAMES)]) == [*NAMES, "tidying"]


def steps_launched() -> set[str]:
    """The rows that are named where something is launched or measured, and the one that claims a run."""
    found: set[str] = set()
    for path in sources("engine/jobs", "engine/runs", "engine/scoring"):
        text = path.read_text("utf-8")
        imported = re.findall(r"from engine\.vocabulary\.steps import (.*)", text)
        names = {name.strip() for line in imported for name in line.split(",")}
        found |= set(re.findall(r"\bsteps\.([A-Z_]+)\b", text)) | {name for name in names if name.isupper()}
    return {name for name in found if isinstance(getattr(steps, name, None), steps.StepKind)}


def test_every_row_is_a_step_of_some_run() -> None:
    assert steps_launched() == {name for name, row in vars(steps).items() if isinstance(row, steps.StepKind)}


def test_nobody_but_the_table_lists_steps() -> None:
    wrong = []
    for path in sources("engine", "console"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
                each = node.keys if isinstance(node, ast.Dict) else node.elts
                named = {one.value for one in each if isinstance(one, ast.Constant)} & {*NAMES}
                if len(named) > 1:
                    wrong.append((path.relative_to(ROOT).as_posix(), sorted(named)))
    assert [each for each in wrong if each[0] not in LISTS] == []


# The sections and keys of a manifest, verbs that are called as steps are, and the runner, which stands alone.
LISTS = {
    "console/ssh/verbs.py",
    "engine/projects/manifest/reader.py", "engine/projects/manifest/sections.py",
    "engine/runs/steps/python_runner.py",
}  # fmt: skip


def test_the_runner_has_a_function_for_each_contract_called_as_the_docs_say() -> None:
    (listed,) = re.findall(r"steps = \{(.*)\}", inspect.getsource(python_runner.run))
    assert re.findall(r'"(\w+)": \1', listed) == [each.name for each in CONTRACTS]
    for each in CONTRACTS:
        text = inspect.getsource(getattr(python_runner, each.name)) + inspect.getsource(python_runner._asked)
        (arguments,) = re.findall(r"\((.*)\)", each.called)
        assert re.findall(r'_fits\(function, name, "(.*)"\)', text)[0] == arguments


def test_every_contract_is_a_program_of_the_manifest(tmp_path: Path) -> None:
    manifest = load_manifest(tiny.make(tmp_path / "tiny"))
    programs = {each.name: manifest.program(each) for each in CONTRACTS}
    assert {name: program.command for name, program in programs.items() if program} == {
        name: ("python", "steps.py", name) for name in ("extract", "train", "score")
    }


def test_only_what_leads_back_to_a_version_does_without_the_data_that_extract_reads() -> None:
    assert [each.name for each in CONTRACTS if each.way_back] == ["score"]


def test_only_what_trains_is_given_the_workers_of_a_cluster_where_the_manifest_gives_n_jobs_to_one() -> None:
    assert [each.name for each in CONTRACTS if each.spreads] == ["train"]


def test_what_runs_beside_each_other_needs_its_memory_at_once() -> None:
    assert [step.name for step in STEPS if step.beside] == ["train", "score live"]


def test_a_step_that_is_not_in_the_table_is_none() -> None:
    assert steps.of("tidying") is None and steps.of("score live") is steps.SCORE_LIVE


def test_every_row_is_in_the_table() -> None:
    assert {row.name for row in vars(steps).values() if isinstance(row, steps.StepKind)} == set(NAMES)
    assert {row.name for row in vars(steps).values() if isinstance(row, steps.Contract)} == {e.name for e in CONTRACTS}
