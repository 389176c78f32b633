"""docs/manifest.md names every section and every key that a manifest may have."""

from __future__ import annotations

import ast
from pathlib import Path

from engine.projects.manifest.reader import _SECTIONS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/manifest.md").read_text("utf-8")


def keys() -> set[str]:
    """What is allowed where a section is read: the words of each ``table.only(...)``."""
    found: set[str] = set()
    for path in (ROOT / "engine/projects/manifest").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "only":
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_every_section_is_on_the_page() -> None:
    assert [name for name in _SECTIONS if f"[{name}]" not in PAGE] == []


def test_every_key_is_on_the_page() -> None:
    allowed = keys()
    assert len(allowed) > 40
    assert sorted(key for key in allowed if f"`{key}`" not in PAGE) == []
