"""Public keys in the form that OpenSSH writes them: which are taken, and what they are called. Pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from engine.errors import Invalid
from engine.text import plain

RSA_BITS = 2048
LONGEST = 16_384  # an RSA key of 16,384 bits has some 2,800 characters
KINDS = (
    "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa",
)  # fmt: skip
_WANTED = "the one line of a file such as ~/.ssh/id_ed25519.pub"


@dataclass(frozen=True)
class PublicKey:
    """One public key. ``comment`` is what its owner wrote behind it, shown and never obeyed."""

    kind: str
    encoded: str
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` shows it."""
        digest = sha256(base64.b64decode(self.encoded)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """It as a line of ``authorized_keys`` ends, without the comment."""
        return f"{self.kind} {self.encoded}"


def parse(text: str) -> PublicKey:
    """The key in ``text``, one line ``kind base64 comment``.

    Raises Invalid for whatever is no such line, holds options, is a private key, a certificate, of a kind that is not
    taken, an RSA key of under 2,048 bits, or has control characters.
    """
    if "PRIVATE KEY" in text:
        raise Invalid("This is a private key, which nobody but its owner should have; give the .pub file beside it.")
    lines = [each.strip() for each in text.splitlines() if each.strip() and not each.lstrip().startswith("#")]
    if len(lines) != 1 or len(lines[0]) > LONGEST:
        found = "is too long for one" if len(lines) == 1 else f"has {len(lines):,} lines"
        raise Invalid(f"This is no public key: it {found}; give {_WANTED}.")
    if plain(lines[0], LONGEST) != lines[0]:
        raise Invalid(f"This public key has characters in it that steer a terminal; give {_WANTED} as it was made.")
    kind, _, rest = lines[0].partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if "-cert-v0" in kind:
        raise Invalid("This is a certificate, and none is taken; give the public key that was certified.")
    if kind not in KINDS:
        taken = "ed25519, ecdsa, rsa and their security keys (sk-)"
        raise Invalid(f"'{plain(kind, 40)}' begins no public key that is taken; {taken} are: give {_WANTED}.")
    fields = _fields(encoded)
    if not fields or fields[0] != kind.encode():
        raise Invalid(f"This {kind} key is damaged; give {_WANTED} again.")
    if kind == "ssh-rsa":
        _refuse_short(fields)
    return PublicKey(kind, encoded, plain(comment.strip(), 80))


def ed25519(point: bytes, comment: str = "") -> PublicKey:
    """The public key of the 32 bytes ``point`` (RFC 8709, section 4)."""
    kind = b"ssh-ed25519"
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in (kind, point))
    return PublicKey(kind.decode(), base64.b64encode(blob).decode(), comment)


def _refuse_short(fields: list[bytes]) -> None:
    bits = int.from_bytes(fields[2], "big").bit_length() if len(fields) == 3 else 0
    if bits < RSA_BITS:
        raise Invalid(
            f"This RSA key has {bits:,} bits, and under {RSA_BITS:,} one can be found out; make another: ssh-keygen -t "
            "ed25519"
        )


def _fields(encoded: str) -> list[bytes]:
    """The fields of a key, each with its length before it (RFC 4253, section 6.6); none where that does not fit."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return []
    fields, place = [], 0
    while place < len(blob):
        end = place + 4 + int.from_bytes(blob[place : place + 4], "big")
        if place + 4 > len(blob) or end > len(blob):
            return []
        fields.append(blob[place + 4 : end])
        place = end
    return fields
