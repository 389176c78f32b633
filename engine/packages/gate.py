"""What the common package list says of a new version, as a gate: it warns, or fails where that is enforced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.packages.rules import CommonList, rules_about, violations
from engine.records import Gate

NAME = "common packages"
_NAMED_AT_MOST = 3


def gate(common: CommonList, project: str, packages: Mapping[str, str], now: datetime) -> Gate | None:
    """The gate of a version with these ``packages``; None while nothing is on the list. Pure."""
    if not common.rules:
        return None
    found = violations(common, project, packages, now)
    wrong = [each.why for each in found if each.standing == "violates"]
    excepted = [each.why for each in found if each.standing == "excepted"]
    numbers = {"violations": len(wrong), "excepted": len(excepted)}
    if wrong:
        more = f" and {len(wrong) - _NAMED_AT_MOST} more" if len(wrong) > _NAMED_AT_MOST else ""
        said = "; ".join(wrong[:_NAMED_AT_MOST]) + more
        return Gate(NAME, "packages", "fail" if common.enforced else "warn", said, numbers)
    return Gate(NAME, "packages", "pass", "; ".join(excepted[:_NAMED_AT_MOST]) or _kept(common, packages), numbers)


def _kept(common: CommonList, packages: Mapping[str, str]) -> str:
    on_it = sum(1 for name in packages if rules_about(common, name))
    return f"{on_it} of its packages are on the common list and keep to it" if on_it else "it has none that is listed"
