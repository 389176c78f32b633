"""What a jar says of itself: group, artifact and version, as Maven and those who follow it write them into it.

A jar is a stranger's archive: a few kilobytes of it are read, into no file, and what does not fit is as if it were not
said.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from itertools import islice
from lzma import LZMAError

_PROPERTIES = re.compile(r"META-INF/maven/[^/]{1,200}/[^/]{1,200}/pom\.properties")
_LARGEST, _MOST, _LONGEST = 16384, 200, 100
_WORD = re.compile(r"[A-Za-z0-9._+-]{1,80}")
_BROKEN = (zipfile.BadZipFile, zlib.error, LZMAError, OSError, ValueError, RuntimeError, EOFError)


def coordinates(content: bytes, file: str) -> str:
    """``group:artifact:version`` of the jar that is called ``file``; "" where it does not say.

    One that others were packed into says it of each of them: then it is the one that its name begins with, the longest.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as jar:
            named = (each for each in jar.infolist() if _PROPERTIES.fullmatch(each.filename))
            told = {said for each in islice(named, _MOST) if (said := _said(jar, each))}
    except _BROKEN:
        return ""
    mine = told if len(told) == 1 else {said for said in told if file.startswith(_artifact(said))}
    return max(mine, key=lambda said: (len(_artifact(said)), said), default="")


def _artifact(said: str) -> str:
    return said.split(":")[1]


def _said(jar: zipfile.ZipFile, about: zipfile.ZipInfo) -> str:
    with jar.open(about) as file:
        text = file.read(_LARGEST).decode("utf-8", "replace")
    lines = (line.partition("=") for line in text.splitlines())
    properties = {name.strip(): value.strip() for name, _, value in lines}
    found = [properties.get(name, "") for name in ("groupId", "artifactId", "version")]
    said = ":".join(found)
    return said if all(_WORD.fullmatch(each) for each in found) and len(said) <= _LONGEST else ""
