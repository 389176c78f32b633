"""The pages are read quickly, none leads nowhere, and the site of docs/ names each; none of it needs MkDocs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from console.text.glossary import words_in

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LONGEST = 30
# What somebody reads who is new here.
FIRST_READ = [
    ROOT / "README.md",
    *(DOCS / f"{page}.md" for page in ("index", "first-project", "backup", "upgrade")),
    *(ROLES := [DOCS / f"{role}.md" for role in ("operators", "data-scientists", "business", "auditors")]),
]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def sentences(page: str) -> list[str]:
    """The sentences of its prose: no code, no tables, no pictures, of a link its words."""
    prose = re.sub(r"```[^`]*```|^(?:\||!\[|#).*$", "", page, flags=re.M)
    prose = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", prose).replace("**", "")
    paragraphs = re.split(r"\n\s*\n|\n(?:- |\d\. )", prose)
    return [said for each in paragraphs for said in re.split(r"(?<=[.;:?])\s+(?=[A-Z`*])", " ".join(each.split()))]


@pytest.mark.parametrize("page", FIRST_READ, ids=name_of)
def test_no_sentence_of_what_newcomers_read_is_longer_than_thirty_words(page: Path) -> None:
    said = sentences(page.read_text("utf-8"))
    assert len(said) > 8
    assert [each for each in said if len(each.split()) > LONGEST] == []


def links(page: Path) -> list[tuple[str, str]]:
    """What a page links to of ours: a path beside it ("" for itself), and an anchor ("" for none)."""
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    found = re.findall(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)", prose)
    return [(path, anchor) for path, anchor in found if "://" not in path]


def _plain(heading: str) -> str:
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return unicodedata.normalize("NFKD", words).strip().lower()


def anchors(page: Path) -> set[str]:
    """Of each heading its anchor, where MkDocs and what shows the files themselves call it the same."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    found = set()
    for heading in map(_plain, re.findall(r"^#+ +(.+)$", text, re.M)):
        kept = re.sub(r"[^\w\s-]", "", heading)
        if re.sub(r"[-\s]+", "-", kept) == kept.replace(" ", "-"):
            found.add(kept.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    led = [(page.parent / path if path else page, anchor) for path, anchor in links(page)]
    assert [name for name, _ in led if not name.exists()] == []
    assert [(name.name, anchor) for name, anchor in led if anchor and anchor not in anchors(name)] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.md")), ids=name_of)
def test_no_page_of_the_site_leads_to_a_file_that_the_site_does_not_have(page: Path) -> None:
    outside = [path for path, _ in links(page) if path and not (page.parent / path).resolve().is_relative_to(DOCS)]
    assert outside == []


def in_nav(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    for each in part if isinstance(part, list) else part.values() if isinstance(part, dict) else ():
        yield from in_nav(each)


def test_the_navigation_of_the_site_names_every_page_and_the_list_of_decisions_every_decision() -> None:
    named = list(in_nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    decisions = {path.name for path in DOCS.glob("decisions/0*.md")}
    others = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("**/*.md") if path.name not in decisions}
    assert (sorted(named), len(named)) == (sorted(others), len(set(named)))
    listed = [path for path, _ in links(DOCS / "decisions/README.md")]
    assert (sorted(set(listed)), len(listed)) == (sorted(decisions), len(decisions))


def test_the_site_takes_no_font_script_or_style_from_elsewhere() -> None:
    chosen = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert (chosen["theme"], chosen["plugins"]) == ({"name": "readthedocs", "highlightjs": False}, [])
    assert not [key for key in chosen if key.startswith("extra")]


@pytest.mark.parametrize("page", ROLES, ids=name_of)
def test_the_page_of_a_role_explains_words_as_the_console_does(page: Path) -> None:
    rows = page.read_text("utf-8").split("\n## Words\n")[1].strip().splitlines()[2:]
    told = [tuple(cell.strip() for cell in row.strip("| ").split(" | ")) for row in rows]
    assert len(told) >= 5
    assert [(word, said) for word, said in told if (word, said) not in words_in([word])] == []


@pytest.mark.parametrize("page", ROLES, ids=name_of)
def test_the_page_of_a_role_tells_what_is_seen_what_is_done_and_the_worst_hour(page: Path) -> None:
    heads = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.M)
    assert {"At three in the morning", "Words"} <= {*heads}
    assert [head for head in heads if head in ("Each day", "Each week", "Each time")]
