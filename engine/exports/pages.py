"""What stands in an export's folder for people: its README, its parity, its SQL for trying it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.exports import sql_table
from engine.exports.records import Made
from engine.exports.targets import Target
from engine.text import plain
from engine.versions.parity import Group, Parity

_TYPES = {
    "onnx": {
        "double": "number (64 bits), truth values as 0 or 1; a gap is NaN",
        "float": "number (32 bits), truth values as 0 or 1; a gap is NaN",
        "int64": "whole number, truth values as 0 or 1; no gaps",
        "string": "text; a gap is the empty text",
    },
    "sql": {
        "double": "number, truth values as 0 or 1; a gap is NULL",
        "int64": "whole number, truth values as 0 or 1; a gap is NULL",
        "string": "text; a gap is NULL",
    },
}
GROUPS: Mapping[str, str] = {
    "boundary": "rows at the boundary of the decision",
    "gaps": "rows with a missing value",
    "unseen": "rows with a category that training had not",
}


@dataclass(frozen=True)
class About:
    """Of which version an export is, and how it came to be. ``forced``: why it was written though parity fails."""

    label: str
    digest: str
    title: str
    target: Target
    packages: tuple[str, ...]
    forced: str | None


def readme(about: About, made: Made, parity: Parity) -> str:
    """The page of the folder, in Markdown."""
    lines = [
        f"# {about.label} as {about.target.words}",
        "",
        *_warning(about, parity),
        f"{plain(about.title, 200)}. This is version `{about.label}` with the digest `{about.digest}`: a "
        f"{plain(made.model, 200)}, made with {', '.join(about.packages)}.",
        "",
        f"**Parity:** {parity.sentence}. `parity.txt` says it for people, `parity.json` for programs.",
        "",
        "## What it takes",
        "",
        "The features as the version itself is given them. What extract computes beforehand is *not* in here: whoever",
        "calls it computes these values in the same way.",
        "",
        "| feature | type |",
        "| --- | --- |",
        *(f"| `{plain(each.name, 120)}` | {_TYPES[about.target.kind][each.type]} |" for each in made.inputs),
        "",
        "## What it answers",
        "",
        *_answers(made),
        "",
        "## How to call it",
        "",
        *(_onnx_calls() if about.target.kind == "onnx" else _sql_calls(about, made)),
    ]
    return "\n".join(lines) + "\n"


def _warning(about: About, parity: Parity) -> list[str]:
    if about.forced is None:
        return []
    return [
        "> **This export does not answer as its version does.** It was forced: "
        f"{plain(about.forced, 1000)} (the reason given). What is against it: {'; '.join(parity.why)}.",
        "",
    ]


def _answers(made: Made) -> list[str]:
    if made.classes is None:
        return ["`prediction`: the predicted number."]
    named = ", ".join(f"`{plain(str(each), 60)}`" for each in made.classes)
    threshold = " The decision threshold is 0.5." if len(made.classes) == 2 else ""
    return [
        f"`prediction`: one of the classes {named}, the one with the largest probability.{threshold}",
        "",
        f"The probabilities, in this order of the classes: {named}.",
    ]


def _onnx_calls() -> list[str]:
    return [
        "Every input is a tensor of shape [rows, 1] with the name of its feature.",
        "",
        "- Python: `python example.py rows.csv` (onnxruntime, numpy)",
        "- Node: `node example.mjs rows.csv` (onnxruntime-node)",
        "- Java: `java -cp onnxruntime.jar Example.java model.onnx rows.csv`",
        "- .NET: `Example.cs` (Microsoft.ML.OnnxRuntime); this one was not run where it was written",
    ]


def _sql_calls(about: About, made: Made) -> list[str]:
    key = sql_table.key_of(each.name for each in made.inputs)
    return [
        f"The query in `{about.target.file}` reads the table or view `{sql_table.TABLE}`, whose column `{key}` tells",
        f"the rows apart, and answers with `{key}` and the columns above; it promises no order. `example.sql` makes",
        "the table and asks for the answers:",
        "",
        f"    {CALLS[about.target.dialect]}",
    ]


CALLS: Mapping[str, str] = {
    "duckdb": "duckdb < example.sql",
    "sqlite": "sqlite3 < example.sql",
    "postgresql": "psql -d DATABASE -f example.sql",
}
_IMPORTS: Mapping[str, str] = {
    "duckdb": "COPY {table} FROM 'rows.csv' (HEADER, NULLSTR '');",
    "sqlite": ".import --csv --skip 1 rows.csv {table}",
    "postgresql": "\\copy {table} FROM 'rows.csv' (FORMAT csv, HEADER)",
}


def example_sql(about: About, made: Made, query: str) -> str:
    """A script for the database's own client: a table, rows out of rows.csv, the answers."""
    dialect, names = about.target.dialect, [each.name for each in made.inputs]
    create = sql_table.create(made.inputs, names, dialect).replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)
    if dialect == "sqlite":  # Its .import takes no temporary table by its plain name in older releases.
        create = create.replace("CREATE TEMPORARY TABLE", "CREATE TABLE", 1)
    key = sql_table.quoted(sql_table.key_of(names))
    columns = ", ".join([key.strip('"'), *names])
    lines = [
        f"-- {about.label} as {about.target.words}: {CALLS[dialect]}",
        f"-- rows.csv, beside it, has a header and the columns {plain(columns, 2000)}; an empty cell is a gap.",
        f"{create};",
        _IMPORTS[dialect].format(table=sql_table.quoted(sql_table.TABLE)),
    ]
    if dialect == "sqlite":
        lines += [
            f"UPDATE {sql_table.quoted(sql_table.TABLE)} SET {name} = NULL WHERE {name} = '';"
            for name in (sql_table.quoted(each) for each in names)
        ]
    return "\n".join([*lines, f"{query}\nORDER BY {key};", ""])


