"""What the log's thread does: count what was noted, make tables of it, and write these as blocks when they are due.

Nothing here is called by who answers. What cannot be written stays in memory up to a bound, then goes, and is counted;
where the disk is full the log stops, says so with an alert, tries again, and says when it goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import stamp
from engine.errors import Conflict, LeverframeError
from engine.requests import alarm, block, book, sampling
from engine.requests.answered import Answered
from engine.requests.block import BlockLabel
from engine.requests.counting import LOST, Count, CountKey, by_key, count
from engine.requests.keeping import LogFolder
from engine.requests.records import LogRules
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

Columns = tuple[str, str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
RulesOf = Callable[[str], LogRules]
LONGEST = 60.0  # seconds that an answer waits for its block
BLOCK_ROWS, BLOCK_BYTES = 100_000, 8 << 20
MOST_BYTES = 64 << 20  # of tables that wait, of all projects
RULES_FOR = 10.0  # seconds until the rules are asked for again
TRY_AGAIN = 15.0  # seconds after a block could not be written
OK = 200
_NONE = LogRules(share=0.0)


@dataclass
class _Open:
    """Rows of one version with the same columns, on their way into a block. ``begun``: by the monotonic clock.
    ``kept``: its rows by where they are counted, once they are in a block and not before."""

    begun: float
    tables: list[pa.Table] = field(default_factory=list)
    requests: int = 0
    rows: int = 0
    bytes: int = 0
    since: datetime | None = None
    until: datetime | None = None
    kept: Counter[CountKey] = field(default_factory=Counter)

    def add(self, table: pa.Table, key: CountKey, answered: Sequence[Answered]) -> None:
        times = [each.at for each in answered]
        self.tables.append(table)
        self.kept[key] += table.num_rows
        self.requests += len(answered)
        self.rows += table.num_rows
        self.bytes += table.get_total_buffer_size()  # nbytes looks at each column for 2 us
        self.since = min([*times, self.since] if self.since else times)
        self.until = max([*times, self.until] if self.until else times)


class LogWriter:
    """Counts and writes for one worker. ``monotonic``: seconds of a clock that never goes back.

    ``trouble``: why nothing is written at the moment, by project; empty while all is well.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        worker: str,
        rules: RulesOf,
        key: bytes,
        monotonic: Callable[[], float],
    ) -> None:
        self._workspace, self._ledger, self._worker, self._key = workspace, ledger, worker, key
        self._ask, self._monotonic = rules, monotonic
        self._rules: dict[str, tuple[float, LogRules]] = {}
        self._counts: dict[CountKey, Count] = {}
        self._open: dict[Columns, _Open] = {}
        self._settled: set[str] = set()
        self._after: dict[str, float] = {}
        self.trouble: dict[str, str] = {}

    def take(self, batch: Sequence[Answered]) -> None:
        """Count what was noted, and keep the rows of what is to be kept."""
        for key, answered in by_key(batch).items():
            count(self._counts, key, answered)
            rules = self._rules_of(key.project) if key.status == OK else _NONE
            if 0 < rules.share < 1:
                answered = [each for each in answered if sampling.is_kept(each.request, rules.share, self._key)]
            if rules.share > 0:
                for alike in _by_columns(answered) if answered else ():
                    self._keep(key, alike, rules)

    def lose(self, project: str, requests: int, at: datetime) -> None:
        """Count requests that came faster than they could be noted."""
        cell = CountKey(project, int(at.timestamp()) // 60, "", "", "", LOST)
        self._counts.setdefault(cell, Count()).requests += requests

    def _keep(self, key: CountKey, answered: list[Answered], rules: LogRules) -> None:
        full = sum(each.bytes for each in self._open.values()) > MOST_BYTES
        whole = [] if full else block.well_formed(answered)
        if len(whole) < len(answered):
            lost = sum(len(each.rows) for each in answered) - sum(len(each.rows) for each in whole)
            self._counts[key].lost += lost
        if whole:
            first = whole[0]
            name = (key.project, key.version, key.digest, first.features, first.outputs, tuple(first.keys))
            table = block.table_of(whole, rules.sensitive)
            self._open.setdefault(name, _Open(self._monotonic())).add(table, key, whole)

    def _rules_of(self, project: str) -> LogRules:
        known = self._rules.get(project)
        if known is None or self._monotonic() - known[0] >= RULES_FOR:
            try:
                known = (self._monotonic(), self._ask(project))
            except LeverframeError:
                known = (self._monotonic(), known[1] if known else LogRules(share=0.0))
            self._rules[project] = known
        return known[1]

    def flush(self, now: datetime, *, everything: bool = False) -> None:
        """Write the blocks that are due, or all of them, and what was counted since the last time."""
        for name in list(self._open):
            found, project = self._open[name], name[0]
            due = found.rows >= BLOCK_ROWS or found.bytes >= BLOCK_BYTES or self._monotonic() - found.begun >= LONGEST
            if everything or (due and self._monotonic() >= self._after.get(project, 0.0)):
                self._write(name, project, found, now)
        self._write_counts()

    def _write(self, name: Columns, project: str, found: _Open, now: datetime) -> None:
        folder = LogFolder(self._workspace, self._ledger, project)
        counts = {key: replace(each) for key, each in self._counts.items() if key.project == project}
        for key, rows in found.kept.items():
            counts.setdefault(key, Count()).kept += rows
        assert found.since is not None and found.until is not None
        label = BlockLabel(
            project=project,
            version=name[1],
            version_digest=name[2],
            worker=self._worker,
            since=stamp(found.since),
            until=stamp(found.until),
            requests=found.requests,
            rows=found.rows,
        )
        try:
            content = block.content_of(block.joined(found.tables), label, counts)
            with self._workspace.lock(folder.lock, wait=False):
                if project not in self._settled:
                    folder.settle(now)
                    self._settled.add(project)
                folder.write(content, label, counts, self._rules_of(project), now)
        except Conflict:
            return  # Another worker writes just now; the next round does.
        except LeverframeError as error:
            self._stop(project, label.version, str(error), now)
            return
        del self._open[name]
        for key in counts:
            self._counts.pop(key, None)
        self._go_on(project, now)

    def _write_counts(self) -> None:
        if not self._counts:
            return
        try:
            with self._ledger.write(lasting=False) as db:
                book.add(db, self._worker, self._counts)
        except LeverframeError:
            return  # They are a few hundred at most, and are written with the next.
        self._counts = {}

    def _stop(self, project: str, version: str, why: str, now: datetime) -> None:
        self._after[project] = self._monotonic() + TRY_AGAIN
        if project not in self.trouble:
            self.trouble[project] = why
        alarm.sound(self._ledger, version, why, now)

    def _go_on(self, project: str, now: datetime) -> None:
        self._after.pop(project, None)
        if self.trouble.pop(project, None) is not None:
            alarm.end(self._ledger, project, now)

    @property
    def waiting(self) -> int:
        """How many rows are on their way into a block."""
        return sum(each.rows for each in self._open.values())

    def give_up(self) -> int:
        """Count the rows that are not in a block, and never will be, as lost; returns how many."""
        left = self.waiting
        for found in self._open.values():
            for key, rows in found.kept.items():
                self._counts.setdefault(key, Count()).lost += rows
        self._open.clear()
        self._write_counts()
        return left


def _by_columns(answered: list[Answered]) -> Iterable[list[Answered]]:
    """Those that have rows, those with the same names together. Versions say theirs with the same tuple each time."""
    features, outputs = {id(each.features) for each in answered}, {id(each.outputs) for each in answered}
    if len(features) == len(outputs) == 1 and all(each.rows and not each.keys for each in answered):
        return [answered]  # As it is nearly always.
    found: dict[tuple[int, int, tuple[str, ...]], list[Answered]] = {}
    for each in answered:
        if each.rows:
            found.setdefault((id(each.features), id(each.outputs), tuple(each.keys)), []).append(each)
    return found.values()
