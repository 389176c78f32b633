"""Whether a workspace is whole after whatever was done to it."""

from __future__ import annotations

from engine.api import Engine


def assert_whole(engine: Engine, *but: str) -> None:
    """The trail holds, and the doctor finds nothing, ``but`` what it may say of these, of who comes in by what, and of
    the engine: the people of a test have no keys, its account is one that somebody logs in with, and the moment at
    which something is due may be the one at which the test runs, where no engine does."""
    assert engine.verify_audit().ok
    but = (*but, "operators", "owner", "engine")
    wrong = [found for found in engine.doctor(mend=False) if found.verdict != "ok" and found.what not in but]
    assert wrong == [], wrong
