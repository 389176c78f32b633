"""The common package list in words: the same for screen and command line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from console.text import cells
from console.text.lines import EMPTY, Line, Span, Tone, wrapped
from engine.packages.ecosystems import PYTHON, of
from engine.packages.matrix import PackageCell, PackageLine, PackageMatrix
from engine.packages.what_if import Change, Outcome
from engine.text import plain

GLYPHS = {"violates": "×", "excepted": "○", "keeps": "✓", "free": ""}
TONES: dict[str, Tone] = {"violates": "failing", "excepted": "watch", "keeps": "", "free": "dim"}
UNKNOWN = "no version"
_NAMED_AT_MOST = 4


def versions_of(line: PackageLine, project: str) -> Span:
    """What one project has of a package: the live version's, and the candidate's where that is another."""
    found = line.of(project)
    if not found:
        return Span(cells.NOTHING, "dim")
    shown = list(dict.fromkeys(_cell(each) for each in found))
    worst = max(found, key=lambda each: ("free", "keeps", "excepted", "violates").index(each.standing))
    tone: Tone = "failing" if any(each.advisories for each in found) else TONES[worst.standing]
    return Span(" → ".join(shown), tone)


def _cell(cell: PackageCell) -> str:
    marks = f"{GLYPHS[cell.standing]}{'!' if cell.advisories else ''}{'↑' if cell.outdated else ''}"
    marks += "" if cell.readable else "?"
    return f"{plain(cell.version, 30) or UNKNOWN}{f' {marks}' if marks else ''}"


def widths(lines: Sequence[PackageLine], projects: Sequence[str]) -> tuple[int, ...]:
    """How many cells each of ``projects`` takes in ``in_one``, so that all lines have it at the same place."""
    return tuple(max((len(_named(line, project)) for line in lines), default=0) for project in projects)


def _named(line: PackageLine, project: str) -> str:
    return f"{project} {versions_of(line, project).text}" if line.of(project) else ""


def in_one(line: PackageLine, projects: Sequence[str], wide: Sequence[int]) -> Span:
    """All projects of a line in one text, for where there is no column for each; ``wide``: see ``widths``."""
    told = "  ".join(_named(line, project).ljust(width) for project, width in zip(projects, wide, strict=True)).rstrip()
    tones = {versions_of(line, project).tone for project in projects}
    worst: Tone = next((tone for tone in ("failing", "watch") if tone in tones), "")
    return Span(told or "no project has it", worst if told else "dim")


def newest(line: PackageLine) -> Span:
    """What the registry had, where somebody asked; of what it does not have nobody says that it is new."""
    if line.ecosystem != PYTHON.name:
        return Span("not known", "dim")
    return Span(plain(line.newest or "", 60))


def remark(line: PackageLine) -> Span:
    """What is to be said of a line beyond its versions."""
    advised = sorted({name for cell in line.cells for name in cell.advisories})
    if advised:
        more = f" and {len(advised) - _NAMED_AT_MOST} more" if len(advised) > _NAMED_AT_MOST else ""
        return Span(f"known vulnerable: {', '.join(advised[:_NAMED_AT_MOST])}{more}", "failing")
    wrong = [cell.why for cell in line.cells if cell.standing == "violates"]
    if wrong:
        return Span(wrong[0], "failing")
    excepted = [cell.why for cell in line.cells if cell.standing == "excepted"]
    if excepted:
        return Span(excepted[0], "watch")
    return Span("differs" if line.differs else "", "dim")


def whole(line: PackageLine, width: int) -> list[Line]:
    """What every project has of a package, and how that stands to the list."""
    listed = f"listed as {line.rule}{line.versions}" if line.versions else "not on the common list"
    newest = f"; the registry had {plain(line.newest, 60)}" if line.newest else ""
    if line.ecosystem != PYTHON.name:
        newest = f"; the newest of {of(line.package).whose} is not known"
    lines: list[Line] = [(Span(plain(line.package), "strong"),), *wrapped(f"{listed}{newest}", width), EMPTY]
    for cell in line.cells:
        state = "live" if cell.live else "waits"
        lines.append((Span(f"{cell.label} ({state}): {_cell(cell)}", TONES[cell.standing]),))
        said = [cell.why] if cell.why else []
        if not cell.readable:
            said.append("its version cannot be compared, so no advisory is held against it")
        if cell.advisories:
            said.append(f"known vulnerable: {', '.join(cell.advisories)}")
        for each in said:
            lines += wrapped(plain(each), width, indent="  ")
    return lines if line.cells else [*lines, (Span("No project has it.", "dim"),)]


def summary(matrix: PackageMatrix, now: datetime) -> list[Span]:
    """What stands below the matrix: how many break the list, what that does, how old the rest of it is."""
    broken, excepted = len(matrix.concerned("violates")), len(matrix.concerned("excepted"))
    told: list[Span] = []
    if not matrix.common.rules:
        told.append(Span("Nothing is on the list yet.", "dim"))
    elif broken:
        what = "fails its gate" if matrix.common.enforced else "warns on its card"
        places = cells.counted(broken, "place")
        told.append(Span(f"{places} where the list is broken; a new version {what}.", "failing"))
    elif not matrix.projects:
        told.append(Span("No project can be held to the list yet.", "dim"))
    else:
        others = " that can be held to it" if matrix.left_out else ""
        told.append(Span(f"Every project{others} keeps to the list.", "ok"))
    if excepted:
        told.append(Span(f"{cells.counted(excepted, 'place')} where it is excepted.", "watch"))
    for project, why in matrix.left_out.items():
        told.append(Span(f"{project}: {plain(why)}.", "dim"))
    if matrix.newest_at is not None:
        asked = cells.ago(matrix.newest_at, now)
        told.append(Span(f"↑ the registry had a newer one when it was asked, {asked}.", "dim"))
        whose = list(dict.fromkeys(of(line.package).whose for line in matrix.lines if line.ecosystem != PYTHON.name))
        if whose:
            named = " and ".join([*([", ".join(whose[:-1])] if whose[1:] else []), whose[-1]])
            told.append(Span(f"Of {named} the newest is not known: nobody can be asked.", "dim"))
    if matrix.advisories is not None:
        advisories = matrix.advisories
        age = f", the youngest of {advisories.newest:%d %b %Y}" if advisories.newest else ", of no known age"
        unread = f"; {advisories.unread:,} could not be read" if advisories.unread else ""
        told.append(Span(f"! {advisories.count:,} advisories{age}{unread}.", "dim"))
        unheld = sum(1 for line in matrix.lines for cell in line.cells if not cell.readable)
        if unheld:
            told.append(Span(f"? {cells.counted(unheld, 'version')} that no advisory can be held against.", "watch"))
    return told


def outcome(found: Outcome) -> tuple[str, Span, str]:
    """Project, whether it resolves, and what would change or why not."""
    if found.resolves is None:
        return found.project, Span("? not known", "unknown"), found.why
    if not found.resolves:
        return found.project, Span("× does not", "failing"), found.why
    if not found.changes:
        return found.project, Span("✓ resolves", "ok"), "nothing would change"
    return found.project, Span("✓ resolves", "ok"), ", ".join(change(each) for each in found.changes)


def change(found: Change) -> str:
    """``pandas 2.3.3 → 3.0.1``."""
    if found.before is None:
        return f"{found.package} {found.after} (new)"
    if found.after is None:
        return f"{found.package} {found.before} (gone)"
    return f"{found.package} {found.before} → {found.after}"
