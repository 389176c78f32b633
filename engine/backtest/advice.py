"""What a backtest says: which policy, what it is worth, how sure that is, and the line that would have to be changed.

Pure. Of the policies that were better than never retraining, the rarest is advised that cannot be told from the best;
where all were worse than never, or the same, that is. Where nothing can be told, nothing is advised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from engine.backtest.policies import NEVER, alike, interval_in_words
from engine.backtest.records import BacktestDocument, PolicyDifference, PolicyResult, RetrainSchedule
from engine.records import Comparison
from engine.text import plain, span
from engine.validation.words import decimals_for, signed
from engine.vocabulary.metrics import good, more_is_better

# A week with fewer labelled rows says little of itself; it counts for what it has.
FEW_ROWS = 30
# As in weekly_bootstrap.py, which needs numpy; a test holds them together.
FEWEST_WEEKS = 8
_OTHER_WAY: dict[Comparison, Comparison] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class BacktestAdvice:
    """``policy``: the word of the one to have; None where it cannot be told. ``sentence`` says what it is worth,
    ``short`` the same in a line, ``schedule`` what that means for the schedule in force, ``notes`` what to know of the
    figures."""

    policy: str | None
    short: str
    sentence: str
    schedule: str
    notes: tuple[str, ...]


def advice(found: BacktestDocument, schedule: RetrainSchedule) -> BacktestAdvice:
    """What ``found`` says to who has ``schedule``."""
    best = _best(found)
    chosen, short = _chosen(found, best), _against_never(found, best, intervals=False)
    return BacktestAdvice(
        policy=chosen,
        short=f"{short[0].lower()}{short[1:]}; scheduled: {scheduled(schedule)}",
        sentence=_sentence(found, best),
        schedule=_of_schedule(found, chosen, schedule),
        notes=tuple(_notes(found)),
    )


def difference(found: BacktestDocument, one: str, other: str) -> PolicyDifference | None:
    """``one`` minus ``other``, whichever way round it was kept."""
    kept = found.difference(one, other)
    if kept is not None:
        return kept
    turned = found.difference(other, one)
    if turned is None:
        return None
    low, high = (None if end is None else -end for end in (turned.high, turned.low))
    value = None if turned.value is None else -turned.value
    return PolicyDifference(one, other, value, low, high, _OTHER_WAY.get(turned.comparison, turned.comparison))


def scheduled(schedule: RetrainSchedule) -> str:
    """``every week``, ``every week, paused``, ``nothing``."""
    if schedule.every is None:
        return "nothing"
    return interval_in_words(_rounded(schedule.every)) + (", paused" if schedule.paused else "")


def trainings_in_words(result: PolicyResult) -> str:
    """``26 trainings of 11 s``."""
    if result.trainings == 1:
        return f"one training of {span(result.seconds)}"
    return f"{result.trainings} trainings of {span(result.seconds / max(1, result.trainings))}"


def _best(found: BacktestDocument) -> PolicyResult:
    """The policy with the best value but never; the rarest of equals. One without a value is none."""
    others = [each for each in found.policies if each.word != NEVER]
    sign = good(found.metric)
    return max(reversed(others), key=lambda each: float("-inf") if each.value is None else sign * each.value)


def _chosen(found: BacktestDocument, best: PolicyResult) -> str | None:
    others = [each for each in found.policies if each.word != NEVER]
    over_never = {each.word: _comparison(found, each.word, NEVER) for each in others}
    if over_never[best.word] == "better":
        as_good = [
            each.word
            for each in others
            if over_never[each.word] == "better"
            and (each is best or _comparison(found, best.word, each.word) in ("cannot tell", "same"))
        ]
        return as_good[-1]  # the most frequent come first
    if all(each in ("worse", "same") for each in over_never.values()):
        return NEVER
    return None


def _comparison(found: BacktestDocument, one: str, other: str) -> Comparison:
    kept = difference(found, one, other)
    return kept.comparison if kept is not None else "not compared"


def _sentence(found: BacktestDocument, best: PolicyResult) -> str:
    others = [each for each in found.policies if each.word not in (NEVER, best.word)]
    first = f"{_against_never(found, best)}, with {trainings_in_words(best)}"
    return f"{'; '.join([first, *(_against_best(found, best, other) for other in others)])}."


def _against_never(found: BacktestDocument, best: PolicyResult, *, intervals: bool = True) -> str:
    kept = difference(found, best.word, NEVER)
    words, metric = best.policy.words, plain(found.metric, 40)
    if kept is None or kept.value is None:
        return f"What retraining {words} is worth cannot be told, for {metric} is not defined on these rows"
    lower = "" if more_is_better(found.metric) else "; lower is better"
    value, within = in_words(kept, lower)
    worth = f"{value} {metric}"
    within = within if intervals else ""
    if kept.comparison == "better":
        return f"Retraining {words} is worth {worth}{within} over never"
    if kept.comparison == "worse":
        return f"Retraining {words} is worse than never retraining: {worth}{within}"
    if kept.comparison == "same":
        return f"Retraining {words} gives what never retraining gives"
    return f"Retraining {words} cannot be told from never retraining: {worth}{within}"


def _against_best(found: BacktestDocument, best: PolicyResult, other: PolicyResult) -> str:
    kept = difference(found, other.word, best.word)
    words, took = other.policy.words, f"with {trainings_in_words(other)}"
    if kept is None or kept.value is None:
        return f"{words} cannot be compared"
    value, within = in_words(kept)
    if kept.comparison == "worse":
        return f"{words}, {took}, does worse than that: {value}{within}"
    if kept.comparison == "same":
        return f"{words}, {took}, gives the same"
    return f"{words}, {took}, cannot be told from it: {value}{within}"


def in_words(kept: PolicyDifference, more: str = "") -> tuple[str, str]:
    """``+0.012`` and `` (95 % +0.004 to +0.020)``, with digits enough to tell the two ends apart."""
    if kept.low is None or kept.high is None:
        return signed(kept.value), ""
    digits = decimals_for(kept.high - kept.low)
    ends = f"{signed(kept.low, digits)} to {signed(kept.high, digits)}"
    return signed(kept.value, digits), f" (95 % {ends}{more})"


def _of_schedule(found: BacktestDocument, chosen: str | None, schedule: RetrainSchedule) -> str:
    now = f"Scheduled: {scheduled(schedule)}."
    if chosen is None:
        return f"{now} Nothing here is a reason to change that."
    wanted = found.of(chosen)
    if alike(wanted.policy.every, schedule.every):
        return f"{now} That is what this backtest advises."
    said = "no retrains by the clock" if chosen == NEVER else f"retraining {wanted.policy.words}"
    held = next((each for each in found.policies if alike(each.policy.every, schedule.every)), None)
    why = ""
    if held is not None and _comparison(found, chosen, held.word) in ("cannot tell", "same"):
        spared = held.year_seconds - wanted.year_seconds
        why = f", which cannot be told from it and takes {span(spared)} less a year" if spared > 0 else ""
    return f"{now} This backtest advises {said}{why}: {_change(chosen, schedule)}."


def _change(chosen: str, schedule: RetrainSchedule) -> str:
    line = f" (line {schedule.line})" if schedule.line is not None else ""
    if chosen == NEVER:
        return f"take retrain out of [schedule] in leverframe.toml{line}, commit it, retrain once and approve"
    entry = f'retrain = {{ every = "{chosen}" }}'
    if schedule.every is None:
        return f"write {entry} into [schedule] of leverframe.toml, commit it, retrain once and approve"
    return f"in leverframe.toml{line} say {entry}, commit it, retrain once and approve"


def _notes(found: BacktestDocument) -> Iterator[str]:
    weeks, moments = len(found.weeks), len(found.trainings)
    empty = sum(1 for each in found.weeks if not each.labelled)
    few = sum(1 for each in found.weeks if 0 < each.labelled < FEW_ROWS)
    if empty:
        yield f"{empty} of {weeks} weeks have no labelled rows and count for nothing."
    if few:
        yield f"{few} of {weeks} weeks have fewer than {FEW_ROWS} labelled rows, which say little by themselves."
    if found.told < FEWEST_WEEKS:
        yield f"Only {found.told} weeks have labelled rows; {FEWEST_WEEKS} are needed to tell policies apart."
    later = [each.later for each in found.trainings if each.later]
    if later:
        yield (
            f"At {len(later)} of {moments} moments extract returned rows of later ({sum(later):,} in all), which were "
            "left out; where it does not look back to as_of, the labels of the others may be of later, too."
        )
    same = sum(1 for each in found.trainings if not each.anew)
    if same:
        yield f"At {same} of {moments} moments there was nothing new to learn, so nothing was trained."


def _rounded(every: timedelta) -> timedelta:
    """In whole days, where it is longer than some: months are not equally long."""
    day = timedelta(days=1)
    return round(every / day) * day if every > 2 * day else every
