"""The gates: a rule and the numbers in, a verdict with its evidence out. Pure.

- A limit on a metric is judged by the value itself where there are rows enough; with few, by the whole interval.
- A comparison with the live version passes when the whole interval of the difference keeps the limit, fails when the
  whole interval breaks it, and cannot tell in between. A first version has nothing to be compared with and passes.
- So few rows that no interval can bear them cannot tell, whatever the numbers say (``floors``).

What to do about a gate that does not pass is in ``ways``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.records import Gate, GateVerdict
from engine.validation import undefined
from engine.validation.columns import shown
from engine.validation.gates import quantities
from engine.validation.gates.facts import GateFacts
from engine.validation.gates.floors import FEWEST, FEWEST_OF_CLASS, ROWS, ROWS_PER_CLASS
from engine.validation.gates.quantities import top
from engine.validation.intervals import MeasuredMetric
from engine.validation.schema import Difference
from engine.validation.segments import ROWS as SEGMENT_ROWS
from engine.validation.segments import JudgedSegments
from engine.validation.words import between, count, decimals_for, limit, number, percent, signed
from engine.versions.records import SegmentValues
from engine.vocabulary.gates import GATES, WORST_LAST, GateRule, name_of
from engine.vocabulary.metrics import good

__all__ = ["ROWS", "ROWS_PER_CLASS", "GateFacts", "enough_rows", "judge_rule", "worst"]

MISSING = 0.5


def worst(gates: Iterable[Gate]) -> GateVerdict:
    """The verdict of all together; nothing looked at is nothing known."""
    return max((gate.verdict for gate in gates), key=WORST_LAST.index, default="cannot tell")


def judge_rule(rule: GateRule, facts: GateFacts) -> Gate:
    """The gate that a manifest asks for."""
    judge = JUDGES.get(rule.kind)
    if judge is None or rule.limit is None:
        return Gate(rule.kind, rule.kind, "cannot tell", f"There is no gate '{shown(rule.kind)}' in this version.")
    return judge(rule, rule.limit, facts)


def too_few(facts: GateFacts, minimum: int | None = None) -> tuple[str, str] | None:
    """Why the holdout cannot decide anything, and what is lacking; None when it can."""
    none = facts.held.none_can_tell
    if none:
        return none, "rows"
    if minimum is not None and facts.rows < minimum:
        return f"{count(facts.rows, 'holdout row')}, and minimum_rows asks for {minimum:,}", "minimum"
    return None


def enough_rows(facts: GateFacts) -> Gate:
    """Always on: are there rows enough to judge by at all?"""
    name, kind = name_of("rows"), "rows"
    numbers: dict[str, object] = {
        "rows": facts.rows, "minimum": FEWEST, "smallest_class": facts.smallest_class, "of_class": FEWEST_OF_CLASS,
    }  # fmt: skip
    none, few = facts.held.none_can_tell, facts.held.few()
    if none:
        return Gate(name, kind, "cannot tell", f"{_capital(none)}.", numbers | {"lacks": "rows"})
    of_class = "" if facts.smallest_class is None else f", {facts.smallest_class:,} of the rarest class"
    decides = "; so few that the whole interval decides" if few else ""
    return Gate(name, kind, "pass", f"{facts.rows:,} holdout rows{of_class}{decides}.", numbers)


def schema_unchanged(found: Iterable[Difference] | None, columns: int) -> Gate:
    """Always on: is the data what the live version was made for? ``found`` is None when nothing is live."""
    name, kind = name_of("schema"), "schema"
    if found is None:
        return Gate(name, kind, "pass", f"First version: its {count(columns, 'column')} are the reference from now on.")
    found = tuple(found)
    if not found:
        return Gate(name, kind, "pass", f"{count(columns, 'column')}, as before.", {"differences": 0})
    words = "; ".join(difference.words for difference in found[:4])
    more = f"; and {len(found) - 4} more" if len(found) > 4 else ""
    breaks = any(difference.severity == "fail" for difference in found)
    return Gate(name, kind, "fail" if breaks else "warn", f"{words}{more}.", {"differences": len(found)})


def few_missing(facts: GateFacts) -> Gate:
    """Always on where the manifest sets no limit: did a column lose its values between training and now?"""
    lost = {n: h for n, (t, h) in facts.missing.items() if h > MISSING >= t}
    thin = {n: h for n, (_, h) in facts.missing.items() if h > MISSING} | {
        n: t for n, (t, _) in facts.missing.items() if t > MISSING
    }
    name, kind = name_of("missing"), "missing"
    numbers = {"limit": MISSING, "highest": max((max(pair) for pair in facts.missing.values()), default=0.0)}
    if lost:
        words = ", ".join(f"{shown(n)} {percent(h, 0)}" for n, h in top(lost))
        evidence = f"Values went missing since the training rows: {words} of the holdout has none."
        return Gate(name, kind, "fail", evidence, numbers)
    if thin:
        words = ", ".join(f"{shown(n)} {percent(h, 0)}" for n, h in top(thin))
        return Gate(name, kind, "warn", f"Mostly missing: {words}.", numbers)
    if facts.infinite:
        worst_columns = ", ".join(f"{shown(n)} {c:,}" for n, c in top(facts.infinite))
        return Gate(name, kind, "warn", f"Infinite values: {worst_columns}.", numbers)
    highest = max(facts.missing.items(), key=lambda item: max(item[1]), default=None)
    if highest is None or max(highest[1]) == 0:
        return Gate(name, kind, "pass", "No feature has missing values.", numbers)
    return Gate(
        name, kind, "pass", f"At most {percent(max(highest[1]))} of a feature, in {shown(highest[0])}.", numbers
    )


def no_segment_worse(segments: JudgedSegments, metric: str, live: str) -> Gate:
    """Always on with segments and a live version: a loss somewhere is told, even when the whole got better."""
    found = segments.of(metric)
    losers = [segment for segment in found if segment.verdict == "worse"]
    numbers = {"segments": len(found), "worse": len(losers)}
    name, kind = name_of("segments_against_live", live=live), "segments_against_live"
    if not losers:
        unsure = sum(segment.candidate is None for segment in found)
        aside = f"; {unsure} have too few rows" if unsure else ""
        evidence = f"{metric} is surely worse in none of {count(len(found), 'segment')}{aside}."
        return Gate(name, kind, "pass", evidence, numbers)
    words = ", ".join(f"{s.name} {signed(s.difference)} ({s.n:,} rows)" for s in losers[:3])
    more = f" and {len(losers) - 3} more" if len(losers) > 3 else ""
    return Gate(name, kind, "warn", f"{metric} is worse than live in {words}{more}.", numbers)


def _limit(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    gate = GATES[rule.kind]
    name = name_of(rule.kind, metric=rule.metric, limit=limit(bound))
    m = facts.measured.get(rule.metric or "")
    if m is None:
        return Gate(name, rule.kind, "cannot tell", f"{rule.metric} was not measured; name it in [validation] metrics.")
    numbers = {"value": m.value, "low": m.low, "high": m.high, "limit": bound, "n": m.n}
    none = too_few(facts, rule.minimum_rows)
    if m.value is None:
        lacks = none[1] if none else "value"
        evidence = f"{undefined.sentence(m.name, m.n)}{f' ({none[0]})' if none else ''}."
        return Gate(name, rule.kind, "cannot tell", evidence, numbers | {"lacks": lacks})
    digits = _digits_apart(m.value, bound)
    if m.low is not None and m.high is not None:
        digits = max(digits, decimals_for(m.high - m.low))
    sure = f" ({between(m.low, m.high)})" if m.low is not None else ""
    if none:
        why, lacks = none
        evidence = f"{number(m.value, digits)}{sure}: {why}."
        return Gate(name, rule.kind, "cannot tell", evidence, numbers | {"lacks": lacks})
    few = facts.held.few(rule.metric, rule.minimum_rows)
    if few and not _one_side(m, bound):
        rows, lacks = few
        evidence = f"{number(m.value, digits)}{sure}: {rows} do not decide it."
        return Gate(name, rule.kind, "cannot tell", evidence, numbers | {"lacks": lacks})
    if gate.sign * m.value >= gate.sign * bound:
        return Gate(name, rule.kind, "pass", f"{number(m.value, digits)}{sure} on {m.n:,} rows.", numbers)
    evidence = f"{rule.metric} {number(m.value, digits)} is {gate.breaks} {limit(bound)}{sure} on {m.n:,} rows."
    return Gate(name, rule.kind, "fail", evidence, numbers)


def _one_side(m: MeasuredMetric, bound: float) -> bool:
    """Whether the whole interval lies on one side of ``bound``."""
    return m.low is not None and m.high is not None and not m.low < bound < m.high


def _against_live(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    side = GATES[rule.kind].breaks
    name = name_of(rule.kind, metric=rule.metric, limit=limit(bound))
    if facts.live is None:
        return Gate(name, rule.kind, "pass", "First version: nothing to compare with.")
    if facts.live_problem:
        evidence = f"{facts.live} could not be measured: {facts.live_problem.rstrip('.')}."
        return Gate(name, rule.kind, "cannot tell", evidence, {"lacks": "live"})
    m = facts.measured.get(rule.metric or "")
    if m is None or m.difference is None or m.difference_low is None or m.difference_high is None:
        evidence = f"{rule.metric} of candidate and {facts.live} cannot be compared."
        return Gate(name, rule.kind, "cannot tell", evidence, {"lacks": "value"})
    numbers = {
        "difference": m.difference, "low": m.difference_low, "high": m.difference_high, "limit": bound, "n": m.n,
    }  # fmt: skip
    digits = decimals_for(m.difference_high - m.difference_low)
    evidence = f"{signed(m.difference, digits)} ({between(m.difference_low, m.difference_high, sign=True)})"
    none = too_few(facts, rule.minimum_rows)
    if none:
        why, lacks = none
        return Gate(name, rule.kind, "cannot tell", f"{evidence}: {why}.", numbers | {"lacks": lacks})
    ends = sorted(good(m.name) * end for end in (m.difference_low, m.difference_high))
    if ends[0] > -bound or m.comparison == "same":
        return Gate(name, rule.kind, "pass", f"{evidence} against {facts.live} on the same {m.n:,} rows.", numbers)
    if ends[1] < -bound:
        worse = f"{rule.metric} is {side} {facts.live} by more than {limit(bound)}"
        return Gate(name, rule.kind, "fail", f"{worse}: {evidence} on the same {m.n:,} rows.", numbers)
    evidence = f"{evidence}: {m.n:,} rows do not decide it."
    return Gate(name, rule.kind, "cannot tell", evidence, numbers | {"lacks": "difference"})


def _every_segment(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    gate = GATES[rule.kind]
    name = name_of(rule.kind, metric=rule.metric, segment=shown(rule.segment or "segment"), limit=limit(bound))
    found = facts.segments.of(rule.metric or "", shown(rule.segment) if rule.segment else None)
    rows = SEGMENT_ROWS if rule.minimum_rows is None else rule.minimum_rows
    judged = [s for s in found if s.candidate is not None and s.n >= rows]
    unsure = len(found) - len(judged)
    aside = f"; {unsure} of {count(len(found), 'segment')} too small to tell" if unsure else ""
    numbers: dict[str, object] = {"limit": bound, "judged": len(judged), "too_small": unsure}
    if not judged:
        evidence = f"No segment has the rows it takes to tell ({rows:,})."
        return Gate(name, rule.kind, "cannot tell", evidence, numbers | {"lacks": "segments"})
    judged.sort(key=lambda s: gate.sign * (s.candidate or 0.0))
    lowest = judged[0]
    numbers |= {"value": lowest.candidate, "segment": lowest.name, "n": lowest.n}
    broken = [s for s in judged if gate.sign * ((s.candidate or 0.0) - bound) < 0]
    if broken:
        words = ", ".join(_segment_words(s, bound) for s in broken[:3])
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        evidence = f"{rule.metric} is {gate.breaks} {limit(bound)} for {words}{more}{aside}."
        return Gate(name, rule.kind, "fail", evidence, numbers)
    return Gate(name, rule.kind, "pass", f"{_segment_words(lowest, bound)}{aside}.", numbers)


def _segment_words(s: SegmentValues, bound: float) -> str:
    sure = f"{between(s.value_low, s.value_high)}, " if s.value_low is not None else ""
    return f"{s.name} {number(s.candidate, _digits_apart(s.candidate or 0.0, bound))} ({sure}{s.n:,} rows)"


def _digits_apart(value: float, bound: float) -> int:
    """Digits that show on which side of ``bound`` a value lies: 0.6998 below 0.70, not 0.700 below 0.70."""
    return decimals_for(abs(value - bound) * 10) if value != bound else 3


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# What judges each gate that a manifest asks for, by its kind.
JUDGES: Mapping[str, quantities.Judge] = {
    "at_least": _limit,
    "at_most": _limit,
    "not_below_live_by": _against_live,
    "not_above_live_by": _against_live,
    "segment_at_least": _every_segment,
    "segment_at_most": _every_segment,
    **quantities.JUDGES,
}
