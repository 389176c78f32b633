"""What the door of the engine keeps to the machine, the verbs over SSH refuse too, for the same reason."""

from __future__ import annotations

from console.ssh.verbs import REFUSED, REFUSED_WORDS
from engine.access.acts import declared
from engine.api import Engine

# Of each act the verb, with what of it is meant where that is not all of it.
VERBS = {
    "send": "send", "export": "export", "where_else": ("where", "hosts"), "score": "score", "load_test": "serve",
    "trace_file": ("trace", "--row"),
}  # fmt: skip


def test_the_door_and_the_verbs_keep_the_same_to_the_machine_for_the_same_reason() -> None:
    kept = {name: act.machine for name, act in declared(Engine).items() if act.machine}
    assert kept.keys() == VERBS.keys(), "say here which verb it is, and refuse that in console/ssh/verbs.py"
    for act, verb in VERBS.items():
        said = REFUSED[verb] if isinstance(verb, str) else REFUSED_WORDS[verb]
        assert said.startswith(kept[act]), act
