"""Faults in the common package list: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_RULES = ("tests/engine/packages/test_rules.py",)
_OSV = ("tests/engine/packages/test_advisories.py",)
_LIST = ("tests/engine/packages/test_common_packages.py",)
_JUDGE, _BOOK, _ADVISED = "engine/packages/rules.py", "engine/packages/book.py", "engine/packages/advisories.py"
_WHAT_IF, _GATE = "engine/packages/what_if.py", "engine/packages/gate.py"

PACKAGES = (
    Fault("an exception ends", _JUDGE, "    if now < exception.until:\n", "    if True:\n", _RULES),
    Fault("an exception is its project's", _JUDGE, "common.exceptions.get((project, package))", "next(iter(common.exceptions.values()), None)", _RULES),
    Fault("what cannot be read keeps to no range", _JUDGE, "    except InvalidVersion:\n        return False\n", "    except InvalidVersion:\n        return True\n", _RULES),
    Fault("a constraint is a name and versions alone", _JUDGE, "asked.url or asked.marker or asked.extras or ", "", _RULES),
    Fault("an enforced list fails", _GATE, '"fail" if common.enforced else "warn"', '"warn"', _RULES),
    Fault("what is excepted passes", _GATE, 'if each.standing == "violates"]', "]", _RULES),
    Fault("an end is to come", _BOOK, "    if until <= at:\n", "    if False:\n", _LIST),
    Fault("nothing is excepted that is not listed", _BOOK, "        if name not in common(db).rules:\n", "        if False:\n", _LIST),
    Fault("what is withdrawn counts nothing", _ADVISED, '            if record.get("withdrawn"):\n', "            if False:\n", _OSV),
    Fault("a fix ends a range", _ADVISED, 'kind == "fixed" and mine >= at', 'kind == "fixed" and mine > at', _OSV),
    Fault("another ecosystem's are not ours", _ADVISED, '== _ECOSYSTEM', "!= ''", _OSV),
    Fault("what is locked is preferred", _WHAT_IF, 'out.write_text("".join(', 'str("".join(', _LIST),
)  # fmt: skip
