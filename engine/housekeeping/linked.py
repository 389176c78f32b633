"""What environments, the bin and the caches take where files have several names: counted for a clean-up as ``disk``
counts them. uv's cache, the environments and what of these lies in the bin share most of their files."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator

from engine.housekeeping.usage import preference
from engine.storage.workspace import Workspace

_SHARING = ("environments", "bin", "cache")


def rooms(workspace: Workspace) -> dict[str, int]:
    """Bytes by the first two names of a path (``environments/0123…``, ``bin/0000007``, ``cache/uv``), each byte once.

    A file with several names counts for what ``usage.preference`` names first, in equal parts where there are several.
    """
    found: dict[str, int] = defaultdict(int)
    shared: dict[tuple[int, int], tuple[int, set[str]]] = {}
    for top in _SHARING:
        for key, status in walked(f"{workspace.root}/{top}", top):
            size = status.st_blocks * 512
            if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode):
                found[key] += size
            else:
                shared.setdefault((status.st_dev, status.st_ino), (size, set()))[1].add(key)
    for size, keys in shared.values():
        first = min(map(preference, keys))
        owners = sorted(key for key in keys if preference(key) == first)
        part, rest = divmod(size, len(owners))
        found[owners[0]] += rest
        for key in owners:
            found[key] += part
    return dict(found)


def walked(folder: str, key: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below ``folder``, with the key that it counts for; what vanishes meanwhile is left out."""
    left = [(folder, key)]
    while left:
        place, counted = left.pop()
        try:
            with os.scandir(place) as entries:
                for each in entries:
                    name = counted if "/" in counted else f"{counted}/{each.name}"
                    try:
                        yield name, each.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if each.is_dir(follow_symlinks=False):
                        left.append((each.path, name))
        except OSError:
            continue
