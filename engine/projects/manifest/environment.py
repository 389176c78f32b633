"""The section [environment] of a manifest: which kind it is, and what each kind is asked for."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from engine.projects.manifest.fields import Table, nearest, shown
from engine.projects.manifest.records import EnvironmentSpec

# The keys of each kind, beside those of all.
KEYS = {
    "python": ("python", "requirements", "warm"),
    "r": ("r", "packages", "lock"),
    "jvm": ("java", "jars"),
    "container": ("image", "runtime"),
    "system": (),
}
OF_ALL = ("kind", "pass", "programs")
_PYTHON = r"3\.(?:9|[1-9][0-9])(?:\.[0-9]{1,3})?"
_VERSION = r"[0-9]{1,4}(?:\.[0-9]{1,6}){0,3}"
_PROGRAM = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}"
_IMAGE = r"[a-z0-9][A-Za-z0-9._/:-]{0,120}@sha256:[0-9a-f]{64}"
_PACKAGE = r"[A-Za-z][A-Za-z0-9.]{0,98}[A-Za-z0-9]"


def environment(table: Table) -> EnvironmentSpec:
    """What the project's programs need around them."""
    named = table.choice("kind", tuple(KEYS))
    kind = named or "python"
    if named or "kind" not in table:
        _refuse_others(table, kind)
    programs = _programs(table)
    if kind == "system" and not programs and "programs" not in table:
        table.mistake("programs", 'is missing; a system environment is its programs, such as { psql = "15" }.')
    if kind == "container" and "image" not in table:
        table.mistake("image", 'is missing; name the image by its digest, such as "name@sha256:…".')
    return EnvironmentSpec(
        kind=kind,
        python=table.matching("python", _PYTHON, 'a version from 3.9 on, such as "3.11"'),
        requirements=_inside(table, "requirements"),
        variables=_passed(table),
        warm=table.flag("warm", False),
        r=table.matching("r", _VERSION, 'a version of R, such as "4.2"'),
        packages=_packages(table),
        lock=_inside(table, "lock"),
        java=table.matching("java", _VERSION, 'a version of Java, such as "17"'),
        jars=_jars(table),
        image=table.matching("image", _IMAGE, 'an image named by its digest, such as "name@sha256:…"'),
        runtime=table.choice("runtime", ("docker", "podman")) or "docker",
        programs=programs,
    )


def _refuse_others(table: Table, kind: str) -> None:
    """A key of another kind is told as that, not as one that is unknown. Of a kind that nobody knows nothing is said:
    its name is the mistake."""
    foreign = {key: other for other, keys in KEYS.items() for key in keys if other != kind}
    known = (*OF_ALL, *KEYS[kind])
    for key in table.values:
        if key in foreign:
            table.mistake(key, f"goes with kind = {shown(foreign[key])}, and kind is {shown(kind)} here.")
        elif key not in known:
            said = nearest(key, known) or f"; known here: {', '.join(known)}."
            table.mistake(key, f"is not a known key{said}")


def _passed(table: Table) -> tuple[str, ...]:
    names = table.texts("pass", most=100, limit=100) or ()
    for name in names:
        if not (name.isidentifier() and name.isascii()):
            table.mistake("pass", f"names {shown(name)}; a variable's name is letters, digits and _.")
        elif name.startswith("LEVERFRAME"):
            table.mistake("pass", f"names {shown(name)}; names that begin with LEVERFRAME are the engine's own.")
    return names


def _programs(table: Table) -> dict[str, str]:
    if "programs" not in table:
        return {}
    if not isinstance(table.values["programs"], dict):
        table.mistake("programs", 'must name each program with its version, such as { java = "17", awk = "" }.')
        return {}
    named = table.table("programs")
    found = {}
    for name in list(named.values)[:50]:
        version = named.values[name]
        if not re.fullmatch(_PROGRAM, name):
            named.mistake(name, "is no name of a program; it is letters, digits and . _ + - only, without a path.")
        elif version != "" and not (isinstance(version, str) and re.fullmatch(_VERSION, version)):
            named.mistake(name, f'is {shown(version)}; write the version that is needed, such as "17", or "" for any.')
        else:
            found[name] = version
    return found


def _packages(table: Table) -> tuple[str, ...]:
    names = table.texts("packages", most=500, limit=100) or ()
    for name in names:
        if not re.fullmatch(_PACKAGE, name):
            table.mistake("packages", f"names {shown(name)}, which is no name of an R package.")
    if names and "lock" in table:
        table.mistake("packages", "names packages, and lock names a file that does; keep one of the two.")
    return names


def _jars(table: Table) -> tuple[str, ...]:
    paths = table.texts("jars", most=500, limit=300) or ()
    names = [path.rpartition("/")[2] for path in paths]
    for path, name in zip(paths, names, strict=True):
        problem = _path_problem(path)
        if problem or not name.endswith(".jar"):
            table.mistake("jars", f"names {shown(path)}; it must name a .jar inside the project's folder.")
        elif names.count(name) > 1:
            table.mistake("jars", f"names {shown(name)} more than once; jars lie side by side in the environment.")
    return paths


def _inside(table: Table, key: str) -> str | None:
    value = table.text(key, limit=300)
    if value is not None and _path_problem(value):
        table.mistake(key, f"is {shown(value)}; it must name a file inside the project's folder.")
        return None
    return value


def _path_problem(value: str) -> bool:
    path = PurePosixPath(value)
    leads_out = path.is_absolute() or ".." in path.parts or value.startswith("~")
    return leads_out or "\\" in value or path == PurePosixPath(".")
