"""How well versions did in what they really answered: logged answers, joined by key with the labels that came. Pure.

Nothing is scored again. What counts is the answer that a caller was given, by the version that gave it, at that time,
so that a canary has figures of its own, a version that was live last week keeps its own, and a fault of the server is
in them. What a rule answered is nobody's: it is left out.

A key that a version answered several times counts once, by the newest answer: a client that asks again and again says
nothing new. The label of a key is the last word on it, as it is for a learner (``feedback.reading``). Labels that come
soon are rarely like those that come late, so it is told how many answers have one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.clock import stamp
from engine.errors import LeverframeError
from engine.feedback.reading import Counts, Word
from engine.feedback.records import Key
from engine.feedback.rows import as_kind, key_of_values
from engine.monitoring.answered_parts import AnsweredPerformance, LabelCounts, Role
from engine.monitoring.look_parts import MetricValue, Slices
from engine.monitoring.performance.metric_values import FULL, read, too_few
from engine.monitoring.performance.scored import Scored, scored
from engine.monitoring.performance.slices import slices
from engine.text import plain
from engine.validation.rules import Rules
from engine.vocabulary.log_columns import ANSWER, AT, FALLBACK, FEATURE, KEY, ROLE

VERSION = "version"
LABEL, KNOWN = "label", "label.known"
LATE = timedelta(days=7)
_RULE = "rule"


@dataclass(frozen=True)
class Labelled:
    """``table``: the answers that count, with ``label`` and ``label.known``, which are missing where no label came.

    ``again`` and ``keyless``: how many were left out, by version and role; see ``AnsweredPerformance``."""

    table: pa.Table
    again: Mapping[tuple[str, Role], int]
    keyless: Mapping[tuple[str, Role], int]
    counts: LabelCounts


def performance_of(
    answers: pa.Table,
    labels: Mapping[Key, Word],
    *,
    key: Sequence[str],
    learnt: pa.ChunkedArray,
    rules: Rules,
    version: str | None = None,
    role: Role | None = None,
    segments: Sequence[str] = (),
    sensitive: Collection[str] = (),
    bins: Mapping[str, Sequence[float]] | None = None,
) -> tuple[AnsweredPerformance, ...]:
    """How each version did in each role, or the one that is asked for, the most answers first.

    ``answers``: a row for each that was answered, with the columns ``version``, ``request.role``, ``request.at``,
    ``request.fallback``, ``key.<name>``, ``answer.<name>`` and, to see it by segment, ``feature.<name>``, as
    ``requests.answers`` reads them. ``labels``: the last word on each key (``labels_of``). ``learnt``: labels as the
    live version learnt them, at least one of each class. Nothing in the rows makes it raise.
    """
    mask = pa.array(np.ones(answers.num_rows, dtype=bool))
    for name, wanted in ((VERSION, version), (ROLE, role)):
        if wanted is not None:
            mask = pc.and_(mask, pc.equal(answers.column(name), wanted))
    joined = labelled(answers.filter(mask), labels, Counts(), key, learnt.type)
    return measured(joined, learnt, rules, segments=segments, sensitive=sensitive, bins=bins)


def labels_of(words: Sequence[Word]) -> dict[Key, Word]:
    """The last word on each key, of what ``feedback.reading.read`` says counts."""
    return {word.key: word for word in words}


def labelled(
    answers: pa.Table,
    labels: Mapping[Key, Word],
    counts: Counts,
    key: Sequence[str],
    kind: pa.DataType,
    fresh: Collection[int] = (),
) -> Labelled:
    """``answers`` with their labels as values of ``kind``; ``counts``: what became of the rows that came; ``fresh``:
    batches that came so lately that the answers to their keys need not be written yet."""
    answers = answers.filter(pc.not_equal(answers.column(FALLBACK).fill_null(""), _RULE))
    whose = list(zip(answers.column(VERSION).to_pylist(), answers.column(ROLE).to_pylist(), strict=True))
    times: list[datetime] = answers.column(AT).to_pylist()
    newest: dict[tuple[Any, Key], int] = {}
    again, keyless = dict[tuple[str, Role], int](), dict[tuple[str, Role], int]()
    for place, asked in enumerate(_keys(answers, key)):
        if asked is None:
            keyless[whose[place]] = keyless.get(whose[place], 0) + 1
            continue
        before = newest.setdefault((whose[place], asked), place)
        if before != place:
            again[whose[place]] = again.get(whose[place], 0) + 1
            if times[place] >= times[before]:
                newest[whose[place], asked] = place
    chosen = sorted((place, asked) for (_, asked), place in newest.items())
    words = [labels.get(asked) for _, asked in chosen]
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    values = [None if word is None else as_kind(word.label, kind) for word in words]
    known = [None if word is None or value is None else word.since for word, value in zip(words, values, strict=True)]
    table = answers.take(pa.array([place for place, _ in chosen], pa.int64()))
    table = table.append_column(LABEL, pa.array(values, kind))
    table = table.append_column(KNOWN, pa.array(known, pa.timestamp("us", "UTC")))
    asked_at = {asked: (times[place], value) for (place, asked), value in zip(chosen, values, strict=True)}
    return Labelled(table, again, keyless, _counted(labels, counts, asked_at, fresh))


def _keys(answers: pa.Table, key: Sequence[str]) -> list[Key | None]:
    """The key of each row as feedback writes it; None where a part of it was not given."""
    names = [KEY + name for name in key]
    if not key or any(name not in answers.column_names for name in names):
        return [None] * answers.num_rows
    return [key_of_values(row) for row in zip(*(answers.column(name).to_pylist() for name in names), strict=True)]


def _counted(
    labels: Mapping[Key, Word], counts: Counts, asked: Mapping[Key, tuple[datetime, Any]], fresh: Collection[int]
) -> LabelCounts:
    found = [(word, *asked[word.key]) for word in labels.values() if word.key in asked]
    return LabelCounts(
        came=counts.came,
        words=len(labels),
        found=len(found),
        unknown=len(labels) - len(found),
        fresh=sum(word.batch in fresh for word in labels.values() if word.key not in asked),
        late=sum(word.since - at > LATE for word, at, _ in found),
        early=sum(word.since < at for word, at, _ in found),
        unfit=sum(value is None for _, _, value in found),
        repeated=counts.repeated,
        corrected=counts.corrected,
        held=counts.quarantined + counts.thrown_away,
        to_come=counts.to_come,
    )


def measured(
    joined: Labelled,
    learnt: pa.ChunkedArray,
    rules: Rules,
    *,
    segments: Sequence[str] = (),
    sensitive: Collection[str] = (),
    bins: Mapping[str, Sequence[float]] | None = None,
) -> tuple[AnsweredPerformance, ...]:
    """How each version in each role did, the most answers first."""
    table = joined.table
    whose = list(zip(table.column(VERSION).to_pylist(), table.column(ROLE).to_pylist(), strict=True))
    found = []
    for version, role in dict.fromkeys([*whose, *joined.keyless]):
        own = table.filter(pa.array([each == (version, role) for each in whose], pa.bool_()))
        one, rows = _of_one(version, role, own, learnt, rules)
        if rows is not None and segments:
            one = replace(one, slices=_cut(own, rows, segments, rules.each_metric[0], sensitive, bins))
        again, keyless = joined.again.get((version, role), 0), joined.keyless.get((version, role), 0)
        found.append(replace(one, again=again, keyless=keyless))
    return tuple(sorted(found, key=lambda each: (-each.answers, each.version, each.role)))


def _of_one(
    version: str, role: Role, own: pa.Table, learnt: pa.ChunkedArray, rules: Rules
) -> tuple[AnsweredPerformance, Scored | None]:
    """Without its slices; and the rows that it was measured on, None where it was not."""
    times, labels = own.column(AT).to_pylist(), own.column(LABEL)
    delays = sorted(
        max(0.0, (known - at).total_seconds())
        for at, known in zip(times, own.column(KNOWN).to_pylist(), strict=True)
        if known is not None
    )
    found = AnsweredPerformance(
        version=version,
        role=role,
        answers=own.num_rows,
        labelled=own.num_rows - labels.null_count,
        since=stamp(min(times)) if times else None,
        until=stamp(max(times)) if times else None,
        delay=delays[len(delays) // 2] if delays else None,
    )
    # Other versions have answered with other columns: of these it has nothing.
    names = [name for name in own.column_names if name.startswith(ANSWER) and own.column(name).null_count < len(times)]
    if not names:
        why = "no answer of it that a key was given for is in the log"
        return replace(found, readings=_none(rules, 0, why)), None
    said = own.select(names).rename_columns([name.removeprefix(ANSWER) for name in names])
    try:
        rows = scored(labels, learnt, said, rules, name=rules.target, who=version)
    except LeverframeError as problem:
        why = plain(str(problem)).rstrip(".")
        return replace(found, readings=_none(rules, found.labelled, why), problem=why), None
    truth, predicted = rows.take(rows.known)
    why_not = too_few(truth)
    if why_not is not None:
        return replace(found, readings=_none(rules, len(truth), why_not)), None
    return replace(found, readings=read(rules.each_metric, truth, predicted, 0, FULL)), rows


def _cut(
    own: pa.Table,
    rows: Scored,
    segments: Sequence[str],
    metric: str,
    sensitive: Collection[str],
    bins: Mapping[str, Sequence[float]] | None,
) -> Slices:
    """The metric by the columns that were logged with the answers."""
    by = own.select([name for name in own.column_names if name.startswith(FEATURE)])
    by = by.rename_columns([name.removeprefix(FEATURE) for name in by.column_names])
    places, period = np.flatnonzero(rows.known), np.zeros(len(rows), np.int64)
    return slices(by, segments, metric, rows, places, period, sensitive=sensitive, bins=bins)


def _none(rules: Rules, n: int, why: str) -> tuple[MetricValue, ...]:
    return tuple(MetricValue(metric, n, reason=why) for metric in rules.each_metric)
