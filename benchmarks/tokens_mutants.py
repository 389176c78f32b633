"""Faults in what programs may and what a load test counts: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_BOOK, _TABLE, _RECORDS = "engine/access/tokens.py", "engine/access/token_table.py", "engine/access/token_records.py"
_TOKENS = ("tests/engine/access/test_tokens.py",)
_TOLD = ("tests/engine/jobs/test_ending_tokens_are_told.py",)
_LOAD = ("tests/engine/serving/test_load.py",)
_OF_ONE = ("tests/engine/access/test_tokens_of_one_project.py",)

TOKENS = (
    Fault("a token is right as a whole", _BOOK, "        if token is None or not same:\n", "        if token is None:\n", _TOKENS),
    Fault("one that ended opens nothing", _BOOK, "        if not token.holds(now):\n", "        if False:\n", _TOKENS),
    Fault("its end is no part of its time", _RECORDS, "and now < self.until", "and now <= self.until", _TOKENS),
    Fault("a token opens its scopes alone", _RECORDS, "        if scope not in self.scopes:\n", "        if False:\n", _TOKENS),
    Fault("a token opens its projects alone", _RECORDS, "        if self.projects and project not in self.projects:\n", "        if False:\n", _TOKENS),
    Fault("the whole workspace is more than a project", _RECORDS, "if self.projects and project not in self.projects:", "if self.projects and project and project not in self.projects:", _TOKENS),
    Fault("a token that was revoked is refused at the next request", _BOOK, 'if marker != getattr(self._seen, "marker", None):', 'if not hasattr(self._seen, "marker"):', _TOKENS),
    Fault("a token that was revoked is refused at the next request", _RECORDS, "(self.ends_at, self.replaced_at, self.revoked_at)", "(self.ends_at, self.replaced_at)", _TOKENS),
    Fault("one that was revoked opens nothing, whatever the clock says", _RECORDS, "self.revoked_at is None and now", "now", _TOKENS),
    Fault("one that was replaced goes on for the overlap alone", _RECORDS, "(self.ends_at, self.replaced_at, self.revoked_at)", "(self.ends_at, self.revoked_at)", _TOKENS),
    Fault("of a token the digest is kept and nothing else", _TABLE, "token_text.digest_of(made.text), ", "made.text.ljust(64), ", _TOKENS),
    Fault("no token holds for more than a year", _TABLE, "    if ends_at - now > LONGEST:\n", "    if False:\n", _TOKENS),
    Fault("an overlap has a bound", _TABLE, "    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:\n", "    if False:\n", _TOKENS),
    Fault("a name is one token's", _TABLE, "            if each.holds(now):\n                raise Conflict", "            if False:\n                raise Conflict", _TOKENS),
    Fault("where the ledger cannot be read nothing is opened", _BOOK, "        except LeverframeError:\n            return Why(", "        except ZeroDivisionError:\n            return Why(", _TOKENS),
    Fault("wrong tokens are slowed", _BOOK, "            if tries.count <= WRONG_IN_WINDOW:\n", "            if True:\n", _TOKENS),
    Fault("those who send wrong ones shut nobody else out", _BOOK, "tries = self._tries.setdefault(known, ", 'tries = self._tries.setdefault("", ', _TOKENS),
    Fault("a flood takes no memory without end", _BOOK, "known = source if source in self._tries or len(self._tries) < MOST_SOURCES else \"\"", "known = source", _TOKENS),
    Fault("a use is written once a day", _BOOK, "if self._noted.get(what) != _day(at)}", "if True}", _TOKENS),
    Fault("wrong tokens are in the trail", _BOOK, "                if turned_away:\n", "                if False:\n", _TOKENS),
    Fault("making a token is in the trail", _TABLE, 'trail.append(db, at=now, actor=by, action="make-token"', 'dict(db=db, at=now, actor=by, action="make-token"', _TOKENS),
    Fault("only an admin lets programs in", "engine/access/token_commands.py", '@changes("make tokens", least="admin"', '@changes("make tokens", least="operator"', ("tests/engine/access/test_roles.py",)),
    Fault("one in use is told of before its end", "engine/jobs/ending_tokens.py", "token.until - now > SOON:", "token.until - now > URGENT:", _TOLD),
    Fault("what nobody uses ends in silence", "engine/jobs/ending_tokens.py", "token_table.in_use(db, now - IN_USE)", "token_table.in_use(db, now - 9 * IN_USE)", _TOLD),
    Fault("a program is given its new token first", "engine/jobs/ending_tokens.py", "token.used <= token.replaced_said:", "False:", _TOLD),
    Fault("a load test has a bound", "engine/serving/load.py", "        self._tally.left -= 1\n", "", _LOAD),
    Fault("what is no success is not answered", "engine/serving/load.py", '        if self._read[9:12] == b"200":\n', "        if True:\n", _LOAD),
    Fault("a connection that breaks is counted", "engine/serving/load.py", "        if self._asks:\n            self._tally.refused += 1\n", "", _LOAD),
    Fault("the capacity line is what was kept up with", "engine/requests/capacity.py", "if each.requests and not each.refused and each.p99 < self.timeout]", "if each.requests and each.p99 < self.timeout]", _LOAD),
    Fault("the capacity line is what was kept up with", "engine/requests/capacity.py", "if each.requests and not each.refused and each.p99 < self.timeout]", "if each.requests and not each.refused]", _LOAD),
    Fault("a load test notes no request", "engine/serving/load_test.py", "        trial=True,\n", "        trial=False,\n", _LOAD),
    Fault("a load test is in the trail", "engine/serving/load_test.py", "        trail.append(\n            db, at=", "        dict(\n            db=db, at=", _LOAD),
    Fault("a load test leaves no server behind", "engine/serving/load_test.py", "        service.close()\n", "        pass\n", _LOAD),
    Fault("an admin of one project lets nobody into another", "engine/access/token_commands.py", "return str(given[0]) if len(given) == 1 else None", "return str(given[0]) if given else None", _OF_ONE),
    Fault("an admin of one project rotates none of several", "engine/access/token_commands.py", "held[0][0] if held and len(held[0]) == 1 else None", "held[0][0] if held and held[0] else None", _OF_ONE),
    Fault("what takes a token's place may what that might", "engine/access/token_table.py", "_drawn(old.name, old.scopes, old.projects, by.name", "_drawn(old.name, old.scopes, (), by.name", _TOKENS),
    Fault("what was replaced is not replaced again", "engine/access/token_table.py", "if each.holds(now) and each.replaced_at is None:", "if each.holds(now):", _TOKENS),
    Fault("an end is to come", "engine/access/token_table.py", "    if ends_at <= now:\n", "    if False:\n", _TOKENS),
    Fault("a token is for something", "engine/access/token_table.py", "    if wrong or not given:\n", "    if wrong:\n", _TOKENS),
    Fault("who sent wrong ones is told for how long", "engine/access/tokens.py", 'try again in {wait} s.", 429, wait)', 'try again in {wait} s.", 429)', _TOKENS),
    Fault("what could not be told is told the next time", "engine/access/tokens.py", "                self._turned_away.update(turned_away)\n", "                pass\n", _TOKENS),
)  # fmt: skip
