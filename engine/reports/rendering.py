"""Pages are made from templates, files beside the code: every text in them is escaped, and a name that is not there is
an error, never a hole in a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "templates"


def rendered(name: str, folder: Path = FOLDER, **given: Any) -> str:
    """The template ``name`` of ``folder``, or of the reports, with what it is given."""
    return environment(folder).get_template(name).render(given)


@cache
def environment(folder: Path) -> Environment:
    """What renders the templates of ``folder``, with the words that they may use."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from engine.reports import phrases, words
    from engine.reports.verdict import CHANGES, GLYPHS, HEADS

    made = Environment(
        loader=FileSystemLoader([folder, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"changes": CHANGES, "glyphs": GLYPHS, "heads": HEADS, "phrases": phrases, "words": words}
    return made