def sql_file(about: About, query: str, parity: Parity) -> str:
    """The query with what it is in front of it."""
    said = [f"{about.label}, digest {about.digest}", f"Parity: {parity.sentence}"]
    if about.forced is not None:
        said.append(f"FORCED, for it does not answer as its version does: {'; '.join(parity.why)}")
        said.append(f"The reason given: {about.forced}")
    return "".join(f"-- {plain(each, 2000)}\n" for each in said) + query + "\n"


def parity_text(about: About, parity: Parity) -> str:
    """The parity for people."""
    bar = parity.thresholds
    share = " (as a share of the spread of the version's own predictions)" if parity.spread is not None else ""
    verdict = "It answers as its version does." if parity.holds else "It does NOT answer as its version does."
    lines = [
        f"{about.label} as {about.target.words}, held against the version itself",
        "",
        verdict,
        *(f"- {each}" for each in parity.why),
        "",
        f"Rows compared: {parity.rows:,}{_sampled(parity)}",
        f"What is compared: {parity.compared}, as {parity.measured_by} gave it",
        f"Largest difference: {_number(parity.largest)}{share}, allowed {bar.largest:g}",
        f"Mean difference: {_number(parity.mean)}, allowed {bar.mean:g}",
    ]
    if parity.changed is not None:
        lines.append(
            f"Changed decisions: {parity.changed:,} of {parity.rows:,}; allowed none, but for {bar.changed_there:.1%} "
            f"of all rows where the two best classes lie less than {bar.boundary:g} apart"
        )
    lines.append("")
    lines += [f"{words}: {_group(getattr(parity, name))}" for name, words in GROUPS.items() if getattr(parity, name)]
    head = f"The {len(parity.worst)} worst rows, by their place in the holdout:"
    lines += ["", head if parity.worst else "No row differs."]
    for each in parity.worst:
        of = f" [{', '.join(each.of)}]" if each.of else ""
        off = f"off by {_number(each.difference)}{of}"
        lines.append(f"  row {each.row:,}: version {each.version}, export {each.export}, {off}")
    return "\n".join(lines) + "\n"


def _sampled(parity: Parity) -> str:
    if parity.rows >= parity.holdout_rows:
        return ", the whole holdout"
    return (
        f" of the {parity.holdout_rows:,} of the holdout, evenly over it: no more, so that a look at an export takes "
        "minutes and no hour"
    )


def _group(group: Group) -> str:
    if not group.rows:
        return "none among them, so nothing is known about such rows"
    changed = f", {group.changed:,} changed" if group.changed is not None else ""
    return f"{group.rows:,}, largest difference {_number(group.largest)}{changed}"


def _number(value: float | None) -> str:
    return "not told" if value is None else f"{value:.3g}"
