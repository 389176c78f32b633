"""schedules: when things are due, what became of what was due, and what may be changed about it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from console.cli import documents, schedule_documents
from console.cli.paging import newest_of, rest_of
from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb, VerbGroup, limit_option, matching_option, reason_option
from console.text import cells
from console.text.lines import Span, Tone
from engine.monitoring.records import Trigger
from engine.schedule.records import EngineState, Occurrence, Schedule
from engine.vocabulary.jobs import RETRAIN

HEADINGS = ("due (UTC)", "project", "job", "became", "run", "why")
TONES: dict[str, Tone] = {"ran": "ok", "skipped": "watch", "missed": "failing"}
CATCHES_UP = {"latest": "the latest of what was missed", "all": "all that was missed, in turn", "skip": "nothing"}


class Schedules(VerbGroup):
    """A word that is no command of its own is a project to list."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "list", self.commands["list"], args
        return super().resolve_command(ctx, args)


@click.group(cls=Schedules, invoke_without_command=True, subcommand_metavar="[PROJECT] | COMMAND [ARGS]...")
@click.pass_context
def schedules(context: click.Context) -> None:
    """When things are due, of every project or of PROJECT alone; pause, resume, edit, run, history."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session), None)


@schedules.command("list", cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def list_schedules(session: Session, project: str | None) -> None:
    """The rules in force with their next five due times, in the schedule's own zone and in yours."""
    _list(session, project)


def _list(session: Session, project: str | None) -> None:
    with session.engine() as engine:
        found, state = engine.schedules(project), engine.engine_state()
        triggers = engine.triggers(project)
    if session.json:
        document([schedule_documents.schedule(each) for each in found])
        return
    now = session.now()
    for each in found:
        _one(each, now)
    for trigger in triggers:
        _trigger(trigger)
    if not found:
        say("Nothing is scheduled: [schedule] in a project's leverframe.toml says when it is retrained.")
    say(_engine(session, state))


def _one(found: Schedule, now: datetime) -> None:
    say(Span(f"{found.project} {found.job}: {found.rule} ({found.timezone})", "strong"))
    origin = "the manifest" if found.origin == "manifest" else f"an edit of {found.changed_by}"
    rows: list[tuple[Cell, ...]] = [("rule", f"from {origin}; catches up {CATCHES_UP[found.catch_up]}{_limits(found)}")]
    if not found.enabled:
        rows.append((Span("paused", "watch"), found.note))
    for number, due in enumerate(found.next_due):
        rows.append(("" if number else "next", f"{_in_both(due, found.timezone)}  {cells.until(due, now)}".rstrip()))
    if found.last is not None:
        rows.append(("last", f"{found.last.due:%Y-%m-%d %H:%M} UTC: {_became(found.last)}"))
    table(rows, indent=2)


def _trigger(found: Trigger) -> None:
    cool_down = cells.span(found.cool_down)
    say(Span(f"{found.project} retrain: at {found.words}, at most once in {cool_down}", "strong"))
    if found.at is not None:
        became = f"ran as run {found.run}" if found.run else "skipped"
        say(f"last  {found.at:%Y-%m-%d %H:%M} UTC: {became}; {found.why}", indent=2, hang=6)


def _limits(found: Schedule) -> str:
    said = f", within {cells.span(found.give_up_after)}" if found.give_up_after else ""
    return said + (f"; at most one in {cells.span(found.cool_down)}" if found.cool_down else "")


def _in_both(due: datetime, zone: str) -> str:
    """``Mon 30 Nov 03:00 EST, here 09:00 CET``: the schedule's own zone, and the operator's where it differs."""
    there, here = due.astimezone(ZoneInfo(zone)), due.astimezone()
    text = f"{there:%a} {there.day} {there:%b %Y %H:%M %Z}"
    if there.utcoffset() == here.utcoffset():
        return text
    day = "" if here.date() == there.date() else f"{here:%a} {here.day} {here:%b} "
    return f"{text}, here {day}{here:%H:%M %Z}"


def _became(found: Occurrence) -> str:
    done = f"ran as run {found.run}" if found.run else found.state
    return f"{done}; {found.why}" if found.why else done


def _engine(session: Session, state: EngineState) -> Cell:
    if not state.known:
        return Span("Which engine ran then is not kept.", "dim")
    if state.running:
        since = f", since {state.since:%Y-%m-%d %H:%M} UTC" if state.since else ""
        return Span(f"The engine runs: process {state.pid} on {state.host}{since}.", "dim")
    how = session.act("engine")
    return Span(f"No engine runs, so nothing starts by itself: {how}, or open the console.", "watch")


