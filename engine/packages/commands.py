"""What the door to the engine offers about the common package list; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks
from engine.errors import Damage, Invalid, Refusal
from engine.records import DoctorFinding, Verdict

if TYPE_CHECKING:
    from engine.packages.matrix import PackageMatrix
    from engine.packages.rules import CommonList, Exemption
    from engine.packages.what_if import Outcome

CHANGE = "change packages"


class PackagesCommands(Door):
    """The common package list, who keeps to it, and what would come of another."""

    @looks("see the common package list")
    def common_packages(self) -> CommonList:
        """The list as it is in force, with its exceptions."""
        from engine.packages import book

        with self._ledger.read() as db:
            return book.common(db)

    @looks("see the common package list")
    def packages(self) -> PackageMatrix:
        """Packages by projects, with what the registry had when somebody asked last."""
        return self._matrix(None)

    @looks("see the common package list", of="path", in_past=False)
    def packages_with_advisories(self, path: Path) -> PackageMatrix:
        """The same, held against the advisories in the file or folder ``path``."""
        return self._matrix(path)

    def _matrix(self, advisories: Path | None) -> PackageMatrix:
        from engine.packages import book, matrix, newest
        from engine.packages.advisories import load

        with self._ledger.read() as db:
            common, (versions, left_out) = book.common(db), matrix.locked(db, self._store)
        now, known = self.now(), newest.kept(self._workspace.cache)
        if known is not None and known.at > now:  # Of an earlier moment it is not known what was asked later.
            known = None
        wanted = {name for each in versions for name in each.packages}
        told = load(advisories, wanted) if advisories is not None else None
        return matrix.compose(common, versions, left_out, now, known, told)

    @changes("ask for newer packages", least="operator")
    def ask_for_newer(self) -> None:
        """Ask the registry what is the newest of each of Python's packages; kept until somebody asks again."""
        from engine.packages import matrix, newest
        from engine.packages.ecosystems import PYTHON, of

        with self._ledger.read() as db:
            versions, _ = matrix.locked(db, self._store)
        names = {name for each in versions for name in each.packages if of(name) is PYTHON}
        newest.ask(self._workspace.cache, names, clock.now())

    @looks("try other constraints", in_past=False)
    def what_if(self, constraints: str, tell: Callable[[str], None] = lambda project: None) -> tuple[Outcome, ...]:
        """What would come of ``constraints`` on Python's packages (and of the list, where it says nothing of these) for
        every project. Raises Invalid for what is no constraint, and for one on what cannot be resolved."""
        from engine.packages import book, rules, what_if

        asked = rules.read(constraints)
        if not asked:
            raise Invalid("No constraint was named; write one such as 'pandas>=3'.")
        what_if.refuse_others(asked)
        with self._ledger.read() as db:
            common, projects = book.common(db), what_if.requirements(db, self._store)
        found = []
        for each in projects:
            tell(each.project)
            if isinstance(each, what_if.Outcome):
                found.append(each)
            else:
                found.append(what_if.resolve(each, what_if.pythons({**common.rules, **asked}), self._workspace.cache))
        return tuple(found)

    @changes(CHANGE, least="admin")
    def set_packages(self, constraints: str, reason: str) -> CommonList:
        """Put ``constraints``, one a line, on the list; one on a package that is there takes its place."""
        from engine.packages import book, rules

        asked = rules.read(constraints)
        if not asked:
            raise Invalid("No constraint was named; write one such as 'pandas<3'.")
        return book.change(self._ledger, self.caller, checked_reason(reason), clock.now(), add=asked)

    @changes(CHANGE, least="admin")
    def unset_package(self, package: str, reason: str) -> CommonList:
        """Take a package off the list."""
        from engine.packages import book

        return book.change(self._ledger, self.caller, checked_reason(reason), clock.now(), drop=package)

    @changes(CHANGE, least="admin")
    def enforce_packages(self, enforced: bool, reason: str) -> CommonList:
        """Whether what breaks the list fails its gate, where it else warns."""
        from engine.packages import book

        return book.change(self._ledger, self.caller, checked_reason(reason), clock.now(), enforced=enforced)

    @changes(CHANGE, least="admin")
    def except_package(self, project: str, package: str, until: datetime | None, reason: str) -> Exemption:
        """Let ``project`` have ``package`` as it is until then; None ends an exception now."""
        from engine.packages import book

        why, at = checked_reason(reason), clock.now()
        if until is None:
            return book.end_exception(self._ledger, project, package, self.caller, why, at)
        return book.except_for(self._ledger, project, package, until, self.caller, why, at)

    def _package_findings(self, path: Path) -> tuple[DoctorFinding, ...]:
        """What the project in ``path`` would be locked to that the list does not let it have, for ``check``."""
        from engine.environments.kind import KINDS
        from engine.packages import book
        from engine.packages.ecosystems import held_by
        from engine.packages.rules import violations
        from engine.projects.manifest.reader import load_manifest

        with self._ledger.read() as db:
            common = book.common(db)
        if not common.rules:
            return ()
        try:
            manifest = load_manifest(path)
            kind = manifest.environment.kind
            lock = KINDS[kind].lock(manifest.environment, path, self._workspace.cache)
        except (Refusal, Damage):  # Said by what checks the environment itself.
            return ()
        held = held_by(kind, lock.packages, lock.programs)
        verdict: Verdict = "failing" if common.enforced else "watch"
        return tuple(
            DoctorFinding("common packages", verdict if each.standing == "violates" else "ok", f"{each.why}.")
            for each in violations(common, manifest.name, held, clock.now())
        )
