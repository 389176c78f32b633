"""A worker does not stay as large as the largest request made it."""

from __future__ import annotations

import subprocess
import sys

# Large pieces with something small behind each that stays, twice: glibc takes the first from the system by itself.
_SCRIPT = """
import os
from engine.serving.given_back import give_back

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20

give_back()
before, stays = held(), []
for _ in range(2):
    large = []
    for _ in range(40):
        large.append(bytearray(b"x") * (4 << 20))
        stays.append(bytes(2000))
    del large
print(held() - before)
"""


def test_large_pieces_go_back_also_where_small_ones_between_them_stay() -> None:
    """160 MB at once, 40 pieces of 4 MiB."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16
