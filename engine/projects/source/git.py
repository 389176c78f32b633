"""A Git repository, read without trusting it.

A repository's own configuration can make ``git status`` run programs: fsmonitor, clean filters, textconv, the ssh
command or upload-pack of a partial clone, signature checkers, and the same again in every submodule. New settings of
that kind keep coming, so none is switched off here. Git is given a private, empty repository directory instead,
which borrows the objects and the index of the real one and never sees its configuration, hooks or references. Only
the remote's address and three settings about line ends and file modes are read from it, as text; and from the
machine's and the person's own settings those about line ends, and which files are ignored.

Nothing is ever written to the real repository, and one that belongs to another account can be read like any other.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source import git_process
from engine.storage import temporary
from engine.storage.disk import refused
from engine.text import plain

_SMALL = 1_000_000
_REFERENCES = 100_000_000
_CARRIED = {
    "core.autocrlf": ("true", "false", "input"),
    "core.eol": ("lf", "crlf", "native"),
    "core.filemode": ("true", "false"),
}
# Settings of the person that are read too: without them a checkout that Git calls clean would be full of changes.
_PERSONAL = ("core.autocrlf", "core.eol", "core.excludesfile", "core.attributesfile")
_MAY_SAY = re.compile(rb"autocrlf|eol|excludesfile|attributesfile|include", re.IGNORECASE)
_CONDITION = b"includeif"
_SYSTEM = Path("/etc/gitconfig")
_FILES = {"core.excludesfile": "excludesFile", "core.attributesfile": "attributesFile"}
# What running the project leaves in its folder is neither code nor a change to it.
_LEFT_BEHIND = "\n__pycache__/\n*.pyc\n.venv/\n"


@dataclass(frozen=True)
class Repository:
    """An open repository: ``folder`` is the project's, ``prefix`` its path from ``top`` ('' when they are the same)."""

    folder: Path
    top: Path
    prefix: str
    revision: str | None
    branch: str | None
    config: Mapping[str, str]
    private: Path
    index: Path

    def git(self, *args: str, limit: int = 64_000_000, index: Path | None = None) -> bytes:
        """What a git command prints. Raises Refusal."""
        return git_process.output(args, self.folder, self.environment(index), limit)

    def environment(self, index: Path | None = None) -> dict[str, str]:
        """The environment of a git process that works on the private directory."""
        return git_process.environment(
            GIT_DIR=str(self.private), GIT_WORK_TREE=str(self.top), GIT_INDEX_FILE=str(index or self.index)
        )

    @property
    def tree(self) -> str:
        """How Git names the project's folder in the commit."""
        return f"{self.revision}:{self.prefix}" if self.prefix else f"{self.revision}"

    def named(self, name: str) -> str:
        """How Git names a file of the project's folder in the commit."""
        return f"{self.revision}:{self.prefix}/{name}" if self.prefix else f"{self.revision}:{name}"


@contextmanager
def opened(folder: Path) -> Iterator[Repository | None]:
    """The repository around ``folder``; None when there is none."""
    try:
        real = folder.resolve()
        found = _find(real)
    except (OSError, RuntimeError) as error:
        raise Refusal(f"The folder {plain(str(folder), 200)} cannot be read: {plain(str(error))}.") from None
    if found is None:
        yield None
        return
    top, directory, common = found
    prefix = "" if real == top else real.relative_to(top).as_posix()
    if "\n" in prefix:
        raise Refusal(f"The name of the folder {plain(str(real), 200)} has a line break in it; rename it.")
    with ExitStack() as stack:
        with refused("The Git repository cannot be read without a temporary folder, and none can be made"):
            private = stack.enter_context(temporary.kept(temporary.GIT))
        try:
            revision, branch = _head(directory, common)
            config = _settings(private, directory, common)
            _furnish(private, directory, common, revision, config)
        except (OSError, UnicodeDecodeError) as error:
            raise Refusal(
                f"The Git repository of {plain(str(real), 200)} cannot be read: {plain(str(error))}."
            ) from None
        yield Repository(real, top, prefix, revision, branch, config, private, directory / "index")


def is_top(folder: Path) -> bool:
    """Whether a working tree begins here."""
    return (folder / ".git").is_file() or (folder / ".git/HEAD").is_file()


def _find(folder: Path) -> tuple[Path, Path, Path] | None:
    """The top of the working tree, its Git directory, and the one that a linked working tree shares with others."""
    for top in (folder, *folder.parents):
        entry = top / ".git"
        if entry.is_file():
            written = _small(entry).decode("utf-8", "surrogateescape").strip()
            directory = top / written.removeprefix("gitdir:").strip()
        elif (entry / "HEAD").is_file():
            directory = entry
        else:
            continue
        if not (directory / "HEAD").is_file():
            raise Refusal(f"{plain(str(entry), 200)} names a Git directory that is not there; repair the checkout.")
        shared = directory / "commondir"
        common = (
            directory / _small(shared).decode("utf-8", "surrogateescape").strip() if shared.is_file() else directory
        )
        return top, directory, common
    return None


