"""health and alerts: how the live versions are, what is not well, and what people do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from console.cli import documents
from console.cli.paging import newest_of
from console.cli.printing import WIDEST, document, lines, room, say
from console.cli.session import Session, Verb, VerbGroup, limit_option, reason_option
from console.queries.health_questions import Health
from console.text import cells
from console.text.drift_lines import drift_lines, request_drift_lines
from console.text.health_lines import alert_lines, parts
from console.text.lines import Line, Span, line
from console.text.period_lines import metric_lines
from console.text.section_lines import answer_lines, asked_lines, segment_lines
from engine import clock
from engine.errors import Invalid, NotFound
from engine.projects.manifest.durations import parse_duration

if TYPE_CHECKING:
    from engine.monitoring.records import Alert, Look


@click.command(cls=Verb)
@click.argument("project")
@click.option("--look", is_flag=True, help="Look now, and stay until it is done.")
@click.option("--as-of", metavar="TIME", help="With --look: as the data was then, such as 2026-11-03.")
@click.option(
    "--by", multiple=True, metavar="COLUMN", help="Look now, at performance by COLUMN, or by ranges: distance=500,1000."
)
@click.option("--whole", is_flag=True, help="With --look: ask extract for everything, not for what is new alone.")
@click.option("--slice", "name", metavar="NAME", help="The most wrong rows of a bad slice, such as carrier=EV.")
@click.pass_obj
def health(
    session: Session, project: str, look: bool, as_of: str | None, by: tuple[str, ...], whole: bool, name: str | None
) -> int:
    """How PROJECT's live version is: its data, drift, performance on labelled rows, and what is open."""
    look = look or bool(by)
    if as_of is not None and not look:
        raise click.UsageError("--as-of goes with --look or --by.")
    if whole and not look:
        raise click.UsageError("--whole goes with --look or --by.")
    moment = clock.moment(as_of) if as_of else None
    with session.engine() as engine:
        if look:
            run = engine.wait(engine.look(project, as_of=moment, by=by, whole=whole).id, lambda _: None)
            if run.state != "succeeded":
                raise Invalid(f"Run {run.id} {run.state}: {run.why}")
        found, alerts = engine.health(project), engine.alerts(project)
        status = engine.status(project, session.now())
    if session.json:
        trial = documents.on_trial(status.trial) if status.trial is not None else None
        document({**_document(found, alerts), "trial": trial})
        return 0
    if found is None:
        say(f"Nobody has looked at the health of {project} yet: {session.act(f'health {project} --look')}")
        return 0
    if name is not None:
        _rows(found, name)
        return 0
    if status.live is not None and found.version != status.live:
        anew = session.act(f"health {project} --look")
        say(Span(f"{status.live} is live now, and the newest look was at {found.version}. Look at it: {anew}", "watch"))
    _whole(Health(status, found, alerts), found, session.now())
    if status.metric is not None and (found.version != status.live or found.as_of != status.measured_at):
        say(f"What is known of {status.live}: {cells.known(status)}.")
    if alerts:
        say()
    for alert in alerts:
        _alert(alert, session.now())
    return 0


def _document(found: Look | None, alerts: tuple[Alert, ...]) -> dict[str, Any]:
    """The whole look, with the alerts that are open."""
    if found is None:
        return {"version": None, "verdict": "unknown", "why": "nobody has looked yet", "alerts": []}
    about = {"run": found.run, "at": documents.time(found.at), "verdict": found.verdict, "why": found.why}
    about |= {"version": found.version, "as_of": documents.time(found.as_of)}
    return {**about, **_contents(found), "alerts": [alert_document(each) for each in alerts]}


def _contents(found: Look) -> dict[str, Any]:
    """What the look's document says; nothing where only its verdict was kept."""
    from engine.json_records import write

    return write(found.document) if found.document is not None else {}


def alert_document(alert: Alert) -> dict[str, Any]:
    """An alert with its times as text."""
    return {
        name: documents.time(value) if isinstance(value, datetime) else value for name, value in asdict(alert).items()
    }


