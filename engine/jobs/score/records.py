"""What is scored, what came of it, and where it leads back to: the records of the job ``score`` and of ``trace``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.records import Deployment

Kind = Literal["parquet", "csv", "query", "table"]

VERSION, RUN, ROW = "leverframe_version", "leverframe_run", "leverframe_row"
"""What each row that is written says besides: the label of the version, the run, and, without a key, its number."""
OWN = (ROW, VERSION, RUN)


@dataclass(frozen=True)
class Place:
    """Where rows come from or go to. ``name``: a whole path, or the name of a table; ``variable``: of the environment,
    which holds the URL of the database; ``shown``: what a query is called, where its path says nothing."""

    kind: Kind
    name: str
    variable: str = ""
    shown: str = ""

    @property
    def told(self) -> str:
        """As it stands in the ledger and in sentences; never the URL."""
        return f"{self.kind}:{self.shown or self.name} in {self.variable}" if self.in_database else self.name

    @property
    def written(self) -> str:
        """As ``places.place_of`` reads it again."""
        return f"table:{self.name}" if self.kind == "table" else self.name

    @property
    def in_database(self) -> bool:
        return self.kind in ("query", "table")


@dataclass(frozen=True)
class Scoring:
    """One output that a run wrote, or began to. ``named``: the run that its rows name. ``digest``: of the file's bytes,
    or of the rows of a table as CSV; ``ended_at`` None: it does not stand under its name, as far as anybody knows."""

    id: int
    run: int
    named: int
    label: str
    input: str
    input_digest: str | None
    output: str
    at: datetime
    rows: int | None
    digest: str | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Origin:
    """What a version is made of, as far as it is kept. ``missing``: why the rest of it is not told."""

    label: str
    digest: str
    state: str
    made_at: datetime
    run: int
    requested_by: str | None = None
    code: str | None = None
    data: str | None = None
    data_digest: str | None = None
    environment: str | None = None
    environment_digest: str | None = None
    missing: str | None = None


@dataclass(frozen=True)
class Release:
    """A time for which a version was live, and who approved that. ``until`` None: it still is."""

    deployment: Deployment
    approved_by: tuple[str, ...]
    until: datetime | None


@dataclass(frozen=True)
class TracedRow:
    """A row of an output: its number, from 1, and what it says, as text."""

    number: int
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Trace:
    """What an output, a run or a version leads to. ``asked``: in words. ``whole``: whether the file is as it was
    written, None where no file was asked about. ``scorings``: the newest first, of ``total``."""

    asked: str
    origin: Origin | None
    releases: tuple[Release, ...]
    scorings: tuple[Scoring, ...]
    total: int
    whole: bool | None = None
    row: TracedRow | None = None
