"""One run: how far it is, what its steps took, and the log of a step while it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.dialogs import reasons
from console.dialogs.reading import ReadingDialog
from console.queries.question import END, ListWindow, Question
from console.queries.questions import AskRun, RunLog
from console.screens.list_page import ListPage
from console.screens.runs import why_not_cancel
from console.text import cells, tables
from console.text.lines import Line, Span, line, pad, wrapped
from console.text.tables import RUN_TONES
from console.widgets.lines_view import LinesView
from console.widgets.paged_list import PagedList
from engine.records import Run
from engine.runs.logs.log_index import LogLine
from engine.text import plain
from engine.vocabulary.jobs import SCORE

BAR = 24


class RunPage(ListPage[LogLine]):
    name_of, place = "run", "Runs"
    columns = tables.LOG
    empty = ("Nothing was printed.",)
    placeholder = "show lines that contain …   Enter keeps the search, Esc takes it away"

    def __init__(self, run: int) -> None:
        super().__init__()
        self.run_id = run
        self.found: RunLog | None = None
        self.log_name: str | None = None

    def anew(self) -> RunPage:
        return RunPage(self.run_id)

    @property
    def heading(self) -> str:
        what = f", a {self.found.run.job} of {self.found.run.project}" if self.found else ""
        return f"Run {self.run_id}{what}" + (f" · search '{self.matching}'" if self.matching else "")

    @staticmethod
    def key(record: LogLine) -> int:
        return record.number

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="facts", grows=10)
        yield from super().body()

    def make_table(self) -> PagedList[LogLine]:
        return PagedList(self.columns, self.key, id="list", follows=True)

    @property
    def window(self) -> ListWindow:
        """The last lines for as long as nobody goes up from them: the same question, however fast they come."""
        found = super().window
        at_end = self.is_mounted and self.table.at_end and not self.matching
        return replace(found, offset=END) if at_end else found

    def question(self) -> Question:
        return AskRun(self.run_id, self.log_name, self.window)

    def show(self, answer: RunLog, at: datetime) -> None:  # type: ignore[override]
        self.found = answer
        self.lines("#facts").show(lambda width: facts(answer, self.log_name, at, width))
        self.table.show(answer.lines, at, self.empty_lines())

    def why_not(self, action: str) -> str | None:
        if action in ("back", "search", "times"):
            return None
        if self.found is None:
            return f"Run {self.run_id} is still being read."
        if action == "cancel":
            return why_not_cancel(self.found.run)
        if action == "allow" and not self.found.asks:
            return "This run was not stopped for what its steps ask for; there is nothing to allow."
        if action == "trace" and self.found.run.job != SCORE.name:
            return "This run scored nothing: it wrote no predictions."
        if action == "next_log" and len(self.found.logs) < 2:
            return "This run has no other log."
        return None

    def so(self, action: str) -> frozenset[str]:
        return frozenset(self.found.asks if self.found is not None and action == "allow" else ())

    def do_cancel(self) -> None:
        if self.found is not None:
            self.app.push_screen(reasons.cancelling(self.found.run))

    def do_allow(self) -> None:
        if self.found is not None:
            self.app.push_screen(reasons.allowing(self.found.run, self.found.asks))

    def do_search(self) -> None:
        self.do_filter()

    def do_times(self) -> None:
        if self.found is not None:
            self.app.push_screen(routes.times(self.found.run.project))

    def do_trace(self) -> None:
        self.app.push_screen(routes.trace(self.run_id))

    def do_next_log(self) -> None:
        """Through the logs that there are, then back to whichever is written last."""
        if self.found is None:
            return
        names: list[str | None] = [None, *self.found.logs]
        at = names.index(self.log_name) if self.log_name in names else 0
        self.log_name = names[(at + 1) % len(names)]
        self.table.reset()
        self.ask()

    def chosen(self) -> None:
        """A line that was cut is read whole."""
        line = self.selected
        if line is not None:
            text = line.text
            self.app.push_screen(ReadingDialog(lambda width: wrapped(text, width) or [()]))


def facts(found: RunLog, log: str | None, now: datetime, width: int) -> Sequence[Line]:
    """What is known of the run, and its steps."""
    run = found.run
    lines: list[Line] = [
        line(" ", Span(cells.run_state(run), RUN_TONES[run.state]), *_bar(run)),
        line(" ", Span(
            f"asked for by {run.requested_by} {cells.ago(run.queued_at, now)} · data as of "
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
    others = [name for name in found.logs if name != log]
    more = f" ── n shows {', '.join(others[:5])} " if others else ""
    title = f" log of {log or 'the newest step'}{more} "[: width - 3]
    lines.append((Span(" ──", "rule"), Span(title, "dim"), Span("─" * (width - 3 - len(title)), "rule")))
    return lines


def _bar(run: Run) -> Sequence[Span]:
    if run.state != "running":
        return ()
    full = round(run.progress * BAR)
    return (Span("  "), Span("━" * full, "key"), Span("─" * (BAR - full), "rule"), Span(f"  {plain(run.phase)}"))


def _took(run: Run, now: datetime) -> str:
    if run.started_at is None:
        return "not started yet"
    waited = f"waited {cells.span((run.started_at - run.queued_at).total_seconds())}"
    end = run.ended_at or now
    return f"{waited}, {'took' if run.ended_at else 'runs for'} {cells.span((end - run.started_at).total_seconds())}"
