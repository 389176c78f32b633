"""What a look says of the live version by labels of what it really answered. Pure but for reading the meter's table.

A metric whose whole interval is beyond a fixed limit of the manifest is failing, as it is on the rows of extract; one
whose whole interval is worse than the whole interval that it was validated with is to be watched. Where labels come and
none of them finds an answer, that is to be watched too: requests that give no key look healthy for ever. Labels of the
last minutes say nothing of that, for their answers need not be written yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.json_records import read
from engine.monitoring.answered_parts import AnsweredLook, AnsweredPerformance, LabelCounts
from engine.monitoring.findings import limits_broken, verdict_of, worst
from engine.monitoring.look_document import LookDocument, LookFinding, LookPart, SignalValues
from engine.monitoring.look_input import LookInput
from engine.validation.rules import Rules
from engine.validation.words import number
from engine.vocabulary.metrics import good

PART = "answers"
SIGNAL = "answered "  # before a metric's name
FEWEST_WORDS = 50
_ACT = "roll back if it began with a swap; else look at the worst segments and at drift, then retrain"
_DECIDE = (
    "ask whoever sent it: throw it away where its labels are wrong (feedback throw-away), let it in where the world has"
    " changed (feedback let-in), and retrain"
)
_KEYS = "give the columns of [data] key with each row that is asked for"


def with_answers(document: LookDocument, case: LookInput) -> LookDocument:
    """The look with what labels say of answers; as it is where the project is not served, or has no feedback."""
    job = case.job.get("answered")
    if job is None:
        return document
    return told(document, _measured(case, job), case.rules, case.job["validated"]["metrics"])


def _measured(case: LookInput, job: Mapping[str, Any]) -> AnsweredLook:
    from engine.monitoring.performance.answered import Labelled, measured
    from engine.validation.predictions import read_table

    counts = read(LabelCounts, job["counts"], "What became of labels")
    about = AnsweredLook(
        job["share"], job["since"], job["whole"], job["unread"], counts, waiting=tuple(job["waiting"])
    )
    if job["table"] is None:
        return about
    again, keyless = ({(each[0], each[1]): each[2] for each in job[name]} for name in ("again", "keyless"))
    joined = Labelled(read_table(job["table"], "answers"), again, keyless, counts)
    learnt = case.reference.column(case.rules.target)
    by = segments_of(case.rules.segments, case.job["slices"], case.job["bins"], case.job["features"])
    hidden, bins = case.job["sensitive"], {column: list(edges) for column, edges in case.job["bins"].items()}
    found = measured(joined, learnt, case.rules, segments=by, sensitive=hidden, bins=bins)
    return replace(about, versions=found)


def segments_of(*named: Iterable[str]) -> list[str]:
    """The columns that answers are looked at by, those that the manifest names first."""
    return list(dict.fromkeys(name for names in named for name in names))


def told(
    document: LookDocument, found: AnsweredLook, rules: Rules, validated: Mapping[str, Mapping[str, Any] | None]
) -> LookDocument:
    """The look with this part, in place of what an earlier one said of it. ``validated``: each metric as it was when
    the version was made. Pure."""
    own = found.of(document.version)
    listed = list(_findings(document, found, own, rules, validated))
    findings = (*(each for each in document.findings if each.part != PART), *listed)
    parts = {name: part for name, part in document.parts.items() if name != PART}
    if found.counts.came:
        parts[PART] = _part(found, own, listed, document.version)
    measured = tuple(each for each in document.measured if each != PART)
    told_now = PART in parts and parts[PART].verdict != "cannot tell"
    verdict, why = verdict_of(findings, parts)
    return replace(
        document,
        findings=findings,
        parts=parts,
        measured=(*measured, PART) if told_now else measured,
        verdict=verdict,
        why=why,
        signals=(*(each for each in document.signals if not each[0].startswith(SIGNAL)), *_signals(own)),
        answered=found,
    )


def _part(
    found: AnsweredLook, own: AnsweredPerformance | None, listed: Sequence[LookFinding], version: str
) -> LookPart:
    if listed:
        return LookPart(worst(each.severity for each in listed), listed[0].why)
    if found.share <= 0:
        return LookPart("cannot tell", 'requests are not logged (log = "off" in [serve]), so no label finds its answer')
    if own is None or not own.answers:
        nothing = f"no answer of {version} is in the log"
        keyless = f"none of {own.keyless:,} rows that {version} answered had a key; {_KEYS}" if own else nothing
        return LookPart("cannot tell", keyless)
    now = own.readings[0]
    share = f"{own.labelled:,} of {own.answers:,} answers have a label by now{sampled(found)}"
    if now.value is None:
        return LookPart("cannot tell", f"{share}: {now.reason}")
    between = f" ({number(now.low)} to {number(now.high)})" if now.low is not None and now.high is not None else ""
    return LookPart("ok", f"{now.metric} {number(now.value)}{between} of what was answered; {share}")


def sampled(found: AnsweredLook) -> str:
    """That not all was logged or read, in words; nothing where it was."""
    said = f", and {found.share:.3g} of the requests are logged" if found.share < 1 else ""
    return said + ("" if found.whole else ", of the newest that are in the log")


def _findings(
    document: LookDocument,
    found: AnsweredLook,
    own: AnsweredPerformance | None,
    rules: Rules,
    validated: Mapping[str, Mapping[str, Any] | None],
) -> Iterator[LookFinding]:
    as_of, counts = document.as_of, found.counts
    settled = counts.words - counts.fresh
    if found.share >= 1 and found.whole and settled >= FEWEST_WORDS and not counts.found:
        why = f"none of {settled:,} labels finds an answer in the request log"
        yield LookFinding("answered:keys", PART, "watch", why, _KEYS, as_of)
    for why in found.waiting[:1]:
        if len(found.waiting) > 1:
            why = f"{why}; older ones wait, too: {len(found.waiting) - 1:,}"
        yield LookFinding("answered:quarantine", PART, "watch", why, _DECIDE, as_of)
    readings = {each.metric: each for each in own.readings} if own is not None else {}
    broken = list(limits_broken(rules.gates, readings))
    for words in broken:
        why = f"of what was answered {words.replace('labelled rows', 'answers with a label')}"
        yield LookFinding(f"answered:{words.split()[0]}", PART, "failing", why, _ACT, as_of)
    now = readings.get(rules.each_metric[0])
    if now is not None and now.value is not None and not broken and (fell := _fell(now, validated)) is not None:
        yield LookFinding(f"answered:{now.metric}", PART, "watch", fell, _ACT, as_of)


def _fell(now: Any, validated: Mapping[str, Mapping[str, Any] | None]) -> str | None:
    """That the whole interval is worse than the whole of that which it was validated with."""
    was = validated.get(now.metric) or {}
    sign = good(now.metric)
    best, least = (now.high, was.get("low")) if sign > 0 else (now.low, was.get("high"))
    if best is None or least is None or sign * best >= sign * least:
        return None
    then = f"when it was validated it was {number(was.get('value'))}"
    return f"{now.metric} of what was answered is {number(now.value)} on {now.n:,} labels; {then}"


def _signals(own: AnsweredPerformance | None) -> Iterator[SignalValues]:
    for each in own.readings if own is not None else ():
        if each.value is not None:
            yield f"{SIGNAL}{each.metric}", each.value, each.low, each.high, each.n
