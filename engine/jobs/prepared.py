"""What every run would find out anew, found out once: in the fork server, for all that it forks.

Nothing here depends on what is asked for. What stands on the disk is found out about when the server starts, which it
does anew with each change of the code or the packages; pictures of environments are known by their digests.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from engine.environments.kind import KINDS
from engine.errors import Invalid
from engine.jobs.health import kept
from engine.json_records import learn
from engine.monitoring.look_document import LookDocument
from engine.projects.manifest.reader import parse_manifest
from engine.versions.records import VersionDocument

# With a mark before it, as some editors write it.
_MANIFEST = b"""\xef\xbb\xbf[project]
name = "a"
[environment]
python = "3.11"
[data]
extract = "a:b"
[train]
timeout = "1m"
memory = "1GiB"
[schedule]
health = { cron = "*/15 * * * *" }
"""


def prepare(root: Path) -> None:
    """For runs of the workspace at ``root``."""
    learn(VersionDocument, LookDocument, kept.Head)
    kept.rules()
    with suppress(Invalid):  # Lacking this and that, it has been read all the same, and what for is loaded.
        parse_manifest(_MANIFEST.decode("utf-8-sig"))
    for kind in KINDS.values():
        with suppress(OSError):  # Then who needs one reads it.
            kind.remember(root / "environments")
