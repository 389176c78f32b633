"""What a requirements file may say, and nothing more.

A plain requirement is a name, extras, versions and a marker: ``pandas[excel] >=2.2,<3 ; python_version < "3.13"``.
Everything else reaches past the registry that this machine's administrator chose (addresses, paths, other files,
options) and is refused line by line, so a project cannot decide where the engine's machine downloads from.
Pure: text in, requirements or mistakes out.
"""

from __future__ import annotations

import re

from engine.errors import Invalid, Mistake
from engine.text import plain

LARGEST = 1_000_000
# Longer than any real requirement; the patterns below cost the square of a line's length at worst.
_LONGEST_LINE = 1000

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_VERSION = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9][A-Za-z0-9.*+!_-]*"
_VERSIONS = rf"{_VERSION}(?:\s*,\s*{_VERSION})*"
_MARKER = r"""[A-Za-z0-9_.'"<>=!~()+*, \t-]+"""
_REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME})\s*(?:\[\s*(?:{_NAME}(?:\s*,\s*{_NAME})*)?\s*\])?\s*"
    rf"(?:{_VERSIONS}|\(\s*{_VERSIONS}\s*\))?\s*(?:;{_MARKER})?"
)
_HASH = re.compile(r"\s--hash=(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)")
# uv reads a name that ends like this as a file beside the requirements.
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar|tgz|tbz|txz|gz|bz2|xz|lzma|zst)\b", re.IGNORECASE)

_OPTIONS = (
    (("-e", "--editable"), "an editable install is not a fixed version; publish the package and name its version"),
    (("-r", "--requirement", "-c", "--constraint"), "other files are not read; write their lines here"),
    (
        ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host"),
        "a project may not choose the registry; the administrator sets it in this machine's uv.toml",
    ),
)


def logical_lines(text: str) -> list[tuple[int, str]]:
    """Each line that says something, with its number; comments gone, lines that end in a backslash joined."""
    lines: list[tuple[int, str]] = []
    start, held = 0, ""
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        start = start if held else number
        whole = held + raw
        if raw.rstrip().endswith("\\") and not raw.lstrip().startswith("#"):
            held = whole.rstrip()[:-1] + " "
            continue
        held = ""
        spoken = re.sub(r"(?:^|\s)#.*", "", whole).strip()
        if spoken:
            lines.append((start, spoken))
    if held.strip():
        lines.append((start, held.strip()))
    return lines


def requirements_text(content: bytes, source: str) -> str:
    """The text of the requirements file ``source``. Raises Invalid, which says how it is written and what to do."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise Invalid(f"{source} is UTF-16 text, as PowerShell's '>' writes it, not UTF-8; save it as UTF-8.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        said = plain(content.splitlines()[line - 1].decode("latin-1"), 80)
        raise Invalid(f"{source} line {line}: '{said}' is not UTF-8 text; save the file as UTF-8.") from None


def plain_requirements(text: str, source: str = "requirements.txt") -> tuple[str, ...]:
    """The requirements that ``text`` names, one per entry.

    Raises Invalid with every line that is not a plain requirement, each with its reason.
    """
    if len(text) > LARGEST:
        raise Invalid(f"{source} has more than {LARGEST:,} characters; name the packages that the project needs.")
    found: list[str] = []
    mistakes: list[Mistake] = []
    for number, line in logical_lines(text):
        bare = _HASH.sub("", line).strip()
        if len(bare) <= _LONGEST_LINE and _REQUIREMENT.fullmatch(bare) and not _ARCHIVE.search(bare):
            found.append(line)
        else:
            mistakes.append(Mistake(number, f"'{plain(line, 80)}'", _why(bare[:_LONGEST_LINE])))
    if mistakes:
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise Invalid(f"{source} {mistakes[0]}{more}.", tuple(mistakes))
    return tuple(found)


def _why(line: str) -> str:
    """What is wrong with a line that is not a plain requirement, and what to write instead."""
    word = re.split(r"[\s=]", line, maxsplit=1)[0]
    for names, reason in _OPTIONS:
        if word in names or (len(word) > 2 and not word.startswith("--") and word[:2] in names):
            return reason
    if line.startswith("-"):
        return "options are not taken; write one package and its version on each line"
    if re.search(r"[a-z+]+://|(?:^|@\s*)(?:file|git|hg|svn|bzr)[:+]", line, re.IGNORECASE):
        return "packages come from the registry, never from an address; name the package and its version"
    if line.startswith((".", "/", "~", "\\")) or _ARCHIVE.search(line) or "@" in line:
        return "packages come from the registry, never from a path; name the package and its version"
    if "$" in line:
        return "variables are not filled in; write the value"
    return "this is not a requirement; write it like pandas>=2.2,<3"
