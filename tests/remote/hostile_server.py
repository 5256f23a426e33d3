"""A hostile gateway: an SSH server on the loopback that takes every log-in and plays what it is told to."""

from __future__ import annotations

import asyncio
import re
import shlex
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh

from bundlekit.deploy.plan import release_id

Process = asyncssh.SSHServerProcess[bytes]
Reply = bytes | Callable[["Talk"], Awaitable[None]]
"""What comes in place of an honest answer. In bytes, `TOKEN` stands for the token of the conversation."""

PASSWORD = "c0rrect-h0rse"


class Talk:
    """One conversation, as the gateway has it.

    Attributes:
        order: that was given last, as words.
    """

    def __init__(self, process: Process, server: HostileServer) -> None:
        assert process.command
        self._process = process
        self._server = server
        self._size = int(re.findall(r"head -c (\d+)", process.command)[0])
        self._tells_script = "known" in process.command
        self.token = re.findall(r"converse ([0-9a-f]+)", process.command)[0]
        self.order: list[str] = []

    async def say(self, text: bytes) -> None:
        """Send; waits while the client does not read. Raises an error when it is gone."""
        self._server.said += len(text)
        self._process.stdout.write(text.replace(b"TOKEN", self.token.encode()))
        await self._process.stdout.drain()

    async def complain(self, text: bytes) -> None:
        """Send on standard error."""
        self._server.said += len(text)
        self._process.stderr.write(text)
        await self._process.stderr.drain()

    async def done(self, status: int = 0) -> None:
        await self.say(b"done\tTOKEN\t%d\n" % status)

    async def over(self, status: int = 0) -> None:
        self._process.exit(status)

    def forget_the_window(self) -> None:
        """Send whatever there is from now on, whether or not the client has room for it."""
        self._process.channel._send_window = 1 << 60

    def send_packet(self, packet: bytes) -> None:
        """Send a packet of SSH as it is."""
        self._process.get_extra_info("connection").send_packet(packet[0], packet[1:])

    async def hang_up(self) -> None:
        """End the connection at once."""
        self._process.get_extra_info("connection").abort()

    async def converse(self) -> None:
        stdin, replies = self._process.stdin, self._server.replies
        await self.say(b"\nscript\tTOKEN\t%s\n" % self._server.has)
        if self._tells_script:
            await self._play(replies.get("script", b"\nscript\tTOKEN\t\n"))
        self._server.passwords.append((await stdin.readline()).decode().rstrip("\n"))
        await stdin.readexactly(self._size)
        await self._play(replies.get("greeting", b"\nhello\t1\tTOKEN\n"))
        while line := await stdin.readline():
            words = shlex.split(line.decode().removeprefix(f"{self.token} "))
            if words[0] == "take":
                self._server.taken.append(words[1])
                await stdin.readexactly(int(words[2]))
                await self.done()
                continue
            self.order = words
            self._server.orders.append(self.order)
            verb = self.order[0]
            if verb == "put" and verb not in replies:
                await self._take_file()
            elif verb in replies:
                await self._play(replies[verb])
            else:
                await self.say(self._honest(verb))
                await self.done()
        self._process.exit(0)

    async def _play(self, reply: Reply) -> None:
        if isinstance(reply, bytes):
            await self.say(reply)
        else:
            await reply(self)

    async def _take_file(self) -> None:
        stdin = self._process.stdin
        await self.say(b"\0")
        size = int((await stdin.readline()).split()[1])
        await self.say(b"\0")
        await stdin.readexactly(size + 1)
        await self.say(b"\0")
        await stdin.readline()
        await self.say(b"\0")
        await self.done()

    def _honest(self, verb: str) -> bytes:
        if verb == "probe":
            lines = [*GATEWAY, *([f"bundle\t{self.order[1]}"] if self.order[1:] else [])]
            if self.order[2:]:
                lines.append(f"upload\t/opt/bundlekit/uploads/{self.order[3]}-{self.order[4]}\t0")
            return answer(*lines)
        if verb == "receive":
            return answer(f"upload\t/opt/bundlekit/uploads/{self.order[1]}-{self.order[2]}\t0")
        if verb == "deploy":
            return answer("phase\tstart", f"outcome\tup\t{self.order[2].removeprefix('release=')}\t")
        return answer()


