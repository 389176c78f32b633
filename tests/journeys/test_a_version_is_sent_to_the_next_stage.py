"""Development sends a version to test over SSH; test proves it, approves it, and both say where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.audit import trail
from engine.errors import Invalid, Refusal
from tests import tiny
from tests.builders.runs import retrained
from tests.ledger import writing
from tests.openssh import Client, door, make_keys, needs_client
from tests.people import open_engine

pytestmark = [needs_client, pytest.mark.slow]


@pytest.fixture
def development(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "development", "mia", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    retrained(engine, tiny.BEGINS + timedelta(days=30))
    engine.move(engine.plan_release("tiny@1"), "good enough for test", lambda step: None)
    yield engine
    engine.close()


@pytest.fixture
def test_stage(tmp_path: Path, development: Engine) -> Iterator[Engine]:
    keys = make_keys(tmp_path / "keys", "mia", "vic")
    engine = open_engine(tmp_path / "test", "tom", create=True)
    engine.add_operator("mia", "operator", "sends", keys=[(keys / "mia.pub").read_text()])
    engine.add_operator("vic", "viewer", "looks", keys=[(keys / "vic.pub").read_text()])
    yield engine
    engine.close()


@pytest.fixture
def configured(tmp_path: Path, test_stage: Engine) -> Iterator[dict[str, Path]]:
    """A file for ``ssh -F`` by who comes, in which ``test`` is the other workspace's door."""
    with door(test_stage.home) as (port, _):
        found = {}
        for who in ("mia", "vic"):
            client = Client(tmp_path / "keys", port)
            told = client.words(who)
            options = [word.partition("=")[::2] for word in told if "=" in word]
            lines = [f"  {name} {value}" for name, value in options]
            path = tmp_path / f"{who}.conf"
            path.write_text("\n".join(["Host test", "  HostName 127.0.0.1", f"  Port {port}", *lines]) + "\n")
            found[who] = path
        yield found


def test_a_version_goes_from_stage_to_stage(
    development: Engine, test_stage: Engine, configured: dict[str, Path]
) -> None:
    config = configured["mia"]
    with pytest.raises(Refusal, match=r"test said no: .*which nobody trusts here"):
        development.send("tiny@1", "test", config=config)
    test_stage.trust("development", development.bundle_key()[1], "known to me")
    sent = development.send("tiny@1", "test", config=config)
    assert sent.there == "tiny@1" and "waits for a decision here" in sent.sentence
    row = development.audit(limit=1)[0]
    assert (row.action, row.subject, row.details["to"], row.details["there"]) == ("send", "tiny@1", "test", "tiny@1")
    origin = test_stage.origin("tiny@1")
    assert origin is not None and (origin.source, origin.by) == ("development", "mia")
    test_stage.move(test_stage.plan_release("tiny@1"), "good in test", lambda step: None)
    (here,), (there,) = development.where("tiny@1"), development.where_else("tiny@1", config=config)
    assert [each.state for each in here.found] == ["live"] and here.name is None
    assert (there.name, [each.state for each in there.found]) == ("test", ["live"])
    assert there.found[0].origin == "tiny@1 of development, approved there by mia; made by run 1 for mia"
    with writing(test_stage) as db:  # As a send leaves it.
        details = {"to": "ssh://127.0.0.1:1", "there": "tiny@1"}
        trail.append(db, at=clock.now(), actor=test_stage.caller, action="send", subject="tiny@1", details=details)
    (_, onward) = development.where_else("tiny@1", config=config)
    assert (onward.name, onward.via) == ("ssh://127.0.0.1:1", "test") and "could not be reached" in str(onward.why)
    (alone,) = development.where_else("tiny@1", ("test",), config=configured["vic"])
    assert alone.found  # A viewer is told what is there, and not whom it was sent on to.
    assert development.send("tiny@1", "test", config=config).there is None
    assert test_stage.count_versions("tiny") == 1


def test_who_may_only_look_there_sends_nothing(
    development: Engine, test_stage: Engine, configured: dict[str, Path]
) -> None:
    test_stage.trust("development", development.bundle_key()[1], "known to me")
    with pytest.raises(Refusal, match="vic is a viewer and may not take versions in"):
        development.send("tiny@1", "test", config=configured["vic"])
    assert test_stage.projects() == ()


def test_a_host_that_is_none_or_does_not_answer(development: Engine, tmp_path: Path) -> None:
    for host in ("-oProxyCommand=id", "a b", "$(id)", "", "host;id", "x" * 3 + "\n"):
        with pytest.raises(Invalid, match="is no host that ssh is given"):
            development.send("tiny@1", host)
    config = tmp_path / "nowhere.conf"
    config.write_text("Host nowhere\n  HostName 127.0.0.1\n  Port 1\n")
    with pytest.raises(Refusal, match="nowhere could not be reached over SSH"):
        development.send("tiny@1", "nowhere", config=config)
    (stage,) = development.where_else("tiny@1", ("nowhere",), config=config)
    assert stage.found == () and "could not be reached" in str(stage.why)


def test_over_ssh_the_door_gives_and_takes_bundles_and_sends_none(
    development: Engine, test_stage: Engine, configured: dict[str, Path], tmp_path: Path
) -> None:
    import subprocess

    test_stage.trust("development", development.bundle_key()[1], "known to me")
    bundle = tmp_path / "x.zip"
    development.bundle("tiny@1", bundle)

    def ssh(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["ssh", "-F", str(configured["mia"]), "test", *words]
        return subprocess.run(command, input=given, capture_output=True, timeout=120)

    told = ssh("import", "-", "--json", given=bundle.read_bytes())
    assert told.returncode == 0 and json.loads(told.stdout)["version"] == "tiny@1", told.stderr
    out = ssh("bundle", "tiny@1", "-o", "-")
    assert out.returncode == 0 and out.stdout.startswith(b"PK\3\4"), out.stderr
    for words in (
        "import /etc/passwd", "bundle tiny@1 -o /tmp/x.zip", "bundle tiny@1", "send tiny@1 test", "where tiny@1 test",
        "bundle tiny@1 --data-to x",
    ):  # fmt: skip
        assert ssh(*words.split()).returncode == 1, words
    assert ssh("where", "tiny@1", "--json").returncode == 0
    cut = ssh("import", "-", given=bundle.read_bytes()[:5000])
    assert cut.returncode == 1 and b"What came on standard input is not taken in" in cut.stderr
