"""Who asks the demo's server: rows of a live version's own data, in their order, over a real connection.

What is live lies in ``live/PROJECT`` of the workspace as files that anybody may read; nothing else is looked into.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.demo.server import HOST
from engine.errors import NotFound

if TYPE_CHECKING:
    import pyarrow as pa

Record = Mapping[str, Any]
PATIENCE = 60.0  # seconds for one answer; one that takes longer is none
IDLE = 5.0  # seconds after which a connection is not used again: the server may just be closing it


@dataclass(frozen=True)
class Rows:
    """Rows of a project in the order of its data. ``requests``: what is asked for each, its key and features.

    ``times``: when each happened, in ISO 8601; ``labelled``: whether its label was known when the data was taken.
    """

    requests: Sequence[Record]
    keys: Sequence[Record]
    times: Sequence[str]
    labelled: Sequence[bool]


def live_rows(home: Path, project: str, most: int) -> Rows:
    """The newest ``most`` rows of what is live of ``project``. Raises NotFound while nothing is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        folder = (home / "live" / project).resolve(strict=True)  # Once, so that a swap does not come between.
        document = json.loads((folder / "version.json").read_bytes())
        parts, count = list[pa.Table](), 0
        for file in sorted((folder / "data").glob("*.parquet"), reverse=True):
            parts.insert(0, pq.read_table(file))
            count += parts[0].num_rows
            if count >= most:
                break
    except OSError as error:
        raise NotFound(f"Nothing of {project} is live in {home} ({error.strerror or error}).") from None
    table, said = pa.concat_tables(parts), document["settings"]["data"]
    return _rows(table.slice(max(0, table.num_rows - most)), said, document["model"]["features"])


def _rows(table: pa.Table, said: Mapping[str, Any], features: Sequence[str]) -> Rows:
    keys = table.select(said["key"]).to_pylist()
    asked = table.select(features).to_pylist()
    requests = [
        {**key, **{name: _written(value) for name, value in row.items()}} for key, row in zip(keys, asked, strict=True)
    ]
    times = [str(_written(each)) for each in table.column(said["time"]).to_pylist()]
    return Rows(requests, keys, times, table.column(said["target"]).is_valid().to_pylist())


def _written(value: Any) -> Any:
    """A value as a client writes it: gaps are null, times ISO 8601."""
    if isinstance(value, float) and value != value:
        return None
    return value.isoformat() if isinstance(value, datetime | date) else value


class Caller:
    """A program that asks over one connection, which is opened anew where it broke or was idle."""

    def __init__(self, port: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=PATIENCE)
        self._monotonic, self._used = monotonic, monotonic()

    def ask(self, project: str, records: Sequence[Record]) -> int:
        """Ask for a prediction for each. Returns the answer's status, 0 where there was none."""
        return self._post(f"/projects/{project}/score", records)

    def tell(self, project: str, labels: Sequence[Record]) -> int:
        """Give feedback. Returns the answer's status, 0 where there was none."""
        return self._post(f"/projects/{project}/feedback", labels)

    def close(self) -> None:
        self._connection.close()

    def _post(self, path: str, records: Sequence[Record]) -> int:
        body = json.dumps({"records": records}).encode()
        if self._monotonic() - self._used > IDLE:
            self._connection.close()
        try:
            self._connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            answer.read()
            self._used = self._monotonic()
            return answer.status
        except (OSError, HTTPException):
            with suppress(OSError):
                self._connection.close()
            return 0
