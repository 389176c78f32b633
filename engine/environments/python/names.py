"""Packages that are asked for by the name under which they are imported, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.environments.python.uv_process import own_words
from engine.environments.records import canonical
from engine.text import plain

# By import name: where nothing is called so, or only a package that is there to say what the right one is.
CALLED = {
    "sklearn": "scikit-learn", "skimage": "scikit-image", "pil": "pillow", "cv2": "opencv-python-headless",
    "yaml": "PyYAML", "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "openssl": "pyOpenSSL",
    "mysqldb": "mysqlclient", "mpl-toolkits": "matplotlib", "pptx": "python-pptx", "google-protobuf": "protobuf",
    "xgb": "xgboost", "lgb": "lightgbm", "git": "GitPython", "magic": "python-magic", "dotenv": "python-dotenv",
    "zmq": "pyzmq", "win32com": "pywin32", "win32api": "pywin32", "imblearn": "imbalanced-learn", "umap": "umap-learn",
    "fitz": "PyMuPDF", "osgeo": "GDAL",
    "tensorflow-gpu": "tensorflow", "pkg-resources": "setuptools",
    "jose": "python-jose",
    "slugify": "python-slugify", "ldap": "python-ldap", "telegram": "python-telegram-bot", "socks": "PySocks",
    "nacl": "PyNaCl", "gi": "PyGObject", "wx": "wxPython", "cairo": "pycairo", "snappy": "python-snappy",
    "lzo": "python-lzo", "xdg": "pyxdg", "faiss": "faiss-cpu",
    "pandas-profiling": "ydata-profiling", "pytables": "tables", "pytorch": "torch", "opencv": "opencv-python-headless",
    "skopt": "scikit-optimize", "sksurv": "scikit-survival", "sksparse": "scikit-sparse", "skbio": "scikit-bio",
    "skmisc": "scikit-misc", "skfuzzy": "scikit-fuzzy", "absl": "absl-py", "dns": "dnspython", "talib": "TA-Lib",
    "mecab": "mecab-python3", "pylab": "matplotlib", "opengl": "PyOpenGL", "engineio": "python-engineio",
    "socketio": "python-socketio", "memcache": "python-memcached", "xlib": "python-xlib",
    "pythonjsonlogger": "python-json-logger",
}  # fmt: skip
# By import name, where another package has that name: only the project can know which of them it means.
ANOTHER = {
    "crypto": "pycryptodome", "attr": "attrs", "docx": "python-docx", "jwt": "PyJWT", "serial": "pyserial",
    "usb": "pyusb", "mysql": "mysql-connector-python", "odf": "odfpy", "tf": "tensorflow", "np": "numpy",
    "pd": "pandas", "plt": "matplotlib", "sns": "seaborn", "kafka": "kafka-python", "community": "python-louvain",
    "bio": "biopython", "multipart": "python-multipart",
}  # fmt: skip
# Of which a part is often asked for by the name that it is imported under, such as statsmodels.api.
_WHOLE = {
    "dask", "lightgbm", "matplotlib", "numpy", "pandas", "pyarrow", "scipy", "seaborn", "sklearn", "statsmodels",
    "tensorflow", "torch", "xgboost",
}  # fmt: skip

_NAMED = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# How uv names the package that it could not get.
_FAILED = (
    re.compile(r"Failed to (?:build|download and build) `([A-Za-z0-9._-]+?)(?:==[^`]*)?`"),
    re.compile(r"[Bb]ecause ([A-Za-z0-9._-]+) was not found in the (?:package registry|provided package locations)"),
    re.compile(r"[Bb]ecause there (?:is|are) no versions? of ([A-Za-z0-9._-]+?)(?:[=<>!~\[].*)? and you require"),
    re.compile(r"[Bb]ecause only .{1,200}? of ([A-Za-z0-9._-]+?)(?:[=<>!~\[].*)? (?:is|are) available"),
    re.compile(r"[Bb]ecause (?:all versions of )?([A-Za-z0-9._-]+?)(?:[=<>!~]\S*)? (?:has|have) no (?:usable )?wheels"),
)
_CONFUSED = re.compile(r"`([A-Za-z0-9._-]+)` is often confused for `([A-Za-z0-9._-]+)`")


@dataclass(frozen=True)
class NamedRequirement:
    """One line of a requirements file: its number and the name that it asks for, as it is written there."""

    line: int
    name: str


def asked(lines: Sequence[tuple[int, str]]) -> tuple[NamedRequirement, ...]:
    """What each of the plain requirements ``lines``, with their numbers, asks for."""
    found = ((number, _NAMED.match(line)) for number, line in lines)
    return tuple(NamedRequirement(number, match[0]) for number, match in found if match)


def named(sentence: str, stderr: str, source: str, lines: Sequence[tuple[int, str]]) -> str:
    """``sentence``, why uv cannot have the requirements of the file ``source``, with the line that it is about, and
    with the right name where that is known. Pure."""
    match = next((found for found in (pattern.search(_joined(stderr)) for pattern in _FAILED) if found), None)
    if match is None:
        return sentence
    wanted = canonical(match[1])
    mine = next((each for each in asked(lines) if canonical(each.name) == wanted), None)
    if mine is None:
        return sentence
    confused = {canonical(wrong): right for wrong, right in _CONFUSED.findall(stderr)}
    meant = confused.get(wanted) or CALLED.get(wanted) or ANOTHER.get(wanted) or _of_part(mine.name.lower())
    where = f"{source} line {mine.line}"
    if meant is None:
        return f"{where}, {plain(mine.name, 60)}: {sentence}"
    said = own_words(stderr)
    tail = f" (it says: {said})" if said else ""
    return f"{where}: '{plain(mine.name, 60)}' is not the package; write {meant}{tail}."


def _of_part(name: str) -> str | None:
    """The package of a module inside of one: ``statsmodels.api`` is a part of statsmodels."""
    first, dot, _ = name.partition(".")
    return CALLED.get(first, first) if dot and first in _WHOLE else None


def doubts(source: str, lines: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """The lines that ask for a package which is probably another than the one that is meant, each in words. Pure."""
    return tuple(
        f"{source} line {each.line} asks for {plain(each.name, 60)}; the package that is imported under that name is "
        f"usually {ANOTHER[canonical(each.name)]}"
        for each in asked(lines)
        if canonical(each.name) in ANOTHER
    )


def _joined(text: str) -> str:
    """uv breaks its sentences into lines."""
    return " ".join(text.split())