GATEWAY = ("gateway\tMoxa", "boot\tsystemd", "python\t/usr/bin/python2.7", "sdk\tyes", "free\t999999999")


def answer(*lines: str) -> bytes:
    """What the script says to an order, without the line behind it that ends the answer."""
    return "".join(f"{line}\n" for line in ("hello\t1", *lines, "end")).encode(errors="surrogateescape")


def running(name: str, version: str, identity: str) -> tuple[str, ...]:
    """The lines of a probe about a bundle that runs."""
    id = release_id(version, identity)
    return (
        f"bundle\t{name}",
        f"current\t{id}",
        f"running\t17\t{id}\t1479000000\t1\tyes",
        "at-boot\tyes",
        f"release\t{id}\t{version}\t{identity}\t1479000000\tgood\teve@workstation\t",
    )


class HostileServer:
    """The gateway. A context manager; it runs on a thread of its own.

    Attributes:
        port: where it listens.
        replies: what it says, by verb of the script; the greeting is one of them.
        orders: that it was given, and
        passwords: that it was told, and
        taken: names of the files that came with orders.
        has: the fields by which it says what it has already.
        said: bytes in all.
    """

    def __init__(
        self,
        replies: Mapping[str, Reply] | None = None,
        *,
        banner: str = "",
        prompt: str = "",
        prompts: int = 1,
        keys: int = 1,
        has: bytes = b"",
    ) -> None:
        self.replies = dict(replies or {})
        self.banner = banner
        self.prompt = prompt
        self.prompts = prompts
        self.orders: list[list[str]] = []
        self.passwords: list[str] = []
        self.taken: list[str] = []
        self.has = has
        self.said = 0
        self.connections = 0
        self.log_ins = 0
        self.keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(keys)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._wait(self._listen(self.keys[0], 0))
        self.port = self._server.get_port()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def change_key(self) -> None:
        """Have another host key from the next connection on. To be called by a reply."""
        self._server.close()
        self._server = await self._listen(self.keys[-1], self.port)

    def write_known_hosts(self, home: Path) -> None:
        (home / ".ssh").mkdir(mode=0o700, exist_ok=True)
        line = f"[127.0.0.1]:{self.port} {self.keys[0].export_public_key().decode()}"
        (home / ".ssh" / "known_hosts").write_text(line)

    async def _listen(self, key: asyncssh.SSHKey, port: int) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            port,
            server_host_keys=[key],
            server_factory=lambda: _Door(self),
            process_factory=self._converse,
            encoding=None,
            line_editor=False,
            reuse_address=True,
        )

    async def _close(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _converse(self, process: Process) -> None:
        try:
            await Talk(process, self).converse()
        except (OSError, asyncio.IncompleteReadError, asyncssh.Error):
            return  # the client has gone

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class _Door(asyncssh.SSHServer):
    """Lets everybody in, by whichever way the play asks for."""

    def __init__(self, server: HostileServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections += 1
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        self._server.log_ins += 1
        if self._server.banner:
            self._connection.send_auth_banner(self._server.banner)
        return True

    def password_auth_supported(self) -> bool:
        return not self._server.prompt

    def validate_password(self, username: str, password: str) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return bool(self._server.prompt)

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        if self._server.prompts > 1:  # SSH_MSG_USERAUTH_INFO_REQUEST with none of what it announces
            self._connection.send_packet(60, bytes(12) + self._server.prompts.to_bytes(4))
        return self._server.prompt, self._server.prompt, "", [(self._server.prompt, False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return True
