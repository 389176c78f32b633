"""Which names and kinds of members a bundle may have, and which not and why. Pure.

They are asked when one is written and again when one is read: a name must come out of any unzip, on any machine, as
one file in the folder that it is unpacked to.
"""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterable, Sequence

from engine.bundles.zip_layout import STORED, ListedMember
from engine.text import plain

MOST = 200_000
LONGEST, LONGEST_PART = 1024, 255
# What Windows takes for a device, whatever stands behind a dot.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{each}{number}" for each in ("com", "lpt") for number in range(1, 10))}
LARGEST_TEXT = 64 << 20  # of what is read as a whole: the manifest, the document, the page


def why_not_name(name: str) -> str | None:
    """Why no member may be called ``name``, as a clause; None where one may."""
    shown = f"'{plain(name, 80)}'"
    if not name or len(name) > LONGEST or any(len(part.encode()) > LONGEST_PART for part in name.split("/")):
        return f"a name in it is empty or too long ({shown})"
    if name.startswith("/") or (name[1:2] == ":" and name[0].isascii() and name[0].isalpha()):
        return f"the name {shown} in it is that of a place on this machine"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return f"the name {shown} in it leads out of its folder"
    if "\\" in name or any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in name):
        return f"the name {shown} in it has letters that no name may have"
    for part in name.split("/"):
        # Windows leaves such ends away, takes a colon for another stream of the file, and keeps nothing of a device.
        if part[-1] in ". " or ":" in part or part.partition(".")[0].rstrip(" ").lower() in _DEVICES:
            return f"the name {shown} in it is that of another file, or of none, on Windows"
    return None


def why_not_names(names: Sequence[str]) -> str | None:
    """Why there may not be members with all of these names, as a clause; None where there may."""
    if len(names) > MOST:
        return f"it has {len(names):,} members, and none of ours has more than {MOST:,}"
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for name in names:
        if (why := why_not_name(name)) is not None:
            return why
        folded = _folded(name)
        if folded in seen:
            if seen[folded] == name:
                return f"it has '{plain(name, 80)}' twice"
            both = f"'{plain(seen[folded], 80)}' and '{plain(name, 80)}'"
            return f"{both} in it differ by case or accents only, and are one file on some machines"
        seen[folded] = name
        parts = folded.split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
    double = next((seen[each] for each in seen if each in folders), None)
    return f"'{plain(double, 80)}' in it is a file and a folder" if double is not None else None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def why_not_members(members: Iterable[ListedMember], size: int) -> str | None:
    """Why a zip of ``size`` bytes with these members is none that is opened, as a clause; None where it may be one."""
    members = list(members)
    for each in members:
        shown = f"'{plain(each.name, 80)}'"
        if each.kind == stat.S_IFLNK:
            return f"{shown} in it is a symbolic link"
        if each.kind not in (0, stat.S_IFREG):
            return f"{shown} in it is no file"
        if each.flags & 1:
            return f"{shown} in it is encrypted"
        if each.method != STORED or each.packed != each.size:
            grows = f", to {each.size / max(each.packed, 1):,.0f} times its size" if each.size > each.packed else ""
            return f"{shown} in it is compressed{grows}; a bundle holds its files as they are"
    if sum(each.size for each in members) > size:
        return "its members are larger than it is itself, so that they lie in each other"
    return why_not_names([each.name for each in members])
