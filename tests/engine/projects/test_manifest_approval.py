"""The manifest's [approval]: each mistake with the nearest spelling, and what is read as it is judged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.access.approval import Policy
from engine.access.windows import Window
from engine.errors import Invalid
from engine.projects.manifest.reader import parse_manifest
from tests.engine.projects.manifests import DESIGN

SAYS = "four_eyes = false                   # true: who made the change may not approve it\n"


def read(line: str) -> Policy:
    assert SAYS in DESIGN
    return parse_manifest(DESIGN.replace(SAYS, f"{line}\n")).approval


def test_what_a_project_asks_is_read() -> None:
    found = read('four_eyes = true\napprovers = ["role:admin", "ada"]\nfreeze = ["16:00-24:00 fri Europe/Berlin"]')
    evening = Window("16:00", "24:00", (4,), "Europe/Berlin")
    assert found == Policy(1, True, (("ada", "role:admin"),), (evening,), timedelta(days=14))
    assert read("") == Policy()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("four_eye = true", "is not a known key; did you mean 'four_eyes'?"),
        ('approver = ["ada"]', "is not a known key; did you mean 'approvers'?"),
        ("approvers = []", "is empty; name people or roles, or leave it out to let every operator approve."),
        ('approvers = ["role:amdin"]', "names 'role:amdin', which is no role; did you mean 'admin'?"),
        ('approvers = ["role:viewer"]', "and a viewer approves nothing; write role:operator or role:admin."),
        ('approvers = ["role:auditor"]', "and an auditor approves nothing"),
        ('approvers = ["Ada Lovelace"]', "which is neither an operator's name nor a role"),
        ('approvers = "ada"', "is 'ada'; it must be a list."),
        ('freeze = ["friday evening"]', "which is no freeze; write FROM-TO [DAYS] [ZONE]"),
        ('freeze = ["16:00-25:00 fri"]', "which is no freeze"),
        ('freeze = ["16:00-24:00 fri Europe/Berln"]', "no known time zone; did you mean 'Europe/Berlin'?"),
        ('freeze = ["16:00-24:00", "16:00-24:00"]', "names '16:00-24:00' twice."),
    ],
)
def test_each_mistake_is_told_with_its_key(line: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(line)
    (mistake,) = refused.value.mistakes
    assert mistake.where.startswith("[approval]") and why in mistake.message and mistake.line is not None
