"""One directory that holds everything, and the names of what is in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Conflict, Forbidden, NotFound, Refusal
from engine.storage.disk import refused
from engine.storage.loss import refuse_lost

FOLDERS = (
    "objects", "environments", "runs", "live", "locks", "cache", "console", "logs", "releases", "bin", "requests",
)  # fmt: skip


@dataclass(frozen=True)
class Workspace:
    """The paths of a workspace. Making one touches nothing; see ``create`` and ``find``."""

    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.db"

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def live(self) -> Path:
        return self.root / "live"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def bin(self) -> Path:
        """Where what was cleaned away waits; may be a link to another disk."""
        return self.root / "bin"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def requests(self) -> Path:
        """The blocks of the request log, a folder for each project; only files that ``engine.requests`` wrote."""
        return self.root / "requests"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def run_folder(self, run: int) -> Path:
        return self.runs / f"{run:07d}"

    @property
    def token(self) -> str:
        """What marks this workspace's processes, so that another workspace's are never swept away with them."""
        from hashlib import sha256

        return sha256(str(self.root).encode()).hexdigest()[:16]

    @contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Hold the operating system's lock ``name``; it is freed when the process dies, however it dies.

        Raises Conflict when somebody else holds it and ``wait`` is false.
        """
        if read_only(self.root):
            raise Refusal(f"{self.root} can be looked at and not written (its medium is read only); nothing was done.")
        with refused(f"The lock '{name}' could not be taken"):
            descriptor = os.open(self.root / "locks" / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise Conflict(f"Another process is already at work on '{name}'; wait for it and try again.") from None
            yield
        finally:
            os.close(descriptor)

    def is_locked(self, name: str) -> bool:
        """Whether anybody holds the lock ``name`` at this moment."""
        try:
            descriptor = os.open(self.root / "locks" / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two who look do not take each other for its holder.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextmanager
    def looked_at_alone(self, name: str) -> Iterator[None]:
        """``lock`` for what only looks: where no lock can be had, on a medium that is read only, nobody else has it.

        Raises Conflict when somebody else holds it.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.lock(name, wait=False))
            except Conflict:
                raise
            except Refusal:
                pass
            yield


def read_only(root: Path) -> bool:
    """Whether nothing can be written at ``root``, whoever asks: the medium is read only."""
    try:
        return bool(os.statvfs(root).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def default_home() -> Path:
    """``$LEVERFRAME_HOME``, or ``~/.leverframe``."""
    return Path(os.environ.get("LEVERFRAME_HOME") or "~/.leverframe").expanduser()


def create(home: Path) -> Workspace:
    """Make the folders of a workspace at ``home``; an existing workspace is left as it is.

    Raises Damage when one was there and its ledger is gone, Refusal when ``home`` is a file or holds other things.
    """
    root = home.expanduser().absolute()
    with refused(f"The workspace {root} cannot be made"):
        if str(root.resolve()).startswith("/dev/"):  # A step has a /dev of its own.
            raise Refusal(f"{root} lies in memory, where no step would find it; name a folder on a disk.")
        if root.exists():
            if not root.is_dir():
                raise Refusal(f"{root} is a file; name a folder for the workspace.")
            find(root, must_exist=False)
            _refuse_strangers(root)
        _refuse_unmounted(root)
        make_folders(root)
    return find(root, must_exist=False)


def unmounted(root: Path, table: Path = Path("/etc/fstab")) -> Path | None:
    """Where a disk belongs that this machine's table of disks names, ``root`` or above it, and that is not mounted."""
    try:
        lines = table.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    fields = [line.split() for line in lines if not line.lstrip().startswith("#")]
    named = {each[1].replace("\\040", " ").rstrip("/") for each in fields if len(each) > 1}
    places = (each for each in (root, *root.parents) if str(each) in named)
    return next((each for each in places if not os.path.ismount(each)), None)


def make_folders(root: Path) -> None:
    """The folders of a workspace, those that are not there. Raises OSError."""
    root.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name in FOLDERS:
        (root / name).mkdir(mode=0o750, exist_ok=True)


def _refuse_unmounted(root: Path) -> None:
    place = unmounted(root)
    if place is not None:
        raise Refusal(
            f"The disk of {place} is not mounted, and what is made there now would be hidden when it is; mount it."
        )


def _refuse_strangers(root: Path) -> None:
    if (root / "ledger.db").exists():
        return
    strangers = sorted(p.name for p in root.iterdir() if p.name not in (*FOLDERS, "demo-projects"))
    if strangers:
        raise Refusal(f"{root} holds other things ({strangers[0]}, …); name an empty folder for the workspace.")


def find(home: Path, *, must_exist: bool = True) -> Workspace:
    """The workspace at ``home``.

    Raises NotFound when there is none, Damage when there was one and its ledger is gone, and Forbidden when another
    account owns it: its files would end up with two owners, and neither account could repair them.
    """
    root = home.expanduser().absolute()
    missing = f"There is no workspace at {root}; run 'leverframe init' or 'leverframe demo' first."
    # The owner first: into the folder of another account we may not even look.
    try:
        owner = root.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(missing) from None
    except PermissionError:
        raise Forbidden(f"This account may not look at {root}; name a workspace of your own with --home.") from None
    if owner != os.geteuid():
        raise Forbidden(
            f"The workspace {root} belongs to another account (uid {owner}); work as that account, "
            "or name your own with --home."
        )
    if not (root / "ledger.db").exists():
        refuse_lost(root, "gone")
        if must_exist:
            place = unmounted(root)
            why = f"for the disk of {place} is not mounted; mount it." if place else ""
            raise NotFound(f"There is no workspace at {root}, {why}" if why else missing)
    return Workspace(root)
