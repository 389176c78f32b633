"""Faults in the common package list: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_RULES = ("tests/engine/packages/test_rules.py",)
_OSV = ("tests/engine/packages/test_advisories.py",)
_LIST = ("tests/engine/packages/test_common_packages.py",)
_ORDERS = ("tests/engine/packages/test_orders.py",)
_WORDS = ("tests/engine/packages/test_ecosystems.py",)
_ENDED = ("tests/engine/packages/test_ended_exceptions_are_told.py",)
_JARS = ("tests/engine/environments/test_jar_coordinates.py",)
_JUDGE, _BOOK, _ADVISED = "engine/packages/rules.py", "engine/packages/book.py", "engine/packages/advisories.py"
_WHAT_IF, _GATE, _NEWEST = "engine/packages/what_if.py", "engine/packages/gate.py", "engine/packages/newest.py"
_ORDER, _KNOWN, _MATRIX = "engine/packages/orders.py", "engine/packages/ecosystems.py", "engine/packages/matrix.py"
_TELL, _JAR = "engine/jobs/ended_exceptions.py", "engine/environments/jvm/coordinates.py"

PACKAGES = (
    Fault("an exception ends", _JUDGE, "    if now < exception.until:\n", "    if True:\n", _RULES),
    Fault("an exception ends at its very moment", _JUDGE, "    if now < exception.until:\n", "    if now <= exception.until:\n", _RULES),
    Fault("an exception is its project's", _JUDGE, "common.exceptions.get((project, rule))", "next(iter(common.exceptions.values()), None)", _RULES),
    Fault("what cannot be read keeps to no range", _JUDGE, "    if mine is None:\n        return False\n", "    if mine is None:\n        return True\n", _RULES),
    Fault("a constraint is a name and versions alone", _JUDGE, "asked.url or asked.marker or asked.extras or ", "", _RULES),
    Fault("of another ecosystem every bound counts", _JUDGE, "    return all(each is not None", "    return any(each is not None", _RULES),
    Fault("an unknown ecosystem is no constraint", _JUDGE, "    if ecosystem is None:\n        words", "    if False:\n        words", _RULES),
    Fault("a jar of no known group is held to those of every group", _KNOWN, "    return package.count(\":\") == 1 and", "    return False and", _RULES),
    Fault("an enforced list fails", _GATE, '"fail" if common.enforced else "warn"', '"warn"', _RULES),
    Fault("what is excepted passes", _GATE, 'if each.standing == "violates"]', "]", _RULES),
    Fault("an end is to come", _BOOK, "    if until <= at:\n", "    if False:\n", _LIST),
    Fault("nothing is excepted that is not listed", _BOOK, "        if name not in common(db).rules:\n", "        if False:\n", _LIST),
    Fault("what is withdrawn counts nothing", _ADVISED, '            if record.get("withdrawn"):\n', "            if False:\n", _OSV),
    Fault("a fix ends a range", _ADVISED, 'kind in ("fixed", "limit") and mine >= at', 'kind in ("fixed", "limit") and mine > at', _OSV),
    Fault("another ecosystem's are not ours", _ADVISED, "        if ecosystem is None:\n            continue\n", "        if ecosystem is None:\n            ecosystem = of_osv(\"PyPI\")\n", _OSV),
    Fault("a range that cannot be read is said", _ADVISED, "        unread += any(", "        any(", _OSV),
    Fault("nothing of a folder is passed over", _ADVISED, "    if len(files) > MOST_FILES:\n", "    if False:\n", _OSV),
    Fault("what is too large is not read", _ADVISED, "            if path.stat().st_size > LARGEST:\n", "            if False:\n", _OSV),
    Fault("what is listed is compared as a version", _ADVISED, "(mine is not None and any(key_of(package, each) == mine for each in listed))", "False", _OSV),
    Fault("what is locked is preferred", _WHAT_IF, 'out.write_text("".join(', 'str("".join(', _LIST),
    Fault("what cannot be resolved is refused", _WHAT_IF, "    if others:\n", "    if False:\n", _LIST),
    Fault("what is no name is not given to uv", _NEWEST, "if PYTHON.named.fullmatch(name))", ")", _LIST),
    Fault("half an answer of the registry is none", _NEWEST, "                _refuse_unreached(alone)\n", "                continue\n", _LIST),
    Fault("what nobody asked for is not known", _MATRIX, "older(name, version, known) if known is not None else None", "known is not None and older(name, version, known)", _LIST),
    Fault("an earlier moment knows nothing of later", "engine/packages/commands.py", "        if known is not None and known.at > now:", "        if False:", ("tests/cli/test_packages_document.py",)),
    Fault("R's numbers compare as numbers", _ORDER, "tuple(int(each) for each in re.split", "tuple(each for each in re.split", _ORDERS),
    Fault("a word behind a number comes before it or after", _ORDER, "_WORDS.get(said, len(_WORDS))", "0", _ORDERS),
    Fault("what says nothing makes no other version", _ORDER, "_trimmed(_tokens(version.lower()))", "_tokens(version.lower())", _ORDERS),
    Fault("packages of one name are two in two ecosystems", _KNOWN, 'plain(f"{ecosystem.name}:{name.lower()}", _LONGEST_NAME)', "plain(name.lower(), _LONGEST_NAME)", _WORDS),
    Fault("of two jars of one name the older counts", _KNOWN, "_is_older(word, has, before) else before", "True else before", _WORDS),
    Fault("names reach no terminal as they are", _KNOWN, 'return plain(f"{ecosystem.name}', 'return (lambda text, most: text)(f"{ecosystem.name}', _WORDS),
    Fault("a jar is read to an end", _JAR, "file.read(_LARGEST)", "file.read()", _JARS),
    Fault("a jar says what it is called by", _JAR, "told if len(told) == 1 else {", "told or {", _JARS),
    Fault("an exception that ended in vain is told", _TELL, 'each.standing == "violates" and exception is not None and', "False and", _ENDED),
    Fault("only what was excepted is told", _TELL, "exception is not None and exception.until <= now", "True", _ENDED),
    Fault("what is told is told once", _TELL, "    return None if known == told else", "    return", _ENDED),
    Fault("a document that is gone ends no alert", _TELL, "        return None\n    wrong", "        packages = {}\n    wrong", _ENDED),
    Fault("an enforced list makes it failing", _TELL, '"failing" if common.enforced else "watch"', '"watch"', _ENDED),
)  # fmt: skip
