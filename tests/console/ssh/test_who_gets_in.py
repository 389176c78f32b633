"""Who gets in at the door: whoever has a key that is bound, and nobody else, in no other way."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import asyncssh
import pytest

from console.ssh.limits import Limits
from console.ssh.server import DoorKeeper
from engine.errors import Refusal
from tests.door import connect, door, key_of, reception, until

ADA, OPAL = key_of("ada"), key_of("opal")


def test_a_key_that_is_bound_gets_in_whatever_name_the_client_gives(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate) as port:
            for name in ("ada", "root", "opal", "../x"):
                async with connect(port, ADA, username=name):
                    pass
            await until(lambda: len(gate.noted) == 8)

    asyncio.run(story())
    row = ("ada", ADA.get_fingerprint(), "127.0.0.1")
    assert sorted(gate.noted) == [("login", *row)] * 4 + [("logout", *row)] * 4


def certificate() -> asyncssh.SSHKeyPair:
    authority = key_of("authority")
    made = authority.generate_user_certificate(ADA, "ada", principals=["ada"])
    return asyncssh.load_keypairs([(ADA, made)])[0]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (OPAL, "nobody's"),
        (asyncssh.generate_private_key("ssh-rsa", key_size=1024), "1,024 bits"),
        (asyncssh.generate_private_key("ecdsa-sha2-nistp256"), "nobody's"),
    ],
)
def test_any_other_key_is_refused_and_the_refusal_is_noted(home: Path, key: asyncssh.SSHKey, why: str) -> None:
    gate = reception(home, "ada")
    gate.known |= {key.get_fingerprint(): "ada"} if "bits" in why else {}

    async def story() -> None:
        async with door(gate) as port:
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(port, key)
            await until(lambda: gate.noted)

    asyncio.run(story())
    (row,) = gate.noted
    assert row[:2] == ("turned away", key.get_fingerprint()) and why in row[2]


def test_a_certificate_of_a_key_that_is_bound_is_refused(home: Path) -> None:
    gate = reception(home, "ada", "authority")

    async def story() -> None:
        async with door(gate) as port:
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(port, certificate())

    asyncio.run(story())
    assert not [row for row in gate.noted if row[0] == "login"]


def test_passwords_and_questions_are_no_way_in(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate) as port:
            assert await asyncssh.get_server_auth_methods("127.0.0.1", port, config=[]) == ["publickey"]
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(port, password="ada", kbdint_auth=True)

    asyncio.run(story())
    assert not [row for row in gate.noted if row[0] == "login"]


def test_a_client_that_tries_many_keys_is_sent_away(home: Path) -> None:
    gate = reception(home, "ada")
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(12)]

    async def story() -> None:
        async with door(gate, Limits(tries=6)) as port:
            with pytest.raises(asyncssh.DisconnectError, match="Too many tries"):
                await connect(port, *keys, ADA)
            assert len(gate.asked) == 3, "each key takes two exchanges"
            async with connect(port, ADA):
                pass

    asyncio.run(story())


def test_connections_that_do_not_log_in_are_few_and_when_they_are_gone_others_get_in(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate, Limits(strangers=2)) as port:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            for reader, _ in held:
                assert await reader.readline() == b"SSH-2.0-Leverframe\r\n"
            late, _ = await asyncio.open_connection("127.0.0.1", port)
            assert await late.read() == b""  # turned away before a word
            for _, writer in held:
                writer.close()
            await until(lambda: ("turned away", "no key", "left without a key", 1) in gate.noted)
            async with connect(port, ADA):
                pass

    asyncio.run(story())
    assert ("turned away", "no key", "too many at once", 1) in gate.noted
    assert sum(row[3] for row in gate.noted if row[2] == "left without a key") == 2, "who was sent away did not leave"


def test_whoever_has_logged_in_takes_the_room_of_nobody_who_has_not(home: Path) -> None:
    gate = reception(home, "ada", "opal")

    async def story() -> None:
        async with door(gate, Limits(strangers=1)) as port, connect(port, ADA), connect(port, OPAL):
            pass

    asyncio.run(story())
    assert [row[:2] for row in gate.noted if row[0] == "login"] == [("login", "ada"), ("login", "opal")]


def test_whoever_logged_in_makes_no_room_for_a_stranger_when_they_leave(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate, Limits(strangers=1)) as port:
            async with connect(port, ADA):
                held = await asyncio.open_connection("127.0.0.1", port)
                await held[0].readline()
            await until(lambda: [row[0] for row in gate.noted] == ["login", "logout"])
            late = await asyncio.open_connection("127.0.0.1", port)
            assert await late[0].readline() == b""

    asyncio.run(story())


def test_a_connection_that_does_not_log_in_is_ended(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate, Limits(login_seconds=0.5)) as port:
            reader, _ = await asyncio.open_connection("127.0.0.1", port)
            await reader.read()  # to its end

    asyncio.run(story())
    assert gate.noted == [("turned away", "no key", "left without a key", 1)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 70_000,
        b"SSH-2.0-x\r\n" + b"\xff" * 70_000,
        b"SSH-1.5-x\r\n",
        b"\x1b]0;x\x07\n" * 9000,
    ],
)
def test_garbage_ends_its_own_connection_and_no_other(home: Path, garbage: bytes) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate) as port, connect(port, ADA):
            with socket.create_connection(("127.0.0.1", port)) as talker:
                talker.setblocking(False)
                loop = asyncio.get_running_loop()
                try:
                    await loop.sock_sendall(talker, garbage)
                    while await loop.sock_recv(talker, 4096):
                        pass
                except OSError:
                    pass  # closed before all of it was sent
            async with connect(port, ADA):
                pass

    asyncio.run(story())


def test_a_flood_of_connections_is_noted_in_few_rows(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate, Limits(strangers=1, login_seconds=600.0)) as port:
            held = await asyncio.open_connection("127.0.0.1", port)
            await held[0].readline()
            for _ in range(50):
                reader, _ = await asyncio.open_connection("127.0.0.1", port)
                assert await reader.read() == b""

    asyncio.run(story())
    rows = [row for row in gate.noted if row[2] == "too many at once"]
    assert [row[3] for row in rows] == [1, 49]


def test_where_nothing_can_be_read_nobody_gets_in_and_what_cannot_be_written_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = reception(home, "ada")
    keepers: list[DoorKeeper] = []
    lines: list[str] = []

    def full(*_: object) -> None:
        raise Refusal("The disk is full.")

    async def story() -> None:
        async with door(gate, keepers=keepers) as port:
            keepers[0].tell = lines.append
            with monkeypatch.context() as broken:
                broken.setattr(gate, "admit", full)
                with pytest.raises(asyncssh.PermissionDenied):
                    await connect(port, ADA)
            with monkeypatch.context() as broken:
                broken.setattr(gate, "note_login", full)
                async with connect(port, ADA):
                    await until(lambda: len(lines) == 2)

    asyncio.run(story())
    assert lines == ["Nobody can be let in: The disk is full.", "Not written down: The disk is full."]


def test_nothing_but_sessions_can_be_had(home: Path, tmp_path: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate) as port, connect(port, ADA) as line:
            with pytest.raises(asyncssh.ChannelOpenError):
                await line.open_connection("127.0.0.1", port)
            with pytest.raises(asyncssh.ChannelOpenError):
                await line.open_unix_connection("/run/x")
            with pytest.raises(asyncssh.ChannelListenError):
                await line.start_server(lambda *_: None, "", 0)
            with pytest.raises(asyncssh.ChannelListenError):
                await line.start_unix_server(lambda *_: None, str(tmp_path / "x"))
            with pytest.raises(asyncssh.ChannelOpenError):
                await line.start_sftp_client()
            with pytest.raises(asyncssh.ChannelOpenError):
                await line.create_process(subsystem="sftp")

    asyncio.run(story())
    assert not (tmp_path / "x").exists()


def test_a_connection_that_asks_for_nothing_is_ended(home: Path) -> None:
    gate = reception(home, "ada")

    async def story() -> None:
        async with door(gate, Limits(begin_seconds=0.2)) as port:
            line = await connect(port, ADA)
            await line.wait_closed()

    asyncio.run(story())
    assert [row[0] for row in gate.noted] == ["login", "logout"]
