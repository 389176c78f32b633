"""No test reaches into what an object of the engine or the console keeps to itself.

It asks a method of the door or a room that is public, ``tests/builders`` for a state to begin from, and
``tests/ledger.py`` for rows as they stand. What a module keeps to itself, such as the sums of a rule, is not meant.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.test_architecture import ROOT, sources, tree

# What a file takes all the same, and why it has to. This list only shrinks.
REACHES = {
    "console/conftest.py": ({"_compositor", "_notifications"}, "what Textual drew and told, which nothing else says"),
    "console/test_every_cell_can_be_read.py": ({"_compositor"}, "the same"),
    "console/test_keys.py": ({"_busy"}, "a command that never ends, which no key begins"),
    "engine/access/test_acts.py": ({"_peek"}, "of a class of its own, which must be no act"),
    "engine/housekeeping/test_background.py": ({"_thread", "_stopping"}, "waits for a round, or ends it in its middle"),
    "engine/outbox/test_postman.py": ({"_thread"}, "waits for what was begun, and sees that nothing new was"),
    "engine/outbox/test_webhook.py": ({"_guarded", "_under_way"}, "a round in the thread of the test; what it left"),
    "engine/pages/test_server.py": ({"_server"}, "counts the connections that are open"),
    "engine/runs/compute/test_the_log_of_a_guest.py": ({"_news"}, "what a guest would answer over the network"),
    "engine/runs/test_what_steps_leave.py": ({"_look_at_output", "_reason"}, "a look without its process and pauses"),
    "engine/runs/warm/servers.py": ({"_server"}, "the process, to be killed"),
    "engine/runs/warm/test_a_fork_is_like_a_fresh_start.py": ({"_warden"}, "closes a pipe as the kernel does"),
    "engine/runs/warm/test_keeper.py": ({"_root"}, "asks a server that another keeper keeps"),
    "journeys/test_a_workspace_is_lost_and_restored.py": ({"_thread"}, "waits for the round that it began"),
}  # fmt: skip


def modules(source: ast.Module) -> set[str]:
    """The names under which a file knows modules, of ours or as a whole."""
    found = set()
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names if _is_module(f"{node.module}.{alias.name}")}
    return found


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def reached(source: ast.Module) -> Iterator[tuple[int, str]]:
    """The private attributes that a file takes from an object other than its own ``self``, each with its line."""
    outside = {"self", "cls", *modules(source)}
    for node in ast.walk(source):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            taken_from = node.value.id if isinstance(node.value, ast.Name) else None
            if taken_from not in outside:
                yield node.lineno, node.attr


def test_no_test_reaches_into_an_object() -> None:
    wrong, excused = [], set()
    for path in sources("tests"):
        name = path.relative_to(ROOT / "tests").as_posix()
        for line, attribute in reached(tree(path)):
            if attribute in REACHES.get(name, (set(), ""))[0]:
                excused.add((name, attribute))
            else:
                wrong.append(f"tests/{name}:{line} takes {attribute}; ask the door, tests/ledger.py or tests/builders")
    assert not wrong, "\n".join(wrong)
    assert excused == {(name, each) for name, (attributes, _) in REACHES.items() for each in attributes}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("with engine._ledger.write() as db:\n    pass", ["_ledger"]),
        ("assert world.engine._store.has(found()._digest)", ["_digest", "_store"]),
        ("from engine.release import swap\nswap._commit(plan)\nplan._commit()", ["_commit"]),
        ("import os as system\nsystem._exit(1)\nself._mine = cls._ours", []),
        ("engine.__class__.__name__", []),
    ],
)
def test_the_walk_sees_what_is_taken_from_an_object(text: str, found: list[str]) -> None:
    assert sorted(attribute for _, attribute in reached(ast.parse(text))) == found
