"""The bytes of the zip: what other programs read, what is read again, and where sizes pass what 32 bits can say."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bundles import zip_layout
from engine.bundles.names import why_not_name
from engine.bundles.zip_layout import NotAZip, ZipMember
from tests.engine.bundles.forging import zipped

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), min_size=1, max_size=40)


@given(st.dictionaries(NAMES.filter(lambda name: why_not_name(name) is None), st.binary(max_size=200), max_size=8))
def test_what_is_written_is_read_by_python_and_by_us(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]
) -> None:
    path = zipped(tmp_path_factory.mktemp("zip") / "x.zip", members)
    content = path.read_bytes()
    begins, length, count = zip_layout.place_of_directory(content[-zip_layout.TAIL :], len(content))
    found = zip_layout.read_directory(content[begins : begins + length], count)
    assert [each.member for each in found] == [
        ZipMember(name, len(each), zlib.crc32(each)) for name, each in members.items()
    ]
    with zipfile.ZipFile(path) as file:
        assert {each.filename: file.read(each) for each in file.infolist()} == members


@given(st.binary(max_size=300))
def test_whatever_a_directory_holds_is_read_or_refused(content: bytes) -> None:
    for count in (0, 1, 3):
        try:
            zip_layout.read_directory(content, count)
            zip_layout.place_of_directory(content, len(content))
        except NotAZip:
            continue


@pytest.mark.parametrize("sizes", [(5 << 30, 10), (3 << 30, 3 << 30, 7), ((1 << 32) - 1, 1), ((1 << 32) - 2, 1)])
def test_sizes_beyond_four_gigabytes_are_read_by_python_and_by_us(sizes: tuple[int, ...], tmp_path: Path) -> None:
    members = [
        ZipMember(f"data/{number}", size, zlib.crc32(bytes(size)) if size < 100 else 0)
        for number, size in enumerate(sizes)
    ]
    path, places = tmp_path / "x.zip", zip_layout.starts(members)
    with open(path, "wb") as file:  # with holes where the contents are
        for member, place in zip(members, places, strict=False):
            file.seek(place)
            file.write(zip_layout.head(member))
        file.seek(places[-1])
        file.write(zip_layout.directory(members))
    with zipfile.ZipFile(path) as read:
        found = [(each.file_size, each.header_offset) for each in read.infolist()]
        assert found == list(zip(sizes, places, strict=False))
        with read.open(members[-1].name) as last:
            assert last.read(1) == b"\0"
    size = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(size - zip_layout.TAIL)
        begins, length, count = zip_layout.place_of_directory(file.read(), size)
        file.seek(begins)
        assert [each.member for each in zip_layout.read_directory(file.read(length), count)] == members


def test_more_members_than_sixteen_bits_can_count(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {f"code/{number}": b"" for number in range(70_000)})
    with zipfile.ZipFile(path) as file:
        assert len(file.namelist()) == 70_000
    content = path.read_bytes()
    assert zip_layout.place_of_directory(content[-zip_layout.TAIL :], len(content))[2] == 70_000
