"""What Git says of the commits between two: what each changed, and whose they are, as each says of itself."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from engine.clock import stamp
from engine.projects.source.git import Repository
from engine.projects.source.records import COMMITS, FILES, UNTOLD, CodeAuthor, Commit, author, in_order
from engine.text import plain

_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def are_commits(*revisions: str | None) -> bool:
    """Whether these are names of commits, and nothing that Git would take for an option or a range."""
    return all(revision is None or _REVISION.fullmatch(revision) for revision in revisions)


def commits(repository: Repository, old: str, new: str) -> tuple[Commit, ...]:
    """The commits of the project's folder that ``new`` has and ``old`` has not, newest first. Raises Refusal."""
    mark = secrets.token_hex(16)  # A commit that could name it could pass for two.
    said = repository.git(
        "log", "-z", f"-n{COMMITS}", "--no-show-signature", "--no-color", "--name-only", "--relative", "-c",
        "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all",
        f"--format={mark}%x00%H%x00%an%x00%ct%x00%s", f"{old}..{new}", "--", ".",
    )  # fmt: skip
    return tuple(_commit(each.split("\0")[1:]) for each in said.decode("utf-8", "replace").split(mark)[1:])


def _commit(fields: list[str]) -> Commit:
    revision, name, at, subject, *files = fields
    named = [plain(each.removeprefix("\n"), 300) for each in files if each.strip("\n")]
    return Commit(revision, plain(name, 100), time(at) or "", plain(subject, 200), tuple(named[:FILES]))


def authors(repository: Repository, old: str | None, new: str) -> tuple[CodeAuthor, ...]:
    """Authors and committers of what ``new`` has and ``old`` has not; without ``old`` of all that led to ``new``."""
    if not are_commits(old, new):
        return (UNTOLD,)
    printed = repository.git(
        # All that touched the project's folder, also what a merge let go of again.
        "log", "-z", "--full-history", "--no-show-signature", "--no-color",
        "--format=%an%x00%ae%x00%cn%x00%ce", f"{old}..{new}" if old else new, "--", ".",
    )  # fmt: skip
    rows = list(_rows(printed, 4))
    wrote = {author(row[0], row[1], wrote=True) for row in rows}
    committed = {author(row[2], row[3], wrote=False) for row in rows}
    return in_order({*wrote, *(each for each in committed if CodeAuthor(each.name, each.address) not in wrote)})


def _rows(printed: bytes, wide: int) -> Iterator[list[str]]:
    fields = printed.decode("utf-8", "replace").split("\0")
    return (fields[at : at + wide] for at in range(0, len(fields) - wide + 1, wide))


def time(seconds: str) -> str | None:
    """A moment as Git writes it, as engine.clock does."""
    try:
        return stamp(datetime.fromtimestamp(int(seconds), UTC))
    except (ValueError, OverflowError, OSError):
        return None
