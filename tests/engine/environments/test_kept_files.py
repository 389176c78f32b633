"""What an environment is built from is kept in the store, once, and builds it again with no registry and no cache."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.environments import kept_files
from engine.environments.keeping import TRIED_AGAIN_AFTER, build_from_kept, ensure_kept, forget_damaged
from engine.environments.kept_files import KeptFiles
from engine.environments.kind import PYTHON
from engine.environments.python.build import ensure
from engine.environments.python.fetching import login_for, offers
from engine.environments.python.installing import with_built
from engine.environments.python.kind import PythonKind
from engine.environments.python.lock import Lock, hashes_of
from engine.environments.records import FetchedFiles, nothing_kept
from engine.errors import Damage, Refusal
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from tests.ledger import ledger_at

if TYPE_CHECKING:
    from conftest import Place

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
BACKEND = """
import zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "wildsloe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("wildsloe.py", "VERSION = '1.0'")
        wheel.writestr("wildsloe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: wildsloe\\nVersion: 1.0\\n")
        wheel.writestr("wildsloe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("wildsloe-1.0.dist-info/RECORD", "wildsloe-1.0.dist-info/RECORD,,\\n")
    return name
"""


class Keeping:
    """A workspace whose administrator set up ``place`` as the registry."""

    def __init__(self, place: Place, ledger: Ledger) -> None:
        self.place, self.ledger, self.store = place, ledger, ObjectStore(place.root / "objects")

    def keep(self, lock: Lock, at: datetime = NOW, *, anew: bool = False) -> KeptFiles:
        return ensure_kept(self.ledger, self.store, lock, self.place.cache, self.place.root, at, anew=anew)

    def break_one(self, kept: KeptFiles, package: str, content: bytes | None = None) -> None:
        (file,) = (each for each in kept.files if each.package == package)
        path = self.store.path(file.stored.chunks[0])
        path.unlink()
        if content is not None:
            path.write_bytes(content)

    def unplug(self) -> None:
        """No registry any more, and nothing in uv's cache."""
        shutil.rmtree(self.place.wheels)
        self.place.wheels.mkdir()
        shutil.rmtree(self.place.cache / "uv", ignore_errors=True)


@pytest.fixture
def keeping(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeping]:
    for name in ("UV_NO_INDEX", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, place.uv.environ[name])
    with ExitStack() as stack:
        yield Keeping(place, stack.enter_context(ledger_at(place.root)))


def test_every_file_that_is_kept_has_a_digest_of_the_lock(keeping: Keeping) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    assert kept.why is None and sorted(each.package for each in kept.files) == ["apple", "fruit-salad", "pear"]
    assert all(each.stored.digest in hashes_of(lock.text)[each.package] for each in kept.files)
    wheels = {each.name: (keeping.place.wheels / each.name).read_bytes() for each in kept.files}
    assert {each.name: keeping.store.read(each.stored) for each in kept.files} == wheels
    assert list(keeping.place.root.glob("kept-*")) == []


def test_a_lock_that_is_kept_asks_nobody_again(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    monkeypatch.setattr(PythonKind, "fetch", lambda *given: pytest.fail("it was fetched again"))
    assert keeping.keep(lock, NOW + timedelta(days=300)) == kept


def test_what_another_lock_has_kept_is_not_stored_again(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keeping.keep(keeping.place.lock("apple==2.0"))
    (apple,) = first.files
    fetch, given = PythonKind.fetch, dict[str, bool]()

    def told(kind: PythonKind, lock: Lock, cache: Path, into: Path, known: Mapping[str, str]) -> FetchedFiles:
        found = fetch(kind, lock, cache, into, known)
        given.update({each.package: each.path is not None for each in found.files})
        return found

    monkeypatch.setattr(PythonKind, "fetch", told)
    kept = keeping.keep(keeping.place.lock("fruit-salad"))
    assert kept.why is None and apple in kept.files
    assert given == {"apple": False, "fruit-salad": True, "pear": True}


def test_a_file_that_another_lock_has_kept_and_that_is_damaged_is_fetched_again(keeping: Keeping) -> None:
    first = keeping.keep(keeping.place.lock("apple==2.0"))
    keeping.break_one(first, "apple", b"something else")
    kept = keeping.keep(keeping.place.lock("fruit-salad"))
    assert kept.why is None and forget_damaged(keeping.ledger, keeping.store, kept) == ()


def test_what_the_registry_does_not_give_is_said_and_asked_for_again_after_an_hour(keeping: Keeping) -> None:
    lock = keeping.place.lock("fruit-salad")
    pear = keeping.place.wheels / "pear-1.5-py3-none-any.whl"
    content = pear.read_bytes()
    pear.write_bytes(b"another file under the same name")
    kept = keeping.keep(lock)
    assert kept.why == f"{pear.name} is another file in the registry than the one that was locked"
    assert sorted(each.package for each in kept.files) == ["apple", "fruit-salad"]
    with pytest.raises(Refusal, match="Not all that its environment is built from is kept: pear-1.5-py3"):
        build_from_kept(keeping.store, kept, lock, nothing_kept, keeping.place.root / "apart", None)
    pear.write_bytes(content)
    assert keeping.keep(lock, NOW + TRIED_AGAIN_AFTER / 2) == kept
    assert keeping.keep(lock, NOW + TRIED_AGAIN_AFTER / 2, anew=True).why is None
    with keeping.ledger.read() as db:
        found = kept_files.of(db, lock.digest)
    assert found is not None and len(found.files) == 3


def test_a_registry_that_cannot_be_reached_is_said_and_the_lock_is_kept_when_it_can(keeping: Keeping) -> None:
    lock, wheels = keeping.place.lock("fruit-salad"), keeping.place.wheels
    aside = wheels.rename(wheels.with_name(f"{wheels.name}-aside"))
    wheels.mkdir()
    shutil.rmtree(keeping.place.cache / "uv")
    kept = keeping.keep(lock)
    assert kept.files == () and kept.why is not None
    assert kept.why.startswith("the registry did not say where they are: ")
    wheels.rmdir()
    aside.rename(wheels)
    assert keeping.keep(lock, NOW + TRIED_AGAIN_AFTER).why is None


def test_a_registry_that_is_away_takes_nothing_from_what_is_kept(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    (pear,) = (each for each in kept.files if each.package == "pear")
    content = keeping.store.read(pear.stored)
    keeping.break_one(kept, "pear")
    forget_damaged(keeping.ledger, keeping.store, kept)
    keeping.unplug()
    left = keeping.keep(lock, anew=True)
    assert left.why is not None and sorted(each.package for each in left.files) == ["apple", "fruit-salad"]
    with keeping.ledger.read() as db:
        needed = kept_files.objects(db)[lock.digest]
    assert {name for each in left.files for name in each.stored.chunks} == needed, "what is not named is swept"

    def meanwhile(*given: object) -> FetchedFiles:
        with keeping.ledger.write() as db:
            kept_files.keep(db, kept)
        return FetchedFiles((), "the registry is away")

    monkeypatch.setattr(PythonKind, "fetch", meanwhile)
    assert keeping.keep(lock, anew=True).why == "the registry is away", "of what another run kept pear is gone, too"
    assert keeping.store.put(content) == pear.stored.chunks[0]
    assert keeping.keep(lock, anew=True) == kept


def test_what_was_damaged_is_dropped_from_what_is_kept_by_now(keeping: Keeping) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    few = replace(kept, files=tuple(each for each in kept.files if each.package == "pear"))
    keeping.break_one(kept, "pear")
    assert [each.package for each in forget_damaged(keeping.ledger, keeping.store, few)] == ["pear"]
    with keeping.ledger.read() as db:
        left = kept_files.of(db, lock.digest)
    assert left is not None and sorted(each.package for each in left.files) == ["apple", "fruit-salad"]


def test_a_file_that_changes_while_it_is_kept_is_not_kept(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, fetch = keeping.place.lock("fruit-salad"), PythonKind.fetch

    def changed(kind: PythonKind, lock: Lock, cache: Path, into: Path, known: Mapping[str, str]) -> FetchedFiles:
        found = fetch(kind, lock, cache, into, known)
        (into / "pear-1.5-py3-none-any.whl").write_bytes(b"another")
        return found

    monkeypatch.setattr(PythonKind, "fetch", changed)
    kept = keeping.keep(lock)
    assert kept.why == "pear-1.5-py3-none-any.whl changed while it was kept"
    assert sorted(each.package for each in kept.files) == ["apple", "fruit-salad"]


def test_an_environment_is_built_apart_from_what_is_kept_alone(keeping: Keeping) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    keeping.unplug()
    apart = keeping.place.root / "apart"
    apart.mkdir()
    environment = build_from_kept(keeping.store, kept, lock, nothing_kept, apart, None)
    assert environment.path.is_relative_to(apart) and PYTHON.compare(environment, lock) == ()
    assert {path.name for path in environment.path.rglob("__init__.py")} == {"__init__.py"}
    assert not keeping.place.environments.exists() or not any(keeping.place.environments.glob("[!.]*"))
    assert not any(keeping.place.cache.glob("uv/archive*")), "nor is anything taken from the workspace's cache"
    (environment.path / "lib").rename(environment.path / "elsewhere")
    assert PYTHON.compare(environment, lock) != ()


@pytest.mark.parametrize("content", [None, b"", b"something else"])
def test_what_is_kept_and_not_whole_builds_nothing_and_is_fetched_the_next_time(
    keeping: Keeping, content: bytes | None
) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    keeping.break_one(kept, "pear", content)
    apart = keeping.place.root / "apart"
    apart.mkdir()
    with pytest.raises(Damage, match=r"What is kept of pear is gone from the store or damaged\."):
        build_from_kept(keeping.store, kept, lock, nothing_kept, apart, None)
    assert [each.package for each in forget_damaged(keeping.ledger, keeping.store, kept)] == ["pear"]
    with keeping.ledger.read() as db:
        left = kept_files.of(db, lock.digest)
    assert left is not None and left.why == "pear-1.5-py3-none-any.whl was damaged or gone in the store"
    whole = keeping.keep(lock, anew=True)
    assert whole.why is None and forget_damaged(keeping.ledger, keeping.store, whole) == ()


@pytest.mark.parametrize("settings", ["an index", "a folder of wheels"])
def test_nothing_but_what_is_kept_builds_it_whatever_the_machine_is_set_up_with(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, settings: str
) -> None:
    lock, root = keeping.place.lock("fruit-salad"), keeping.place.root
    kept = keeping.keep(lock)
    few = replace(kept, files=tuple(each for each in kept.files if each.package != "pear"))
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.delenv("UV_FIND_LINKS")
    if settings == "an index":
        (pear,) = keeping.place.wheels.glob("pear-*.whl")
        page = root.with_name(f"{root.name}-simple") / "pear"
        page.mkdir(parents=True)
        (page / "index.html").write_text(f'<a href="{pear.as_uri()}">{pear.name}</a>')
        monkeypatch.setenv("UV_DEFAULT_INDEX", page.parent.as_uri())
    else:
        (root / "uv").mkdir()
        (root / "uv" / "uv.toml").write_text(f'find-links = ["{keeping.place.wheels}"]\n')
        monkeypatch.setenv("XDG_CONFIG_HOME", str(root))
    for number, files in enumerate((kept, few)):
        apart = root / f"apart-{number}"
        apart.mkdir()
        if files is kept:
            build_from_kept(keeping.store, files, lock, nothing_kept, apart, None)
        else:
            with pytest.raises(Refusal):
                build_from_kept(keeping.store, files, lock, nothing_kept, apart, None)


def test_a_rollback_builds_its_environment_with_no_network_and_no_cache(keeping: Keeping) -> None:
    lock = keeping.place.lock("fruit-salad")
    kept = keeping.keep(lock)
    keeping.unplug()
    built = ensure(lock, keeping.place.environments, uv=keeping.place.uv)
    assert PYTHON.compare(built, lock) == ()
    assert not any(built.path.glob(".kept*")), "the wheels do not stay in it"
    shutil.rmtree(built.path)
    shutil.rmtree(keeping.place.cache / "uv")
    keeping.break_one(kept, "apple")
    with pytest.raises(Refusal):
        ensure(lock, keeping.place.environments, uv=keeping.place.uv)


def test_of_a_package_that_is_source_only_the_wheel_that_was_built_is_kept(keeping: Keeping) -> None:
    source = keeping.place.root / "wildsloe-1.0"
    source.mkdir()
    (source / "backend.py").write_text(BACKEND)
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "wildsloe"\nversion = "1.0"\n'
    )
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: wildsloe\nVersion: 1.0\n")
    with tarfile.open(keeping.place.wheels / "wildsloe-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "wildsloe-1.0")
    lock = keeping.place.lock("wildsloe", "apple")
    kept = keeping.keep(lock)
    assert kept.why == "wildsloe 1.0 is source only, and uv has the wheel no longer", "it was never built"
    ensure(lock, keeping.place.environments, uv=keeping.place.uv)
    kept = keeping.keep(lock, anew=True)
    wildsloe = keeping.store.read(next(each for each in kept.files if each.package == "wildsloe").stored)
    assert kept.why is None and sorted(each.name for each in kept.files) == [
        "apple-2.0-py3-none-any.whl", "wildsloe-1.0-py3-none-any.whl",
    ]  # fmt: skip
    shutil.rmtree(keeping.place.cache / "uv")
    apple = next(each for each in kept.files if each.package == "apple")
    keeping.break_one(kept, "wildsloe")
    found = keeping.keep(lock, anew=True)
    assert found.why == "wildsloe 1.0 is source only, and uv has the wheel no longer" and found.files == (apple,)
    for digest in next(each for each in kept.files if each.package == "wildsloe").stored.chunks:
        assert keeping.store.put(wildsloe) == digest
    keeping.unplug()
    (apart := keeping.place.root / "apart").mkdir()
    environment = build_from_kept(keeping.store, kept, lock, nothing_kept, apart, None)
    assert PYTHON.compare(environment, lock) == () and len(list(environment.path.rglob("wildsloe.py"))) == 1


def test_only_the_digest_of_a_wheel_that_the_lock_does_not_know_is_added_to_it() -> None:
    text = f"apple==2.0 \\\n    --hash=sha256:{'a' * 64}\nplum-tree==1.0 --hash=sha256:{'b' * 64}\n"
    found = {"apple-2.0-py3-none-any.whl": "a" * 64, "plum_tree-1.0-py3-none-any.whl": "c" * 64, "x-1-y.whl": "d" * 64}
    apple, wildsloe = with_built(text, found).splitlines()
    assert apple.count("--hash=sha256:") == 1
    assert wildsloe == f"plum-tree==1.0 --hash=sha256:{'b' * 64} --hash=sha256:{'c' * 64}"


def test_a_place_is_taken_only_with_the_name_of_a_wheel() -> None:
    sha = "e" * 64
    wheels = [
        {"url": "https://example.org/a/apple-2.0%2Bx-py3-none-any.whl"},
        {"path": "near/apple-2.0-py3-none-any.whl"},
        {"name": "../apple.whl", "url": "https://example.org/apple"},
        {"url": "https://example.org/apple-2.0.tar.gz"},
    ]
    said = "[[packages]]\nname = 'Apple'\n"
    for wheel in wheels:
        said += f"[[packages.wheels]]\nhashes = {{ sha256 = '{sha}' }}\n"
        said += "".join(f"{key} = {json.dumps(value)}\n" for key, value in wheel.items())
    found = [(each.package, each.name, each.url) for each in offers(said, Path("/there"))]
    assert found == [
        ("apple", "apple-2.0+x-py3-none-any.whl", "https://example.org/a/apple-2.0%2Bx-py3-none-any.whl"),
        ("apple", "apple-2.0-py3-none-any.whl", "file:///there/near/apple-2.0-py3-none-any.whl"),
    ]
    assert list(offers("no toml [", Path("/there"))) == []


def test_a_login_goes_to_the_registry_that_it_is_for_and_to_no_other() -> None:
    environ = {"UV_INDEX": "mine=https://ada:s%40cret@example.org/simple", "UV_DEFAULT_INDEX": "https://a.example/x"}
    assert login_for("example.org", environ, lambda host: None) == "ada:s@cret"
    assert login_for("a.example", environ, lambda host: None) is None
    assert login_for("elsewhere.org", environ, lambda host: f"bob:{host}") == "bob:elsewhere.org"