def _head(directory: Path, common: Path) -> tuple[str | None, str | None]:
    """The commit that is checked out, and the branch, each None where there is none."""
    value, branch = _small(directory / "HEAD").decode().strip(), None
    for _ in range(5):
        if not value.startswith("ref:"):
            break
        name = value.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name.split("/"):
            raise Refusal(
                f"HEAD of the Git repository names '{plain(name, 80)}', which is no branch; repair the checkout."
            )
        if name == "refs/heads/.invalid":
            raise Refusal("The Git repository keeps its branches in a form (reftable) that Leverframe does not read.")
        branch = branch or name.removeprefix("refs/heads/")
        value = _reference(common, name)
    return (value if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", value) else None), branch and plain(branch, 200)


def _reference(common: Path, name: str) -> str:
    loose = common / name
    if loose.is_file():
        return _small(loose).decode().strip()
    packed = common / "packed-refs"
    if packed.is_file():
        with packed.open("rb") as lines:
            if os.fstat(lines.fileno()).st_size > _REFERENCES:
                raise Refusal(
                    f"{plain(str(packed), 200)} has more than {_REFERENCES // 1_000_000} MB; remove references that "
                    "nobody needs, and run 'git pack-refs'."
                )
            for line in lines:
                if line.rstrip(b"\n").endswith(b" " + os.fsencode(name)):
                    return line.split(b" ")[0].decode()
    return ""


def _settings(private: Path, directory: Path, common: Path) -> dict[str, str]:
    """The repository's settings as text, and of the machine's and the person's own those that say what a change is,
    also in what they include for this repository alone (of which Git then reads where it is, and its format)."""
    settings: dict[str, str] = {}
    ours = git_process.environment()
    own = {name: value for name, value in ours.items() if name not in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")}
    for scope, files in (("--system", (_SYSTEM,)), ("--global", _personal())):
        written = [_small(path) for path in files if path.is_file()]
        if any(_MAY_SAY.search(content) for content in written):
            for_this = any(_CONDITION in content.lower() for content in written)
            where = {"GIT_DIR": str(directory)} if for_this else {}
            said = git_process.output(("config", scope, "--includes", "-z", "--list"), private, own | where, _SMALL)
            settings |= {k: v for k, v in _pairs(said) if k in _PERSONAL}
    if (common / "config").is_file():
        args = ("config", "--file", str(common / "config"), "--no-includes", "-z", "--list")
        settings |= {k: v for k, v in _pairs(git_process.output(args, private, ours, _SMALL)) if k not in _FILES}
    return settings


def _personal() -> tuple[Path, Path]:
    home = Path(os.environ.get("HOME", "/nonexistent"))
    return home / ".gitconfig", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config"


def _pairs(said: bytes) -> Iterator[tuple[str, str]]:
    for entry in said.decode("utf-8", "replace").split("\0"):
        key, _, value = entry.partition("\n")
        yield key, value


def _furnish(private: Path, directory: Path, common: Path, revision: str | None, config: Mapping[str, str]) -> None:
    for name in ("objects/info", "refs", "info"):
        (private / name).mkdir(parents=True)
    (private / "HEAD").write_text(f"{revision or 'ref: refs/heads/none'}\n")
    # Through a link, because this file cannot hold every path that a file system can.
    (private / "borrowed").symlink_to((common / "objects").resolve())
    (private / "objects/info/alternates").write_text(f"{private}/borrowed\n")
    lines = ["[core]", "bare = false", f"repositoryformatversion = {int(len(revision or '') == 64)}"]
    lines += [f"{key[5:]} = {config[key]}" for key, known in _CARRIED.items() if config.get(key) in known]
    for key, written in _FILES.items():
        if key in config:
            escaped = config[key].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'{written} = "{escaped}"')
    if len(revision or "") == 64:
        lines += ["[extensions]", "objectformat = sha256"]
    (private / "config").write_text("\n".join(lines) + "\n")
    for name in ("info/exclude", "info/attributes", "shallow"):
        if (common / name).is_file():
            (private / name).write_bytes(_small(common / name))
    with (private / "info/exclude").open("a") as file:
        file.write(_LEFT_BEHIND)
    for part in directory.glob("sharedindex.*"):
        (private / part.name).symlink_to(part)


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_SMALL + 1)
    if len(content) > _SMALL:
        raise Refusal(f"{plain(str(path), 200)} is larger than a file of its kind can be; repair the repository.")
    return content


def private_index(repository: Repository) -> Path:
    """A copy of the index that may be written to."""
    copy = repository.private / "index"
    if repository.index.is_file():
        # With its time: Git reads a file again that is as old as the index, because it may have been changed, to the
        # same size, in the second after it was added. To a newer copy such a file would look unchanged.
        shutil.copy2(repository.index, copy)
    return copy
