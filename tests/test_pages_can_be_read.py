"""The README's first page is read in two minutes, and no page leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LONGEST = 30


def sentences(page: str) -> list[str]:
    """The sentences of its prose: no code, no tables, no pictures, of a link its words."""
    prose = re.sub(r"```[^`]*```|^(?:\||!\[|#).*$", "", page, flags=re.M)
    prose = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", prose).replace("**", "")
    paragraphs = re.split(r"\n\s*\n|\n- ", prose)
    return [said for each in paragraphs for said in re.split(r"(?<=[.;:?])\s+(?=[A-Z`*])", " ".join(each.split()))]


def test_no_sentence_of_the_readme_is_longer_than_thirty_words() -> None:
    said = sentences((ROOT / "README.md").read_text("utf-8"))
    assert len(said) > 40
    assert [each for each in said if len(each.split()) > LONGEST] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    named = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [each for each in named if "://" not in each and not (page.parent / each).exists()] == []
