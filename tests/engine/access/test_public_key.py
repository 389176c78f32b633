"""Which public keys are taken, what they are called, and which are refused with a sentence that says why."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from engine.access.public_key import KINDS, PublicKey, ed25519, parse
from engine.errors import Invalid
from tests.openssh import needs_client

KEY = ed25519(bytes(range(32)))


def rsa(bits: int) -> str:
    """A public key whose modulus has so many bits; it need be no product of primes to be measured."""
    modulus = (1 << (bits - 1)) | 1
    number = modulus.to_bytes((bits + 8) // 8, "big")  # with the zero in front that keeps it positive
    fields = (b"ssh-rsa", b"\x01\x00\x01", number)
    return "ssh-rsa " + base64.b64encode(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).decode()


@needs_client
@pytest.mark.parametrize(("kind", "bits"), [("ed25519", "256"), ("ecdsa", "256"), ("rsa", "2048")])
def test_a_key_is_called_what_ssh_keygen_calls_it(tmp_path: Path, kind: str, bits: str) -> None:
    made = ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "ada's laptop", "-f", tmp_path / "id"]
    subprocess.run(made, check=True)
    told = subprocess.run(["ssh-keygen", "-lf", tmp_path / "id.pub"], check=True, capture_output=True, text=True)
    key = parse((tmp_path / "id.pub").read_text())
    assert key.fingerprint == told.stdout.split()[1]
    assert key.comment == "ada's laptop" and f"{key.line} {key.comment}\n" == (tmp_path / "id.pub").read_text()


def test_spaces_lines_without_anything_and_remarks_around_it_do_not_matter() -> None:
    assert parse(f"\n# mine\n  {KEY.line}   ada@box  \n\n") == PublicKey(KEY.kind, KEY.encoded, "ada@box")


@pytest.mark.parametrize("comment", ["[red]ada[/red]", "$(reboot)", "`reboot`; x", "ada\u00e9 \u4e2d", "a" * 79])
def test_a_comment_is_kept_as_it_is_and_never_obeyed(comment: str) -> None:
    assert parse(f"{KEY.line} {comment}").comment == comment


def test_a_long_comment_is_cut() -> None:
    assert len(parse(f"{KEY.line} {'x' * 500}").comment) == 80


def test_an_rsa_key_of_2048_bits_is_taken_and_one_of_a_bit_less_is_not() -> None:
    assert parse(rsa(2048)).kind == "ssh-rsa"
    for bits in (2047, 1024, 512):
        with pytest.raises(Invalid, match=rf"has {bits:,} bits, and under 2,048 one can be found out; .*ssh-keygen"):
            parse(rsa(bits))


REFUSED = {
    "nothing": ("", "it has 0 lines"),
    "two keys": (f"{KEY.line}\n{KEY.line}\n", "it has 2 lines"),
    "a private key": ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n", "a private key, which nobody but its owner"),
    "a word": ("hello", "'hello' begins no public key that is taken"),
    "options before it": (f'command="sh" {KEY.line}', "begins no public key"),
    "a kind that is not taken": (f"ssh-dss {KEY.encoded}", "'ssh-dss' begins no public key"),
    "a certificate": (f"ssh-ed25519-cert-v01@openssh.com {KEY.encoded}", "This is a certificate"),
    "a kind that the key is not": (f"ssh-rsa {KEY.encoded}", "This ssh-rsa key is damaged"),
    "a key cut short": (KEY.line[:-8], "This ssh-ed25519 key is damaged"),
    "no base64": ("ssh-ed25519 !!!!", "key is damaged"),
    "a kind alone": ("ssh-ed25519", "key is damaged"),
    "an rsa key without numbers": (
        "ssh-rsa " + base64.b64encode(b"\x00\x00\x00\x07ssh-rsa").decode(), "This RSA key has 0 bits",
    ),
    "an order to the terminal": (f"{KEY.line} \x1b]0;owned\x07", "characters in it that steer a terminal"),
    "a direction": (f"{KEY.line} \u202eada", "steer a terminal"),
    "a null": (f"{KEY.line} a\0b", "steer a terminal"),
    "a very long line": (f"{KEY.line} {'x' * 20_000}", "it is too long for one"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_key_that_is_taken_is_refused_with_why(what: str) -> None:
    text, says = REFUSED[what]
    with pytest.raises(Invalid, match=says) as refused:
        parse(text)
    assert "\x1b" not in str(refused.value) and "\u202e" not in str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_that_is_taken_is(kind: str) -> None:
    if kind == "ssh-rsa":
        return
    field = len(kind).to_bytes(4, "big") + kind.encode()
    key = parse(f"{kind} {base64.b64encode(field + bytes(4)).decode()}")
    assert key.kind == kind and key.fingerprint.startswith("SHA256:")
