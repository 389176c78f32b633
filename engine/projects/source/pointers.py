"""Files of which a commit holds a pointer only, or what nobody can read without a key. Pure.

What such a file holds is not in any version: a run would train on a line of text that names it.
"""

from __future__ import annotations

from engine.text import plain

_ENCRYPTED = b"\0GITCRYPT\0"
_ANNEX = b"/annex/objects/"
_LFS = "keeps '{}' in Git LFS, and what lies in the folder is not its content; run 'git lfs pull' there"
# How each begins, with what is said of the repository that has it.
_BEGINNINGS = {
    b"version https://git-lfs.github.com/spec/": _LFS,
    b"version https://hawser.github.com/spec/": _LFS,
    _ANNEX: "keeps '{}' in git-annex, which no version would hold; add the file itself to Git",
    _ENCRYPTED: (
        "holds '{}' encrypted by git-crypt, which no run could read; keep that file outside of the project, or what it "
        "says in a variable that [environment] pass names"
    ),
}
_LONGEST_POINTER = 2000
# How files begin that Git's filters encrypt, and that projects may as well keep and read themselves.
_CIPHERS = (b"U2FsdGVkX1", b"Salted__", b"age-encryption.org/v1", b"-----BEGIN AGE ", b"-----BEGIN PGP MESSAGE")


def said_of(name: str, content: bytes, *, link: bool = False) -> str | None:
    """What a repository does with the file, and the way out; None where ``content`` is the file, or a link's target."""
    if link:
        content = _ANNEX if b".git" + _ANNEX in content else b""
    if len(content) >= _LONGEST_POINTER and not content.startswith(_ENCRYPTED):
        return None
    said = next((what for beginning, what in _BEGINNINGS.items() if content.startswith(beginning)), None)
    return said.format(plain(name, 200)) if said else None


def encrypted(content: bytes) -> bool:
    """Whether ``content`` may be what a filter of Git has encrypted."""
    return content.startswith(_CIPHERS)


def said_of_filter(name: str, filter: str) -> str:
    """What a repository does with an encrypted file that it passes through a filter, and the way out."""
    how = f"encrypted by its filter '{plain(filter, 60)}'"
    return _BEGINNINGS[_ENCRYPTED].replace("encrypted by git-crypt", how).format(plain(name, 200))
