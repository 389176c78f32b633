"""No test reaches into what an object or a module of the engine or the console keeps to itself.

It asks a method of the door or a room that is public, ``tests/builders`` for a state to begin from, and
``tests/ledger.py`` for rows as they stand. A rule that has tests of its own has a public name.
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
    "engine/environments/test_environment_check.py": ({"_read_before", "_told"}, "counts what is read anew"),
    "engine/housekeeping/test_background.py": ({"_thread", "_stopping"}, "waits for a round, or ends it in its middle"),
    "engine/jobs/test_prepared.py": ({"_sources"}, "sees that nothing is read a second time"),
    "engine/outbox/test_events.py": ({"_take"}, "ends the process in the middle of a round"),
    "engine/outbox/test_postman.py": ({"_thread"}, "waits for what was begun, and sees that nothing new was"),
    "engine/outbox/test_webhook.py": ({"_guarded", "_under_way", "_webhooks"}, "a round of its own; what it left"),
    "engine/pages/test_server.py": ({"_server"}, "counts the connections that are open"),
    "engine/projects/test_cron.py": ({"_answers", "_due_on", "_MOST_KEPT"}, "counts what is worked out"),
    "engine/runs/compute/test_the_log_of_a_guest.py": ({"_news"}, "what a guest would answer over the network"),
    "engine/runs/test_containment_rules.py": ({"_is_marked"}, "a mark that only a cgroup of systemd can carry"),
    "engine/runs/test_what_steps_leave.py": ({"_look_at_output", "_reason"}, "a look without its process and pauses"),
    "engine/runs/warm/servers.py": ({"_server"}, "the process, to be killed"),
    "engine/runs/warm/test_a_fork_is_like_a_fresh_start.py": ({"_warden"}, "closes a pipe as the kernel does"),
    "engine/runs/warm/test_keeper.py": ({"_root"}, "asks a server that another keeper keeps"),
    "engine/runs/warm/test_without_an_answer_it_starts_afresh.py": ({"_fork", "_serve"}, "a server that fails to fork"),
    "engine/schedule/engine_process.py": ({"_start_process"}, "runs that are counted, not run"),
    "engine/test_withheld.py": ({"_shut"}, "what cannot be undone in the test's process"),
    "engine/vocabulary/test_steps.py": ({"_asked"}, "reads the source of the stand-alone runner"),
    "journeys/test_a_workspace_is_lost_and_restored.py": ({"_thread"}, "waits for the round that it began"),
    "test_samples_say_what_is_new.py": (
        {"_flights_of_2013", "_flown_again", "_nothing_landed"}, "a sample's own, put to a count by hand"
    ),
}  # fmt: skip


def others(source: ast.Module) -> set[str]:
    """The names under which a file knows modules that are not ours."""
    found = set()
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names if not _ours(alias.name)}
    return found


def _ours(module: str | None) -> bool:
    return (module or "").partition(".")[0] in ("engine", "console")


def reached(source: ast.Module) -> Iterator[tuple[int, str]]:
    """What is private and a file takes from a module, or an object other than its own ``self``, each with its line."""
    outside = {"self", "cls", *others(source)}
    for node in ast.walk(source):
        taken: list[str] = []
        if isinstance(node, ast.Attribute):
            taken = [node.attr] if not (isinstance(node.value, ast.Name) and node.value.id in outside) else []
        elif isinstance(node, ast.ImportFrom):
            taken = [alias.name for alias in node.names] if _ours(node.module) else []
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".setattr"):
            said = [str(each.value) for each in node.args[:2] if isinstance(each, ast.Constant)]
            taken = [each.rpartition(".")[2] for each in said]
        for name in taken:
            if name.startswith("_") and not name.endswith("__"):
                yield node.lineno, name


def test_no_test_reaches_into_what_is_private() -> None:
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
        ("from engine.release import swap\nswap._commit(plan)\nplan._end()", ["_commit", "_end"]),
        ("from engine.release.swap import _commit, move\nfrom os import _exit", ["_commit"]),
        ('patch.setattr(swap, "_commit", None)\npatch.setattr("engine.release.swap._cut", 1)', ["_commit", "_cut"]),
        ("import os as system\nsystem._exit(1)\nself._mine = cls._ours", []),
        ("engine.__class__.__name__", []),
    ],
)
def test_the_walk_sees_what_is_taken(text: str, found: list[str]) -> None:
    assert sorted(attribute for _, attribute in reached(ast.parse(text))) == found
