"""Faults in what makes answers quick: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_COMMITS, _RECORDS = "engine/storage/commits.py", "engine/scoring/compiled/node_records.py"
_SEEN = ("tests/engine/storage/test_commits.py",)
_EXACT = ("tests/engine/scoring/compiled/test_estimators_compile_exactly.py",)

SPEED = (
    Fault("a commit is seen by the next request", _COMMITS, " or head != seen.head", "", _SEEN),
    Fault("a replaced ledger is noticed in time", _COMMITS, " or self._monotonic() >= seen.until", "", _SEEN),
    Fault("without shared memory the ledger is asked", _COMMITS, "if head is None or ", "if ", _SEEN),
    Fault("no lock of SQLite's is lost", _COMMITS, "prot=mmap.PROT_READ)", "prot=mmap.PROT_READ); os.close(descriptor)", _SEEN),
    Fault("a gap goes where training sent it, in C", _RECORDS, "tables.whole(trees.gap)", "0", _EXACT),
    Fault("a code goes where training sent it, in C", _RECORDS, "found[row, code // 32] |= np.uint32(1 << code % 32)", "pass", _EXACT),
)  # fmt: skip
