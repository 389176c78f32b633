"""What another workspace answers over SSH is a stranger's: bounded, of words, and never an option of ssh's."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from engine.bundles.over_ssh import LARGEST_ANSWER, ask
from engine.bundles.whereabouts import read_answer
from engine.errors import Damage, Invalid, Refusal

DIGEST = "ab" * 32


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of ssh: what it does is written into the file."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin" / "ssh"


def does(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    "host",
    ["-oProxyCommand=id", "", "a b", "user@-oProxyCommand=id", "ssh://-x", "a;id", "a\nb", "$(id)", "a'b", "@x",
     "x:abc"],
)  # fmt: skip
def test_a_host_that_is_none_is_never_given_to_ssh(host: str, there: Path, tmp_path: Path) -> None:
    does(there, f"touch {tmp_path}/asked")
    with pytest.raises(Invalid, match="is no host that ssh is given"):
        ask(host, ["where", DIGEST])
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("host", ["prod", "ada@prod.example.org", "ssh://ada@prod:2222", "[::1]", "ada@[fe80::1]"])
def test_ssh_is_given_no_word_that_it_could_take_for_an_option(host: str, there: Path, tmp_path: Path) -> None:
    does(there, f'printf "%s\\n" "$@" > {tmp_path}/asked; echo "{{}}"')
    assert ask(host, ["where", DIGEST, "--here"]) == {}
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[asked.index("--") + 1 :] == [host, "leverframe", "where", DIGEST, "--here", "--json"]
    assert "BatchMode=yes" in asked and any(each.startswith("ServerAlive") for each in asked)


@pytest.mark.parametrize(
    "answer", ["", "[]", "3", "{", "NaN", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\\377"]
)  # fmt: skip
def test_an_answer_that_is_none_is_told_in_words(answer: str, there: Path, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text(answer)
    does(there, f"cat {tmp_path}/answer")
    with pytest.raises(Refusal, match="did not answer as a Leverframe does"):
        ask("prod", ["where", DIGEST])


@pytest.mark.parametrize("where", ["", " >&2"])
def test_who_answers_without_end_is_ended(where: str, there: Path) -> None:
    does(there, f"yes{where}")
    with pytest.raises(Refusal, match="says more than any Leverframe does"):
        ask("prod", ["where", DIGEST])
    does(there, f"trap '' PIPE; while :; do echo {'x' * 4000}{where or ' 2>&-'}; done")
    with pytest.raises(Refusal, match="says more than any Leverframe does"):
        ask("prod", ["where", DIGEST])
    does(there, f"head -c {LARGEST_ANSWER} /dev/zero{where}; exit 1")
    with pytest.raises(Refusal, match="said no"):
        ask("prod", ["where", DIGEST])


def test_what_it_says_last_is_told_without_what_steers_a_terminal(there: Path) -> None:
    does(there, "printf 'first\\n\\033]0;owned\\007\\033[2Jnobody trusts it here\\n' >&2; exit 1")
    with pytest.raises(Refusal) as refused:
        ask("prod", ["import", "-"], io.BytesIO(b"") and None)
    assert str(refused.value) == "prod said no: nobody trusts it here"
    does(there, "exit 255")
    with pytest.raises(Refusal, match="prod could not be reached over SSH: it ended with code 255"):
        ask("prod", ["import", "-"])


@pytest.mark.parametrize(
    "stages",
    ["5", "[5]", '[{"found": 5}]', '[{"found": [5]}]', '[{"found": "ab"}]', '[{"found": [{"version": 5}]}]',
     '[{"found": [{"version": "x@1", "state": "gone", "why": null, "made_at": "2026-01-01", "live_from": null, '
     '"live_until": null, "origin": null}]}]',
     '[{"found": [{"version": "x@1", "state": "live", "why": null, "made_at": "once", "live_from": null, '
     '"live_until": null, "origin": null}]}]'],
)  # fmt: skip
def test_what_is_said_of_a_version_in_another_form_is_no_answer(stages: str, there: Path, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text(f'{{"stages": {stages}}}')
    does(there, f"cat {tmp_path}/answer")
    told = ask("prod", ["where", DIGEST])
    if stages in ("5", "[5]"):
        assert read_answer(told) == ((), None, ())
        return
    with pytest.raises((Damage, Invalid), match=r"What it says cannot be read|not a time"):
        read_answer(told)


def test_who_does_not_answer_in_time_is_not_waited_for_nor_what_they_started(there: Path) -> None:
    does(there, "sleep 600 & sleep 600")
    with pytest.raises(Refusal, match=r"prod did not answer within 0.2 seconds."):
        ask("prod", ["where", DIGEST], seconds=0.2)
