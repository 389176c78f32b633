"""What a session is: a process for one operator, with a terminal or with pipes, that ends with its client."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
import psutil
import pyte
import pytest

from console.ssh.limits import Limits
from console.ssh.server import DoorKeeper
from engine.api import open_engine
from engine.clock import now, stamp
from tests.door import PATIENCE, children, connect, key_of, line_of, service, trail, until, workspace

ADA, OPAL = key_of("ada"), key_of("opal")
KEYS = "9 Admin"


async def run(line: asyncssh.SSHClientConnection, command: str, **given: Any) -> tuple[int | None, str, str]:
    done = await line.run(command, **given)
    return done.exit_status, str(done.stdout), str(done.stderr)


@pytest.fixture
def place(home: Path) -> Path:
    workspace(home, [("ada", "admin"), ("opal", "operator")])
    return home


def test_a_verb_has_an_honest_exit_code_and_its_outputs_apart(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            code, out, err = await run(line, "status --json")
            assert (code, err, json.loads(out)["operator"]) == (0, "", "opal")
            assert "leverframe places add" in (await run(line, "places"))[1]  # and not --home, which is refused
            code, out, err = await run(line, "leverframe operators --json")
            assert (code, err, len(json.loads(out))) == (0, "", 3)
            code, out, err = await run(line, "show nothing@1")
            assert (code, out) == (1, "") and "nothing" in err
            code, out, err = await run(line, "status; id")
            assert (code, out) == (2, "") and "There is no verb 'status;'" in err
            code, out, err = await run(line, "show 'unended")
            assert (code, out) == (2, "") and "cannot be read" in err
            code, out, err = await run(line, "operators add eve --role admin --reason x")
            assert (code, out) == (1, "") and "ask somebody who is an admin" in err

    asyncio.run(story())
    assert ("opal", "login", "ssh", "") in trail(place)


def test_a_file_is_what_the_client_sends_and_gets(place: Path) -> None:
    eve = line_of(key_of("eve"))

    async def story() -> None:
        async with service(place) as port, connect(port, ADA) as line:
            code, _, err = await run(line, "operators add eve --key - --reason 'new here'", input=eve)
            assert (code, err) == (0, "")
            code, out, err = await run(line, "audit --export -")
            last = json.loads(out.splitlines()[-1])
            assert (code, err, last["ok"]) == (0, "", True)
            async with connect(port, key_of("eve")) as hers:
                assert (await run(hers, "status --json"))[0] == 0

    asyncio.run(story())
    assert list((place / "exchange").iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        "--home /tmp status", "status --home /tmp", "status --operator opal", "audit --export /tmp/x", "add /etc",
        "add ../keys", "add .", "check /etc", "check exchange/../..", "backup /tmp/x", "restore /tmp/x",
        "backup --check --key /etc/shadow", "places add /etc --reason x", "settings set backup_to /tmp/x --reason x",
        "operators add x --key /etc/shadow --reason x", "init", "demo", "engine", "ssh", "pages", "serve",
        "new x --from /etc/passwd --target x",
    ],
)  # fmt: skip
def test_no_file_or_service_of_the_machine_can_be_named_by_an_admin_either(place: Path, command: str) -> None:
    (place / "exchange" / "link").symlink_to("/etc")

    async def story() -> None:
        async with service(place) as port, connect(port, ADA) as line:
            code, out, err = await run(line, command)
            assert (code, out) == (1, "") and err.startswith("Over SSH ") and err.count("\n") == 1

    asyncio.run(story())


def test_a_link_out_of_the_folder_leads_nowhere(place: Path) -> None:
    (place / "exchange" / "link").symlink_to("/etc")

    async def story() -> None:
        async with service(place) as port, connect(port, ADA) as line:
            assert "is not in it" in (await run(line, "add link"))[2]

    asyncio.run(story())


class Desk:
    """The console in a client's terminal, whose screen an emulator keeps."""

    def __init__(self, process: Any, size: tuple[int, int]) -> None:
        self.process = process
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)

    def resize(self, columns: int, lines: int) -> None:
        self.process.change_terminal_size(columns, lines)
        self._screen.resize(min(lines, 200), min(columns, 500))

    async def shows(self, text: str) -> None:
        """Wait until ``text`` stands on the screen."""
        while text not in (whole := "\n".join(self._screen.display)):
            more = await asyncio.wait_for(self.process.stdout.read(65_536), PATIENCE)
            assert more, f"It ended without {text!r}:\n{whole}"
            self._stream.feed(more)

    async def hears_no_more(self) -> None:
        """Wait until what was on its way has come, where no more is sent."""
        with suppress(TimeoutError):
            while await asyncio.wait_for(self.process.stdout.read(65_536), 0.5):
                pass


