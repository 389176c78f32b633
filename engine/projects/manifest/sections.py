"""The sections of a manifest, each read from its table into its record. What spans sections is in manifest_rules."""

from __future__ import annotations

from datetime import timedelta

from engine.projects.manifest.durations import DURATION_FORM, parse_duration
from engine.projects.manifest.fields import Table, nearest, shown, text_problem
from engine.projects.manifest.records import UNREADABLE, DataSpec, Program, TrainSpec, ValidationSpec
from engine.vocabulary.metrics import METRICS, TASKS, of_task

NAME = r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?"
NAME_FORM = "a-z, 0-9 and - only, at most 60 characters, with no - at its ends"
_IDENTIFIER = r"[^\W\d]\w*"
_CALLABLE = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*:{_IDENTIFIER}"
IMPORTED_ALONE = (".joblib", ".pkl", ".pickle", ".skops", ".onnx")
"""How models end that need no program of the project's to score."""
_SECOND, _YEAR = timedelta(seconds=1), timedelta(days=3653)


def project(table: Table) -> tuple[str, str, str]:
    """Name, title and owner."""
    table.only("name", "title", "owner")
    name = table.matching("name", NAME, NAME_FORM, required=True)
    return name or "", table.text("title") or name or "", table.text("owner") or ""


def program(table: Table, key: str, *, required: bool) -> Program | None:
    """A function of the project's, or a command."""
    if isinstance(table.values.get(key), dict):
        return _command(table.table(key))
    if key in table and not isinstance(table.values[key], str):
        example = f'{key} = "module:function" or {key} = {{ command = ["program", "argument"] }}'
        table.mistake(key, f"is {shown(table.values[key])}; write {example}.")
        return None
    value = table.matching(key, _CALLABLE, 'a function such as "module:function"', required=required)
    return Program(value, None) if value is not None else None


def _command(table: Table) -> Program | None:
    table.only("command")
    argv = table.values.get("command")
    if not isinstance(argv, list) or not argv or len(argv) > 200:
        table.mistake("command", "must be a list of 1 to 200 texts: the program and its arguments.")
        return None
    good = True
    for index, word in enumerate(argv):
        problem = text_problem(word, 4000) if isinstance(word, str) else f"is {shown(word)}; it must be a text."
        if problem:
            good = False
            table.mistake("command", f"entry {index + 1} {problem}", index)
    return Program(None, tuple(argv)) if good else None


def data(table: Table) -> DataSpec:
    """Where the data comes from, and what its columns are."""
    table.only(
        "extract", "since", "target", "labels", "time", "key", "exclude", "features", "sensitive", "format", "source",
        "licence", "purpose", "travels", "kept_at",
    )  # fmt: skip
    features = table.texts("features")
    if features == () and table.values.get("features") == []:
        table.mistake("features", "is empty; name columns, or leave it out to use every column that may be used.")
    travels = table.choice("travels", ("whole", "reference")) or "whole"
    if travels == "whole" and "kept_at" in table:
        table.mistake("kept_at", 'has no meaning where the data travels itself; say travels = "reference" too.')
    return DataSpec(
        extract=program(table, "extract", required=True) or UNREADABLE,
        target=table.text("target", required=True) or "",
        labels=program(table, "labels", required=False),
        time=table.text("time"),
        key=table.texts("key", most=50) or (),
        exclude=table.texts("exclude") or (),
        features=features,
        sensitive=table.texts("sensitive") or (),
        since=table.flag("since", False),
        format=table.choice("format", ("parquet", "csv")) or "parquet",
        source=table.text("source", limit=2000),
        licence=table.text("licence", limit=2000),
        purpose=table.text("purpose", limit=2000),
        travels=travels,
        kept_at=table.text("kept_at", required=travels == "reference", limit=500),
    )


