"""A process does a version's own first steps and tables the rest; what tables cannot be given, the whole pipeline
answers, in the same process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pytest
from sklearn.pipeline import Pipeline

from engine.errors import StepFailed
from engine.runs.steps.sweep import sweep
from engine.scoring.split_program import FEW
from engine.scoring.warm_pipes import RowsRefused
from engine.scoring.warm_process import WarmProcess
from tests.engine.scoring.split.splitting import FIRST, frame, many, process, rows, wholes

OTHERWISE = "what its first steps made is otherwise: "


class Version(NamedTuple):
    process: WarmProcess
    model: Pipeline

    def ask(self, table: pa.Table) -> pa.Table:
        return self.process.ask(table)

    def alike(self, found: pa.Table, table: pa.Table) -> None:
        """As the model says of the same rows, asked for probabilities and then for labels as a step asks it."""
        given = frame(table)
        chances = self.model.predict_proba(given)
        assert found.column("prediction").to_pylist() == self.model.predict(given).tolist()
        for place, name in enumerate(("p_0", "p_1")):
            assert found.column(name).to_pylist() == pytest.approx(chances[:, place].tolist(), abs=1e-12)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    """One for all tests: whichever ends its process has another one begun by the next."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
        found = Version(*process(tmp_path_factory.mktemp("split")))
        yield found
        found.process.close()
    assert sweep(f"test-{os.getpid()}") == 0, "nothing of it is left"


@pytest.fixture
def stays(begun: Version) -> Version:
    begun.process.start()
    begun.process.ends.clear()
    wholes(begun.process).count, wholes(begun.process).why = 0, ""
    return begun


def deed(what: str) -> pa.Table:
    return rows((0.5, 4, what, "a"), (0.25, 7, None, "b"))


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_few_rows_and_many_are_answered_by_the_tables_as_by_the_model(stays: Version, count: int) -> None:
    table = many(count)
    stays.alike(stays.ask(table), table)
    assert wholes(stays.process).count == 0


def test_no_rows_are_answered_by_none(stays: Version) -> None:
    assert stays.ask(FIRST.slice(0, 0)).schema == stays.ask(FIRST).schema


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("float", f"{OTHERWISE}its column 'count' is of the type float64, and not int64"),
        ("another", f"{OTHERWISE}it has other columns, or in another order"),
        ("order", f"{OTHERWISE}it has other columns, or in another order"),
        ("wide", "its tables refuse a row: A column between its steps holds whole numbers of more than 53 bits"),
        ("in place", f"{OTHERWISE}its column 'count' is of the type float64"),
    ],
)
def test_what_the_tables_were_not_made_for_the_whole_pipeline_answers(stays: Version, what: str, why: str) -> None:
    table = deed(what)
    found = stays.ask(table)
    stays.alike(found, table)
    assert found.schema == stays.ask(FIRST).schema, "files have one type for a column"
    assert wholes(stays.process).why.startswith(why) and wholes(stays.process).count == 1
    assert not stays.process.ends


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("gap", "Input X contains NaN"), ("endless", "Input X contains infinity"),
        ("array", "X has 2 features, but ColumnTransformer is expecting 5"), ("objects", ""),
    ],
)
def test_a_row_that_its_pipeline_refuses_is_refused_in_its_words(stays: Version, what: str, said: str) -> None:
    with pytest.raises(RowsRefused, match=f"scoring split@1 failed: .*{said}"):
        stays.ask(deed(what))
    assert stays.ask(FIRST).num_rows == 3 and not stays.process.ends


def test_many_rows_with_one_that_tables_would_round_are_the_whole_pipelines(stays: Version) -> None:
    table = pa.concat_tables([many(FEW), deed("wide")])
    stays.alike(stays.ask(table), table)
    assert wholes(stays.process).count == 1


def test_a_row_too_long_to_be_sent_back_is_the_whole_pipelines_and_ends_nothing(stays: Version) -> None:
    table = rows((0.5, 4, None, "x" * (3 << 20)))
    stays.alike(stays.ask(table), table)
    assert wholes(stays.process).why == f"{OTHERWISE}it is longer than an answer may be" and not stays.process.ends


def test_a_first_step_that_raises_refuses_the_rows_and_the_process_goes_on(stays: Version) -> None:
    with pytest.raises(RowsRefused, match="scoring split@1 failed: ValueError: no such deed"):
        stays.ask(deed("raise"))
    assert stays.ask(FIRST).num_rows == 3 and not stays.process.ends


def test_one_that_dies_in_its_first_step_is_counted_and_the_next_call_is_answered(stays: Version) -> None:
    with pytest.raises(StepFailed, match=r"killed by signal 6 \(SIGABRT\)|out of luck"):
        stays.ask(deed("die"))
    assert len(stays.process.ends) == 1 and stays.ask(FIRST).num_rows == 3


def test_an_answer_that_is_none_ends_it(stays: Version) -> None:
    with pytest.raises(StepFailed, match="gave an answer that is too long"):
        stays.ask(deed("babble"))
    assert stays.ask(FIRST).num_rows == 3
