"""Two people at two terminals: each sees that the other is on and at what, and that they have gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal import Terminal

pytestmark = pytest.mark.slow


def test_each_sees_the_other_come_look_decide_and_go(history: Path) -> None:
    with (
        Terminal("--home", history, "--operator", "ada", size=(140, 42)) as ada,
        Terminal("--home", history, "--operator", "bob", size=(140, 42)) as bob,
    ):
        ada.see("bob is here too: Overview since")
        bob.see("ada is here too: Overview since")
        bob.press("c")
        ada.see("bob is here too: Decide on tiny@3 since")
        ada.press("c")
        ada.see("judged against @2")
        ada.press("a")
        ada.see("Make tiny@3 live instead of tiny@2.")
        bob.press("x")
        bob.see("leave everything as it is")
        bob.press("not yet\r")
        ada.see("Things changed while you looked")  # before Enter
        ada.press("\x1b")
        ada.see("Rejected: rejected by bob: not yet")
        bob.kill()
        bob.hang_up()
        ada.press("1")
        ada.see("nothing waits for a decision")
        ada.see_no("is here too")
