"""The files of the request log and their rows: put together, found again after a kill, ended by age and by size.

A file comes first, whole and flushed, then its row. Ended the other way round: the row says so first, then the file
goes. Whatever a kill leaves in between is settled by the next who looks, under the lock that all of it is done under.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.clock import moment
from engine.errors import Damage, LeverframeError, Refusal
from engine.requests import block as files
from engine.requests import book, skew_book
from engine.requests.apart import together as in_a_process
from engine.requests.block import BlockLabel
from engine.requests.counting import Count, CountKey
from engine.requests.merging import due
from engine.requests.records import Block, LogRules
from engine.storage import atomic
from engine.storage.disk import refused
from engine.storage.free_space import in_words, too_little
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

ENDING = ".parquet"
MINUTES_FOR = timedelta(days=2)  # then hours are kept for minutes
COUNTS_FOR = timedelta(days=400)


@dataclass(frozen=True)
class LogFolder:
    """The blocks of one project on the disk. What changes them holds ``lock``."""

    workspace: Workspace
    ledger: Ledger
    project: str

    @property
    def path(self) -> Path:
        return self.workspace.requests / self.project

    @property
    def lock(self) -> str:
        return f"requests-{self.project}"

    def write(
        self, content: bytes, label: BlockLabel, counts: Mapping[CountKey, Count], rules: LogRules, now: datetime
    ) -> Block:
        """Put a block on the disk, then its row with ``counts``; what is oldest makes room for it first.

        The caller holds ``lock``. Raises Refusal where there is no room, and nothing of it is there then.
        """
        size = len(content)
        if size > rules.most:
            raise Refusal(f"A block of {in_words(size)} is more than the whole log may hold ({in_words(rules.most)}).")
        with self.ledger.read() as db:
            little = too_little(db, self.workspace.root)
        if little is not None:
            raise Refusal(f"Requests are not logged: {little}.")
        self.make_room(rules.most - size, now)
        since = label.since.replace("-", "").replace(":", "")
        name = f"{since}-{secrets.token_hex(6)}{ENDING}"
        with refused("Requests are not logged"):
            self.path.mkdir(mode=0o750, parents=True, exist_ok=True)
            atomic.write_file(self.path / name, content, mode=0o640)
        try:
            return self._enter(name, content, label, counts, now)
        except BaseException:
            # Unless it is known to be there: a file without its row would be taken in again as another block.
            with suppress(OSError):
                (self.path / name).unlink()
            raise

    def _enter(
        self, name: str, content: bytes, label: BlockLabel, counts: Mapping[CountKey, Count], now: datetime
    ) -> Block:
        block = self.block_of(name, content, label, now)
        with self.ledger.write(lasting=False) as db:
            book.put(db, block)
            book.add(db, label.worker, counts)
        return block

    def block_of(self, name: str, content: bytes, label: BlockLabel, now: datetime) -> Block:
        """The row of the file called ``name``."""
        return Block(
            id=0,
            project=self.project,
            file=name,
            version=label.version,
            worker=label.worker,
            digest=files.digest_of(content),
            bytes=len(content),
            requests=label.requests,
            rows=label.rows,
            since=moment(label.since),
            until=moment(label.until),
            written_at=now,
        )

    def make_room(self, most: int, now: datetime) -> int:
        """End the oldest blocks until all together hold no more than ``most`` bytes; returns how many ended."""
        with self.ledger.read() as db:
            there = book.blocks(db, self.project)
        left, going = sum(block.bytes for block in there), []
        for block in reversed(there):
            if left <= most:
                break
            going.append(block)
            left -= block.bytes
        self._end(going, "it made room for newer ones", now)
        return len(going)

    def end_old(self, rules: LogRules, certain: datetime, now: datetime) -> int:
        """End what is older than it is kept, by ``certain``: the time that is sure to have come."""
        with self.ledger.read() as db:
            there = book.blocks(db, self.project)
        # One that a clock which was ahead has dated is as old as its file.
        old = [block for block in there if min(block.until, block.written_at) < certain - rules.keep]
        self._end(old, f"it was kept for {rules.keep.total_seconds() / 86400:.3g} days", now)
        return len(old)

    def _end(self, going: list[Block], why: str, now: datetime) -> None:
        if not going:
            return
        with self.ledger.write() as db:
            book.end(db, going, why, now)
        for block in going:
            with suppress(FileNotFoundError), refused(f"The block {block.file} could not be deleted"):
                (self.path / block.file).unlink()

    def settle(self, now: datetime) -> int:
        """Put right what a kill left; returns how many blocks were taken in. The caller holds ``lock``.

        A whole block without a row is taken in, another file thrown away, an ended block deleted, and a row without
        its file says so. One that was being merged is thrown away while any of those that it was merged from is there:
        they hold the same rows.
        """
        with self.ledger.read() as db:
            known = book.by_file(db, self.project)
        there = self._names()
        taken = 0
        for name in sorted(there):
            block = known.get(name)
            if block is None and _may_be_block(name):
                taken += self._take_in(name, now)
            elif block is None or block.ended_at is not None:
                self._delete(name)
        gone = [block for block in known.values() if block.ended_at is None and block.file not in there]
        if gone:
            with self.ledger.write() as db:
                book.end(db, gone, book.GONE, now)
        return taken

    def untold(self) -> bool:
        """Whether something lies there that may be a block and has no row, which Arrow has to look into."""
        with self.ledger.read() as db:
            known = book.by_file(db, self.project)
        return any(_may_be_block(name) for name in self._names() - known.keys())

    def _names(self) -> set[str]:
        try:
            return {entry.name for entry in os.scandir(self.path)}
        except FileNotFoundError:
            return set()

    def _take_in(self, name: str, now: datetime) -> int:
        try:
            content = files.content_at(self.path / name)
            label, counts = files.label_in(content)
            if label.project != self.project:
                raise Damage(f"{name} is a block of another project.")
            if any((self.path / file).exists() for file, _, _ in label.of):
                raise Damage(f"{name} was not merged to its end.")
            self._enter(name, content, label, counts, now)
        except Damage:
            self._delete(name)
            return 0
        return 1

    def _delete(self, name: str) -> None:
        path = self.path / name
        with refused(f"{name} could not be deleted from the request log"), suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _may_be_block(name: str) -> bool:
    return name.endswith(ENDING) and not name.startswith(".")


def keep(
    workspace: Workspace,
    ledger: Ledger,
    rules: Mapping[str, LogRules],
    certain: datetime,
    now: datetime,
    together: Callable[[LogFolder, LogRules | None, datetime], tuple[int, int]] = in_a_process,
) -> list[str]:
    """End what is old enough by the ``rules`` of each project, and thin what was counted; in sentences.

    A project without rules is one that was removed: nothing of its requests is kept any longer. ``together``: see
    ``apart``; it is asked only where there is something for Arrow to do.
    """
    with ledger.read() as db:
        projects = {*book.counted(db), *book.with_blocks(db), *_folders(workspace)}
    done = []
    for project in sorted(projects):
        folder = LogFolder(workspace, ledger, project)
        try:
            if folder.untold():
                together(folder, None, now)
            with workspace.lock(folder.lock, wait=False):
                folder.settle(now)
                kept = rules.get(project)
                ended = folder.end_old(kept, certain, now) if kept else folder.make_room(0, now)
                ended += folder.make_room(kept.most, now) if kept else 0
            became, made = together(folder, kept, now) if kept and due(folder, kept, now) else (0, 0)
        except LeverframeError:
            continue  # A worker is writing, or the disk is away: the next round does it.
        if ended:
            done.append(f"{ended} block{'' if ended == 1 else 's'} of requests of {project} ended.")
        if made:
            done.append(f"{became} small blocks of requests of {project} became {made}.")
    with ledger.write(lasting=False) as db:
        for project in projects:
            book.fold(db, project, certain - MINUTES_FOR)
            book.drop(db, project, certain - COUNTS_FOR)
            skew_book.forget_rows(db, project, certain - (rules[project].keep if project in rules else COUNTS_FOR))
        book.forget(db, certain)
    return done


def _folders(workspace: Workspace) -> set[str]:
    """Of what anything lies on the disk, whatever the ledger knows."""
    try:
        return {entry.name for entry in os.scandir(workspace.requests) if entry.is_dir(follow_symlinks=False)}
    except FileNotFoundError:
        return set()
