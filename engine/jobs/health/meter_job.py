"""What the meter is asked: the tables that it reads, in the run's folder, and all that it is to know of the version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import stamp
from engine.jobs.health.rows import Rows
from engine.json_records import write
from engine.runs.run_context import RunContext
from engine.scoring.unpacked import Unpacked
from engine.validation.rules import rules_of
from engine.versions.document import written

if TYPE_CHECKING:
    import pyarrow as pa


def about_version(context: RunContext, live: Unpacked) -> dict[str, Any]:
    """What the manifest of the version says, and what it was validated with."""
    manifest = live.manifest
    return {
        "version": live.label,
        "as_of": stamp(context.run.as_of),
        "profile": str(context.workspace.cache / "profiles" / f"{live.document.data.digest}.profile"),
        "features": live.features,
        "validated": written(live.document)["metrics"],
        "sensitive": list(manifest.data.sensitive),
        "key": list(manifest.data.key),
        "time": manifest.data.time,
        "slices": list(manifest.health.slices),
        "bins": {column: list(edges) for column, edges in manifest.health.bins.items()},
        "window": manifest.health.window.total_seconds() if manifest.health.window else None,
        "manifest": write(rules_of(manifest)),
    }


def about_rows(context: RunContext, seen: Rows) -> dict[str, Any]:
    """The rows that are looked at, those that were learnt from, and what is known of the others."""
    current, learnt = seen.current, seen.learnt
    return {
        "reference": put(context, "reference", seen.reference),
        "current": put(context, "current", current.table),
        "left_out": seen.left_out,
        "unplaced": {
            "undated": current.undated,
            "future": current.future,
            "were_undated": learnt.undated,
            "were_future": learnt.future,
        },
        "until": learnt.until,
        "lag": learnt.lag,
    }


def about_kept(seen: Rows) -> dict[str, Any]:
    """What the look before computed; where everything was asked for, all is measured anew."""
    if seen.table is None:
        return {}
    found = {"answers": {}, "disagreement": write(seen.disagreement) if seen.disagreement else None}
    if seen.head is None:
        return found
    head = seen.head
    return found | {
        "answers": dict(head.answers),
        "dear": head.dear,
        "news": head.news + seen.news,
        "unseen": list(head.unseen),
    }


def put(context: RunContext, name: str, table: pa.Table | None) -> str | None:
    """Write a table for the meter; None for none."""
    import pyarrow.parquet

    if table is None:
        return None
    path: Path = context.folder / f"{name}.parquet"
    pyarrow.parquet.write_table(table, path, compression="lz4")
    return str(path)