def _whole(health: Health, found: Look, now: datetime) -> None:
    """The look, in the very lines of the health page where it has them."""
    when = f"{cells.ago(found.as_of, now)}, run {found.run}"
    say(Span(f"{cells.GLYPHS[found.verdict]} {found.version} {found.verdict}: {found.why} ({when}).", "strong"))
    if found.document is None:
        say("The details of this look were let go of.", indent=2)
        return
    look, width = found.document, min(room(), WIDEST) - 2
    _section(parts(health, width))
    metrics, segments, drift = (each(look, width) for each in (metric_lines, segment_lines, drift_lines))
    answered = (request_drift_lines(look, now, width), answer_lines(look, now, width))
    for section in (metrics, segments, *asked_lines(look, width), drift, *answered):
        if section:
            say()
            _section(section)


def _section(found: Iterable[Line]) -> None:
    lines(line("  ", *each) for each in found)


def _rows(found: Look, name: str) -> None:
    """Rows of a slice, a line for each value: a table of twenty columns fits no terminal."""
    kept = found.document.slice_rows if found.document is not None else {}
    if name not in kept:
        known = ", ".join(f"'{each}'" for each in kept) or "none: no slice is surely worse than the rest"
        raise NotFound(f"The look keeps no rows of '{name[:60]}'; it has rows of {known}.")
    rows = kept[name]
    say(Span(f"{name}: {len(rows.rows)} of {rows.total:,} rows, the most wrong first", "strong"))
    for row in rows.rows:
        said = [f"{column} {value}" for column, value in zip(rows.columns, row, strict=True) if value is not None]
        say("  ".join(said), indent=2, hang=4)


def _alert(alert: Alert, now: datetime) -> None:
    lines(alert_lines(alert, now, min(room(), WIDEST), keys=False, whole=True, numbered=True))


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def alerts(context: click.Context) -> None:
    """What is open about the live versions; acknowledge, snooze, history."""
    if context.invoked_subcommand is not None:
        return
    session = context.ensure_object(Session)
    with session.engine() as engine:
        found = engine.alerts()
    if session.json:
        document([alert_document(each) for each in found])
    else:
        _told(session, found, "Nothing is open: no look at a live version found anything that is not well.")


@alerts.command("history", cls=Verb)
@click.argument("project", required=False)
@limit_option
@click.pass_obj
def history(session: Session, project: str | None, limit: int | None) -> None:
    """All alerts there were, newest first, of every project or of PROJECT."""
    with session.engine() as engine:
        if project is not None and not engine.past_alerts(project, limit=1):
            engine.candidates(project)  # Refuses a project that there is not.
        shown = newest_of(
            session,
            lambda offset, some: engine.past_alerts(project, offset=offset, limit=some),
            lambda alert: alert.id,
            limit,
            alert_document,
        )
    if shown is not None:
        _told(session, shown, "There was no alert yet.")


def _told(session: Session, found: Sequence[Alert], none: str) -> None:
    now = session.now()
    for alert in found:
        if alert.resolved_at is None:
            _alert(alert, now)
        else:
            lasted = f"{alert.raised_at:%Y-%m-%d %H:%M} to {alert.resolved_at:%Y-%m-%d %H:%M} UTC"
            say(f"○ alert {alert.id} {alert.version}: {alert.why} ({lasted}; {alert.resolved_why})", hang=2)
    if not found:
        say(none)


@alerts.command("ack", cls=Verb)
@click.argument("number", type=int)
@reason_option
@click.pass_obj
def acknowledge(session: Session, number: int, reason: str) -> None:
    """Say that you have taken alert NUMBER on; it stays open until a look finds it well. That of a broken glass is
    over, and a version that was taken out for its crashes is asked again."""
    with session.engine() as engine:
        _changed(session, engine.acknowledge(number, reason))


@alerts.command("snooze", cls=Verb)
@click.argument("number", type=int)
@click.option("--for", "span", required=True, metavar="SPAN", help="How long, such as 4h or 7d; at most 30d.")
@reason_option
@click.pass_obj
def snooze(session: Session, number: int, span: str, reason: str) -> None:
    """Leave alert NUMBER out of the status for SPAN; then it comes back by itself."""
    length = parse_duration(span)
    if not length:
        raise click.UsageError(f"--for '{span[:20]}' is no length of time; write it like 4h or 7d.")
    until = clock.now() + length
    with session.engine() as engine:
        _changed(session, engine.snooze(number, until, reason))


def _changed(session: Session, alert: Alert) -> None:
    if session.json:
        document(alert_document(alert))
        return
    _alert(alert, session.now())
    if alert.resolved_why is not None:
        say(f"It is over: {alert.resolved_why}.")
