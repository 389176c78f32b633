"""What is read of R's packages and of a renv.lock without R: descriptions, what loads what, archives."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from engine.environments.r import archive, description, library, renv_lock
from engine.errors import Damage, Invalid, NotFound, Refusal


def install(library: Path, name: str, version: str = "1.0", *, imports: str = "", priority: str = "") -> Path:
    folder = library / name
    (folder / "R").mkdir(parents=True)
    said = f"Package: {name}\nVersion: {version}\nImports: {imports}\nDepends: R (>= 3.5)\n"
    (folder / "DESCRIPTION").write_text(said + (f"Priority: {priority}\n" if priority else ""))
    (folder / "R" / name).write_text("f <- function() 42\n")
    return folder


def test_a_project_needs_what_its_packages_load_but_for_what_is_rs_own(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "model", imports="maths (>= 2.0),\n    stats, words")
    install(second, "maths", imports="model")
    install(second, "model", "0.9")
    install(second, "stats", priority="base")
    there = description.in_libraries([first, second, tmp_path / "none"])
    assert there["model"].version == "1.0"  # of the library that comes first
    assert description.closure(["model"], there) == (["maths", "model"], ["words"])
    assert description.closure(["nobody"], there) == ([], ["nobody"])


@pytest.mark.parametrize(
    "text", ["", "Package: a\n", "Package: ../a\nVersion: 1.0\n", "Package: a\nVersion: x;y\n", "\0\xff"]
)
def test_a_folder_that_is_no_package_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "DESCRIPTION").write_text(text)
    assert description.read(tmp_path / "a") is None
    assert description.read(tmp_path / "missing") is None


def test_an_archive_depends_on_the_content_alone_and_comes_back_as_it_was(tmp_path: Path) -> None:
    one, other = install(tmp_path / "one", "model"), install(tmp_path / "other", "model")
    (one / "libs").mkdir()
    (one / "libs" / "model.so").write_bytes(b"\x7fELF")
    (one / "libs" / "model.so").chmod(0o755)
    (other / "libs").mkdir()
    (tmp_path / "model.so").write_bytes(b"\x7fELF")
    (tmp_path / "model.so").chmod(0o755)
    (other / "libs" / "model.so").symlink_to(tmp_path / "model.so")
    os.utime(other / "DESCRIPTION", (0, 0))
    digest = archive.digest_of(one)
    assert archive.digest_of(other) == digest
    archive.write(one, tmp_path / "model.tar")
    assert hashlib.sha256((tmp_path / "model.tar").read_bytes()).hexdigest() == digest
    archive.unpack(tmp_path / "model.tar", tmp_path / "back")
    assert archive.digest_of(tmp_path / "back") == digest
    assert os.access(tmp_path / "back" / "libs" / "model.so", os.X_OK)
    (one / "R" / "model").write_text("f <- function() 43\n")
    assert archive.digest_of(one) != digest


def test_a_package_whose_links_go_round_is_refused(tmp_path: Path) -> None:
    folder = install(tmp_path, "model")
    (folder / "R" / "round").symlink_to(folder)
    with pytest.raises(Refusal, match="has no end of folders"):
        archive.digest_of(folder)


@pytest.mark.parametrize(("name", "kind"), [
    ("../out", tarfile.REGTYPE), ("/etc/out", tarfile.REGTYPE), ("a/../../out", tarfile.REGTYPE),
    ("a", tarfile.SYMTYPE), ("a", tarfile.LNKTYPE), ("a", tarfile.FIFOTYPE),
])  # fmt: skip
def test_an_archive_that_no_package_of_ours_has_made_leaves_nothing_outside(
    tmp_path: Path, name: str, kind: bytes
) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as bad:
        about = tarfile.TarInfo(name)
        about.type, about.linkname, about.size = kind, "/etc/passwd", 3 if kind == tarfile.REGTYPE else 0
        bad.addfile(about, io.BytesIO(b"bad"))
    with pytest.raises(Damage, match="holds what none has"):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "in")
    assert not list(tmp_path.rglob("out"))


def packed(*headers: bytes) -> bytes:
    return b"".join(headers) + bytes(1024)


def header(name: str, kind: bytes, size: int = 0) -> bytes:
    about = tarfile.TarInfo(name)
    about.type, about.size = kind, size
    return about.tobuf(tarfile.GNU_FORMAT)


def sparse(size: int) -> bytes:
    """A file of no content that says it is of ``size``."""
    block = bytearray(header("a", tarfile.GNUTYPE_SPARSE))
    block[386:398], block[483:495] = b"%011o\0" % 0, b"%011o\0" % size
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    return bytes(block)


def told_sparse(size: int) -> tuple[bytes, ...]:
    """The same as newer programs write it."""
    said = {"major": 1, "minor": 0, "name": "a", "realsize": size}
    lines = [f" GNU.sparse.{name}={value}\n" for name, value in said.items()]
    told = "".join(f"{len(line) + 2}{line}" for line in lines).encode()
    return (
        header("x", tarfile.XHDTYPE, len(told)), told.ljust(512, b"\0"), header("a", tarfile.REGTYPE, 512),
        b"0\n".ljust(512, b"\0"),
    )  # fmt: skip


@pytest.mark.parametrize("content", [
    b"", b"no archive", packed(header("a", tarfile.REGTYPE, 5000)),
    packed(*[header("././@LongLink", tarfile.GNUTYPE_LONGNAME, 5) + b"a\0".ljust(512, b"\0")] * 3000),
    packed(header("x", tarfile.XHDTYPE, 14) + b"14 path=a\0\0b\n".ljust(512, b"\0"), header("a", tarfile.REGTYPE)),
    packed(sparse(1 << 30)), packed(*told_sparse(1 << 30)),
])  # fmt: skip
def test_an_archive_that_cannot_be_read_or_grows_without_end_is_damage(tmp_path: Path, content: bytes) -> None:
    """Whoever packed it signed it too, and the engine unpacks it."""
    (tmp_path / "bad.tar").write_bytes(content)
    with pytest.raises(Damage, match="An archive of an R package"):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "in")
    assert sum(path.stat().st_size for path in (tmp_path / "in").rglob("*")) < 5000


def test_a_package_is_kept_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = install(tmp_path / "built", "model", "2.0")

    def killed(source: Path, target: Path) -> None:
        target.mkdir(parents=True)
        shutil.copyfile(source / "DESCRIPTION", target / "DESCRIPTION")
        raise KeyboardInterrupt

    place = tmp_path / "cache" / "r" / "4.2.2"
    place.mkdir(parents=True)
    monkeypatch.setattr(shutil, "copytree", killed)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # Whoever is killed tidies nothing up.
    with pytest.raises(KeyboardInterrupt):
        library.keep(built.parent, "model", "2.0", place)
    assert list(place.rglob("DESCRIPTION")) and library.restored(tmp_path / "cache", "4.2.2") == {}
    monkeypatch.undo()
    library.keep(built.parent, "model", "2.0", place)
    assert [*library.restored(tmp_path / "cache", "4.2.2")] == [("model", "2.0")]


def test_a_package_that_calls_itself_otherwise_is_not_kept(tmp_path: Path) -> None:
    install(tmp_path / "built", "model", "2.0")
    with pytest.raises(Refusal, match=r"as model 1\.0 calls itself model 2\.0"):
        library.keep(tmp_path / "built", "model", "1.0", tmp_path)
    with pytest.raises(Refusal, match="as words 1.0 calls itself no package"):
        library.keep(tmp_path / "built", "words", "1.0", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["built"]


def renv(folder: Path, said: object) -> renv_lock.RenvLock:
    (folder / "renv.lock").write_text(said if isinstance(said, str) else json.dumps(said))
    return renv_lock.read(folder / "renv.lock", "renv.lock")


def test_a_renv_lock_says_rs_version_the_repositories_and_each_package(tmp_path: Path) -> None:
    places = [{"Name": "CRAN", "URL": "https://cran.example"}, {"Name": "x", "URL": "ftp://no"}]
    said = {
        "R": {"Version": "4.2.2", "Repositories": places},
        "Packages": {"model": {"Package": "model", "Version": "1.0-2", "Source": "Repository", "Repository": "CRAN"}},
    }
    found = renv(tmp_path, said)
    assert (found.r, found.repositories, found.packages) == ("4.2.2", ("https://cran.example",), {"model": "1.0-2"})


@pytest.mark.parametrize(("said", "words"), [
    ("not json", "is no JSON"), ("[]", "is not what renv writes"), ({"R": {}}, "is not what renv writes"),
    ({"R": {"Version": "four"}, "Packages": {}}, "names 'four' as R's version"),
    ({"R": {"Version": "4.2.2"}, "Packages": {"a;b": {"Version": "1.0", "Source": "CRAN"}}}, "that none can be"),
    ({"R": {"Version": "4.2.2"}, "Packages": {"a": {"Version": "1.0", "Source": "GitHub"}}}, "takes a from GitHub"),
])  # fmt: skip
def test_a_renv_lock_that_is_none_is_told_in_words(tmp_path: Path, said: object, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        renv(tmp_path, said)
    with pytest.raises(NotFound, match=r"There is no renv\.lock in the project"):
        renv_lock.read(tmp_path / "gone", "renv.lock")
