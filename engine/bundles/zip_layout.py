"""The bytes of a bundle's zip that are not its members' own, worked out from names, sizes and checksums alone. Pure.

Nothing in them is of the moment or the machine: members lie one behind the other, stored as they are, under one date.
So a reader can work all of it out again and compare it with what is there: whatever was changed outside of the members
is seen, and no two members can overlap. Sizes beyond four gigabytes are written as zip64 says, and only those.

PKWARE, APPNOTE.TXT (.ZIP File Format Specification) 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
MOST16, MOST32 = 0xFFFF, 0xFFFFFFFF
PLAIN, LARGE = 20, 45  # the version of the format that is needed to read a member
UTF8 = 0x800
UNIX = 3 << 8
DAY = 33  # 1 January 1980, the first that a zip can have
STORED = 0
TAIL = END.size + LOCATOR64.size + END64.size


@dataclass(frozen=True)
class ZipMember:
    """One file in the zip. ``checksum``: the CRC-32 of its content."""

    name: str
    size: int
    checksum: int
    executable: bool = False


@dataclass(frozen=True)
class ListedMember:
    """A member as the directory of any zip lists it: not yet known to be one of ours."""

    name: str
    size: int
    packed: int
    checksum: int
    method: int
    flags: int
    mode: int
    made_by: int

    @property
    def member(self) -> ZipMember:
        return ZipMember(self.name, self.size, self.checksum, bool(self.mode & 0o100))

    @property
    def kind(self) -> int:
        """What the system of its maker says that it is: a file, a link, a folder; 0 where that says nothing."""
        return stat.S_IFMT(self.mode)


class NotAZip(Exception):
    """The end of the file is not that of a zip which is whole; the text says why."""


def head(member: ZipMember) -> bytes:
    """What stands before the content of ``member``. Its length does not depend on the checksum."""
    name, large = member.name.encode(), member.size >= MOST32
    size = MOST32 if large else member.size
    extra = struct.pack("<2H2Q", 1, 16, member.size, member.size) if large else b""
    version = LARGE if large else PLAIN
    return (
        LOCAL.pack(
            b"PK\3\4", version, UTF8, STORED, 0, DAY, member.checksum, size, size, len(name), len(extra)
        ) + name + extra
    )  # fmt: skip


def starts(members: Iterable[ZipMember]) -> list[int]:
    """Where the head of each begins, and last where the directory does."""
    found = [0]
    for member in members:
        found.append(found[-1] + len(head(member)) + member.size)
    return found


def directory(members: Sequence[ZipMember]) -> bytes:
    """All that stands behind the last member."""
    places = starts(members)
    listed = b"".join(_listed(member, place) for member, place in zip(members, places, strict=False))
    begins, count = places[-1], len(members)
    end, small = b"", (min(count, MOST16), min(len(listed), MOST32), min(begins, MOST32))
    if small != (count, len(listed), begins) or MOST16 in small[:1] or MOST32 in small[1:]:
        end = END64.pack(
            b"PK\6\6", END64.size - 12, UNIX | LARGE, LARGE, 0, 0, count, count, len(listed), begins
        )  # fmt: skip
        end += LOCATOR64.pack(b"PK\6\7", 0, begins + len(listed), 1)
        small = (MOST16, MOST32, MOST32)
    return listed + end + END.pack(b"PK\5\6", 0, 0, small[0], small[0], small[1], small[2], 0)


def _listed(member: ZipMember, place: int) -> bytes:
    name = member.name.encode()
    wide = [value for value in (member.size, member.size, place) if value >= MOST32]
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size, version = min(member.size, MOST32), LARGE if wide else PLAIN
    mode = stat.S_IFREG | (0o755 if member.executable else 0o644)
    return (
        CENTRAL.pack(
            b"PK\1\2", UNIX | version, version, UTF8, STORED, 0, DAY, member.checksum, size, size, len(name),
            len(extra), 0, 0, 0, mode << 16, min(place, MOST32),
        ) + name + extra
    )  # fmt: skip


def place_of_directory(tail: bytes, size: int) -> tuple[int, int, int]:
    """From the last bytes of a file of ``size``: where its directory begins, how long it is, how many it lists.

    ``tail``: the last ``TAIL`` bytes, or all. Raises NotAZip, also where something stands behind the zip's end.
    """
    if len(tail) < END.size or tail[-END.size :][:4] != b"PK\5\6":
        raise NotAZip("it does not end as a zip does: it was cut short, or something was written behind it")
    _, disk, start, here, count, length, begins, comment = END.unpack(tail[-END.size :])
    behind = END.size
    if MOST16 in (here, count) or MOST32 in (length, begins):
        if len(tail) < TAIL or tail[-TAIL:][:4] != b"PK\6\6":
            raise NotAZip("it says that it is larger than 4 GB, and its end is not that of such a zip")
        here, count, length, begins = END64.unpack(tail[-TAIL:][: END64.size])[6:]
        behind = TAIL
    if disk or start or comment or here != count or begins + length + behind != size:
        raise NotAZip("its end does not fit its length: it was cut short or changed")
    return begins, length, count


def read_directory(content: bytes, count: int) -> list[ListedMember]:
    """The members that the directory of a zip lists, whoever made it. Raises NotAZip."""
    found, place = [], 0
    try:
        for _ in range(count):
            fields = CENTRAL.unpack_from(content, place)
            if fields[0] != b"PK\1\2":
                raise NotAZip("its directory is damaged")
            lengths = fields[10:13]
            place += CENTRAL.size
            if place + sum(lengths) > len(content):
                raise NotAZip("its directory is cut short")
            name, extra = content[place : place + lengths[0]], content[place + lengths[0] :][: lengths[1]]
            place += sum(lengths)
            size, packed = _sizes(fields[9], fields[8], extra)
            found.append(
                ListedMember(
                    name.decode("utf-8"), size, packed, fields[7], fields[4], fields[3], fields[15] >> 16, fields[1]
                )
            )
    except (struct.error, UnicodeDecodeError):
        raise NotAZip("its directory is damaged") from None
    if place != len(content):
        raise NotAZip("its directory is longer than what it lists")
    return found


def _sizes(size: int, packed: int, extra: bytes) -> tuple[int, int]:
    """The sizes of a member, from the field for large ones where they are there."""
    if MOST32 not in (size, packed):
        return size, packed
    if len(extra) < 4 or struct.unpack_from("<H", extra)[0] != 1:
        raise NotAZip("its directory says that a member is larger than 4 GB, and not how large")
    values = iter(struct.unpack_from(f"<{(len(extra) - 4) // 8}Q", extra, 4))
    try:
        return (next(values) if size == MOST32 else size), (next(values) if packed == MOST32 else packed)
    except StopIteration:
        raise NotAZip("its directory says that a member is larger than 4 GB, and not how large") from None
