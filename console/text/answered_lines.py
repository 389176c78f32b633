"""How versions did in what they really answered, by the labels that came: a line a version, then the labels. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import Line, Span, Tone, cells_of, fit, line, pad, wrapped
from engine.text import plain, span

if TYPE_CHECKING:
    from engine.monitoring.answered_parts import AnsweredLook, AnsweredPerformance, LabelCounts

SHOWN = 8
_NAME, _COUNT, _SHARE, _VALUE, _ENDS = 20, 9, 16, 11, 18  # all but the last column in 80
_WIDE = 95


def answered_lines(found: AnsweredLook | None, now: datetime, width: int) -> list[Line]:
    """The whole section; nothing where no label came yet and nothing that was answered can have one."""
    if found is None or not (found.counts.came or found.versions):
        return []
    metric = found.versions[0].readings[0].metric if found.versions and found.versions[0].readings else ""
    titles = pad("ANSWERS BY LABEL", _NAME) + pad("answers", _COUNT, right=True) + pad("labelled", _SHARE, right=True)
    titles += f"{pad(plain(metric, 10), _VALUE, right=True)}  {pad('95 % between', _ENDS)}"
    titles += "LABELS CAME" if width >= _WIDE else ""
    lines: list[Line] = [fit((Span(titles, "head"),), width)]
    lines += [_version(each, width) for each in found.versions[:SHOWN]]
    if len(found.versions) > SHOWN:
        lines.append(line(Span(f"and {len(found.versions) - SHOWN} more", "dim")))
    lines += [each for one in found.versions[:SHOWN] for each in _left_out(one, width)]
    return [*lines, *wrapped(_came(found.counts), width, tone=_tone(found)), *wrapped(_read(found), width, tone="dim")]


def _version(each: AnsweredPerformance, width: int) -> Line:
    name = plain(each.version, 60) + (" canary" if each.role == "canary" else "")
    share = f"{each.labelled:,} ({cells.percent(each.labelled / each.answers)})" if each.answers else cells.NOTHING
    text = f"{pad(name, _NAME - 1)} {pad(f'{each.answers:,}', _COUNT, right=True)}{pad(share, _SHARE, right=True)}"
    now = each.readings[0] if each.readings else None
    if now is None or now.value is None:
        why = plain(str(now.reason), max(10, width - cells_of(text) - 7)) if now is not None else cells.NOTHING
        return fit(line(text, "  ", Span(f"○ {why}", "unknown")), width)
    between = f"{cells.number(now.low)} to {cells.number(now.high)}" if now.low is not None else cells.NOTHING
    text += f"{pad(cells.number(now.value), _VALUE, right=True)}  {pad(between, _ENDS)}"
    after = f"half within {span(each.delay)}" if each.delay is not None and width >= _WIDE else ""
    return fit(line(text, Span(after, "dim")), width)


def _left_out(each: AnsweredPerformance, width: int) -> list[Line]:
    told = []
    if each.keyless:
        told.append(f"{each.keyless:,} rows had no key, so no label can find them")
    if each.again:
        told.append(f"{each.again:,} were answered once more later")
    return wrapped(f"{plain(each.version, 60)}: {'; '.join(told)}.", width, tone="dim") if told else []


def _came(counts: LabelCounts) -> str:
    """What became of the labels."""
    told = [
        (counts.found, "found an answer"), (counts.unknown - counts.fresh, "found no answer in the log"),
        (counts.fresh, "came just now, and their answers need not be written yet"),
        (counts.late, "came more than 7 days after it"), (counts.early, "came before it"),
        (counts.unfit, "are no label that the target can have"), (counts.repeated, "were said before"),
        (counts.corrected, "were put right since"), (counts.held, "are quarantined or thrown away"),
        (counts.to_come, "are of a time that is to come"),
    ]  # fmt: skip
    said = ", ".join(f"{count:,} {what}" for count, what in told if count)
    return f"{cells.counted(counts.came, 'label')} came: {said}." if counts.came else "No label came yet."


def _tone(found: AnsweredLook) -> Tone:
    return "watch" if found.counts.words > found.counts.fresh and not found.counts.found else "dim"


def _read(found: AnsweredLook) -> str:
    since = f" since {found.since[:16].replace('T', ' ')} UTC" if found.since else ""
    if found.share <= 0:
        return 'Requests are not logged (log = "off"): no label finds an answer.'
    part = "all requests are logged" if found.share >= 1 else f"{found.share:.3g} of the requests are logged"
    whole = "" if found.whole else ", and of these the newest were read"
    unread = f"; {cells.counted(found.unread, 'block')} could not be read" if found.unread else ""
    return f"Answers{since}, as they were given and not scored again; {part}{whole}{unread}."
