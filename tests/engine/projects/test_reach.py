"""What a manifest asks for beyond what is given: each kind of it, and what is no more than before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.projects.allowances import more_than
from engine.projects.reach import Reach, beyond, beyond_the_rule, reach_of

PLAIN: dict[str, Any] = {}
READS: dict[str, Any] = {"sandbox": {"read": ["/data/flights"]}}
SHUT: dict[str, Any] = {"sandbox": {"network": False}}
OFF: dict[str, Any] = {"sandbox": {"off": "a hurry"}}
TOKEN: dict[str, Any] = {"environment": {"pass": ["TOKEN"]}}
AWAY: dict[str, Any] = {"compute": {"scheduler": "tcp://10.0.0.5:8786"}}


def asked(what: dict[str, Any], given: dict[str, Any]) -> tuple[str, ...]:
    return beyond(reach_of(what), reach_of(given), real=str)


@pytest.mark.parametrize(
    ("what", "given", "said"),
    [
        (READS, PLAIN, "to read /data/flights"),
        (READS, {"sandbox": {"read": ["/data/fl"]}}, "to read /data/flights"),
        (READS, {"sandbox": {"read": ["/data/flights/2026"]}}, "to read /data/flights"),
        (READS, SHUT, "to read /data/flights"),
        (PLAIN, SHUT, "to use the network"),
        (OFF, PLAIN, 'to be held by nothing ("a hurry")'),
        (OFF, READS, 'to be held by nothing ("a hurry")'),
        (TOKEN, PLAIN, "the variable TOKEN"),
        (TOKEN, {"environment": {"pass": ["TOKE", "TOKEN2"]}}, "the variable TOKEN"),
        (TOKEN, OFF, "the variable TOKEN"),
        (AWAY, PLAIN, "to send its code to the cluster at tcp://10.0.0.5:8786"),
        (AWAY, {"compute": {"scheduler": "tcp://10.0.0.5:8787"}}, "to send its code to the cluster at tcp://10.0.0.5:8786"),
        (AWAY, OFF, "to send its code to the cluster at tcp://10.0.0.5:8786"),
    ],
)
def test_what_is_more_than_what_is_given_is_named(what: dict[str, Any], given: dict[str, Any], said: str) -> None:
    assert said in asked(what, given)


@pytest.mark.parametrize(
    ("what", "given"),
    [
        (PLAIN, PLAIN),
        (SHUT, PLAIN),
        (READS, READS),
        (READS, {"sandbox": {"read": ["/data"]}}),
        (READS, OFF),
        (SHUT, OFF),
        ({"sandbox": {"off": "another reason"}}, OFF),
        (PLAIN, READS | TOKEN | AWAY),
        (TOKEN | AWAY | READS, TOKEN | AWAY | READS),
        ({"compute": {"scheduler": "tcp://10.0.0.5:8786", "mode": "joblib"}}, AWAY),
    ],
)
def test_what_is_no_more_than_before_needs_nobody(what: dict[str, Any], given: dict[str, Any]) -> None:
    assert asked(what, given) == ()


def test_a_link_that_leads_out_of_a_folder_which_may_be_read_is_more(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "also").symlink_to(tmp_path / "data")

    def reading(path: Path) -> Reach:
        return reach_of({"sandbox": {"read": [str(path)]}})

    given = reading(tmp_path / "data")
    assert beyond(reading(tmp_path / "data" / "link"), given) == (f"to read {tmp_path / 'data' / 'link'}",)
    assert beyond(reading(tmp_path / "also"), given) == ()


def test_everything_more_is_named_at_once() -> None:
    assert len(asked(READS | TOKEN | AWAY, PLAIN)) == 3
    assert beyond_the_rule(reach_of(PLAIN)) == beyond_the_rule(reach_of(SHUT)) == ()
    assert len(beyond_the_rule(reach_of(OFF | TOKEN | AWAY))) == 3


def test_two_that_were_allowed_apart_are_not_allowed_together() -> None:
    """To read what must not leave, and to reach the network, is more than either."""
    base = reach_of(SHUT)
    reads = reach_of({"sandbox": {"read": ["/data/secret"], "network": False}})
    network = reach_of({"sandbox": {"network": True}})
    both = reach_of({"sandbox": {"read": ["/data/secret"]}})
    given = (base, reads, network)
    assert more_than(reads, given) == more_than(network, given) == more_than(base, given) == ()
    assert more_than(both, given) == ("to read /data/secret", "to use the network")
    assert more_than(both, (base, both)) == ()
    assert more_than(both, ()) == ()


def test_what_was_asked_is_kept_and_read_again_as_it_was() -> None:
    for each in (PLAIN, READS, SHUT, OFF, TOKEN | AWAY | READS):
        assert reach_of(reach_of(each).document()) == reach_of(each)