async def console(line: asyncssh.SSHClientConnection, size: tuple[int, int] = (120, 36), **given: Any) -> Desk:
    process = await line.create_process(term_type="xterm-256color", term_size=size, encoding=None, **given)
    return Desk(process, size if min(size) > 4 else (120, 36))


def test_a_connection_lands_in_the_console_which_knows_its_size_and_ends_by_its_key(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            desk = await console(line)
            await desk.shows(KEYS)
            await desk.shows("opal (operator)")
            desk.resize(30, 8)
            await desk.shows("needs")
            desk.resize(10_000, 10_000)
            await desk.shows(KEYS)
            desk.process.stdin.write(b"q")
            await desk.process.wait()
            assert desk.process.exit_status == 0
            await until(lambda: not children())

    asyncio.run(story())


@pytest.mark.parametrize("size", [(1, 1), (0, 0), (10_000, 10_000)])
def test_odd_windows_are_drawn(place: Path, size: tuple[int, int]) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            desk = await console(line, size)
            await desk.process.stdout.read(1)
            desk.resize(140, 42)
            await desk.shows(KEYS)

    asyncio.run(story())


def test_what_a_client_sends_as_environment_reaches_nothing(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            sent = {"LD_PRELOAD": "/tmp/evil.so", "PYTHONPATH": "/tmp/evil", "LEVERFRAME_OPERATOR": "ada", "EVIL": "1"}
            desk = await console(line, env=sent)
            await desk.shows(KEYS)
            (process,) = children()
            told = Path(f"/proc/{process.pid}/environ").read_bytes()
            assert b"/tmp/evil" not in told and b"EVIL" not in told and b"LEVERFRAME_OPERATOR" not in told
            assert b"TERM=xterm-256color" in told
            assert b"SHA256" not in told and "SHA256" not in " ".join(process.cmdline())

    asyncio.run(story())


def test_a_client_that_vanishes_leaves_nothing(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port:
            line = await connect(port, OPAL)
            desk = await console(line)
            await desk.shows(KEYS)
            waits = await line.create_process("schedules history --limit 1 --json", encoding=None)
            assert children()
            line.abort()
            await until(lambda: not children())
            del desk, waits

    asyncio.run(story())


def test_a_session_that_does_not_heed_the_hang_up_is_ended(place: Path) -> None:
    async def story() -> None:
        async with service(place, Limits(hang_up_seconds=0.2)) as port:
            line = await connect(port, ADA)
            waits = await line.create_process("operators keys add ada - --reason x", encoding=None)
            await until(children)
            (process,) = children()
            process.suspend()  # It cannot do anything when it is told, as it has no terminal that wakes it.
            line.abort()
            await until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
            del waits

    asyncio.run(story())


def test_a_client_that_does_not_read_is_waited_for_and_its_session_goes_on(place: Path) -> None:
    engine = open_engine(place)
    for number in range(300):
        engine.add_operator(f"x{number}", "viewer", "a long list " * 20)
    engine.close()

    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            slow = await line.create_process("audit --export -", encoding=None, window=4096)
            slow.stdout.channel.pause_reading()
            await until(lambda: children() and children()[0].status() == psutil.STATUS_SLEEPING)
            assert (await run(line, "status --json"))[0] == 0  # Others are not held up.
            slow.stdout.channel.resume_reading()
            whole = await slow.stdout.read()
            await slow.wait()
            assert json.loads(whole.splitlines()[-1])["ok"] and slow.exit_status == 0

    asyncio.run(story())


def test_a_line_that_is_full_is_waited_for_whatever_window_the_client_chose(place: Path) -> None:
    async def story() -> None:
        keepers: list[DoorKeeper] = []
        async with service(place, keepers=keepers) as port, connect(port, OPAL) as line:
            (visitor,) = keepers[0].visitors
            desk = await console(line, window=1 << 30)
            await desk.shows(KEYS)
            visitor.line_is_full()  # as the transport tells: its own buffer is beyond its bound
            await desk.hears_no_more()
            desk.resize(100, 30)
            late = await line.create_process("status --json", encoding=None, window=1 << 30)
            await until(lambda: len(keepers[0].running) == 2)
            await until(lambda: len(children()) == 1)  # It has said all that it says.
            for process in (desk.process, late):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(process.stdout.read(1), 0.2)
            visitor.line_has_room()
            assert json.loads(await late.stdout.read())["operator"] == "opal"
            await desk.shows(KEYS)

    asyncio.run(story())


@pytest.mark.parametrize("command", [None, "leverframe", "--at {now}"])
def test_a_session_in_which_nobody_types_is_closed_and_says_so(place: Path, command: str | None) -> None:
    async def story() -> None:
        async with service(place, Limits(idle_seconds=1.0)) as port, connect(port, OPAL) as line:
            desk = await console(line, command=command and command.format(now=stamp(now())))
            await desk.shows("nothing was typed for too long")
            await desk.process.wait()
            assert desk.process.exit_status == 1
            await until(lambda: not children())

    asyncio.run(story())


def test_a_verb_works_on_for_as_long_as_it_takes_whoever_types(place: Path) -> None:
    async def story() -> None:
        async with service(place, Limits(idle_seconds=0.0)) as port, connect(port, OPAL) as line:
            code, out, err = await run(line, "status --json")
            assert (code, err, json.loads(out)["operator"]) == (0, "", "opal")

    asyncio.run(story())


def test_a_signal_of_the_client_ends_a_verb_where_it_asks_to_stop(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, ADA) as line:
            waits = await line.create_process("operators keys add ada - --reason x")
            await until(children)
            for each in ("KILL", "STOP", "USR1", "TERM"):  # Of these the last alone is passed on.
                waits.send_signal(each)
            await asyncio.wait_for(waits.wait(), PATIENCE)
            assert waits.exit_status == 128 + signal.SIGTERM

    asyncio.run(story())


def test_more_sessions_than_allowed_are_refused_with_the_reason(place: Path) -> None:
    async def story() -> None:
        async with service(place, Limits(sessions_each=1)) as port, connect(port, OPAL) as line:
            desk = await console(line)
            await desk.shows(KEYS)
            with pytest.raises(asyncssh.ChannelOpenError, match="You have 1 sessions already"):
                await line.run("status")
            desk.process.close()
            await until(lambda: not children())
            assert (await run(line, "status --json"))[0] == 0

    asyncio.run(story())
    assert any(row[1] == "turned-away" and "1 sessions" in row[3] for row in trail(place))


def test_an_operator_who_is_disabled_while_connected_can_do_nothing_more(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            assert (await run(line, "status --json"))[0] == 0
            engine = open_engine(place)
            engine.disable_operator("opal", "left")
            engine.close()
            code, out, err = await run(line, "status --json")
            assert (code, out) == (1, "") and "may not work here any more" in err
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(port, OPAL)

    asyncio.run(story())


def test_the_console_without_a_terminal_says_what_works_without_one(place: Path) -> None:
    async def story() -> None:
        async with service(place) as port, connect(port, OPAL) as line:
            done = await line.run(term_type=None)
            assert done.exit_status == 1 and "needs a terminal" in str(done.stderr)

    asyncio.run(story())
