"""A hostile gateway: whatever it says, the client ends, with a message, in bounded memory, and the terminal obeys
nobody but us."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import re
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import paramiko
import pytest

import bundlekit
from bundlekit.bundle.bundle import Bundle
from bundlekit.cli.main import cli, main
from bundlekit.deploy import delivery
from bundlekit.pack.archive import pack
from bundlekit.remote import channel, script
from bundlekit.ssh.address import Address
from bundlekit.ssh.connection import Connection
from tests.remote.hostile_server import GATEWAY, PASSWORD, HostileServer, Reply, Talk, answer, running
from tests.rotation import share
from tests.workstation import SAMPLE, Printed

EVIL = (
    "\x1b]0;title\x07\x1b[2J\x1b[31;5m\x9b2J\r\b\b\x00\x7f\u202eevil\u2066\u200b\u2028\u0085"
    "{0.__class__}{9}{:>99999999}{%s$(reboot)`id`'\";é\udcff"
)
_OURS = re.compile(r"\x1b\[(?:0|1|3[1-6])m")  # colours that bundlekit itself has
_MOST = 200_000  # characters on a terminal

Client = Callable[..., Printed]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Client:
    """Runs a verb against a hostile server, as on a terminal: colours and escape codes are not taken out."""
    shutil.copytree(SAMPLE, tmp_path / "example")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setitem(cli.context_settings, "color", True)

    def run(server: HostileServer, verb: str, *arguments: str, given: str = PASSWORD) -> Printed:
        server.write_known_hosts(tmp_path)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{given}\n".encode())))
        capfd.readouterr()
        code = main([verb, *arguments, f"moxa@127.0.0.1:{server.port}", "--password-stdin"])
        out, err = capfd.readouterr()
        assert_fit(out + err)
        return Printed(code, out, err)

    return run


def assert_fit(shown: str) -> None:
    """What a terminal was given."""
    assert "fault of bundlekit" not in shown
    assert "Traceback" not in shown
    assert PASSWORD not in shown
    ours = _OURS.sub("", shown)
    assert not [character for character in ours if not (character.isprintable() or character == "\n")]
    assert len(shown) < _MOST


def test_honest_one_is_believed(client: Client) -> None:
    with HostileServer() as gateway:
        printed = client(gateway, "deploy", "--bundle", "example")
    assert printed.code == 0, printed.err
    assert [order[0] for order in gateway.orders] == ["probe", "put", "deploy"]
    assert gateway.passwords == [PASSWORD]


@pytest.mark.parametrize(
    ("has", "verb", "taken"),
    [
        (b"", "status", []),
        (b"\t\tjournal", "status", ["programs.zip"]),
        (b"\tprograms\tjournal", "status", []),
        (b"", "deploy", ["programs.zip"]),
        (b"\tprograms", "deploy", []),
    ],
)
def test_programs_go_to_who_lacks_them_with_a_command_that_may_need_them(
    client: Client, has: bytes, verb: str, taken: list[str]
) -> None:
    with HostileServer(has=has) as gateway:
        printed = client(gateway, verb, *(["--bundle", "example"] if verb == "deploy" else []))
    assert printed.code == 0, printed.err
    assert gateway.taken == taken


FIELDS: list[list[str]] = [
    [],
    [EVIL] * 9,
    ["9" * 10_000] * 9,
    ["-1", "", *["x" * 60_000] * 2],
    ["{", "{}", "{1}", "{:>99999999}"],
]


def words_of_the_script() -> list[str]:
    parts = (Path(script.__file__).parent).glob("*.sh")
    found = {word for part in parts for word in re.findall(r"\bsay '?([a-z-]+)", part.read_text())}
    return sorted(found | {"locked", "broken-off", "{", "{9}{:>99999999}"} - {"hello", "done", "end", "bundle"})


def events(fields: list[str]) -> list[str]:
    """Each word of the script with these fields. A bundle comes last: what is said after it is about it."""
    return ["\t".join([word, *fields]) for word in [*words_of_the_script(), "bundle"]]


def done(text: bytes) -> bytes:
    return text + b"done\tTOKEN\t0\n"


VERBS = [
    ["status"],
    ["status", "--format", "json"],
    ["releases", "--bundle", "example"],
    ["logs", "--bundle", "example"],
    ["rollback", "--bundle", "example"],
    ["start", "--bundle", "example"],
    ["remove", "--yes", "--bundle", "example"],
    ["deploy", "--bundle", "example"],
    ["deploy", "--bundle", "example", "--dry-run"],
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_nothing_in_a_state_steers_the_terminal_or_the_client(client: Client, verb: list[str]) -> None:
    for fields in share(FIELDS, of=2, after=VERBS.index(verb)):
        lines = [event for event in events(fields) if not event.startswith("fail")]
        for each in (lines, ["\t".join(["fail", *fields])]):
            with HostileServer(
                {"probe": done(answer(*GATEWAY, *running("example", "0.0.1", "0" * 64), *each))}
            ) as gateway:
                client(gateway, *verb)


@pytest.mark.parametrize("fields", FIELDS, ids=["none", "evil", "numbers", "long", "braces"])
def test_nothing_in_an_answer_steers_the_terminal_or_the_client(client: Client, fields: list[str]) -> None:
    def mine(words: list[str]) -> list[str]:
        """Those that come with these fields, by the commit."""
        return share(words, len(FIELDS), after=FIELDS.index(fields))

    for event in mine(events(fields)):
        with HostileServer({"deploy": done(answer(event))}) as gateway:
            assert client(gateway, "deploy", "--bundle", "example").code > 0
    for first in mine(
        ["busy", "changed", "digest", "syntax", "import", "unpack", "service", "stop", "no-release", "space"]
    ):
        with HostileServer({"deploy": done(answer("\t".join(["fail", first, *fields])))}) as gateway:
            assert client(gateway, "deploy", "--bundle", "example").code > 0
    for first in mine(["up", "back", "down", "stuck", "not-up", "stopped", "removed"]):
        lines = ["\t".join(["log", *fields]), "\t".join(["outcome", first, *fields])]
        with HostileServer({"deploy": done(answer(*lines))}) as gateway:
            assert client(gateway, "deploy", "--bundle", "example").code > 0, first


def test_lines_of_a_log_are_text_and_nothing_else(client: Client) -> None:
    said = answer("raw", EVIL, EVIL.encode("utf-8", "surrogateescape").hex(), "x" * 150_000, "{0}")
    with HostileServer(
        {"probe": done(answer(*GATEWAY, *running("example", "0.0.1", "0" * 64))), "logs": done(said)}
    ) as gateway:
        printed = client(gateway, "logs", "--bundle", "example")
    assert printed.code == 0
    assert "{0}" in printed.out


PLACES = [
    "/etc",
    "/opt/bundlekit/uploads/../../../etc",
    "/opt/bundlekit/uploads/x y",
    "/opt/bundlekit/uploads/$(reboot)",
    "/opt/bundlekit/uploads/'; reboot '",
    "-oProxyCommand=reboot",
    "",
]


@pytest.mark.parametrize("place", PLACES)
def test_upload_goes_to_no_other_place_than_one_for_uploads(client: Client, place: str) -> None:
    with HostileServer({"probe": done(answer(*GATEWAY, "bundle\texample", f"upload\t{place}\t0"))}) as gateway:
        printed = client(gateway, "deploy", "--bundle", "example")
    assert printed.code == 3
    assert "place" in printed.err
    assert [order[0] for order in gateway.orders] == ["probe"]


def test_state_of_another_bundle_is_not_taken_for_the_one_asked_for(client: Client) -> None:
    archive = pack(Bundle.in_folder(SAMPLE))
    other = running("other", archive.version, archive.identity)
    with HostileServer({"probe": done(answer(*GATEWAY, *other))}) as gateway:
        assert "unchanged" not in client(gateway, "deploy", "--bundle", "example").out
        assert client(gateway, "stop", "--bundle", "example").code == 3
        assert "stop" not in [order[0] for order in gateway.orders]


def test_other_release_than_the_one_that_was_deployed_does_not_count_as_up(client: Client) -> None:
    with HostileServer({"deploy": done(answer("outcome\tup\t9.9.9-12345678\t"))}) as gateway:
        printed = client(gateway, "deploy", "--bundle", "example")
    assert printed.code == 3
    assert printed.out == ""
    assert "9.9.9-12345678" in printed.err


def for_ever(text: bytes) -> Reply:
    async def reply(talk: Talk) -> None:
        while True:
            await talk.say(text)

    return reply


def complaining(reply: bytes, *, then: bytes = b"") -> Reply:
    async def both(talk: Talk) -> None:
        for _ in range(48):
            await talk.complain(reply)
        await talk.say(then)

    return both


FLOODS = {
    "a line without end": for_ever(b"x" * 65_536),
    "lines without end": for_ever(b"log\tx\n" * 10_000),
    "empty lines without end": for_ever(b"\n" * 65_536),
    "complaints without end": for_ever(b"complaint\tx\n" * 10_000),
    "releases without end": for_ever(b"hello\t1\nbundle\texample\n" + b"release\ta-1\n" * 10_000),
    "what is not there without end": for_ever(b"lacks\t1\n" * 10_000),
}


@pytest.mark.parametrize(
    ("flood", "order"),
    [
        (flood, order)
        for number, flood in enumerate(FLOODS)
        for order in share(["greeting", "probe", "put", "deploy", "logs"], of=3, after=number)
    ],
)
def test_answer_without_end_is_not_heard_to_its_end(client: Client, order: str, flood: str) -> None:
    state = done(answer(*GATEWAY, *running("example", "0.0.1", "0" * 64)))
    replies = {"probe": state, order: FLOODS[flood]} if order == "logs" else {order: FLOODS[flood]}
    with HostileServer(replies) as gateway:
        printed = client(gateway, *(["logs", "-n", "0"] if order == "logs" else ["deploy"]), "--bundle", "example")
        assert printed.code == 3
        assert gateway.said < 50_000_000


@pytest.mark.usefixtures("client")
def test_rest_of_an_answer_is_not_taken_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileServer({"probe": done(answer(*GATEWAY, *running("stale", "0.0.1", "0" * 64)))}) as gateway:
        gateway.write_known_hosts(tmp_path)
        with bundlekit.Gateway(f"moxa@127.0.0.1:{gateway.port}", password=PASSWORD) as there:
            with monkeypatch.context() as patch:
                patch.setattr(channel, "_LONGEST_ANSWER", 300)
                with pytest.raises(bundlekit.CouldNotRun, match="has no end"):
                    there.status()
            gateway.replies["probe"] = done(answer(*GATEWAY, *running("example", "0.0.2", "0" * 64)))
            assert [bundle.name for bundle in there.status().bundles] == ["example"]
            assert [bundle.name for bundle in there.status().bundles] == ["example"]


def test_log_without_end_is_not_shown_to_its_end(client: Client) -> None:
    async def reply(talk: Talk) -> None:
        await talk.say(b"hello\t1\nraw\n")
        while True:
            await talk.say(b"\n" + b"\0" * 65_536)

    with HostileServer(
        {"probe": done(answer(*GATEWAY, *running("example", "0.0.1", "0" * 64))), "logs": reply}
    ) as gateway:
        assert client(gateway, "logs", "-n", "1", "--bundle", "example").code == 3
        assert gateway.said < 50_000_000


def test_three_megabytes_of_complaints_stop_nobody(client: Client) -> None:
    greeting = complaining(b"\x1b[2Jx\n" * 12_000, then=b"\nhello\t1\tTOKEN\n")
    with HostileServer({"greeting": greeting}) as gateway:
        printed = client(gateway, "deploy", "--bundle", "example")
    assert printed.code == 0, printed.err
    assert gateway.said > 3_000_000


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without patience."""
    wait = paramiko.Channel.settimeout
    monkeypatch.setattr(paramiko.Channel, "settimeout", lambda channel, _: wait(channel, 0.15))
    monkeypatch.setattr(channel, "_LAST_WORDS", 0.15)
    monkeypatch.setattr(channel, "_LONGEST_WAIT", 2)
    monkeypatch.setattr(delivery, "_PAUSES", (0, 0))


