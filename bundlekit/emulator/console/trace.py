"""What went by: the controller's messages in, rows out, a request and all that came of it in each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from bundlekit.emulator.console.registered import Registrations, short
from bundlekit.emulator.console.row import Key, Passed, Row, RowState
from bundlekit.emulator.controller import LOCKED, REGISTRATION, TOPIC, TOPICS, Controller
from bundlekit.emulator.member import FIRST_ID
from bundlekit.emulator.messages import Dropped, Message, Outgoing, decode, id_of, is_answer, read

_ROWS = 2000  # in memory; older ones go
_BYTES = 16 * 2**20  # of payload, in all rows together
_MESSAGES = 40  # a row
_SILENCE = 60.0  # seconds until the same reason is told again: each of a thousand messages would be a line
_REST = "rest"  # the REST front's name among the components


class Trace:
    """Keeps the last rows, within bounds of number and bytes.

    Args:
        controller: whose messages these are, in the state that it is in after each.
        clock: seconds since the epoch.
        tell: hears of messages that the controller has dropped, a line each.

    Attributes:
        registry: how the components are doing.
        version: of the row that changed last.
    """

    def __init__(
        self,
        controller: Controller,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.registry = Registrations(controller.components)
        self.version = 0
        self._controller = controller
        self._clock = clock
        self._tell = tell
        self._told: dict[str, float] = {}
        self._rows: OrderedDict[int, Row] = OrderedDict()  # oldest first
        self._changed: OrderedDict[int, Row] = OrderedDict()  # the one that changed last at the end
        self._open: dict[Key, Row] = {}
        self._closed: dict[Key, Row] = {}
        self._count = 0
        self._bytes = 0

    def observe(self, now: float, topic: str, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        """Take in a message that the controller got, and what it published because of it.

        Args:
            now: seconds of the clock of the controller.
            topic: that it was published on.
            payload: of the message.
            outgoing: what the controller published because of it.
        """
        if topic != TOPIC:
            return  # its own echo
        try:
            message = read(payload)
        except Dropped as why:
            self._dropped(now, payload, f"the original drops this message: {why}")
            return
        if any(one.topic == REGISTRATION for one in outgoing):
            self.registry.refresh(self._clock(), message.get("data"))
        number = id_of(message)
        row = None if number is None else self._open.get(number)
        if number is not None and is_answer(message, awaited=row is not None):
            self._response(now, number, message, payload, outgoing)
        elif not isinstance(message.get("resource"), str):
            self._dropped(now, payload, "not a message: it has no resource")
        elif number is not None and isinstance(message.get("method"), str):
            self._request(now, number, message, payload, outgoing)
        else:
            self._other(now, message, payload, outgoing)

    def expire(self, now: float, outgoing: Sequence[Outgoing]) -> None:
        """Take in what the controller published because nobody had answered."""
        late = {key: row for key, row in self._open.items() if not self._controller.session({"id": key})}
        for row in late.values():
            self._close(row, RowState.EXPIRED, now, "controller", {"code": 408})
            for name in row.asked:
                self.registry.timed_out(name, self._clock())
        for one in outgoing:
            number = id_of(decode(one.payload) or {})
            if number is not None and number in late:
                self._add(late[number], self._passed(late[number], now, one))

    def rows(self, since: int = 0) -> Iterator[Row]:
        """The rows that changed after version `since`, the one that changed last first."""
        for row in reversed(self._changed.values()):
            if row.version <= since:
                return
            yield row

    def row(self, number: int) -> Row | None:
        """A row, unless it is too old to be there still."""
        return self._rows.get(number)

    def waiting_for(self, name: str) -> int:
        """How many requests a component has yet to answer."""
        return sum(name in row.asked for row in self._open.values())

    def _dropped(self, now: float, payload: bytes, note: str) -> None:
        row = self._new(now, RowState.DROPPED, {}, note)
        self._add(row, Passed(0, TOPIC, "", False, payload))
        if now - self._told.get(note, -_SILENCE) >= _SILENCE:
            self._told[note] = now
            self._tell(note)

    def _request(self, now: float, number: Key, message: Message, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        row = self._new(now, RowState.WAITING, message)
        is_registration = any(one.topic == REGISTRATION for one in outgoing)
        if not is_registration:
            self.registry.heard(row.asked_by, self._clock())
        self._add(row, Passed(0, TOPIC, row.asked_by, False, payload))
        is_under_way = any(one.payload is payload for one in outgoing)
        if is_under_way:
            row.key = number
            self._open[number] = row
        said: Message | None = None
        for one in outgoing:
            if one.payload is not payload:
                said = decode(one.payload)
            elif one.topic not in TOPICS:
                row.to.append(self.registry.at(one.topic))
            self._add(row, self._passed(row, now, one))
        row.asked = list(row.to)
        if is_under_way and self._controller.session(message):
            return
        if said and said.get("code") == 423 and said.get("data") == LOCKED:
            row.note = self._lock(now, message["resource"])
        if said:
            self._close(row, RowState.ANSWERED, now, "controller", said)
        else:
            self._close(row, RowState.DROPPED, now, "", {})
            row.note = "went to nobody"

    def _lock(self, now: float, resource: str) -> str:
        """Which change a refused request would have had to wait for."""
        session = self._controller.lock_on(resource)
        row = session and self._open.get(session.request["id"])
        return f"locked by {row.method} {row.resource}, {now - row.began:.1f} s" if row else "locked"

    def _response(
        self, now: float, number: Key, message: Message, payload: bytes, outgoing: Sequence[Outgoing]
    ) -> None:
        row = self._open.get(number)
        who = self.registry.signed(message.get("sign"))
        if row and not who and len(row.asked) == 1:
            who = row.asked[0]
        if row:
            row.answers.append(who)
            if not self._controller.session(message):
                self._close(row, RowState.ANSWERED, now, who, message)
                row.note = _story(row)
        elif row := self._closed.get(number):
            row.note = (
                "an answer more than one, dropped" if row.state is RowState.ANSWERED else "the answer came too late"
            )
        else:
            row = self._new(now, RowState.DROPPED, message, note="an answer that nobody waited for")
            row.asked_by = who
        self.registry.answered(who, self._clock(), None if row.key is None else now - row.began)
        self._add(row, Passed(now - row.began, TOPIC, who, False, payload))
        is_hook = row.state is RowState.WAITING
        for one in outgoing:
            self._add(row, self._passed(row, now, one, is_hook=is_hook))
        if is_hook and outgoing:
            row.asked = [self.registry.at(one.topic) for one in outgoing]
            row.hooks += row.asked
            row.answers.clear()

    def _other(self, now: float, message: Message, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        sent = [one for one in outgoing if one.topic not in TOPICS]
        row = self._new(now, RowState.EVENT if sent else RowState.DROPPED, message)
        row.code = _code(message)
        row.to = [self.registry.at(one.topic) for one in sent]
        row.note = "" if sent else "nobody listens to it"
        self._add(row, Passed(0, TOPIC, row.asked_by, False, payload))
        for one in outgoing:
            self._add(row, self._passed(row, now, one))

    def _new(self, now: float, state: RowState, message: Message, note: str = "") -> Row:
        self._count += 1
        row = Row(
            number=self._count,
            time=self._clock(),
            began=now,
            state=state,
            method=short(message.get("method", "")).upper(),
            resource=short(message.get("resource", "")),
            asked_by=self._asker(message),
            note=note,
        )
        self._rows[row.number] = row
        while len(self._rows) > _ROWS:
            self._forget_oldest()
        return row

    def _asker(self, message: Message) -> str:
        if tunnel := message.get("tunnel"):
            return self.registry.asking(str(tunnel), message)
        number = id_of(message)
        return _REST if number is not None and number >= FIRST_ID and not message.get("sign") else ""

    def _passed(self, row: Row, now: float, one: Outgoing, *, is_hook: bool = False) -> Passed:
        who = "controller" if one.topic in TOPICS else self.registry.at(one.topic) or row.asked_by
        return Passed(now - row.began, one.topic, who, True, one.payload, is_hook)

    def _close(self, row: Row, state: RowState, now: float, who: str, answer: Message) -> None:
        if row.key is not None:
            self._open.pop(row.key, None)
            self._closed[row.key] = row
        row.state, row.answered_by, row.code = state, who, _code(answer)
        self._touch(row)
        row.duration = now - row.began or None  # the controller's own answer takes no time of its clock

    def _add(self, row: Row, passed: Passed) -> None:
        if row.number not in self._rows:
            return  # forgotten, just now
        if len(row.messages) < _MESSAGES:
            row.messages.append(passed)
            self._bytes += len(passed.payload)
        else:
            row.left_out += 1
        self._touch(row)
        while self._bytes > _BYTES and len(self._rows) > 1:
            self._forget_oldest()

    def _touch(self, row: Row) -> None:
        self.version += 1
        row.version = self.version
        self._changed[row.number] = row
        self._changed.move_to_end(row.number)

    def _forget_oldest(self) -> None:
        number, row = self._rows.popitem(last=False)
        self._changed.pop(number, None)
        self._bytes -= row.size
        if row.key is None:
            return
        for rows in (self._open, self._closed):
            if rows.get(row.key) is row:
                del rows[row.key]


def _story(row: Row) -> str:
    """What else went into an answer: those who were told of a change, and that it is of several components."""
    parts = [f"hooked by {', '.join(map(short, row.hooks[:10]))}"] if row.hooks else []
    if len(row.answers) > 1:
        parts.append(f"merged from {len(row.answers)} answers")
    return ", ".join(parts)


def _code(message: Message) -> int | str | None:
    code = message.get("code")
    return code if code is None or type(code) is int else short(code)
