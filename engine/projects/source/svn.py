"""A Subversion working copy, read without trusting it.

Which address it came from, and which bytes a file had when it was checked out, stand in ``.svn``, where whoever can
write in the project's folder may have put anything. So svn is started with a configuration of its own that names no
program, is asked only for what it can say by itself or, of the log, over the network by a protocol that starts no
program here (a tunnel such as svn+ssh does); and of its words for a file's content only the digest is taken. The
content is read here, through no link, and held against that: a link in the place of it would give away any file that
this account may read.

Nothing is ever written to the working copy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

from engine.errors import Refusal
from engine.projects.source import process
from engine.storage import temporary
from engine.storage.disk import refused
from engine.text import plain

SECONDS, SERVER_SECONDS = 120.0, 30.0
SHOWN_SECONDS = 8.0
"""So long somebody waits who looks: a card is shown without its commits when the server does not answer."""
LIMIT = 64_000_000
ASKED = ("file", "svn", "http", "https")
"""How a server is asked for its log: none of these starts a program here."""
ABSENT = "install it (Debian and Ubuntu: the package subversion), this folder is a Subversion working copy"
_LOCAL = process.Program(("svn",), ABSENT, SECONDS)
# Subversion's own, with what running the project leaves in its folder: neither code nor a change to it.
_IGNORED = (
    "*.o *.lo *.la *.al .libs *.so *.so.[0-9]* *.a *.pyc *.pyo __pycache__ *.rej *~ #*# .#* .*.swp .DS_Store "
    "[Tt]humbs.db .venv"
)
_OWN = re.compile(r"^global-ignores[ \t]*[=:][ \t]*([^\n]*)$", re.MULTILINE)
_SMALL = 1_000_000


@dataclass(frozen=True)
class Server:
    """What a working copy's server is asked with: ``folder`` is the project's, ``private`` a configuration of ours."""

    folder: Path
    private: Path

    def local(self, *args: str) -> ElementTree.Element:
        """What svn says of the working copy alone. Raises Refusal."""
        return self._answer(_LOCAL, args)

    def server(self, url: str, *args: str, seconds: float = SERVER_SECONDS) -> ElementTree.Element:
        """What the server at ``url`` says. Raises Refusal, also where it is not to be asked."""
        scheme = url.partition("://")[0]
        if scheme not in ASKED:
            raise Refusal(
                f"A Subversion server is asked over {', '.join(ASKED[:-1])} or {ASKED[-1]} only, not over "
                f"'{plain(scheme, 20)}', which starts a program here."
            )
        return self._answer(replace(_LOCAL, seconds=seconds), args)

    def _answer(self, program: process.Program, args: Sequence[str]) -> ElementTree.Element:
        command = (args[0], "--xml", *self._options(), *args[1:])
        said = process.output(program, command, self.folder, _environment(), LIMIT)
        if b"<!" in said:  # Subversion declares nothing there; what another has declared could grow without end.
            where = plain(str(self.folder), 200)
            raise Refusal(f"svn in {where} prints what Subversion does not; see which svn is installed.")
        try:
            return ElementTree.fromstring(said)
        except ElementTree.ParseError as error:
            raise Refusal(
                f"What svn says of {plain(str(self.folder), 200)} cannot be read ({plain(str(error), 100)}); rename "
                "files with control characters in their names."
            ) from None

    def _options(self) -> tuple[str, ...]:
        set_here = {
            "helpers:diff-cmd": "", "helpers:diff3-cmd": "", "helpers:editor-cmd": "",
            "tunnels:ssh": "/bin/false", "miscellany:global-ignores": f"{_IGNORED} {_persons_own()}".strip(),
        }  # fmt: skip
        told = [f"--config-option=config:{name}={value}" for name, value in set_here.items()]
        timeout = f"--config-option=servers:global:http-timeout={SERVER_SECONDS:.0f}"
        return ("--non-interactive", "--no-auth-cache", "--config-dir", str(self.private), *told, timeout)


def _environment() -> dict[str, str]:
    """The environment of every svn process: whatever SVN_* the engine itself was started with stays out."""
    inherited = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**inherited, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def _persons_own() -> str:
    """What the person has Subversion ignore everywhere: what it does not name there is no change here."""
    try:
        with (Path(os.environ.get("HOME", "/nonexistent")) / ".subversion/config").open("rb") as file:
            found = _OWN.findall(file.read(_SMALL).decode("utf-8", "replace"))
    except OSError:
        return ""
    return " ".join(plain(each, 1000) for each in found[-1:])


def is_top(folder: Path) -> bool:
    """Whether a working copy begins here; of before Subversion 1.7 each folder has entries of its own."""
    return (folder / ".svn/wc.db").is_file() or (folder / ".svn/entries").is_file()


@contextmanager
def asked(folder: Path) -> Iterator[Server]:
    """Subversion, to be asked of the working copy around ``folder``, which is no link."""
    with ExitStack() as stack:
        with refused("The working copy cannot be read without a temporary folder, and none can be made"):
            private = stack.enter_context(temporary.kept(temporary.SVN))
        passwords = Path(os.environ.get("HOME", "/nonexistent")) / ".subversion/auth"
        if passwords.is_dir():  # Each is kept for one server, and goes to no other.
            (private / "auth").symlink_to(passwords)
        yield Server(folder, private)


@dataclass(frozen=True)
class Node:
    """A file or folder as it was checked out: ``name`` from the project's folder, '.' is that itself.

    ``digest``: the SHA-1 of a file's content. ``changed`` is the revision that last changed it, ``author`` whose that
    was. ``added``: it is in no revision.
    """

    name: str
    kind: str
    revision: int
    url: str
    root: str
    digest: str
    added: bool
    whole: bool
    changed: int
    author: str
    at: str
    top: str


def root(server: Server) -> str:
    """The address of the repository that the folder is of. Raises Refusal."""
    return server.local("info", ".").findtext("entry/repository/root", "")


def nodes(server: Server) -> tuple[Node, ...]:
    """All that is under version control in the folder. Raises Refusal."""
    return tuple(_node(entry) for entry in server.local("info", "--recursive", ".").iter("entry"))


def _node(entry: ElementTree.Element) -> Node:
    commit = entry.find("commit")
    changed = commit.get("revision", "") if commit is not None else ""
    return Node(
        name=_inside(entry.get("path", "")),
        kind=entry.get("kind", ""),
        revision=number(entry.get("revision", "")),
        url=entry.findtext("url", ""),
        root=entry.findtext("repository/root", ""),
        digest=entry.findtext("wc-info/checksum", ""),
        added=entry.findtext("wc-info/schedule") in ("add", "replace"),
        whole=entry.findtext("wc-info/depth", "infinity") == "infinity",
        changed=number(changed),
        author=entry.findtext("commit/author", ""),
        at=entry.findtext("commit/date", ""),
        top=entry.findtext("wc-info/wcroot-abspath", ""),
    )


def _inside(name: str) -> str:
    """The name of something in the folder, as svn tells it. Raises Refusal for one that leads out of it."""
    if name != "." and any(part in ("", ".", "..") for part in name.split("/")):
        raise Refusal(
            f"The working copy says of '{plain(name, 200)}' that it is in the project's folder, and it is not; check "
            "it out anew."
        )
    return name


def number(text: str) -> int:
    """A revision; 0 where there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@dataclass(frozen=True)
