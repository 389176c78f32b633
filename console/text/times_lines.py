"""How long runs take: each step with what it usually takes, which costs most, and since when it is slower. Pure."""

from __future__ import annotations

from console.text import cells
from console.text.lines import EMPTY, Line, Span, Tone, fit, line, pad, wrapped
from engine.runs.times.times_records import RunTimes, StepTimes, Trend
from engine.text import plain

TONES: dict[Trend, Tone] = {"steady": "dim", "slower": "watch", "faster": "ok", "cannot tell": "unknown"}
BAR = 14
LEAST_TIMED = 0.5  # seconds
WIDE = 110


def times_lines(times: RunTimes, width: int) -> list[Line]:
    """The whole of it."""
    if times.n == 0:
        return [EMPTY, (Span(f"   No {times.job} of {times.project} has ended well yet.", "dim"),)]
    half, most = cells.span(times.p50), cells.span(times.p95)
    said = f"The last {cells.counted(times.n, times.job)} that went well took {half} (p50), {most} (p95)."
    if times.bound is not None:
        said += f" One that takes longer than {cells.span(times.bound)} is reported while it still runs."
    else:
        said += " Too few are known to say what is too long."
    lines = [*wrapped(said, width - 2), EMPTY]
    if times.costliest is not None:
        lines = [*wrapped(said, width - 2), *wrapped(f"Most of it is {times.costliest}.", width - 2), EMPTY]
    wide = width >= WIDE
    lines.append((Span(_row("STEP", "p50", "p95", "LAST", "CPU" if wide else None, "MEMORY", "ROWS/S"), "head"),))
    lines[-1] = (*lines[-1], Span((pad("SHARE", BAR) + "  " if wide else "") + "TREND", "head"))
    for step in times.steps:
        lines += _step(step, width - 2, wide=wide)
    return [(Span(" "), *fit(each, width - 2)) if each else EMPTY for each in lines]


def _row(step: str, *numbers: str | None) -> str:
    """A step's name and its numbers, each in its column; None is a column that there is no room for."""
    return pad(step, 11) + "".join(pad(number, 9, right=True) for number in numbers if number is not None) + "  "


def speed(step: StepTimes) -> str:
    """Rows in a second; none of a step that is over before it could be timed."""
    return cells.NOTHING if step.p50 < LEAST_TIMED else cells.number(step.rows_per_second)


def _step(step: StepTimes, width: int, *, wide: bool) -> list[Line]:
    cpu = cells.NOTHING if step.cpu_p50 is None else cells.span(step.cpu_p50)
    text = _row(
        step.name, cells.span(step.p50), cells.span(step.p95), cells.span(step.last), cpu if wide else None,
        cells.size(step.peak_memory_p95), speed(step),
    )  # fmt: skip
    full = round(min(1.0, max(0.0, step.share)) * BAR)
    bar = (Span("━" * full, "key"), Span("─" * (BAR - full) + "  ", "rule")) if wide else ()
    trend = step.trend + (f" since run {step.since_run}" if step.since_run is not None else "")
    first = line(text, *bar, Span(trend, TONES[step.trend]))
    if step.trend not in ("slower", "faster") or not step.why:
        return [first]
    return [first, *wrapped(plain(step.why) + ".", width - 11, tone="dim", indent=" " * 11)]
