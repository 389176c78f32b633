"""An admin of one project lets programs into that one, and takes none away that is for more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Conflict, Forbidden
from tests import tiny
from tests.people import key_of, open_engine

END, WEEK = timedelta(days=90), timedelta(days=7)


@pytest.fixture
def ada(home: Path, tmp_path: Path) -> Iterator[Engine]:
    """An admin of the workspace, with the projects tiny and other; adam is an admin of tiny."""
    engine = open_engine(home, "ada", create=True)
    for name in ("tiny", "other"):
        engine.add(tiny.make(tmp_path / name, name=name))
    engine.add_operator("adam", "viewer", "a colleague", keys=[key_of("adam").line])
    engine.set_project_role("adam", "tiny", "admin", "theirs")
    yield engine
    engine.close()


@pytest.fixture
def adam(ada: Engine) -> Iterator[Engine]:
    engine = open_engine(ada.home, "adam")
    yield engine
    engine.close()


def make(engine: Engine, name: str, *projects: str) -> str:
    """A token for ``projects``, by its mark."""
    return engine.make_token(name, projects, ("score",), engine.now() + END, "a program asks").token.mark


def in_force(engine: Engine) -> list[str]:
    return sorted(each.name for each in engine.tokens() if each.holds(engine.now()))


def test_one_is_let_into_it_and_into_nothing_else(adam: Engine) -> None:
    make(adam, "shop", "tiny")
    for projects in (("other",), ("tiny", "other"), ("other", "tiny"), ("tiny", "tiny"), ()):
        with pytest.raises(Forbidden, match="adam is a viewer"):
            make(adam, "more", *projects)
    assert in_force(adam) == ["shop"]


@pytest.mark.parametrize("projects", [("other",), ("tiny", "other"), ("other", "tiny"), ()])
def test_what_is_for_more_is_not_theirs_to_replace_or_to_take_away(
    ada: Engine, adam: Engine, projects: tuple[str, ...]
) -> None:
    mark = make(ada, "desk", *projects)
    for which in ("desk", mark):
        with pytest.raises(Forbidden, match="adam is a viewer"):
            adam.revoke_token(which, "away with it")
        with pytest.raises(Forbidden, match="adam is a viewer"):
            adam.rotate_token(which, WEEK, "another one")
    assert in_force(ada) == ["desk"]


def test_no_name_is_that_of_anothers_mark(ada: Engine, adam: Engine) -> None:
    mark = make(ada, "desk")
    with pytest.raises(Conflict, match=f"There is a token '{mark}' already"):
        make(adam, mark, "tiny")
    assert in_force(ada) == ["desk"]
