"""What differs between two version documents, in words that fit on a decision card. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.records import Change
from engine.versions.code import revision_of

if TYPE_CHECKING:
    from engine.versions.records import CodeSection, DataSection, EnvironmentSection, ScorerSection, VersionDocument


_AUTHORS = 3
"""So many are named in a line."""


@dataclass(frozen=True)
class CodeCommit:
    """A commit between two versions: what is said of it, whose it is, and the files it changed; one that ends with a
    slash is a folder that came or went."""

    said: str
    author: str
    files: tuple[str, ...] = ()


def changes(old: VersionDocument, new: VersionDocument, commits: tuple[CodeCommit, ...] = ()) -> tuple[Change, ...]:
    """Code, data, schema, packages, settings, in this order; an unchanged part says ``same``. Where it changed also the
    sandbox: what the steps may reach.

    ``commits`` are those between the two, the newest first, where the repository still knows them.
    """
    return (
        _code(old.code, new.code, commits),
        _data(old.data, new.data),
        _schema(old.schema, new.schema),
        _packages(old.environment, new.environment),
        _settings(old.settings, new.settings),
        *sandbox_changes(old.settings, new.settings),
        *_scorer(old.scorer, new.scorer),
    )


def _code(old: CodeSection, new: CodeSection, commits: tuple[CodeCommit, ...]) -> Change:
    before = {each.path: each.digest for each in old.files}
    after = {each.path: each.digest for each in new.files}
    files = _named(before, after)
    names = [_short(each) for each in (old, new)]
    if old.branch != new.branch:
        names = [f"{name} on {each.branch or 'no branch'}" for name, each in zip(names, (old, new), strict=True)]
    where = " → ".join(names) if names[0] != names[1] else f"at {names[1]}"
    moved = (f"from {old.remote or 'nowhere'} to {new.remote or 'nowhere'}",) if old.remote != new.remote else ()
    if not files:
        return Change("code", f"same, {where}" if where.startswith("at") else f"same files, {where}", moved)
    summary = f"{_counted(len(files), 'file')} changed"
    if commits:
        summary += f" in {_counted(len(commits), 'commit')} by {_people(commits)}"
    told = [f"{line}{_who(line.rpartition(' ')[0], commits, new)}" for line in files]
    return Change("code", f"{summary}, {where}", (*moved, *(each.said for each in commits), *told))


def _people(commits: Sequence[CodeCommit]) -> str:
    """Who made them, each once."""
    names = list(dict.fromkeys(each.author for each in commits))
    more = len(names) - _AUTHORS
    return ", ".join(names[:_AUTHORS]) + (f" and {_counted(more, 'other')}" if more > 0 else "")


def _who(path: str, commits: Sequence[CodeCommit], new: CodeSection) -> str:
    """Who changed the file, as the commits say, and whether it is a change that none holds."""
    did = [each for each in commits if any(_concerns(name, path) for name in each.files)]
    by = [f"by {_people(did)}"] if did else []
    if path in new.changed:
        by.append("not committed")
    return f" ({', '.join(by)})" if by else ""


def _concerns(name: str, path: str) -> bool:
    return name == path or (name.endswith("/") and path.startswith(name))


def _short(code: CodeSection) -> str:
    revision = revision_of(code)
    return f"{revision} + uncommitted changes" if code.dirty else revision


def _data(old: DataSection, new: DataSection) -> Change:
    if old.digest == new.digest:
        return Change("data", f"same, {new.rows:,} rows")
    before = {each.digest for each in old.files}
    known = sum(each.rows for each in new.files if each.digest in before)
    more = new.rows - old.rows
    until = f", to {new.until[:10]}" if new.until else ""
    return Change(
        "data",
        f"{more:+,} rows, {new.rows:,} in all{until}".replace("+0 rows", "same number of rows"),
        (f"{known:,} of {new.rows:,} rows lie in blocks that both versions share",),
    )


def _schema(old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    before = {c["name"]: c for c in old["columns"]}
    after = {c["name"]: c for c in new["columns"]}
    details = _named({n: c["type"] for n, c in before.items()}, {n: c["type"] for n, c in after.items()})
    for name in before.keys() & after.keys():
        added = set(after[name].get("categories") or ()) - set(before[name].get("categories") or ())
        if added and before[name].get("categories"):
            details.append(f"{name}: new values {', '.join(sorted(map(str, added))[:5])}")
    if not details:
        return Change("schema", f"same, {len(after)} columns")
    return Change("schema", f"{_counted(len(details), 'difference')}", tuple(sorted(details)))


def _packages(old: EnvironmentSection, new: EnvironmentSection) -> Change:
    details = _named(_locked(old), _locked(new))
    if not details:
        return Change("packages", f"same, {_counted(len(new.packages), 'package')}, {new.words}")
    return Change("packages", f"{_counted(len(details), 'package')} changed", tuple(details))


def _locked(section: EnvironmentSection) -> dict[str, str]:
    """All that an environment consists of, by name: its packages, programs of the machine, and what runs them."""
    of_machine = {each.name: each.version for each in section.programs}
    own = {"python": section.python} if section.python else {"kind": section.kind}
    return {each.name: each.version for each in section.packages} | of_machine | own


def sandbox_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """What the steps may reach now that they might not before, and the other way round: a thing of its own."""
    before, after = old.get("sandbox") or {}, new.get("sandbox") or {}
    could, can = before.get("read", ()), after.get("read", ())
    said = [f"may read {path}" for path in can if path not in could]
    said += [f"may no longer read {path}" for path in could if path not in can]
    if before.get("network", True) != after.get("network", True):
        said.append("may use the network" if after.get("network", True) else "has no network")
    if before.get("off") != after.get("off"):
        said.append(f"off: {after['off']}" if "off" in after else "no longer off")
    return (Change("sandbox", "; ".join(said), tuple(said)),) if said else ()


def _scorer(old: ScorerSection, new: ScorerSection) -> tuple[Change, ...]:
    """That it is scored by something else than the other: its answers are alike, how soon they come is not."""
    if old.maker == new.maker:
        return ()
    return (Change("scorer", f"{old.words} → {new.words}", tuple(each for each in (new.reason,) if each)),)


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    details = _named(*(_flat({key: value for key, value in each.items() if key != "sandbox"}) for each in (old, new)))
    if not details:
        return Change("settings", "same")
    return Change("settings", f"{_counted(len(details), 'setting')} changed", tuple(details))


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        flat: dict[str, str] = {}
        for key, inner in value.items():
            flat |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
        return flat
    if isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
        return {k: v for i, inner in enumerate(value, 1) for k, v in _flat(inner, f"{prefix}[{i}]").items()}
    return {prefix: str(value)}


def _named(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Differences by name; digests are not worth showing, values are."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None:
            lines.append(f"{name} added")
        elif new is None:
            lines.append(f"{name} removed")
        elif len(old) == len(new) == 64:
            lines.append(f"{name} changed")
        else:
            lines.append(f"{name}: {old} → {new}")
    return lines


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