async def drip(talk: Talk) -> None:
    while True:
        await talk.say(b"x")
        await asyncio.sleep(0.02)


async def nothing(talk: Talk) -> None:
    await asyncio.sleep(3600)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("order", ["greeting", "probe", "put", "deploy"])
@pytest.mark.parametrize("reply", [drip, nothing])
def test_answer_that_never_ends_is_given_up(client: Client, order: str, reply: Reply) -> None:
    with HostileServer({order: reply}) as gateway:
        assert client(gateway, "deploy", "--bundle", "example", "--wait", "5").code == 3


def breaking_off(text: bytes, *, how: str) -> Reply:
    async def reply(talk: Talk) -> None:
        await talk.say(text)
        if how == "hang up":
            await talk.hang_up()
        else:
            await talk.over(int(how))

    return reply


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("order", ["greeting", "probe", "put", "deploy"])
@pytest.mark.parametrize("how", ["hang up", "0", "73", "74", "255"])
def test_end_at_any_point_is_an_error(client: Client, order: str, how: str) -> None:
    whole = {
        "greeting": b"\nhello\t1\tTOKEN\n",
        "probe": done(answer(*GATEWAY, "bundle\texample")),
        "put": b"\0\0\0\0done\tTOKEN\t0\n",
        "deploy": done(answer("phase\tstart", "log\tx")),
    }[order]
    for length in sorted({0, 1, 2, 9, len(whole) - 2}):
        if length < len(whole):
            with HostileServer({order: breaking_off(whole[:length], how=how)}) as gateway:
                printed = client(gateway, "deploy", "--bundle", "example")
                assert printed.code == 3, (length, printed.err)
                assert printed.out == ""