class Item:
    """How a file or folder stands against what was checked out: ``how`` in Subversion's words."""

    name: str
    how: str
    properties: str
    copied: bool
    switched: bool
    conflicted: bool
    external: bool


def items(server: Server) -> tuple[Item, ...]:
    """What differs in the folder. Raises Refusal."""
    found = []
    for entry in server.local("status", ".").iter("entry"):
        said: Mapping[str, str] = getattr(entry.find("wc-status"), "attrib", {})
        found.append(
            Item(
                name=_inside(entry.get("path", "")),
                how=said.get("item", ""),
                properties=said.get("props", ""),
                copied=said.get("copied") == "true",
                switched=said.get("switched") == "true",
                conflicted="conflicted" in (said.get("item"), said.get("props"))
                or said.get("tree-conflicted") == "true",
                external=said.get("file-external") == "true" or said.get("item") == "external",
            )
        )
    return tuple(found)


def properties(server: Server) -> dict[str, frozenset[str]]:
    """The names of those that each file was checked out with: they say that it is a link, or a program. Raises
    Refusal."""
    found = {}
    for target in server.local("proplist", "--recursive", "--revision", "BASE", ".").iter("target"):
        found[target.get("path", "")] = frozenset(each.get("name", "") for each in target.iter("property"))
    return found


def differing(server: Server, url: str, revision: int, seconds: float) -> tuple[str, ...]:
    """What in the folder is not as in ``revision`` on the server, changed here or not. Raises Refusal."""
    answer = server.server(url, "diff", "--summarize", "--revision", str(revision), ".", seconds=seconds)
    return tuple(
        (each.text or "")
        for each in answer.iter("path")
        if each.get("item") != "none" or (each.get("kind") == "file" and each.get("props") != "none")
    )
