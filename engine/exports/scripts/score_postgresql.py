"""Score rows with each query in a PostgreSQL server that is made for it and gone afterwards.

Run by the engine's own interpreter, for it needs nothing of the version's; it cannot be held as a step is, since
PostgreSQL wants the System V shared memory that a step is refused. The query is asked for by a role that may read the
one table of rows and nothing else; the server listens on a socket in a folder of its own.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # This folder would shadow a module of the library's.
    sys.path.pop(0)

import csv
import importlib.util
import io
import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


common: Any = _beside("export_model")
SECONDS = 60.0  # until it answers
OWNER, CALLER = "leverframe", "caller"


def programs() -> Path | None:
    """Where PostgreSQL's programs lie, the newest ones; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def account() -> dict[str, Any]:
    """As whom the server runs: PostgreSQL refuses to as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            who = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    raise common.Refused("PostgreSQL does not run as root, and there is no account postgres or nobody")


class Server:
    """A server in the folder ``place``, which others may pass through."""

    def __init__(self, place: Path, bin: Path) -> None:
        self._bin, self._who = bin, account()
        self.socket = place / "server"
        self.socket.mkdir(mode=0o700)
        if self._who:
            os.chown(self.socket, self._who["user"], self._who["group"])
        data = str(self.socket / "data")
        self._call("initdb", "-D", data, "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", f"unix_socket_directories={self.socket}"]
        self._process = subprocess.Popen(
            [str(bin / "postgres"), "-D", data, *options], cwd="/", stdin=subprocess.DEVNULL, **self._who
        )
        self._wait()

    def _call(self, program: str, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [str(self._bin / program), *arguments], input=given, capture_output=True, text=True, cwd="/", **self._who
        )
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise RuntimeError(f"{program} said: {said[0] if said else f'exit code {done.returncode}'}")
        return str(done.stdout)

    def ask(self, command: str, given: str = "", *, role: str = OWNER) -> str:
        """What ``command``, which is SQL whatever it begins with, answers."""
        options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]
        where = ["-h", str(self.socket), "-U", role, "-d", "postgres"]
        return self._call("psql", *options, *where, "-c", command, given=given)

    def _wait(self) -> None:
        until = time.monotonic() + SECONDS
        while True:
            try:
                self.version = self.ask("SHOW server_version").strip()
                return
            except RuntimeError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """End it at once; nothing of it is kept."""
        self._process.terminate()
        self._process.wait(SECONDS)


def _as_csv(rows: Any) -> str:
    import pyarrow.csv

    out = io.BytesIO()
    pyarrow.csv.write_csv(rows, out, pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    return out.getvalue().decode("utf-8")


def _answers(said: str, key: str, rows: int) -> Any:
    import pyarrow as pa

    names, *found = list(csv.reader(io.StringIO(said)))
    place = names.index(key)
    found.sort(key=lambda row: int(row[place]))
    if [int(row[place]) for row in found] != list(range(rows)):
        raise ValueError(f"the query gave {len(found)} answers for {rows} rows")
    columns = {}
    for number, name in enumerate(names):
        values: list[Any] = [row[number] or None for row in found]
        numbers = name[:2] == "p_" or (name == "prediction" and len(names) == 2)
        columns[name] = pa.array([None if each is None else float(each) for each in values] if numbers else values)
    return pa.table(columns)


def score() -> None:
    """Run each query over ``rows.parquet``. Raises Refused where there is no PostgreSQL."""
    import pyarrow.parquet

    asked, failed = common.request(), {}
    bin = programs()
    if bin is None:
        raise common.Refused("there is no PostgreSQL on this machine to run the query in")
    rows = pyarrow.parquet.read_table(common.INPUT / "rows.parquet")
    server = Server(Path(asked["place"]), bin)
    try:
        server.ask(f"CREATE ROLE {CALLER} LOGIN")
        for way in asked["ways"]:
            query = (common.INPUT / f"{way}.sql").read_text("utf-8")
            try:
                server.ask(f'DROP TABLE IF EXISTS "{asked["table"]}"')
                server.ask(asked["create"][way])
                server.ask(f'COPY "{asked["table"]}" FROM STDIN (FORMAT csv)', _as_csv(rows))
                server.ask(f'GRANT SELECT ON "{asked["table"]}" TO {CALLER}')
                said = server.ask(f"COPY (\n{query}\n) TO STDOUT (FORMAT csv, HEADER)", role=CALLER)
                table = _answers(said, asked["key"], rows.num_rows)
            except (RuntimeError, ValueError) as error:
                failed[way] = common.line(error)
                continue
            pyarrow.parquet.write_table(table, common.OUTPUT / f"{way}.parquet")
    finally:
        server.stop()
    common.answer({"failed": failed, "by": f"PostgreSQL {server.version}"})


if __name__ == "__main__":
    sys.exit(common.main(score))
