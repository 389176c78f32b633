"""What a version says about rows of its own data: the ground that its later predictions are held against.

Scored once, by the first look after it went live, and kept in the cache; made again where that is gone.
"""

from __future__ import annotations

import io
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Damage, Refusal, StepFailed
from engine.runs.run_context import RunContext
from engine.scoring.unpacked import Unpacked
from engine.storage.atomic import write_file
from engine.versions.document import digest_of_files, folders
from engine.vocabulary.steps import SCORE_OWN_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.holdout.split import Split

# Of each part so many rows, evenly over it: enough for a distribution, and little to score.
MOST_ROWS = 20_000
LEARNT, TIME = "learnt", "time"


def kept_baseline(context: RunContext, live: Unpacked, parts: Split) -> tuple[Path | None, str | None]:
    """A table with a row for each of a sample of those that the version learnt from, and of those it was validated on:
    its prediction, whether it learnt from it and, where the project has one, its time. Or why there is none; that is
    no failure of the look."""
    import pyarrow.parquet

    kept = baseline_file(context, live)
    if kept is not None:
        return kept, None
    path = _path(context, live)
    try:
        table = _scored(context, live, parts)
    except (Refusal, Damage) as problem:
        return None, str(problem)
    content = io.BytesIO()
    pyarrow.parquet.write_table(table, content, compression="zstd")
    path.parent.mkdir(exist_ok=True)
    write_file(path, content.getvalue(), durable=False)
    return path, None


def baseline_file(context: RunContext, live: Unpacked) -> Path | None:
    """Where it is kept; None where it is not, or cannot be read."""
    path = _path(context, live)
    return path if readable(path, nameless=live.manifest.train.score is not None) else None


def _path(context: RunContext, live: Unpacked) -> Path:
    files = chain.from_iterable(folders(live.document).values())
    return context.workspace.cache / "profiles" / f"{digest_of_files(files)}.predictions"


def readable(path: Path, *, nameless: bool) -> bool:
    """``nameless``: a score may come without its class, as from a project's own code. That of an estimator, kept by an
    older engine, is the second class's, whichever is looked for."""
    from engine.validation.predictions import read_table

    try:
        table = read_table(str(path), "baseline")
    except StepFailed:
        return False
    return bool(table.num_rows) and (nameless or "score" not in table.column_names)


def _scored(context: RunContext, live: Unpacked, parts: Split) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    sides = [_sample(parts.train), _sample(parts.holdout)]
    rows = pa.concat_tables(sides)
    if not rows.num_rows:
        raise StepFailed(f"{live.label} keeps no rows that it learnt from")
    said = live.scorer(context, SCORE_OWN_ROWS, (0.62, 0.64)).score(rows.select(live.features))
    learnt = np.arange(rows.num_rows) < sides[0].num_rows
    wanted = [
        name for name in said.column_names if name in ("prediction", "score") or name.startswith(("p_", "score_"))
    ]
    table = said.select(wanted).append_column(LEARNT, pa.array(learnt))
    time = live.manifest.data.time
    return table if time is None else table.append_column(TIME, rows.column(time))


def _sample(table: pa.Table) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    if table.num_rows <= MOST_ROWS:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, MOST_ROWS).astype(np.int64)))
