"""One run: how far it is, what its steps took, and the log of a step while it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from console import cells
from console.lines import Line, Span, line, pad, wrapped
from console.questions import AskRun, Question, RunLog
from console.screens.page import Page
from console.screens.runs import why_not_cancel
from console.tables import RUN_TONES
from console.widgets.lines_view import LinesView
from engine.records import Run
from engine.text import plain

BAR = 24


class RunPage(Page):
    name_of, place = "run", "Runs"
    AUTO_FOCUS = "#log"

    def __init__(self, run: int) -> None:
        super().__init__()
        self.run_id = run
        self.found: RunLog | None = None
        self.step: str | None = None

    @property
    def heading(self) -> str:
        return f"Run {self.run_id}" + (f", a {self.found.run.job} of {self.found.run.project}" if self.found else "")

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="facts", grows=10)
        yield LinesView(id="log", focusable=True)

    def question(self) -> Question:
        return AskRun(self.run_id, self.step)

    def show(self, answer: RunLog, at: datetime) -> None:
        self.found = answer
        log = self.lines("#log")
        following = log.at_end
        self.lines("#facts").show(lambda width: facts(answer.run, self.step, at, width))
        log.show(lambda width: log_lines(answer, width))
        if following:
            log.scroll_end(animate=False)

    def why_not(self, action: str) -> str | None:
        if action == "back":
            return None
        if self.found is None:
            return f"Run {self.run_id} is still being read."
        if action == "cancel":
            return why_not_cancel(self.found.run)
        if action == "next_step" and not self.found.run.steps:
            return "No step has ended yet; this is the log of the one that runs."
        return None

    def do_cancel(self) -> None:
        if self.found is not None:
            self.app.open_cancel(self.found.run)

    def do_next_step(self) -> None:
        """Through the steps that ended, then back to whichever writes."""
        if self.found is None:
            return
        names: list[str | None] = [None, *(s.name for s in self.found.run.steps)]
        at = names.index(self.step) if self.step in names else 0
        self.step = names[(at + 1) % len(names)]
        self.ask()


def facts(run: Run, step: str | None, now: datetime, width: int) -> Sequence[Line]:
    """What is known of the run, and its steps."""
    lines: list[Line] = [
        line(" ", Span(cells.run_state(run), RUN_TONES[run.state]), *_bar(run)),
        line(" ", Span(
            f"asked for by {run.requested_by} {cells.age(run.queued_at, now)} ago · data as of "
            f"{cells.clock_time(run.as_of, now)} · {_took(run, now)}", "dim")),
    ]  # fmt: skip
    if run.why:
        tone = RUN_TONES[run.state]
        lines += wrapped(plain(run.why, 1000), width - 2, tone=tone, indent=" ")[:6]
    if run.version:
        lines.append(line(f" It made {run.version}."))
    if run.steps:
        lines.append((Span(f" {pad('STEP', 16)}{pad('TOOK', 8, right=True)}{pad('CPU', 8, right=True)}"
                           f"{pad('PEAK MEMORY', 13, right=True)}", "head"),))  # fmt: skip
    for each in run.steps:
        took, cpu = (cells.NOTHING if s is None else cells.span(s) for s in (each.seconds, each.cpu_seconds))
        text = f" {pad(each.name, 16)}{pad(took, 8, right=True)}{pad(cpu, 8, right=True)}"
        text += pad(cells.size(each.peak_memory), 13, right=True)
        failed = each.state != "succeeded"
        lines.append(line(text, Span(f"  {each.state}" if failed else "", "failing")))
    lines.append((Span(f" ── log of {step or 'the newest step'} ".ljust(width, "─")[:width], "rule"),))
    return lines


def _bar(run: Run) -> Sequence[Span]:
    if run.state != "running":
        return ()
    full = round(run.progress * BAR)
    return (Span("  "), Span("━" * full, "key"), Span("━" * (BAR - full), "rule"), Span(f"  {plain(run.phase)}"))


def _took(run: Run, now: datetime) -> str:
    if run.started_at is None:
        return "not started yet"
    waited = f"waited {cells.span((run.started_at - run.queued_at).total_seconds())}"
    end = run.ended_at or now
    return f"{waited}, {'took' if run.ended_at else 'runs for'} {cells.span((end - run.started_at).total_seconds())}"


def log_lines(found: RunLog, width: int) -> Sequence[Line]:
    """The log's end; the engine has made it safe to show."""
    if not found.lines:
        return [(Span("   nothing was printed", "dim"),)]
    earlier: Line = (Span("   … the log begins earlier: 'leverframe log' prints all of it", "dim"),)
    return [*([earlier] if found.cut else []), *(line("   ", each) for each in found.lines)]