def train(table: Table) -> TrainSpec:
    """How a model is made, and within what limits."""
    table.only("run", "import", "score", "window", "timeout", "memory", "threads", "retries", "retry_after")
    default = TrainSpec(UNREADABLE)
    imported = _imported(table) if "import" in table else None
    run = program(table, "run", required="import" not in table)
    score = program(table, "score", required=False)
    if run is not None and run.command is not None and "score" not in table:
        table.mistake("score", "is missing; a model that a command trained needs a program that scores with it.")
    if "retry_after" in table and "retries" not in table:
        table.mistake("retry_after", "says how long to wait, and retries does not say how often to try again.")
    return TrainSpec(
        run=run or UNREADABLE,
        score=score,
        window=table.duration("window", _SECOND, 10 * _YEAR),
        timeout=table.duration("timeout", _SECOND, timedelta(days=30)) or default.timeout,
        memory=table.size("memory", 2**24, 2**46) or default.memory,
        threads=table.whole("threads", 1, 512) or default.threads,
        retries=table.whole("retries", 0, 20) or default.retries,
        retry_after=table.duration("retry_after", _SECOND, timedelta(days=1)) or default.retry_after,
        imported=imported,
    )


def _imported(table: Table) -> str | None:
    """The model that was trained elsewhere, by its path in the project."""
    for key in ("run", "window"):
        if key in table:
            table.mistake(key, "has no meaning beside import, which is a model that was trained elsewhere.")
    path = table.text("import", required=True)
    if path is not None and any(part in ("", ".", "..") for part in path.rstrip("/").split("/")):
        table.mistake("import", f"is {shown(path)}; name a file or a folder in the project, such as model.onnx.")
        return None
    if path is not None and "score" not in table and not path.endswith(IMPORTED_ALONE):
        ends = f"{', '.join(IMPORTED_ALONE[:-1])} or {IMPORTED_ALONE[-1]}"
        table.mistake("score", f"is missing; a model that is scored without one is a file that ends with {ends}.")
    return path.rstrip("/") if path is not None else None


def validation(table: Table) -> ValidationSpec:
    """How a model is judged."""
    table.only("holdout", "metrics", "segments", "task", "positive", "known_before")
    task = table.choice("task", TASKS)
    return ValidationSpec(
        holdout=_holdout(table),
        metrics=_metrics(table, task),
        segments=table.texts("segments", most=100) or (),
        task=task,
        positive=table.text("positive"),
        known_before=table.texts("known_before") or (),
    )


def _holdout(table: Table) -> timedelta | float:
    value = table.values.get("holdout")
    form = f"{DURATION_FORM}, or a fraction between 0 and 1"
    if value is None:
        table.mistake("holdout", f"is missing; it is {form}.")
    elif isinstance(value, str):
        span = parse_duration(value)
        if span is not None and span >= _SECOND:
            return span
        table.mistake("holdout", f"is {shown(value)}; it must be {form}.")
    elif type(value) in (int, float) and 0 < value < 1:
        return float(value)
    else:
        table.mistake("holdout", f"is {shown(value)}; it must be {form}.")
    return 0.2


def _metrics(table: Table, task: str | None) -> tuple[str, ...]:
    names = table.texts("metrics", required=True, most=20) or ()
    if not names and table.values.get("metrics") == []:
        table.mistake("metrics", "is empty; the first metric is the one that a model is judged by.")
    allowed = of_task(task)
    for name in names:
        if name not in METRICS:
            said = nearest(name, allowed) or f"; known: {', '.join(allowed)}."
            table.mistake("metrics", f"names {shown(name)}, which is not a known metric{said}")
        elif name not in allowed:
            said = f"use {', '.join(allowed)}."
            table.mistake("metrics", f"names {shown(name)}, which is no metric of a {task} task; {said}")
    if task is None and len({METRICS[name].regression for name in names if name in METRICS}) > 1:
        table.mistake("metrics", "mixes metrics of classification and of regression; keep those of one.")
    return tuple(name for name in names if name in allowed)
