"""What the door to the engine offers about schedules; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks
from engine.schedule import lease

if TYPE_CHECKING:
    from engine.housekeeping.background import Housekeeper
    from engine.outbox.postman import Postman
    from engine.schedule.records import EngineState, Occurrence, Schedule
    from engine.schedule.scheduler import Scheduler


class ScheduleCommands(Door):
    """Schedules, what became of what was due, and who sees to it."""

    _scheduler: Scheduler | None = None
    _rounds: Housekeeper | None = None
    _postmen: tuple[Postman, ...] = ()

    if TYPE_CHECKING:  # What the door does besides, which the scheduler is given.

        def reconcile(self) -> None: ...
        def pass_time(self) -> None: ...
        def keep_traceback(self, text: str) -> Path: ...

    @looks("see schedules", of="project")
    def schedules(self, project: str | None = None) -> tuple[Schedule, ...]:
        """The rules in force, each with its next due times."""
        from engine.schedule import book

        with self._ledger.read() as db:
            return book.everything(db, project, self.now())

    @looks("see due times")
    def count_occurrences(self) -> int:
        """How many rows of occurrences there are."""
        from engine.schedule import book

        return book.count(self._ledger)

    @looks("see due times")
    def occurrences(self, *, offset: int = 0, limit: int = 50, matching: str = "") -> tuple[Occurrence, ...]:
        """What became of what was due, newest first."""
        from engine.schedule import book

        return book.page(self._ledger, offset=offset, limit=limit, matching=matching)

    @looks("see due times")
    def since(self, moment: datetime) -> tuple[Occurrence, ...]:
        """What was missed, caught up and skipped after ``moment``, newest first."""
        from engine.schedule import book

        return book.told_since(self._ledger, moment)

    @changes("pause schedules", least="operator", of="project")
    def pause_schedule(self, project: str, job: str, reason: str) -> Schedule:
        """Let nothing run by itself until somebody resumes."""
        from engine.schedule import book

        return book.pause(self._ledger, project, job, checked_reason(reason), self.caller, clock.now())

    @changes("resume schedules", least="operator", of="project")
    def resume_schedule(self, project: str, job: str, reason: str) -> Schedule:
        """Let a paused schedule go on from now."""
        from engine.schedule import book

        return book.resume(self._ledger, project, job, checked_reason(reason), self.caller, clock.now())

    @changes("change schedules", least="operator", of="project")
    def edit_schedule(
        self,
        project: str,
        job: str,
        *,
        rule: str | None = None,
        timezone: str | None = None,
        catch_up: str | None = None,
        give_up_after: str | None = None,
        cool_down: str | None = None,
        reason: str,
    ) -> Schedule:
        """Change a rule from now on, until a version with another entry goes live; None leaves a part as it is.

        ``give_up_after`` and ``cool_down`` are lengths of time such as ``6h``; ``none`` takes one away.
        """
        from engine.schedule import book

        changes = book.ScheduleChanges(rule, timezone, catch_up, give_up_after, cool_down)
        return book.edit(self._ledger, project, job, changes, checked_reason(reason), self.caller, clock.now())

    @looks("see who sees to the schedules")
    def engine_state(self) -> EngineState:
        """Who sees to the schedules of this workspace."""
        mine = self._scheduler.fence if self._scheduler is not None else None
        with self._ledger.read() as db:
            return lease.state(self._workspace, db, mine=mine)

    @changes("host the engine", least="operator", by="host")
    def start_scheduler(
        self,
        tell: Callable[[str], None] | None = None,
        *,
        now: Callable[[], datetime] = clock.now,
        tick: float = 5.0,
        patience: float = lease.PATIENCE_SECONDS,
    ) -> Scheduler:
        """See to the schedules, or stand by while another process does; ``tell`` gets a line for each event.

        ``now``, ``tick`` (seconds between two looks at everything) and ``patience`` are what tests drive it by.
        """
        from engine.backup.background import keep_safe
        from engine.housekeeping.background import Housekeeper
        from engine.outbox.channels import CHANNELS
        from engine.outbox.postman import Postman
        from engine.schedule.scheduler import Scheduler

        tell = tell or (lambda line: None)
        postmen = [
            Postman(self._workspace, self._ledger, tell, self.keep_traceback, channel=channel) for channel in CHANNELS
        ]
        self._postmen = tuple(postmen)
        self._rounds = rounds = Housekeeper(self._workspace, self._ledger, tell, self.keep_traceback, also=keep_safe)

        def reconcile() -> None:
            self.pass_time()
            self.reconcile()
            rounds.look(clock.now())  # the disk fills up by the machine's own clock, whatever a test makes of time
            for postman in postmen:
                postman.look()

        self._scheduler = Scheduler(
            self._workspace,
            self._ledger,
            reconcile,
            tell,
            self.keep_traceback,
            now=now,
            tick=tick,
            patience=patience,
        )
        self._scheduler.start()
        return self._scheduler

    @changes("see to the schedules", least="viewer", in_past=True, by="process")
    def stop_scheduler(self) -> None:
        """See to the schedules no longer."""
        if self._scheduler is not None:
            self._scheduler.stop()
        if self._rounds is not None:
            self._rounds.stop()
        for postman in self._postmen:
            postman.stop()
