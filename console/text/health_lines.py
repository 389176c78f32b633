"""A project's health in words: how it is and since when, how sure that is, what is open and which key acts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.health_questions import Health
from console.text import cells
from console.text.health_table import TONES, glyph_and_word, share_labelled
from console.text.lines import EMPTY, SENTENCE, Line, Span, cells_of, indented, line, pad, wrapped
from engine.text import plain
from engine.vocabulary.jobs import HEALTH

if TYPE_CHECKING:
    from engine.monitoring.records import Alert

PART = 13


def summary(found: Sequence[Health], now: datetime) -> Line:
    """How many are how, and how much is open."""
    parts: list[Span] = [Span(" ")]
    for verdict in ("failing", "unknown", "watch", "ok"):
        count = sum(1 for each in found if each.status.verdict == verdict)
        if count:
            parts += [Span(f"{cells.GLYPHS[verdict]} {count} {verdict}", TONES[verdict]), Span(" · ")]
    alerts = [alert for each in found for alert in each.alerts]
    quiet = sum(alert.quiet(now) for alert in alerts)
    said = cells.counted(len(alerts), "alert") + " open" + (f", {quiet} of them snoozed" if quiet else "")
    return line(*parts, Span(said if alerts else "no alert is open", "dim"))


def ended(text: str) -> str:
    """``text`` with a full stop; its first word may be the name of a column, so that stays as it is."""
    return text if text.endswith((".", "!", "?")) else text + "."


def standing(health: Health, now: datetime, width: int, *, whole: bool = False) -> list[Line]:
    """The verdict, since when, why, and how sure that is; ``whole``: every sentence to its end, on what scrolls."""
    def most(lines: int) -> int | None:
        return None if whole else lines

    status = health.status
    since = f" for {cells.age(status.since, now)}" if status.since is not None and status.verdict != "ok" else ""
    title = Span(f"{cells.GLYPHS[status.verdict]} {status.live or health.name} {status.verdict}{since}", status.verdict)
    count = Span(f"   {cells.counted(len(health.alerts), 'alert')} open" if health.alerts else "", "dim")
    return [
        line(title, count),
        *wrapped(ended(plain(status.why, SENTENCE)), width)[: most(3)],
        *_looking(health),
        *_tried(health, width),
        *(each for other in _others(health) for each in wrapped(ended(plain(other, SENTENCE)), width)[: most(2)]),
        *(each for text in _how_sure(health, now) for each in wrapped(text, width, tone="dim")[: most(3)]),
    ]


def _looking(health: Health) -> list[Line]:
    """The look that runs now: where a step takes minutes, nothing else on the page would say that one was asked for."""
    run = health.status.active_run
    if run is None or run.job != HEALTH.name:
        return []
    at = f": {plain(run.phase)}" if run.phase else ""
    return [line(Span(f"{cells.run_state(run)}{at}, a look, run {run.id}", "key"))]


def _tried(health: Health, width: int) -> list[Line]:
    """What is tried beside the live version; its figures stand further down."""
    from console.text.trial_lines import what

    trial = health.status.trial
    if trial is None:
        return []
    return wrapped(f"{trial.label} {what(trial)} as {trial.kind}: y changes that, x ends it.", width)


def _others(health: Health) -> list[str]:
    """The reasons besides the first that are no alert: those stand below, each with what to do."""
    alerts = {alert.why for alert in health.alerts}
    return [each.why for each in health.status.reasons[1:] if each.why not in alerts]


def _how_sure(health: Health, now: datetime) -> list[str]:
    """What was looked at and when; what a look that says little needs."""
    look = health.look
    if health.status.live is None:
        return []
    if look is None:
        return ["Nobody has looked at its health yet; l looks now.", *_known(health)]
    share = share_labelled(health)
    labelled = f", {cells.percent(share)} labelled." if share is not None else "."
    said = [f"Looked {cells.ago(look.as_of, now)} (run {look.run}): {look.rows:,} rows since it learnt{labelled}"]
    if not health.of_live:
        said.append(f"That look was at {look.version}; l looks at {health.status.live}.")
    elif look.kept is None:
        said.append("Only the verdict of that look was kept, not what it found; l looks anew.")
    return [*said, *_known(health)]


def _known(health: Health) -> list[str]:
    """The key metric as other screens show it, where that is not what the newest look saw."""
    status, look = health.status, health.look
    if status.metric is None or (health.of_live and look is not None and status.measured_at == look.as_of):
        return []
    return [f"What is known of {status.live}: {cells.known(status)}."]


def parts(health: Health, width: int) -> list[Line]:
    """Each part of the verdict, in as many lines as it needs."""
    lines: list[Line] = []
    for name, part in health.document.parts.items():
        label = line(Span(pad(name, PART), "dim"), _padded(glyph_and_word(part.verdict)))
        first, *rest = wrapped(plain(part.why, SENTENCE), width - 2 * PART) or [EMPTY]
        lines += [(*label, *first), *(line(" " * 2 * PART, *each) for each in rest)]
    return lines


def _padded(part: Span) -> Span:
    return Span(pad(part.text, PART), part.tone)


def detail(health: Health, now: datetime, width: int) -> list[Line]:
    """The selected project below the list: how it is, then all that is open about it."""
    inner = width - 4
    lines = [*standing(health, now, inner), EMPTY, *alerts(health.alerts, now, inner)]
    return [(Span("─" * width, "rule"),), *indented(lines)]


def alerts(found: Sequence[Alert], now: datetime, width: int, *, whole: bool = False) -> list[Line]:
    """What is open, failing first, those that are snoozed last."""
    if not found:
        return [line(Span("No alert is open.", "dim"))]
    return [each for alert in in_order(found, now) for each in alert_lines(alert, now, width, whole=whole)]


def in_order(found: Sequence[Alert], now: datetime) -> list[Alert]:
    """Failing before watch; what is snoozed comes last."""
    return sorted(found, key=lambda alert: (alert.quiet(now), alert.severity != "failing"))


def alert_lines(
    alert: Alert, now: datetime, width: int, *, keys: bool = True, whole: bool = False, numbered: bool = False
) -> list[Line]:
    """One alert: how bad and since when, why, what to do, and what people have done about it.

    ``keys``: the key that does it is named; not where it does nothing, as in a dialog. ``numbered``: by which number
    it is called, and about which version it is, where nothing around it says so.
    """
    quiet = alert.quiet(now)
    about = f"alert {alert.id} {alert.version} " if numbered else ""
    title = f"{cells.GLYPHS[alert.severity]} {about}{alert.severity} {cells.age(alert.since, now)}"
    title = pad(title, max(18, cells_of(title) + 2))
    first, *rest = wrapped(plain(alert.why, SENTENCE), width - cells_of(title)) or [EMPTY]
    lines = [
        line(Span(title, "dim" if quiet else alert.severity), *first),
        *(line(" " * cells_of(title), *each) for each in (rest if whole else rest[:2])),
        *_act(alert.act, width, keys=keys, whole=whole),
    ]
    return [*lines, *(each for text in _taken(alert, now) for each in wrapped(text, width, tone="dim", indent="  "))]


def _act(act: str, width: int, *, keys: bool, whole: bool) -> list[Line]:
    key = key_of(act) if keys else ""
    lines = wrapped(f"→ {plain(act, SENTENCE)}", width - 4, indent="    ", first="  ")[: None if whole else 2]
    if lines and key:
        lines[-1] = line(*lines[-1], "  (", Span(key, "key"), ")")
    return lines


def key_of(act: str) -> str:
    """The key that does what an alert proposes; nothing where it takes a person's own work."""
    if act.startswith("roll back"):
        return "R"
    return "r" if "retrain" in act else ""


def _taken(alert: Alert, now: datetime) -> list[str]:
    said = []
    if alert.acknowledged_by is not None:
        said.append(f"acknowledged by {alert.acknowledged_by} {cells.ago(alert.acknowledged_at, now)}")
    elif alert.escalated_at is not None:
        said.append(f"nobody took it on for {cells.age(alert.raised_at, now)}: it was told again")
    if alert.snoozed_until is not None and now < alert.snoozed_until:
        said.append(f"snoozed, back {cells.until(alert.snoozed_until, now)}")
    if not said:
        return []
    return [", ".join(said) + (f': "{plain(alert.note, 200)}"' if alert.note else "")]
