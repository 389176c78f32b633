"""A bit that was flipped anywhere in a bundle is seen, by the import and by the verifier, and nothing has changed then.

Each region of the file is tried: of every member its head, its name and its content; its entry in the directory; the
end; and of the manifest, its signature and the key several places.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from engine.api import Engine
from engine.bundles import zip_layout
from engine.bundles.zip_layout import CENTRAL, LOCAL
from engine.errors import Damage, Refusal
from tests.engine.bundles.conftest import Sender
from tests.engine.bundles.test_a_bundle_is_written import SCRIPT
from tests.ledger import rows_of, store_of


def regions(bundle: Path) -> Iterator[tuple[str, int, int]]:
    """Each with its first byte and the one behind its last; together they are the whole file."""
    content = bundle.read_bytes()
    begins, length, count = zip_layout.place_of_directory(content[-zip_layout.TAIL :], len(content))
    members = [each.member for each in zip_layout.read_directory(content[begins : begins + length], count)]
    place = begins
    for member, start in zip(members, zip_layout.starts(members), strict=False):
        name, body = member.name, start + len(zip_layout.head(member))
        yield f"head of {name}", start, start + LOCAL.size
        yield f"name of {name}", start + LOCAL.size, body
        if member.size:
            yield f"content of {name}", body, body + member.size
        end = place + CENTRAL.size + len(name.encode())
        yield f"entry of {name}", place, end
        place = end
    yield "end", place, len(content)


def flips(bundle: Path) -> list[tuple[str, int, int]]:
    """Some of each region: its first and last byte, and others; a bit each."""
    found = []
    for name, start, end in regions(bundle):
        chance = random.Random(name)
        places = {start, end - 1, *(chance.randrange(start, end) for _ in range(4 if "manifest" in name else 2))}
        found += [(name, place, 1 << chance.randrange(8)) for place in sorted(places)]
    return found


def test_the_regions_are_the_whole_file(sender: Sender) -> None:
    found = sorted((start, end) for _, start, end in regions(sender.zip))
    assert found[0][0] == 0 and found[-1][1] == sender.zip.stat().st_size
    assert all(before[1] == after[0] for before, after in pairwise(found))


def test_a_flipped_bit_anywhere_is_refused_and_nothing_has_changed(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    content, target = sender.zip.read_bytes(), tmp_path / "flipped.zip"
    before = rows_of(receiver)
    tried = flips(sender.zip)
    assert len(tried) > 200
    for name, place, bit in tried:
        target.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        with pytest.raises((Damage, Refusal)) as refused:
            receiver.take_in(target)
        said = str(refused.value)
        assert said.startswith(f"{target} is not taken in, and nothing was changed: "), (name, place, said)
        assert said.count("\n") == 0 and len(said) < 700
    assert rows_of(receiver) == before
    assert list(store_of(receiver).digests()) == []
    assert list((receiver.home / "cache").glob("import-*")) == []
    assert receiver.take_in(sender.zip).label == "tiny@1"


def test_the_verifier_sees_each_of_them_too(sender: Sender, tmp_path: Path) -> None:
    """In one process, as a Python for each would take a minute; that is started for some below."""
    space: dict[str, object] = {"__name__": "verifier"}
    exec(compile(SCRIPT.read_text("utf-8"), str(SCRIPT), "exec"), space)
    check = space["check_zip"]
    assert callable(check)
    content, target = sender.zip.read_bytes(), tmp_path / "flipped.zip"
    for name, place, bit in flips(sender.zip):
        target.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        try:
            check(str(target), None)
        except Exception:  # noqa: BLE001 - whatever it is, the script tells it as one line
            continue
        pytest.fail(f"{name} at {place} was not seen")


@pytest.mark.parametrize("where", ["head of version.json", "content of code/steps.py", "entry of README.html", "end",
                                   "content of manifest.json", "content of manifest.sig"])  # fmt: skip
def test_the_verifier_ends_with_one_line_and_a_code(where: str, sender: Sender, tmp_path: Path) -> None:
    content, target = bytearray(sender.zip.read_bytes()), tmp_path / "flipped.zip"
    start = next(start for name, start, _ in regions(sender.zip) if name == where)
    content[start + 1] ^= 4
    target.write_bytes(content)
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(target)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("BAD: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("change", ["changed", "gone", "more", "link"])
def test_the_verifier_sees_it_in_an_unpacked_folder(change: str, sender: Sender, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    subprocess.run(["unzip", "-q", str(sender.zip), "-d", str(folder)], check=True)
    code = folder / "code" / "steps.py"
    if change == "changed":
        code.write_text(code.read_text() + "\n")
    elif change == "gone":
        code.unlink()
    elif change == "more":
        (folder / "code" / "sitecustomize.py").write_text("print('hello')")
    else:
        code.rename(tmp_path / "elsewhere.py")
        (folder / "code" / "more.py").symlink_to(tmp_path / "elsewhere.py")
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(folder)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("BAD: ")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_one_that_was_cut_short_is_refused(share: float, receiver: Engine, sender: Sender, tmp_path: Path) -> None:
    content, target = sender.zip.read_bytes(), tmp_path / "cut.zip"
    target.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Damage, match="no bundle that is whole"):
        receiver.take_in(target)
    assert list(store_of(receiver).digests()) == []


@pytest.mark.parametrize("more", [b"\0", b"PK\5\6" + bytes(18)])
def test_something_behind_or_before_it_is_refused(
    more: bytes, receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    for content in (sender.zip.read_bytes() + more, more + sender.zip.read_bytes()):
        target = tmp_path / "more.zip"
        target.write_bytes(content)
        with pytest.raises((Damage, Refusal)):
            receiver.take_in(target)
