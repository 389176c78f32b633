#!/usr/bin/env python3
"""Check a Leverframe bundle, or the folder that it was unpacked to: python3 verify_bundle.py BUNDLE.zip [--key SHA256…]

Reads every byte: the signature of manifest.json (Ed25519, RFC 8032), each file's SHA-256, that nothing else is there;
with Python 3.9 alone. Compare the key that it names. Take this file from somebody you trust, not out of that bundle.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import sys
import zipfile
import zlib
from typing import IO, Any

P, ORDER, MOST = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493, 0xFFFFFFFF
D, ROOT, LAST = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P), ("manifest.json", "manifest.sig")


def point(text: bytes) -> tuple[int, ...] | None:
    """The 32 bytes of a point as extended coordinates (X, Y, Z, T); None where they are none (RFC 8032, 5.1.3)."""
    sign, y = divmod(int.from_bytes(text, "little"), 2**255)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if x * x % P == x2 else x * ROOT % P
    if y >= P or x * x % P != x2 or (x == 0 and sign):
        return None
    return (x, y, 1, x * y % P) if x & 1 == sign else (P - x, y, 1, (P - x) * y % P)


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The sum of two points (RFC 8032, 5.1.4)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, d - c, d + c, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, a: tuple[int, ...]) -> tuple[int, ...]:
    found: tuple[int, ...] = (0, 1, 1, 0)
    for bit in bin(number)[2:]:
        found = add(add(found, found), a) if bit == "1" else add(found, found)
    return found


def signed(key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether the 64 bytes are the signature of the 32 bytes of a public key over the content (RFC 8032, 5.1.7)."""
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if len(key) != 32 or len(signature) != 64 or a is None or r is None or base is None or s >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + content).digest(), "little") % ORDER
    left, right = times(s, base), add(r, times(challenge, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def layout(files: list[Any]) -> list[tuple[int, bytes]]:
    """All bytes of the zip but the contents of its files, (name, size, checksum, executable): [(place, bytes)]."""
    found, listed, place = [], b"", 0
    for name, size, checksum, executable in files:
        text, short = name.encode(), min(size, MOST)
        extra = struct.pack("<2H2Q", 1, 16, size, size) if size >= MOST else b""
        same = (0x800, 0, 0, 33, checksum, short, short, len(text))
        head = struct.pack("<4s5H3L2H", b"PK\3\4", 45 if extra else 20, *same, len(extra)) + text + extra
        wide = [each for each in (size, size, place) if each >= MOST]
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        fields = (3 << 8 | (45 if wide else 20), 45 if wide else 20, *same, len(extra), 0, 0, 0)
        mode = (0o100755 if executable else 0o100644) << 16
        listed += struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields, mode, min(place, MOST)) + text + extra
        found.append((place, head))
        place += len(head) + size
    count, end = len(files), b""
    small = [min(count, 0xFFFF), min(len(listed), MOST), min(place, MOST)]
    if small[0] == 0xFFFF or MOST in small:
        end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 3 << 8 | 45, 45, 0, 0, count, count, len(listed), place)
        end += struct.pack("<4sLQL", b"PK\6\7", 0, place + len(listed), 1)
        small = [0xFFFF, MOST, MOST]
    return [*found, (place, listed + end + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, small[0], *small, 0))]


def hashed(file: IO[bytes], size: int) -> tuple[str, int]:
    """SHA-256 and CRC-32 of the next bytes."""
    whole, checksum = hashlib.sha256(), 0
    while size and (piece := file.read(min(size, 1 << 20))):
        whole.update(piece)
        checksum, size = zlib.crc32(piece, checksum), size - len(piece)
    return whole.hexdigest(), checksum


def sealed(content: bytes, signature: bytes, wanted: str | None) -> tuple[Any, str]:
    """The manifest and the fingerprint of the key that signed it."""
    blob = base64.b64decode((manifest := json.loads(content))["key"].split()[1])
    name = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    if not signed(blob[-32:], bytes.fromhex(signature.decode().strip()), content) or wanted not in (None, name):
        raise ValueError(f"manifest.json is not what {wanted or name} signed")
    return manifest, name


def check_zip(path: str, wanted: str | None) -> tuple[Any, str]:
    last = [(each, zipfile.ZipFile(path).open(each).read(1 << 28)) for each in LAST]  # noqa: SIM115 - it ends soon
    manifest, by = sealed(last[0][1], last[1][1], wanted)
    files = [[each["name"], each["size"], 0, each["executable"]] for each in manifest["members"]]
    files += [[name, len(text), 0, False] for name, text in last]
    digests = [each["sha256"] for each in manifest["members"]] + [hashlib.sha256(text).hexdigest() for _, text in last]
    with open(path, "rb") as file:
        for each, digest, (place, head) in zip(files, digests, layout(files)):  # noqa: B905 - Python 3.9
            file.seek(place + len(head))
            found, each[2] = hashed(file, each[1])
            if found != digest:
                raise ValueError(f"{each[0]!r} is not what was signed")
        for place, text in layout(files):
            file.seek(place)
            if file.read(len(text)) != text:
                raise ValueError(f"what stands between its files was changed, at byte {place} or behind")
        if file.read(1):
            raise ValueError("something stands behind its end")
    return manifest, by


def check_folder(path: str, wanted: str | None) -> tuple[Any, str]:
    with open(f"{path}/manifest.json", "rb") as one, open(f"{path}/manifest.sig", "rb") as two:
        manifest, by = sealed(one.read(), two.read(), wanted)
    known = {member["name"]: member for member in manifest["members"]}
    walked = ((os.path.join(at, each), each in names) for at, ones, names in os.walk(path) for each in ones + names)
    there = {os.path.relpath(place, path) for place, is_file in walked if is_file or os.path.islink(place)}
    for name in sorted(there ^ (known.keys() | {*LAST})):
        raise ValueError(f"{name!r} is in one of the manifest and the folder, and not in the other")
    for name, member in known.items():
        with open(f"{path}/{name}", "rb") as file:
            if hashed(file, member["size"])[0] != member["sha256"] or file.read(1):
                raise ValueError(f"{name!r} is not what was signed")
    return manifest, by


if __name__ == "__main__":
    words = [each for each in sys.argv[1:] if each != "--key"]
    if not 1 <= len(words) <= 2 or (len(words) == 2) != ("--key" in sys.argv):
        sys.exit(__doc__)
    try:
        bundle, signer = (check_folder if os.path.isdir(words[0]) else check_zip)(words[0], [*words, None][1])
        said = [f"GOOD: {bundle['label']}, {len(bundle['members'])} files, signed by {signer}"]
        said += [f"  without {part['what']}: {part['why']}" for part in bundle["absent"]]
    except Exception as error:  # noqa: BLE001 - whatever a file can hold, it is told in one line
        sys.exit(f"BAD: {words[0]} is no bundle that is whole: {error}")
    print(*(ascii(line)[1:-1] for line in said), sep="\n")  # A stranger's words: they shall steer no terminal.
