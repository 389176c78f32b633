"""Performance by columns that somebody asks for afterwards, over all rows that a look measures. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from engine.errors import Invalid
from engine.projects.manifest.fields import nearest, shown
from engine.projects.manifest.health import MOST_EDGES, are_edges
from engine.validation.columns import listed

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

MOST_COLUMNS = 10
_HAVE_RANGES = ("integer", "number", "decimal", None)  # None: a document that says nothing of types
# By column the inner edges of its ranges; none: each of its values, or ranges of equal numbers of rows.
Asked = dict[str, tuple[float, ...]]


def read_asked(texts: Sequence[str], document: VersionDocument) -> Asked:
    """``["carrier", "distance=500,1000"]`` as columns with edges. ``document``: the live version's.

    Raises Invalid when a column is not in its data, is sensitive or the target, or edges are not rising numbers.
    """
    data = document.settings["data"]
    kinds = {str(column["name"]): column.get("type") for column in document.schema["columns"]}
    sensitive, known = data.get("sensitive", ()), list(kinds)
    pairs = [_column(text, known) for text in texts]
    asked: Asked = dict(pairs)
    if len(pairs) > MOST_COLUMNS:
        raise Invalid(f"Performance by {len(pairs)} columns was asked for; ask for at most {MOST_COLUMNS} at a time.")
    for name in asked:
        if [each for each, _ in pairs].count(name) > 1:
            raise Invalid(f"{shown(name)} is asked for twice; give all its edges at once, such as distance=500,1000.")
        if name in sensitive:
            raise Invalid(f"{shown(name)} is sensitive: nothing is ever shown by it.")
        if name == data["target"]:
            raise Invalid(f"{shown(name)} is what is predicted; performance is looked at by what is known before.")
        if name not in known:
            near = nearest(name, known) or f"; it has {listed(known, 8)}."
            raise Invalid(f"The live version's data has no column {shown(name)}{near}")
        if asked[name] and kinds[name] not in _HAVE_RANGES:
            raise Invalid(f"{shown(name)} holds {kinds[name]}, which has no ranges of numbers; ask for it alone.")
    return asked


def _column(text: str, known: Collection[str]) -> tuple[str, tuple[float, ...]]:
    """A column may have = in its name: what is one as it stands is meant, else what stands before the last."""
    name, given, edges = text.strip().rpartition("=")
    if not given or text.strip() in known:
        return text.strip(), ()
    try:
        numbers = tuple(float(edge) for edge in edges.split(","))
    except ValueError:
        numbers = ()
    if not are_edges(numbers):
        raise Invalid(
            f"{shown(text)} is not understood; write a column, or a column with at most {MOST_EDGES} rising numbers, "
            "such as distance=500,1000."
        )
    return name.strip(), numbers
