"""[compute]: where training goes when one machine is not enough."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.projects.manifest.reader import ComputeSpec, parse_manifest
from tests.engine.projects.manifests import SMALL, mistakes, with_line


def asking(lines: str) -> str:
    return f"{SMALL}\n[compute]\n{lines}\n"


def test_without_the_section_training_stays_on_this_machine() -> None:
    assert parse_manifest(SMALL).compute is None
    assert parse_manifest(asking("")).compute is None


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.5:8786", "tls://dask.example.org:1", "tcp://[fe80::1]:65535", "tcp://my_host:8786"]
)
def test_an_address_as_the_scheduler_prints_it_is_taken(address: str) -> None:
    assert parse_manifest(asking(f'scheduler = "{address}"')).compute == ComputeSpec(address)


def test_every_key_is_read() -> None:
    read = parse_manifest(
        asking(
            'scheduler = "tcp://a:1"\nmode = "joblib"\nworkers = 4\nconnect = "5s"\nwait = "1h"\nsilence = "2m"',
        )
    ).compute
    assert read == ComputeSpec("tcp://a:1", "joblib", 4, timedelta(seconds=5), timedelta(hours=1), timedelta(minutes=2))


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ('mode = "step"', "[compute] scheduler", "is missing."),
        ('scheduler = "10.0.0.5:8786"', "[compute] scheduler", 'must be "tcp://host:port" or "tls://host:port"'),
        ('scheduler = "tcp://a"', "[compute] scheduler", "is 'tcp://a'; it must be"),
        ('scheduler = "tcp://a:0"', "[compute] scheduler", "it must be"),
        ('scheduler = "tcp://a:65536"', "[compute] scheduler", "it must be"),
        ('scheduler = "tcp://a:1/x"', "[compute] scheduler", "it must be"),
        ('scheduler = "http://a:8787"', "[compute] scheduler", "it must be"),
        ('scheduler = "tcp://a:1"\nmode = "steps"', "[compute] mode", "did you mean 'step'?"),
        ('scheduler = "tcp://a:1"\nworkers = 0', "[compute] workers", "must be from 1 to 10,000."),
        ('scheduler = "tcp://a:1"\nsilence = "1s"', "[compute] silence", "too short"),
        ('scheduler = "tcp://a:1"\nkey = "/tls.pem"', "[compute] key", "is not a known key"),
        ('schedular = "tcp://a:1"', "[compute] schedular", "did you mean 'scheduler'?"),
    ],
)
def test_a_mistake_is_told_with_its_place(lines: str, where: str, said: str) -> None:
    found = next(mistake for mistake in mistakes(asking(lines)) if mistake.where == where)
    assert said in found.message
    assert found.line is not None


def test_a_password_in_the_address_is_not_repeated() -> None:
    (found,) = mistakes(asking('scheduler = "tcp://ada:secret@a:1"'))
    assert "secret" not in str(found)


def test_joblib_needs_a_function_to_train_with() -> None:
    command = '{ command = ["Rscript", "steps.R"] }'
    text = with_line(asking('scheduler = "tcp://a:1"\nmode = "joblib"'), "run", f"run = {command}\nscore = {command}")
    (found,) = mistakes(text)
    assert (found.where, "name a function" in found.message) == ("[compute] mode", True)
