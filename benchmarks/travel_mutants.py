"""Faults in keys for versions that travel: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_LOOK = ("tests/engine/bundles/test_a_bundle_is_looked_into.py",)
_SSH = (*_LOOK, "tests/console/ssh/test_what_is_for_the_machine_alone.py")
_KEYS = ("tests/console/test_versions_travel.py",)
_ELSEWHERE = ("tests/console/test_where_a_version_is.py",)
_EXPORTS = ("tests/console/test_exports_screen.py",)
_WORDS = ("tests/console/test_words.py",)
_ACTS, _READING, _LOOKING = "engine/access/acts.py", "engine/bundles/reading.py", "engine/bundles/looking.py"
_DIALOG, _FORM, _WHERE = "console/dialogs/take_in.py", "console/dialogs/form.py", "console/screens/where.py"

TRAVEL = (
    Fault("what is for the machine is refused over SSH", _ACTS, "        if act.machine:\n", "        if False:\n", _SSH),
    Fault("a key knows that the machine is meant", _ACTS, "_not_over_ssh(found) if found.machine and self.caller.over_ssh else None", "None", _SSH),
    Fault("verb and door keep the same to the machine", "engine/exports/commands.py", ', machine="it writes a folder of the machine"', "", _SSH),
    Fault("a folder is no bundle", _READING, "    if not stat.S_ISREG(found.st_mode):", "    if False:", _LOOK),
    Fault("what is refused is closed", _READING, "        os.close(descriptor)\n", "", _LOOK),
    Fault("what came meanwhile is not replaced", "engine/bundles/writing.py", "            _check_free(target)  # Somebody", "            pass  # Somebody", _LOOK),
    Fault("a look says that it is here", _LOOKING, "    already = registering.already(db, bundle)\n", "    already = None\n", _LOOK),
    Fault("a look says that nobody trusts it", _LOOKING, "    if source is None and refused is None:\n", "    if False:\n", _LOOK),
    Fault("a look says what only an admin overrides", _LOOKING, "(None, registering.against(db, bundle))", "(None, None)", _LOOK),
    Fault("the last that came in comes first", "engine/versions/origins.py", "ORDER BY at DESC, number DESC LIMIT", "ORDER BY at, number LIMIT", _LOOK),
    Fault("what was looked into is what is taken in", "console/acting/travel_commands.py", "        if engine.look_into(source).digest != self.digest:\n", "        if False:\n", _KEYS),
    Fault("nothing is begun twice", _FORM, " if each == self.made())", " if False)", _KEYS),
    Fault("yes is yes", _FORM, 'if field.example == YES_NO and value.lower() not in ("yes", "no", "y", "n"):', "if False:", _KEYS),
    Fault("another file is looked into anew", _DIALOG, "        if self._asked is not None and self.values[0] != self._asked:\n", "        if False:\n", _KEYS),
    Fault("what speaks against it asks for a reason", _DIALOG, "        if self._look.despite is not None and", "        if False and", _KEYS),
    Fault("what cannot come in is not begun", _DIALOG, "look is not None and look.refused is None and (look.already is None or look.lacking)", "look is not None", _KEYS),
    Fault("data that travels by reference is not asked for", _DIALOG, "(answer.lacking or not answer.by_reference)", "True", _KEYS),
    Fault("whose word it is that a version is there", "console/text/bundle_lines.py", "said.tone) if place.via else said", "said.tone) if False else said", _ELSEWHERE),
    Fault("who may not ask others asks nobody", _WHERE, ' and self.refusal("ask_others") is None:', ":", _KEYS),
    Fault("others are asked one question at a time", _WHERE, "        if command in self.app.runner.busy:\n", "        if False:\n", _ELSEWHERE),
    Fault("what a host is called does not steer the terminal", "console/text/bundle_lines.py", "plain(place.workspace, 200) if", "place.workspace if", _KEYS),
    Fault("what is pasted does not steer the terminal", "console/dialogs/dialog.py", "{self.GIVEN}: {plain(reason, SENTENCE)}", "{self.GIVEN}: {reason}", _KEYS),
    Fault("over SSH no key names a file", "console/screens/versions.py", 'if action in ("bundle", "take_in", "score") and', "if action in () and", _KEYS),
    Fault("what is forced has a reason", "console/dialogs/travel.py", "if self.said_yes(self.FORCE) and not", "if False and not", _EXPORTS),
    Fault("the worst rows are a table", "console/text/export_lines.py", "{pad(plain(each.version, 200), both)}", "{plain(each.version, 200)}", _EXPORTS),
    Fault("the last rehearsal is seen at every width", "console/text/tables.py", "cells.REHEARSED, _rehearsed, yields=1)", "cells.REHEARSED, _rehearsed, yields=6)", _WORDS),
    Fault("a rehearsal says how long it took", "console/text/cells.py", "(both if len(both) <= REHEARSED else since)", "since", _WORDS),
)  # fmt: skip
