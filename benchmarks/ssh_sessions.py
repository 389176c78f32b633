"""What sessions of the SSH door take: the memory of each, and how long until its first picture."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import asyncssh
import psutil

from console.ssh.limits import Limits
from console.ssh.server import DoorKeeper, listen
from engine.access.proof import of_process
from engine.api import create_workspace, open_engine, open_service

LAST_WORDS = b"Admin"
MEBI = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a workspace, which gets one more operator; without it an empty one")
    parser.add_argument("--sessions", type=int, default=20)
    given = parser.parse_args()
    key = asyncssh.generate_private_key("ssh-ed25519")
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder) / "home"
        if not (home / "ledger.db").exists():
            create_workspace(home, None, proof=of_process())
        with closing(open_engine(home)) as engine:
            name = f"bench{os.getpid()}"
            engine.add_operator(name, "operator", "a benchmark", keys=[key.export_public_key("openssh").decode()])
        asyncio.run(measure(home, key, given.sessions))


async def measure(home: Path, key: asyncssh.SSHKey, count: int) -> None:
    engine = open_service(home)
    keeper = DoorKeeper(engine, Limits(sessions=count, sessions_each=count), dict(os.environ), print)
    acceptor = await listen(keeper, "127.0.0.1", 0)
    lines, seconds = [], []
    for _ in range(count):
        began = time.perf_counter()
        line = await asyncssh.connect(
            "127.0.0.1", acceptor.get_port(), known_hosts=None, client_keys=[key], username="x", config=[]
        )
        desk = await line.create_process(term_type="xterm-256color", term_size=(140, 42), encoding=None)
        seen = b""
        while LAST_WORDS not in seen:
            seen += await desk.stdout.read(65_536)
        seconds.append(time.perf_counter() - began)
        lines.append((line, desk))
    await asyncio.sleep(5)
    sessions = [each.memory_full_info() for each in psutil.Process().children()]
    print(f"{len(sessions)} sessions, 140x42, after 5 s of rest (PSS counts what is shared by its part):")
    for word in ("pss", "uss", "rss"):
        found = [getattr(each, word) / MEBI for each in sessions]
        print(f"  {word}: {statistics.mean(found):6.1f} MiB each, {sum(found):7.0f} MiB in all")
    print(f"  first picture after {statistics.median(seconds):.2f} s (the last one {seconds[-1]:.2f} s)")
    for line, _ in lines:
        line.abort()
    acceptor.close()
    await keeper.close()
    engine.close()


if __name__ == "__main__":
    main()