@schedules.command("triggers", cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def triggers(session: Session, project: str | None) -> None:
    """What starts retrains besides time, and what became of each when it last held."""
    with session.engine() as engine:
        found = engine.triggers(project)
    if session.json:
        document([schedule_documents.trigger(each) for each in found])
        return
    for each in found:
        _trigger(each)
    if not found:
        say("Nothing starts a retrain but its schedule and people: [[triggers]] in a project's leverframe.toml does.")


@schedules.command("history", cls=Verb)
@limit_option
@matching_option
@click.pass_obj
def history(session: Session, limit: int | None, matching: str) -> None:
    """What became of what was due, the newest first: ran, skipped or missed, and why."""
    with session.engine() as engine:
        shown = newest_of(
            session,
            lambda offset, some: engine.occurrences(offset=offset, limit=some, matching=matching),
            lambda row: row.id,
            limit,
            schedule_documents.occurrence,
        )
        if shown is None:
            return
        if not shown:
            say(f"Nothing {'that holds ' + matching if matching else 'was due yet'}.")
            return
        table([_row(each) for each in shown], HEADINGS, right=["run"], give_way=["job"])
        rest_of(len(shown), None if matching else engine.count_occurrences())


def _row(found: Occurrence) -> tuple[Cell, ...]:
    due = f"{found.due:%Y-%m-%d %H:%M}"
    why = found.why or "on time"
    if found.last is not None:
        why = f"{cells.counted(found.times, 'due time')} up to {found.last:%Y-%m-%d %H:%M}: {why}"
    run = str(found.run) if found.run else cells.NOTHING
    return due, found.project, found.job, Span(found.state, TONES[found.state]), run, why


JOB = click.option("--job", default=RETRAIN.name, show_default=True, metavar="JOB", help="Which of its jobs.")


@schedules.command("pause", cls=Verb)
@click.argument("project")
@JOB
@reason_option
@click.pass_obj
def pause(session: Session, project: str, job: str, reason: str) -> None:
    """Let no retrain of PROJECT (or another --job) start by itself until somebody resumes; what is due is skipped."""
    with session.engine() as engine:
        _changed(session, engine.pause_schedule(project, job, reason), "is paused")


@schedules.command("resume", cls=Verb)
@click.argument("project")
@JOB
@reason_option
@click.pass_obj
def resume(session: Session, project: str, job: str, reason: str) -> None:
    """Let a paused schedule of PROJECT go on from now."""
    with session.engine() as engine:
        _changed(session, engine.resume_schedule(project, job, reason), "goes on")


@schedules.command("edit", cls=Verb)
@click.argument("project")
@JOB
@click.option("--cron", metavar="LINE", help='Five fields, such as "0 3 * * mon"; cron\'s own meaning.')
@click.option("--every", metavar="SPAN", help="An interval instead, such as 6h or 2d; it counts from now.")
@click.option("--timezone", metavar="ZONE", help="The zone that a cron line is meant in, such as Europe/Berlin.")
@click.option("--catch-up", type=click.Choice(list(CATCHES_UP)), help="What runs of what was missed.")
@click.option("--give-up-after", metavar="SPAN", help="What is later than this is missed, not run; 'none' for no end.")
@click.option("--cool-down", metavar="SPAN", help="How long after a run none is started; 'none' for not at all.")
@reason_option
@click.pass_obj
def edit(
    session: Session,
    project: str,
    job: str,
    cron: str | None,
    every: str | None,
    timezone: str | None,
    catch_up: str | None,
    give_up_after: str | None,
    cool_down: str | None,
    reason: str,
) -> None:
    """Change PROJECT's schedule from now on. It holds until a version with another entry goes live."""
    if cron is not None and every is not None:
        raise click.UsageError("schedules edit takes --cron or --every, not both.")
    rule = f"every {every}" if every is not None else cron
    with session.engine() as engine:
        found = engine.edit_schedule(
            project,
            job,
            rule=rule,
            timezone=timezone,
            catch_up=catch_up,
            give_up_after=give_up_after,
            cool_down=cool_down,
            reason=reason,
        )
        _changed(session, found, "is changed from now on")


def _changed(session: Session, found: Schedule, what: str) -> None:
    if session.json:
        document(schedule_documents.schedule(found))
        return
    say(f"The schedule of {found.project} ({found.job}) {what}.")
    _one(found, session.now())


@schedules.command("run", cls=Verb)
@click.argument("project")
@JOB
@click.pass_obj
def run(session: Session, project: str, job: str) -> None:
    """Run PROJECT's job now, by hand; its schedule is not touched."""
    with session.engine() as engine:
        found = engine.run_now(project, job)
    if session.json:
        document(documents.run(found))
    else:
        say(f"Run {found.id} is queued: {found.job} of {found.project}.")
        say(f"Watch it: {session.act(f'log {found.id} --follow')}", indent=2)
