"""Where a version is, asked on from host to host: each once, within bounds, and whoever is silent is told."""

from __future__ import annotations

from hashlib import sha256

import pytest

from engine.bundles.onward import DEEPEST, MOST_HOSTS, Answer, everywhere
from engine.bundles.whereabouts import MOST_TOLD, Whereabouts, read_answer
from engine.errors import Damage, Refusal

AT = "2026-11-23T06:00:00.000000Z"
LIVE = Whereabouts("tiny@1", "live", None, AT, AT, None, None)


def named(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class World:
    """Hosts by name: the workspace at each, and to whom it sent the version on. Who is not there does not answer."""

    def __init__(self, **sent: tuple[str, str]) -> None:
        self.sent, self.asked = sent, list[str]()

    def __call__(self, host: str) -> Answer:
        self.asked.append(host)
        if host not in self.sent:
            raise Refusal(f"{host} could not be reached over SSH: no route to it.")
        workspace, onward = self.sent[host]
        return Answer((LIVE,), named(workspace), tuple(onward.split()))


def rows(*first: str, world: World) -> list[tuple[str | None, str | None, bool, str | None]]:
    return [(each.name, each.via, bool(each.found), each.why) for each in everywhere(first, named("own"), world)]


def test_it_is_gone_on_from_host_to_host_and_said_who_told_of_each() -> None:
    world = World(test=("t", "production spare"), production=("p", ""), spare=("s", ""))
    assert rows("test", world=world) == [
        ("test", None, True, None), ("production", "test", True, None), ("spare", "test", True, None),
    ]  # fmt: skip


def test_a_loop_ends_and_each_is_asked_once() -> None:
    world = World(a=("a", "b c b"), b=("b", "a c"), c=("c", "a b"))
    assert [name for name, *_ in rows("a", "a", world=world)] == ["a", "b", "c"]
    assert sorted(world.asked) == ["a", "b", "c"]


def test_a_workspace_under_another_name_is_told_and_not_gone_on_from() -> None:
    world = World(a=("a", "also-a home"), **{"also-a": ("a", "x"), "home": ("own", "y")})
    assert rows("a", world=world)[1:] == [
        ("also-a", "a", False, "it is a under another name"),
        ("home", "a", False, "it is this workspace under another name"),
    ]
    assert sorted(world.asked) == ["a", "also-a", "home"]


def test_one_that_does_not_answer_is_a_row_and_the_next_is_asked() -> None:
    world = World(b=("b", ""))
    (silent, answering) = rows("gone", "b", world=world)
    assert silent == ("gone", None, False, "gone could not be reached over SSH: no route to it.")
    assert answering == ("b", None, True, None)


def test_no_more_are_asked_than_are_bearable_and_the_rest_is_told() -> None:
    world = World(a=("a", " ".join(f"h{n}" for n in range(MOST_HOSTS + 9))))
    found = rows("a", world=world)
    assert len(world.asked) == MOST_HOSTS and len(found) == MOST_HOSTS + 1
    assert "and 9 more were not asked" in str(found[-1][-1])
    far = World(**{f"h{n}": (f"w{n}", f"h{n + 1}") for n in range(DEEPEST + 5)})
    found = rows("h0", world=far)
    assert far.asked == [f"h{n}" for n in range(DEEPEST)]
    assert found[-1][0] == f"h{DEEPEST}" and "it was not asked" in str(found[-1][-1])


def test_an_answer_is_read_as_a_strangers_words() -> None:
    found, workspace, onward = read_answer(
        {"stages": [{"found": []}], "workspace": named("x"), "sent_to": ["a", 5, *(["b"] * 500)]}
    )
    assert (found, workspace, onward[0], len(onward)) == ((), named("x"), "a", MOST_TOLD - 1)
    assert read_answer({"stages": "no", "workspace": "none", "sent_to": "a"}) == ((), None, ())
    for wrong in (5, {"a": 1}, "text"):
        with pytest.raises(Damage):
            read_answer({"stages": [{"found": wrong}]})
    for wrong in ([5], [{"version": "x"}]):
        with pytest.raises(Damage):
            read_answer({"stages": [{"found": wrong}]})


def test_a_name_that_steers_the_terminal_is_made_harmless() -> None:
    (first, second) = rows("a", world=World(a=("a", "b\x1b[2J")))
    assert first[0] == "a" and second[0] is not None and "\x1b" not in second[0]
