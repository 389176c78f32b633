"""How many may be in, whoever they are and wherever they come from."""

from __future__ import annotations

from console.ssh.limits import Limits, Rooms


def test_those_who_have_not_logged_in_are_few_and_one_address_has_no_more_than_its_part() -> None:
    rooms = Rooms(Limits(strangers=3, strangers_each=2))
    assert [rooms.stranger_comes("a") for _ in range(3)] == [True, True, False]
    assert [rooms.stranger_comes("b") for _ in range(2)] == [True, False]
    rooms.stranger_goes("a")
    assert rooms.stranger_comes("b")
    assert not rooms.stranger_comes("c")


def test_sessions_are_counted_for_all_and_for_each_operator() -> None:
    rooms = Rooms(Limits(sessions=3, sessions_each=2))
    rooms.begin("ada")
    rooms.begin("ada")
    assert "You have 2 sessions" in str(rooms.why_no_session("ada"))
    assert rooms.why_no_session("opal") is None
    rooms.begin("opal")
    assert "All 3 sessions" in str(rooms.why_no_session("vic"))
    rooms.end("ada")
    assert rooms.why_no_session("ada") is None


def test_whoever_is_gone_is_not_remembered() -> None:
    rooms = Rooms(Limits())
    for number in range(100):
        rooms.stranger_comes(str(number % 10))
        rooms.stranger_goes(str(number % 10))
        rooms.begin(str(number))
        rooms.end(str(number))
    assert not rooms.strangers and not rooms.sessions
