"""A version converted, and what was made scored on its holdout: every way that the converter found, the best of them.

Nothing of the version is run or unpickled here: processes of ``scripts/`` do that, in the export environment.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Refusal, StepFailed
from engine.exports import answers as answers_of
from engine.exports import sql_table
from engine.exports.answers import Converted
from engine.exports.contained_step import Bench, CannotConvert
from engine.exports.holdout import HoldoutRows, numbers_only
from engine.exports.records import Made
from engine.exports.targets import CONVERT_SECONDS, SCORE_SECONDS, SQL_BOUNDS, Target
from engine.scoring import parity as rules
from engine.storage import temporary
from engine.text import plain
from engine.versions.parity import Parity

if TYPE_CHECKING:
    import pyarrow as pa


def convert(bench: Bench, target: Target, label: str, model: Path, rows: HoldoutRows) -> Converted:
    """Have the model written in every way that the converter knows. Raises Refusal with what cannot be expressed."""
    folder = bench.prepare("convert")
    shutil.copytree(model, folder / "input" / "model", copy_function=shutil.copyfile)
    request: dict[str, Any] = {"project": label.partition("@")[0], "dialect": target.dialect}
    request["features"] = list(rows.kinds.items())
    if target.kind == "sql":
        request |= {"key": sql_table.key_of(rows.kinds), "table": sql_table.TABLE}
        request |= {"most_trees": SQL_BOUNDS.trees, "most_nodes": SQL_BOUNDS.nodes}
    script = "to_onnx.py" if target.kind == "onnx" else "to_sql.py"
    doing = f"converting {label} to {target.words}"
    try:
        said = bench.run("convert", script, request, CONVERT_SECONDS, doing=doing)
        return answers_of.converted(said, folder / "output", target.kind, list(rows.kinds), doing)
    except CannotConvert as cannot:
        raise Refusal(f"{label} cannot be exported to {target.words}: {cannot.why}; {_other_way(target)}.") from None
    except StepFailed as failed:
        other = _other_way(target)
        raise Refusal(
            f"{label} cannot be exported to {target.words}: {failed} {other[:1].upper()}{other[1:]}."
        ) from None


def _other_way(target: Target) -> str:
    if target.kind == "sql":
        return "ONNX holds more kinds of model and larger ones: --to onnx"
    return "SQL is written through the same converter and seldom can where this cannot; docs/exports.md has a list"


def measured(
    bench: Bench, target: Target, label: str, made: Converted, rows: HoldoutRows, answers: pa.Table, *, regression: bool
) -> tuple[Made, Parity]:
    """The way that agrees with the version, else the one that is least off, with its parity.

    ``answers``: what the version itself says of the rows. Raises Refusal where none of them gives an answer.
    """
    import pyarrow as pa
    import pyarrow.parquet

    folder = bench.prepare("score")
    inputs = numbers_only(rows)
    if target.kind == "sql":
        inputs = sql_table.with_key(inputs, rows.kinds)
    pyarrow.parquet.write_table(inputs, folder / "input" / "rows.parquet")
    suffix = "onnx" if target.kind == "onnx" else "sql"
    for way, (content, _) in made.ways.items():
        (folder / "input" / f"{way}.{suffix}").write_bytes(content)
    said = _score(bench, target, label, made, rows)
    found: list[tuple[str, Parity]] = []
    for way in made.ways:
        left = folder / "output" / f"{way}.parquet"
        given = answers_of.table(left, f"scoring with {target.words}", answers.num_rows)
        if given is None:
            continue
        try:
            compared = rules.compare(
                answers, given, regression=regression, places=rows.places, holdout_rows=rows.of,
                gaps=rows.gaps, unseen=rows.unseen,
            )  # fmt: skip
        except (pa.ArrowException, TypeError, ValueError):
            continue  # Answers of other types than the version's: it gave none.
        found.append((way, replace(compared, measured_by=plain(str(said.get("by")), 100))))
    if not found:
        failed = said.get("failed")
        why = plain(str(next(iter(failed.values()), "")), 300) if isinstance(failed, dict) else ""
        raise Refusal(
            f"The export of {label} to {target.words} answers for none of its holdout rows ({why or 'it gave none'}); "
            f"{_other_way(target)}."
        )
    way, best = min(found, key=lambda each: _rank(each[1]))
    content, typed = made.ways[way]
    return Made(content, typed, made.classes, made.model), best


def _rank(parity: Parity) -> tuple[bool, int, int, float]:
    largest = parity.largest if parity.largest is not None else float("inf") if parity.unanswered else 0.0
    return not parity.holds, parity.unanswered, parity.changed or 0, largest


def _score(bench: Bench, target: Target, label: str, made: Converted, rows: HoldoutRows) -> dict[str, Any]:
    request: dict[str, Any] = {
        "classes": made.classes,
        "dialect": target.dialect,
        "ways": {way: [[each.name, each.type] for each in inputs] for way, (_, inputs) in made.ways.items()},
    }
    doing = f"scoring the holdout of {label} with its {target.words}"
    if target.kind == "onnx":
        return bench.run("score", "score_onnx.py", request, SCORE_SECONDS, doing=doing)
    request |= {"key": sql_table.key_of(rows.kinds), "table": sql_table.TABLE}
    request["create"] = {
        way: sql_table.create(inputs, rows.kinds, target.dialect) for way, (_, inputs) in made.ways.items()
    }
    if target.dialect != "postgresql":
        return bench.run("score", "score_sql.py", request, SCORE_SECONDS, doing=doing)
    with temporary.kept(temporary.EXPORT) as place:
        os.chmod(place, 0o711)  # Its server is another account where this one is root.
        request["place"] = str(place)
        try:
            return bench.run(
                "score", "score_postgresql.py", request, SCORE_SECONDS, doing=doing, python=Path(sys.executable)
            )
        except CannotConvert as cannot:
            raise Refusal(
                f"Whether the export of {label} to {target.words} answers as it does cannot be told: {cannot.why}; "
                "install Debian's package postgresql, or export it on a machine that has one."
            ) from None
