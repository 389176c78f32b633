"""docs/manifest.md names every section and every key that a manifest may have, every metric and every gate."""

from __future__ import annotations

import ast
from pathlib import Path

from engine.projects.manifest import environment
from engine.projects.manifest.reader import SECTIONS
from engine.vocabulary import jobs, steps
from engine.vocabulary.gates import ALWAYS_ON, ASKED, GATES, GateKind
from engine.vocabulary.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/manifest.md").read_text("utf-8")


def keys() -> set[str]:
    """What is allowed where a section is read: the words of each ``table.only(...)``."""
    found: set[str] = set()
    for path in (ROOT / "engine/projects/manifest").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "only":
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found | {*environment.OF_ALL, *(key for own in environment.KEYS.values() for key in own)}


def table(heading: str) -> list[str]:
    """The rows of the table whose first line is ``heading``."""
    lines = PAGE.splitlines()
    first = lines.index(heading) + 2
    return lines[first : lines.index("", first)]


def test_every_section_is_on_the_page() -> None:
    assert [name for name in SECTIONS if f"[{name}]" not in PAGE] == []


def test_every_key_is_on_the_page() -> None:
    allowed = keys()
    assert len(allowed) > 40
    assert sorted(key for key in allowed if f"`{key}`" not in PAGE) == []


def test_every_job_that_may_be_due_is_on_the_page_with_what_it_does() -> None:
    rows = [f"| `{job.name}` | {job.does} |" for job in jobs.JOBS if job.scheduled]
    assert [row for row in rows if row not in section("schedule")] == []


def test_every_step_is_on_the_page_in_its_order() -> None:
    assert "\n".join(f"| `{step.name}` | {step.does} |" for step in steps.STEPS) in PAGE


def test_what_a_step_is_given_and_has_to_leave_is_on_the_page() -> None:
    for each in steps.CONTRACTS:
        given = " and ".join(f"`{file}`" for file in each.given) or "nothing"
        assert f"| `{each.name}` | `[{each.section}] {each.key}` | {given} | `{each.leaves}` |" in PAGE
        rows = [line for line in section(each.section).splitlines() if line.startswith(f"| `{each.key}` |")]
        assert f"`{each.called}`" in rows[0]


def section(name: str) -> str:
    return PAGE.split(f"\n## `[{name}]`", 1)[1].split("\n## ", 1)[0]


def test_the_page_has_a_row_for_every_metric() -> None:
    assert table("| metric | of a | better when | what it is |") == [
        f"| `{row.name}` | {'regression' if row.regression else 'classification'} | {row.better} | {row.words} |"
        for row in METRICS.values()
    ]


def waived(row: GateKind) -> str:
    return "yes" if row.waivable else f"no: {row.never}" if row.never else ""


def test_the_page_has_a_row_for_every_gate() -> None:
    assert table("| key | passes where |") == [f"| `{key}` | {row.asks} |" for key, row in ASKED.items()]
    standing = [GATES[kind] for kind in ALWAYS_ON]
    assert table("| always on | passes where | can be waived |") == [
        f"| {row.name.format(live='live')} | {row.asks} | {waived(row)} |" for row in standing
    ]
