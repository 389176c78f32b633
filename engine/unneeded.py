"""What may be installed beside the engine, costs each of its processes time, and is used by none: pandas.

pyarrow loads it with the first array, wherever it is installed: 0.15 to 0.3 s of CPU. Steps of a project are processes
of their own and have it.
"""

from __future__ import annotations

import sys


class _KeptOut:
    """As if it were not installed."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("No module of the engine's own needs pandas", name=name)


def keep_out() -> None:
    """For the start of a process."""
    sys.meta_path.insert(0, _KeptOut)
