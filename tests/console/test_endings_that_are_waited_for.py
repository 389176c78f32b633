"""What has to be done before a process ends is done once, and whoever ends it waits for who is at it."""

from __future__ import annotations

import threading
from contextlib import suppress

from console.opening.ending import at_once, once, seen_to


def test_it_is_done_once() -> None:
    done: list[int] = []
    left = once(lambda: done.append(1))
    left()
    left()
    assert done == [1]


def test_who_ends_the_process_waits_for_who_is_writing_it_down() -> None:
    begun, goes_on, done = threading.Event(), threading.Event(), list[str]()

    def write() -> None:
        begun.set()
        assert goes_on.wait(60)
        done.append("written")

    left = once(write)
    writer = threading.Thread(target=left)
    writer.start()
    assert begun.wait(60)
    with seen_to(left):
        ender = threading.Thread(target=at_once, args=(1, None, lambda code: done.append(f"ended {code}")))
        ender.start()
        ender.join(0.1)
        goes_on.set()
        ender.join(60)
    writer.join(60)
    assert done == ["written", "ended 1"]


def test_what_could_not_be_done_is_tried_by_the_next() -> None:
    tries: list[int] = []

    def fails_first() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError

    left = once(fails_first)
    with suppress(OSError):
        left()
    left()
    left()
    assert tries == [1, 1]