@pytest.mark.parametrize("status", ["1", "74", "-1", "", "9" * 5000, "x", "74\t74"])
@pytest.mark.parametrize("order", ["probe", "put", "deploy"])
def test_odd_status_of_an_order_is_an_error(client: Client, order: str, status: str) -> None:
    with HostileServer(
        {order: f"{EVIL}\n\tcomplaint\t{EVIL}\ndone\tTOKEN\t{status}\n".encode(errors="replace")}
    ) as gateway:
        assert client(gateway, "deploy", "--bundle", "example").code == 3
    assert len(gateway.orders) < 4


@pytest.mark.parametrize("said", [b"\1" + EVIL.encode(errors="replace") + b"\n", b"\2no\n", b"\0\1no\n", b"{0}{\n"])
def test_refused_upload_is_told_and_nothing_is_deployed(client: Client, said: bytes) -> None:
    with HostileServer({"put": said + b"done\tTOKEN\t1\n"}) as gateway:
        printed = client(gateway, "deploy", "--bundle", "example")
    assert printed.code == 3
    assert "did not take the upload" in printed.err


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A bundle that is not sent as a whole where the gateway says that it has most of it."""
    folder = tmp_path / "large"
    shutil.copytree(SAMPLE, folder)
    (folder / "table.bin").write_bytes(random.Random(0).randbytes(200_000))
    return folder


@pytest.mark.usefixtures("hasty")
def test_other_host_key_after_a_broken_link_gets_no_password_and_no_file(client: Client, large: Path) -> None:
    async def reply(talk: Talk) -> None:
        await gateway.change_key()
        await talk.hang_up()

    with HostileServer({"put": reply}, keys=2) as gateway:
        printed = client(gateway, "deploy", "--bundle", str(large), "--accept-new-host-key")
    assert printed.code == 3
    assert "not the same as before the link broke" in printed.err
    assert len(gateway.passwords) == 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("there", ["999999999999999", "9" * 400, "-5", "100"])
def test_gateway_that_says_that_more_is_there_each_time_does_not_keep_us_for_ever(
    client: Client, large: Path, there: str
) -> None:
    async def receive(talk: Talk) -> None:
        place = f"/opt/bundlekit/uploads/{talk.order[1]}-{talk.order[2]}"
        await talk.say(done(answer(f"upload\t{place}\t{there}{'9' * (gateway.log_ins if there[0] == '9' else 0)}")))

    async def put(talk: Talk) -> None:
        await talk.hang_up()

    with HostileServer({"receive": receive, "put": put}) as gateway:
        assert client(gateway, "deploy", "--bundle", str(large)).code == 3
    assert gateway.log_ins < 10


@pytest.mark.parametrize("lacks", [["0", "-1", "999999999999999", "9" * 5000, EVIL], [], [str(n) for n in range(9999)]])
def test_gateway_that_lacks_what_there_is_not_is_sent_what_there_is(
    client: Client, large: Path, lacks: list[str]
) -> None:
    async def probe(talk: Talk) -> None:
        place = f"/opt/bundlekit/uploads/{talk.order[3]}-{talk.order[4]}"
        await talk.say(done(answer(*GATEWAY, *running("example", "0.0.0", "0" * 64), f"upload\t{place}\t0")))

    with HostileServer({"probe": probe, "compare": done(answer(*(f"lacks\t{number}" for number in lacks)))}) as gateway:
        printed = client(gateway, "deploy", "--bundle", str(large))
    assert printed.code == 0, printed.err
    assert "compare" in [order[0] for order in gateway.orders]


def test_banner_and_prompts_of_the_log_in_are_not_shown(client: Client) -> None:
    with HostileServer(banner=EVIL.encode(errors="replace").decode() * 1000) as gateway:
        assert client(gateway, "status").code == 0
    with HostileServer(prompt=EVIL.encode(errors="replace").decode()) as gateway:
        printed = client(gateway, "status")
        assert "evil" not in printed.out + printed.err


@pytest.mark.parametrize("token", [EVIL, "", "a b", "x" * 10_000, "\x1b[2J"])
def test_token_that_is_none_is_not_used(client: Client, token: str) -> None:
    with HostileServer({"token": done(answer(f"token\t{token}"))}) as gateway:
        printed = client(gateway, "api", "GET", "/example")
    assert printed.code in (2, 3)
    assert "x" * 100 not in printed.err


class Wrong:
    """A server that says something as soon as somebody comes, again and again if it is to, and hears nothing."""

    def __init__(self, first: bytes, again: bytes = b"") -> None:
        self._first, self._again = first, again
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        with client, contextlib.suppress(OSError):
            client.sendall(self._first)
            while self._again:
                client.sendall(self._again)
            while client.recv(65_536):
                pass


WRONG = {
    "a greeting that steers": (EVIL.encode(errors="replace") + b"\r\n") * 100,
    "a greeting without end": (b"x" * 65_536, b"x" * 65_536),
    "greetings without end": (b"hello\r\n" * 9000, b"hello\r\n" * 9000),
    "a name that steers": b"SSH-9.9-" + EVIL.encode(errors="replace") + b"\r\n",
    "a long name": b"SSH-9.9-" + b"x" * 1_000_000 + b"\r\n",
    "a name that is no text": b"SSH-2.0-\xff\xfe\r\n",
    "no version": b"SSH-\r\n",
    "a packet of four gigabytes": (b"SSH-2.0-x\r\n" + b"\xff" * 64, b"\xff" * 65_536),
    "a packet of nothing": b"SSH-2.0-x\r\n" + b"\0" * 64,
    "an odd packet": b"SSH-2.0-x\r\n" + b"\0\0\0\x0c\x0a\x14" + b"\xff" * 64,
}


@pytest.mark.parametrize("said", WRONG)
def test_server_that_is_no_good_is_told_and_no_more(client: Client, said: str) -> None:
    reply = WRONG[said]
    with Wrong(*(reply if isinstance(reply, tuple) else (reply,))) as server, HostileServer() as gateway:
        gateway.port, port = server.port, gateway.port
        printed = client(gateway, "status", "--timeout", "1")
        gateway.port = port
    assert printed.code == 3
    assert "not as an SSH server does" in printed.err or "not safe any more" in printed.err


def test_handshake_with_a_wrong_bit_anywhere_is_refused_before_the_password(client: Client) -> None:
    """As after somebody in between who wants other methods to be chosen than the best that both have."""
    for seed in range(80):
        with HostileServer() as gateway, Bender(gateway.port, seed) as between:
            gateway.port, port = between.port, gateway.port
            printed = client(gateway, "status", "--timeout", "1")
            gateway.port = port
        assert printed.code == 3, seed
        assert not gateway.passwords
        assert "fingerprint" not in printed.err


class Bender:
    """Somebody in between who changes one bit of what the server says before it is encrypted."""

    def __init__(self, to: int, seed: int) -> None:
        self._to, self._random = to, random.Random(seed)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        server = socket.create_connection(("127.0.0.1", self._to))
        there = threading.Thread(target=self._carry, args=(client, server, None), daemon=True)
        there.start()
        self._carry(server, client, self._random.randrange(25, 900))
        there.join()
        client.close()
        server.close()

    def _carry(self, source: socket.socket, target: socket.socket, place: int | None) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while data := bytearray(source.recv(65_536)):
                if place is not None and carried <= place < carried + len(data):
                    data[place - carried] ^= 1 << self._random.randrange(8)
                carried += len(data)
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def known(tmp_path: Path) -> Callable[[HostileServer], Connection]:
    """Logs in to a hostile server, past all that bundlekit itself says and hears."""

    def log_in(server: HostileServer) -> Connection:
        server.write_known_hosts(tmp_path)
        hosts = (tmp_path / ".ssh" / "known_hosts",)
        address = Address(
            "127.0.0.1", server.port, "moxa", f"[127.0.0.1]:{server.port}", known_hosts=hosts, keys_count=False
        )
        return Connection(address, ask=Knower(), timeout=5)

    return log_in


class Knower:
    """Knows the password, and nothing else."""

    given = PASSWORD

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        return PASSWORD

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        return None

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        return False


@pytest.mark.parametrize("where", ["say", "complain"])
def test_more_than_a_gateway_may_send_ends_the_connection_in_bounded_memory(
    known: Callable[[HostileServer], Connection], where: str
) -> None:
    async def beyond_the_window(talk: Talk) -> None:
        talk.forget_the_window()
        for _ in range(1000):
            await getattr(talk, where)(b"x" * 32_768)
            await asyncio.sleep(0)

    with HostileServer({"script": beyond_the_window}) as gateway, known(gateway) as connection:
        channel = connection.transport.open_session(timeout=5)
        channel.exec_command("known head -c 0; converse 0")
        connection.transport.join(30)
        assert not connection.transport.is_active()
        assert "more than it may" in str(connection.transport.get_exception())
        assert 2_000_000 < len(channel.in_buffer) + len(channel.in_stderr_buffer) <= 1 << 24


def test_packet_that_is_too_long_ends_the_connection(known: Callable[[HostileServer], Connection]) -> None:
    async def long(talk: Talk) -> None:
        talk.send_packet(b"\2" + (1 << 20).to_bytes(4) + b"x" * (1 << 20))  # SSH_MSG_IGNORE

    with HostileServer({"script": long}) as gateway, known(gateway) as connection:
        channel = connection.transport.open_session(timeout=5)
        channel.exec_command("known head -c 0; converse 0")
        connection.transport.join(30)
        assert not connection.transport.is_active()
        assert "a packet of more than 256 kB" in str(connection.transport.get_exception())


def test_four_thousand_million_questions_are_not_asked(client: Client) -> None:
    with HostileServer(prompt="?", prompts=2**32 - 1) as gateway:
        printed = client(gateway, "status")
    assert printed.code == 3
    assert "accepts no password" in printed.err
