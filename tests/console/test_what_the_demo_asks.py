"""What the demo's server is asked, by whom, and which moments the story of a project has."""

from __future__ import annotations

import itertools
import json
import socket
import statistics
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console.demo.callers import Caller, Rows, live_rows
from console.demo.learning import weeks_of
from console.demo.replay import moments
from console.demo.repository import samples
from console.demo.traffic import gaps
from engine import clock
from engine.errors import NotFound

UNTIL = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_rows_come_as_they_lie_in_what_is_live(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Nothing of sites is live"):
        live_rows(tmp_path, "sites", 3)
    data = tmp_path / "live" / "sites" / "data"
    data.mkdir(parents=True)
    document = {
        "settings": {"data": {"key": ["id"], "time": "at", "target": "late"}}, "model": {"features": ["x", "seen"]}
    }  # fmt: skip
    (data.parent / "version.json").write_text(json.dumps(document))
    at = [UNTIL + timedelta(hours=hour) for hour in range(4)]
    table = pa.table({
        "id": [1, 2, 3, 4], "at": at, "x": [0.5, float("nan"), 1.0, None], "seen": at, "late": [1, 0, None, None],
    })  # fmt: skip
    pq.write_table(table.slice(0, 2), data / "part-00001.parquet")
    pq.write_table(table.slice(2), data / "part-00002.parquet")
    rows = live_rows(tmp_path, "sites", 3)
    assert rows.requests == [
        {"id": number, "x": x, "seen": at[number - 1].isoformat()} for number, x in ((2, None), (3, 1.0), (4, None))
    ]
    assert rows.keys == [{"id": 2}, {"id": 3}, {"id": 4}] and rows.labelled == [True, False, False]


def test_weeks_hold_what_was_not_known_and_was_said_by_then() -> None:
    at = [UNTIL + timedelta(days=3 * number) for number in range(6)]
    keys = [{"id": number} for number in range(6)]
    rows = Rows(keys, keys, [each.isoformat() for each in at], [True, False, False, False, False, False])
    said = [{"id": str(n), "label": n, "time": clock.stamp(at[n] + timedelta(hours=1))} for n in (0, 1, 2, 4, 5)]
    weeks = weeks_of(rows, said, at[5])
    assert [[each["id"] for each in week.requests] for week in weeks] == [[1, 2], [4]]
    assert [week.until for week in weeks] == [said[2]["time"], said[3]["time"]]
    assert [week.labels for week in weeks] == [said[1:3], [said[3]]]


def test_callers_come_independently_of_each_other_and_as_often_as_is_said() -> None:
    drawn = list(itertools.islice(gaps(4.0, "diamonds"), 4000))
    assert statistics.mean(drawn) == pytest.approx(0.25, rel=0.1)
    assert statistics.stdev(drawn) == pytest.approx(0.25, rel=0.1)


def test_a_project_that_is_retrained_each_month_has_its_moments_too() -> None:
    assert moments(samples() / "phishing", 1, UNTIL) == [datetime(2026, 11, 1, 5, tzinfo=UTC)]
    assert len(moments(samples() / "phishing", 5, UNTIL)) == 5


def test_a_connection_that_was_idle_is_not_used_again() -> None:
    clock_of, asked = iter([0.0, 1.0, 2.0, 8.0, 9.0]), list[str]()

    def serve(listening: socket.socket) -> None:
        """Each connection has one line in ``asked``, and an answer for each of its requests."""
        for number in range(2):
            with listening.accept()[0] as client:
                while (head := client.recv(65536)).strip():
                    while not head.endswith(b"}]}"):
                        head += client.recv(65536)
                    asked.append(f"{number} {head.split(b' ', 2)[1].decode()}")
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve, args=(listening,), daemon=True)
        serving.start()
        caller = Caller(listening.getsockname()[1], lambda: next(clock_of))
        assert caller.ask("sites", [{"x": 1}]) == 200
        assert caller.tell("sites", [{"id": 1, "label": 1}]) == 200
        caller.close()
        serving.join(60)
    assert asked == ["0 /projects/sites/score", "1 /projects/sites/feedback"]
