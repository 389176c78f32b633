"""Faults at the door over SSH, in who is on and in what is sent to a terminal: a part of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_SSH = "tests/console/ssh/test_"
_GETS_IN, _SESSION, _FORCED = (f"{_SSH}who_gets_in.py",), (f"{_SSH}one_session.py",), (f"{_SSH}forced_commands.py",)
_LIVE, _ORDER = (f"{_SSH}sessions.py",), (f"{_SSH}what_an_order_leads_to.py",)
_ADMISSION, _ON = ("tests/engine/access/test_admission.py",), ("tests/engine/presence",)
_REPAINT = ("tests/console/terminal/test_repaint.py",)
_SERVER, _ONE, _PROCESS = (f"console/ssh/{name}.py" for name in ("server", "session", "process"))
_LINES, _ATTEND, _FILTER = "console/ssh/authorized_keys.py", "console/ssh/forced.py", "console/terminal/repaint.py"

DOOR = (
    # Who names files.
    Fault("no file is kept from who is at the machine itself", "engine/housekeeping/commands.py", "self.caller.over_ssh and settings", "settings", _ADMISSION),
    Fault("no file is kept from who is at the machine itself", "engine/access/caller.py", "isinstance(self.proof, KeyProof) and bool(self.proof.source)", "isinstance(self.proof, KeyProof)", _ADMISSION),
    Fault("over SSH no file is named", "engine/access/acts.py", "            if door.caller.over_ssh:\n", "            if False:\n", _ADMISSION),
    Fault("over SSH no setting names a file", "engine/housekeeping/commands.py", "self.caller.over_ssh and settings", "False and settings", _ADMISSION),
    Fault("no link leads out of what may be named", "engine/access/files.py", "path.resolve(), place.resolve()", "path.absolute(), place.absolute()", _ADMISSION),
    # Who gets in.
    Fault("a key is tried so often and no more", _SERVER, "if self._tries > self._limits.tries and", "if self._tries > 2 * self._limits.tries and", _GETS_IN),
    Fault("whoever logged in is no stranger", _SERVER, "        self._no_stranger()\n        self._came_at", "        self._came_at", _GETS_IN),
    Fault("a key that is not taken lets nobody in", _SERVER, '            parse(key.export_public_key("openssh").decode())\n', "", _GETS_IN),
    Fault("what cannot be written down is told", _SERVER, '                self.tell(f"Not written down: {plain(str(error), 200)}")\n', "                pass\n", _GETS_IN),
    Fault("sessions that are refused are counted", _SERVER, "self._keeper.turn_away(self._source, why, self._proof.fingerprint)", "pass", (f"{_SSH}hostile_orders.py",)),
    Fault("whoever is no stranger any more makes room once", _SERVER, "            self._counted = False\n", "            pass\n", _GETS_IN),
    Fault("who was sent away did not leave", _SERVER, "        elif self._heard:\n", "        else:\n", _GETS_IN),
    Fault("a host key is never replaced", "console/ssh/host_key.py", "os.link(fresh, path)", "os.replace(fresh, path)", (f"{_SSH}host_key.py",)),
    # A session.
    Fault("a connection without a session is closed", _SERVER, "        self._sessions.remove(session)\n        self._close_when_nothing_is_asked()\n", "        self._sessions.remove(session)\n", _SESSION),
    Fault("a window has the size of now", _ONE, "        process.resize(self._size)  #", "        pass  #", _SESSION),
    Fault("what is slow in two ways is waited for", _ONE, "if self._process is not None and not self._slow:", "if self._process is not None:", _SESSION),
    Fault("what cannot be started is told", _ONE, "            self._exit(FAILED)\n            return\n", "            return\n", _SESSION),
    Fault("nothing is begun for who has gone", _PROCESS, "        if self._gone:\n            self.hang_up()\n", "", _SESSION),
    Fault("a session that asked stays", _ONE, "if not self._asked and self._channel", "if self._channel", _SESSION),
    Fault("a session that asks for nothing is closed", _ONE, "            self._channel.abort()\n", "            pass\n", _SESSION),
    Fault("whoever types is not idle", _ONE, "        self._typed_at = self._loop.time()\n        if self._process", "        if self._process", _SESSION),
    Fault("a verb is never idle", _ONE, "if opens_console(self._command) and self._channel", "if self._channel", _LIVE),
    Fault("a command is so long and no longer", _ONE, "        if len(command) > self._visit.limits.command_letters:\n", "        if False:\n", _SESSION),
    Fault("a session that is begun on a full line waits", _SERVER, "        if self._slow:\n            session.wait_for", "        if False:\n            session.wait_for", _LIVE),
    Fault("input that nobody reads is waited with", _PROCESS, "        if len(self._left) > MUCH:\n            self._wait(True)\n", "", _SESSION),
    Fault("nothing of a session's group is left", _PROCESS, "            os.killpg(self._process.pid, signal.SIGKILL)\n        while", "            pass\n        while", _SESSION),
    Fault("an exit code is honest", _PROCESS, "code if code >= 0 else 128 - code", "max(code, 0)", _LIVE),
    Fault("a session ends with the door", "console/ssh/child.py", "    _end_with_the_door()\n    order", "    order", _ORDER),
    Fault("a session's process has no secrets", "console/ssh/carry_out.py", "    withhold()\n", "", _ORDER),
    Fault("the console is that of the key", "console/ssh/carry_out.py", "if wanted is not None and wanted[:2] == (None, None):", "if wanted is not None:", _ORDER),
    # Behind the system's sshd.
    Fault("a seal is asked for", _ATTEND, "    seals.check(home, fingerprint, seal)\n", "", _FORCED),
    Fault("a key is asked for that is somebody's", _ATTEND, "        raise\n    _note(engine.note_login", "        operator = engine.operator\n    _note(engine.note_login", _FORCED),
    Fault("who left is written down", _ATTEND, "        left = once(lambda: _note(engine.note_logout, proof, operator, time.monotonic() - began))\n", "        left = once(lambda: None)\n", _FORCED),
    Fault("no variable of the client's sets us up", _ATTEND, "    os.environ.clear()", "    pass", _FORCED),
    Fault("a forced command looks at no variable", _LINES, '[python, "-I", "-m"', '[python, "-m"', _FORCED),
    Fault("a path ends no quotation", _LINES, 'if not command.isprintable() or "\\\\" in command:', "if not command.isprintable():", _FORCED),
    Fault("only keys of who may work here are sealed", "engine/access/commands.py", "operators.everyone(self._ledger) if not each.disabled\n", "operators.everyone(self._ledger)\n", ("tests/engine/access/test_seal.py",)),
    Fault("a host key is the account's alone", "console/ssh/host_key.py", "mode & 0o077", "mode & 0o007", (f"{_SSH}host_key.py",)),
    # Who is on.
    Fault("no link makes anybody be on", "engine/presence/sessions.py", "os.O_NOFOLLOW | ", "", _ON),
    Fault("so many are listed and no more", "engine/presence/sessions.py", "names[:MOST]", "names", _ON),
    Fault("who is on is not for everybody to read", "engine/presence/sessions.py", "_MODE, _LONGEST = 0o640", "_MODE, _LONGEST = 0o666", _ON),
    # What is sent to a terminal.
    Fault("no style that cannot be read is written over", _FILTER, "            self._settle()  # Later", "            self._send_painted()  # Later", _REPAINT),
    Fault("no style that cannot be read is written over", _FILTER, "!= UNKNOWN and self._style is not None", "!= UNKNOWN", _REPAINT),
)  # fmt: skip
