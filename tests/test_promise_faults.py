"""The faults in the promises that are written by hand can still be made: each text stands once in its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.promise_mutants import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{number} {fault.promise}" for number, fault in enumerate(FAULTS)])
def test_a_fault_can_be_made_and_its_tests_are_there(fault: Fault) -> None:
    fault.site(ROOT)
    assert all((ROOT / place).exists() for place in fault.tests)
