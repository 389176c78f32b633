"""Faults in exports: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_PARITY, _FOLDER, _PAGES = "engine/scoring/parity.py", "engine/exports/folder.py", "engine/exports/pages.py"
_RULES, _FILES = ("tests/engine/exports/test_parity.py",), ("tests/engine/exports/test_folder.py",)
_LIST = ("tests/engine/exports/test_the_list_of_exports.py",)

EXPORTS = (
    Fault("a row that is off is no parity", _PARITY, "        if beyond:\n", "        if False:\n", _RULES),
    Fault("rows that are a little off are none", _PARITY, "parity.mean > bar.mean", "False", _RULES),
    Fault("a decision that changes off the boundary is none", _PARITY, "        if elsewhere:\n", "        if False:\n", _RULES),
    Fault("at the boundary few may change", _PARITY, "if there > bar.changed_there * parity.rows:", "if False:", _RULES),
    Fault("a row without an answer is no parity", _PARITY, "    if parity.unanswered:\n", "    if False:\n", _RULES),
    Fault("nothing compared is no parity", _PARITY, "    if not parity.rows:\n", "    if False:\n", _RULES),
    Fault("numbers are measured by their spread", _PARITY, "        apart /= spread\n", "        apart /= 1e9\n", _RULES),
    Fault("rows are named by their place in the holdout", _PARITY, "row=int(places[row])", "row=row", _RULES),
    Fault("whatever changed is among the worst", _PARITY, "(np.arange(rows), -apart, ~moved)", "(np.arange(rows), -apart)", _RULES),
    Fault("nothing is overwritten", _FOLDER, "    if os.path.lexists(folder):\n", "    if False:\n", _FILES),
    Fault("a dead link is a name too", _FOLDER, "os.path.lexists(folder)", "os.path.exists(folder)", _FILES),
    Fault("nothing is overwritten meanwhile", _FOLDER, "        check_free(folder)\n        os.rename", "        os.rename", _FILES),
    Fault("a forced model says so inside", _FOLDER, '    if about.forced is not None:\n        said["leverframe.forced"]', '    if False:\n        said["leverframe.forced"]', _FILES),
    Fault("a forced query says so inside", _PAGES, '    if about.forced is not None:\n        said.append(f"FORCED', '    if False:\n        said.append(f"FORCED', _FILES),
    Fault("a forced export says so in its README", _PAGES, "    if about.forced is None:\n        return []\n", "    return []\n", _FILES),
    Fault("a reason stays in its comment", _PAGES, 'f"-- {plain(each, 2000)}\\n"', 'f"-- {each}\\n"', _FILES),
    Fault("the key is no feature", "engine/exports/sql_table.py", "    while key in taken:\n", "    while False:\n", _FILES),
    Fault("a name with quotes is one name", "engine/exports/sql_table.py", """name.replace('"', '""')""", "name", _FILES),
    Fault("the list says what the version is now", "engine/exports/book.py", "state=catalog.record(catalog.find(db, each.label)).state", "state=''", _LIST),
    Fault("what scores with its own code is not exported", "engine/exports/exporting.py", '    if "score" in train:\n', "    if False:\n", _LIST),
    Fault("an empty cell is a gap in Java too", "engine/exports/callers/Example.java.txt", "cell.isEmpty() ? Double.NaN", "cell.isEmpty() ? 0.0", ("tests/engine/exports/test_callers.py",)),
)  # fmt: skip
