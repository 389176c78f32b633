"""A fault that is made by hand: a text that stands once in its file, and what stands there instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.sites import Site


@dataclass(frozen=True)
class Fault:
    promise: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def site(self, root: Path) -> Site:
        """Raises ValueError when the text is not there once: the fault must be written anew."""
        source = (root / self.file).read_bytes()
        old = self.old.encode()
        if source.count(old) != 1:
            raise ValueError(f"'{self.old}' stands {source.count(old)} times in {self.file}")
        start = source.index(old)
        line = source[:start].count(b"\n") + 1
        return Site(self.file, line, start, start + len(old), self.new, "by hand")
