"""A session on a gateway: verbs of the script there, and the upload."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from bundlekit.errors import (
    CouldNotRun,
    GatewayUnreachable,
    Interrupted,
)
from bundlekit.quoting import for_terminal
from bundlekit.remote.bootstrap import PASSWORD_NEEDED
from bundlekit.remote.channel import Conversation
from bundlekit.remote.commands import Command
from bundlekit.remote.events import Event, GatewayState, parse_event, parse_probe
from bundlekit.remote.failures import raise_refusal
from bundlekit.remote.listener import Listener
from bundlekit.remote.neighbours import in_words, shared_in
from bundlekit.remote.ssh_errors import SILENCE, UNTOUCHED, classify_startup_failure, translate_ssh_errors
from bundlekit.ssh.connection import Connection
from bundlekit.ssh.prompts import Prompter

if TYPE_CHECKING:
    import paramiko

    from bundlekit.remote.delta import UploadInventory
    from bundlekit.remote.scp import Rate

_HTTPS = 443
_WITHOUT_PROGRAMS = ("token", "history", "logs", "receive", "compare")  # verbs that run none
_LONGEST_LOG_LINE = 1_000_000  # bytes; the script keeps as many of a log


class Session:
    """Runs the script on the gateway that a connection leads to, as root. All of it goes over one channel.

    Attributes:
        account: user and host, for the question for the password.
        name, identity: of the gateway; see `Address`.
    """

    def __init__(self, connection: Connection, ask: Prompter, *, label: str = "bundlekit") -> None:
        self._label = label
        self._connection = connection
        self._ask = ask
        self._password = ask.given or connection.password
        self._conversation: Conversation | None = None
        self._broken = ""  # the token of the conversation before, whose upload goes on
        self._travels_with_command = False  # an upload, so that no place is made for it before
        self.account = f"{connection.address.user}@{connection.address.host}"
        self.down: tuple[str, ...] = ()
        self.name = connection.address.name
        self.identity = connection.address.identity

    def look(self, bundle: str, identity: str, digest: str, *, to_upload: bool) -> GatewayState | None:
        """Look at the gateway and at a bundle there, without a round trip of its own, before anything else is done.

        Args:
            bundle: its name.
            identity: of the archive that may be its current release.
            digest: of that archive's file.
            to_upload: the file travels with the command to deploy, if it is not current; a place for it is made then.

        Returns:
            None where it takes a probe to tell.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        if self._conversation is not None:  # which has looked at something else, or at nothing
            self._travels_with_command = False
            return None
        with translate_ssh_errors():
            conversation = self._talk((bundle, identity, digest))
            events = [parse_event(line) for line in conversation.seen()]
            if not events or events[-1].word != "end":
                return None
            gateway = parse_probe(events)
            if gateway.upload is None:
                return gateway
            if not to_upload or not (self._password or self._connection.address.user == "root"):
                return None
            _check_place(gateway.upload, [digest, conversation.token])
            self._travels_with_command = True
        return gateway

    def place_of(self, digest: str, place: str) -> str:
        """The place of another upload than the one that `look` has told of, which travels with the command as well."""
        return f"{place.rpartition('/')[0]}/{digest}-{self._talk().token}"

    def probe(self, bundle: str | None = None, *, to_upload: tuple[str, str] | None = None) -> GatewayState:
        """Look at the gateway, and at one bundle there or at all.

        Args:
            bundle: its name, or None for all.
            to_upload: an archive's identity and its file's digest, to make a place for it unless it is current.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        arguments = [bundle] if bundle is not None else []
        with translate_ssh_errors():
            if to_upload is not None:
                arguments += [*to_upload, self._talk().token]
            events = list(self._run("probe", *arguments))
        raise_refusal(events)
        if not events or events[-1].word != "end":
            raise CouldNotRun("the gateway broke off while it was looked at", hint="run the same again")
        gateway = parse_probe(events)
        if gateway.upload is not None:
            _check_place(gateway.upload, arguments[-2:])
        return gateway

    def api_token(self) -> str:
        """The gateway's own token of the REST API, which only root can read. It is secret.

        The names of bundles that are deployed there and do not run are in `down` then.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        events = self.ask("token")
        self.down = tuple(event.field(0) for event in events if event.word == "down")
        for event in events:
            if event.word == "token":
                return event.field(0)
        raise CouldNotRun("the gateway broke off before it told its API token", hint="run the same again")

    def ask(self, verb: str, *arguments: str) -> list[Event]:
        """Run a verb that only looks; all its events.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        with translate_ssh_errors():
            events = list(self._run(verb, *arguments))
        raise_refusal(events)
        return events

    def open_api(self, seconds: float) -> paramiko.Channel:
        """A stream to the HTTPS port of the gateway, from the gateway itself; it is there after so many seconds."""
        return self._connection.open_stream("127.0.0.1", _HTTPS, seconds)

    def upload(self, data: bytes, place: str, tell: Callable[[int, int], None], *, rate: Rate = None) -> None:
        """Send a file to the place that a probe has made, by SCP. Whether it arrived is told with the next verb.

        Args:
            data: what is not there yet.
            place: where.
            tell: hears of what is sent, of how much.
            rate: bytes a second, at most.

        Raises:
            Interrupted: by Ctrl-C.
            GatewayUnreachable, GatewayUnfit, CouldNotRun: as their names say.
        """
        from bundlekit.remote.scp import AT_ONCE, put

        try:
            with translate_ssh_errors():
                if len(data) > AT_ONCE:  # a link that breaks behind it must not cost the command
                    self._talk().give_programs()
                    self._talk().settle()
                put(self._talk(), data, self._path(place, "part"), tell, rate=rate)
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted during the upload", kept=f"{UNTOUCHED}; what arrived is there for the next deploy"
            ) from None

    def upload_list(self, inventory: UploadInventory, place: str) -> None:
        """Send the list of what a release has; see `upload`."""
        from bundlekit.remote.scp import put

        with translate_ssh_errors():
            put(self._talk(), inventory.packed, self._path(place, "list.gz"), lambda *_: None)

    def _path(self, place: str, name: str) -> str:
        return name if self._travels_with_command else f"{place}/in/{name}"

    def settle(self) -> None:
        """Wait until it is known that an upload has arrived.

        Raises:
            GatewayUnfit: the gateway did not take it.
            GatewayUnreachable: the link broke.
        """
        with translate_ssh_errors():
            self._talk().settle()

    def compare(self, bundle: str, place: str, inventory: UploadInventory) -> list[int]:
        """Ask what of a release is on the gateway already, in whichever release of the bundle.

        Args:
            bundle: its name.
            place: for the upload; what is there already waits in it.
            inventory: of the release.

        Returns:
            The numbers of the lines that are not there.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        self.upload_list(inventory, place)
        with translate_ssh_errors():
            events = list(self._run("compare", bundle, place, inventory.digest))
        raise_refusal(events)
        if not events or events[-1].word != "end":
            raise CouldNotRun("the gateway broke off while it looked what has changed", hint="run the same again")
        return [event.number(0) for event in events if event.word == "lacks"]

    def receive(self, digest: str, *, compared: str = "") -> tuple[str, int]:
        """Have a place made to upload what has this digest.

        Args:
            digest: of the archive, or
            compared: of what is missing, and the place where the rest waits.

        Returns:
            The place, and how many bytes are there already.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        with translate_ssh_errors():
            token, broken = self._talk().token, self._broken
            events = list(self._run("receive", digest, token, broken, compared))
        raise_refusal(events)
        for event in events:
            if event.word == "upload":
                _check_place(event.field(0), [digest, token])
                return event.field(0), event.number(1)
        raise CouldNotRun("the gateway made no place to upload to", hint="run the same again")

    def connect_again(self) -> None:
        """Connect anew after the link broke; what was uploaded over it is the begin of what comes next.

        Raises:
            GatewayUnreachable, HostKeyRejected, LoginRefused: as their names say.
        """
        self._leave()
        self._connection.connect_again()

    def change(self, listener: Listener, seconds: float, command: Command) -> list[Event]:
        """Run a verb that changes something, and tell the listener how it goes on.

        Args:
            listener: hears of phases and notes.
            seconds: that it may take, besides the usual.
            command: with the verb.

        Returns:
            All its events.

        Raises:
            Interrupted: by Ctrl-C; the gateway goes on.
            GatewayUnreachable: the link broke; the gateway goes on.
        """
        _, bundle, *_ = command
        events: list[Event] = []
        kept = "the gateway finishes on its own: the change goes on there, or is rolled back"
        hint = "`bundlekit status TARGET` tells how it ended"
        try:
            with translate_ssh_errors(kept=kept, hint=hint):
                for event in self._run(*command, seconds=seconds):
                    events.append(event)
                    if event.word == "phase":
                        listener.phase(event.field(0), event.field(1))
                    elif event.word == "pruned":
                        listener.phase("prune", event.field(0))
                    elif event.word == "answer":
                        listener.answer(f"{event.field(0)} {event.field(1)}", event.number(2), event.number(3))
                    elif event.word == "note":
                        listener.note(event.field(0))
                    elif event.word == "shared":
                        listener.note(in_words(bundle, shared_in(event)))
        except KeyboardInterrupt:
            raise Interrupted("interrupted", kept=kept, hint=hint) from None
        except GatewayUnreachable as error:
            if not events:
                error.kept = (
                    "the gateway has received the command and finishes on its own, or nothing was stopped or changed"
                )
            raise
        return events

    def log_lines(self, bundle: str, lines: int, *, follow: bool, release: str | None = None) -> Iterator[str]:
        """The last lines of a bundle's log, fit for a terminal.

        Args:
            bundle: whose.
            lines: how many.
            follow: whether what is added follows, for ever.
            release: the id of one; None for all.

        Raises:
            GatewayUnreachable: the link broke, or a log that was followed has ended.
            CouldNotRun: the gateway broke off before the log.
        """
        with translate_ssh_errors():
            most = math.inf if follow else _LONGEST_LOG_LINE * (lines + 1)
            of = [release] if release else []
            output = self._open("logs", bundle, str(lines), "follow" if follow else "once", *of, most=most)
            event = parse_event(next(output, ""))
            if event.word == "fail":
                list(output)  # the session goes on after its end
            raise_refusal([event])
            if event.word != "raw":
                raise CouldNotRun("the gateway broke off before it told the log", hint="run the same again")
            for line in output:
                yield for_terminal(line)
            if follow:
                raise GatewayUnreachable("the gateway has ended the log: it goes down, or the bundle was removed")

    def fetch(self, stream: IO[bytes], most: int, *arguments: str) -> int:
        """Write the compressed tar of a bundle's folder that the verb `fetch` gives.

        Args:
            stream: to write to; what comes in is not checked.
            most: bytes that may come.
            arguments: of the verb.

        Returns:
            How many bytes came.

        Raises:
            LoginRefused, GatewayUnfit, GatewayUnreachable, CouldNotRun: as their names say.
        """
        with translate_ssh_errors(kept=UNTOUCHED, hint="run the same again"):
            output = self._open("fetch", *arguments, most=2 * most)
            event = parse_event(next(output, ""))
            raise_refusal([event])
            size, is_whole = 0, event.word == "raw"
            for line in output:
                try:
                    size += stream.write(base64.b64decode(line, validate=True))
                except ValueError:
                    is_whole = False
                except OSError as error:
                    raise CouldNotRun(f"what the gateway sends cannot be kept: {error.strerror}") from error
            if not is_whole or size > most or self._talk().status != 0:
                raise CouldNotRun(
                    "the gateway broke off before the bundle was here" if size <= most else "the bundle has no end",
                    hint="run the same again",
                    details=tuple(self._talk().complaint.splitlines()),
                )
        return size

    def _run(self, verb: str, *arguments: str, seconds: float = 0) -> Iterator[Event]:
        return (parse_event(line) for line in self._open(verb, *arguments, seconds=seconds) if line)

    def _open(self, verb: str, *arguments: str, seconds: float = 0, most: float | None = None) -> Iterator[str]:
        """The lines of the script after its greeting. Asks for a password for sudo if there has to be one."""
        while True:
            conversation = self._talk()
            if verb not in _WITHOUT_PROGRAMS:
                conversation.give_programs(unless_at_rest=verb == "probe")
            conversation.give(verb, *arguments)
            answer = conversation.answer(most=most, seconds=seconds)
            for line in answer:
                if parse_event(line).word == "hello":
                    return answer
            if conversation.status != PASSWORD_NEEDED or self._password:
                raise classify_startup_failure(self.account, conversation.status, conversation.complaint)
            self._password = self._ask.password(self.account, for_sudo=True)
            conversation.give("password", self._password)
            list(conversation.answer())

    def _leave(self) -> None:
        if self._conversation is not None:
            self._broken, self._conversation = self._conversation.token, None
        self._travels_with_command = False

    def _talk(self, look: Sequence[str] = ()) -> Conversation:
        if self._conversation is not None and self._conversation.is_broken_off:
            self._conversation.channel.close()
            self._leave()
        if self._conversation is None:
            self._conversation = Conversation(
                self._connection.transport, password=self._password, silence=SILENCE, look=look, label=self._label
            )
        return self._conversation


def _check_place(place: str, names: list[str]) -> None:
    """A place for an upload is one that we have asked for, and not anywhere else on the gateway."""
    if not re.fullmatch(r"/[A-Za-z0-9/_-]+/(?:signed-)?uploads/" + "-".join(names), place):
        raise CouldNotRun(
            f"the gateway wants the upload at a place where none belongs: {place[:200]!r}", kept=UNTOUCHED
        )
