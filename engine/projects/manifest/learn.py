"""The manifest's ``[learn]``: how the live version goes on learning, and when what it learnt may go live by itself."""

from __future__ import annotations

from datetime import timedelta

from engine.projects.manifest.fields import Table
from engine.projects.manifest.records import LearnSpec, Program
from engine.projects.manifest.sections import program

APPROVALS = ("person", "guarded")
ON_DRIFT = ("tell", "reset")
PARTIAL_FIT = "partial_fit"
_RAILS = ("most_changed", "at_most_every")
_MINUTE, _YEAR = timedelta(minutes=1), timedelta(days=366)


def learn(table: Table) -> LearnSpec:
    """What the section says; a project without it learns from its retrains alone."""
    table.only("run", "every", "approval", "rows", "chunk", "on_drift", *_RAILS)
    default = LearnSpec()
    approval = table.choice("approval", APPROVALS) or default.approval
    if approval != "guarded":
        for key in _RAILS:
            if key in table:
                table.mistake(key, 'is a guard rail, which has no meaning unless approval = "guarded".')
    drift = table.choice("on_drift", ON_DRIFT)
    changed = table.number("most_changed", 0.0, 1.0)
    return LearnSpec(
        asked=bool(table.values),
        run=_run(table),
        every=table.duration("every", _MINUTE, _YEAR),
        approval="guarded" if approval == "guarded" else "person",
        rows=table.whole("rows", 1, 10**9) or default.rows,
        chunk=table.whole("chunk", 1, 10**6) or default.chunk,
        most_changed=default.most_changed if changed is None else changed,
        at_most_every=table.duration("at_most_every", _MINUTE, _YEAR) or default.at_most_every,
        on_drift="reset" if drift == "reset" else "tell" if drift == "tell" else None,
    )


def _run(table: Table) -> Program | None:
    """The project's program; None for the model's own ``partial_fit``, which is also what is meant without a word."""
    return None if table.values.get("run", PARTIAL_FIT) == PARTIAL_FIT else program(table, "run", required=False)
