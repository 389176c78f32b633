"""An idle console, and one that shows the log of a running retrain, in bytes a second.

Whatever the machine is busy with, they are no more: what is painted again is asked for at the console's own pace, and a
busy machine only makes that slower.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.api import Engine
from tests import tiny
from tests.people import open_engine
from tests.terminal import Terminal

pytestmark = pytest.mark.slow
IDLE, LIVE = 100, 5_000
# More lines between two looks than a screen has, each as long as the screen is wide, until somebody cancels it.
CHATTY = tiny.STEPS.replace(
    "def train():",
    """def train():
    import itertools, time
    for number in itertools.count():
        print(f"{number} " + " ".join(str((number + 1) * k * 7919 % 100003) for k in range(1, 30)), flush=True)
        time.sleep(0.001)
""",
)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny", steps=CHATTY, timeout="10m"))
    return engine


def test_an_idle_console_and_one_with_a_live_log_send_little(engine: Engine, tmp_path: Path) -> None:
    with Terminal("--home", tmp_path / "home", size=(140, 42)) as terminal:
        terminal.see("tiny")
        terminal.settled()
        assert terminal.rate(12) < IDLE
        run = engine.retrain("tiny").id
        terminal.press("3")
        terminal.see("retrain")
        assert terminal.rate(4) < LIVE
        terminal.press("\r")
        terminal.see("log of")
        terminal.see(" 9")  # it prints
        terminal.settled(0.3)
        assert terminal.rate(12) < LIVE
        assert engine.run(run).state == "running"
        engine.cancel(run, "enough")
        terminal.press("q")
        terminal.ended()
