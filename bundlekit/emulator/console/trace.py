"""What went by: the controller's messages in, rows out, a request and all that came of it in each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bundlekit.emulator.components import Component
from bundlekit.emulator.console.registered import Registry, short
from bundlekit.emulator.console.row import Key, Passed, Row, State
from bundlekit.emulator.controller import REGISTRATION, TOPIC, TOPICS
from bundlekit.emulator.member import FIRST_ID
from bundlekit.emulator.messages import Kind, Message, Outgoing, decode, kind_of

_ROWS = 2000
_BYTES = 16 * 2**20  # of payload, in all rows together
_MESSAGES = 40  # a row
_REST = "rest"  # the REST front's name among the components


class Trace:
    """Keeps the last rows, within bounds of number and bytes.

    Args:
        components: the controller's, as they are at any time.
        clock: seconds since the epoch.

    Attributes:
        registry: how the components are doing.
        version: of the row that changed last.
    """

    def __init__(self, components: Mapping[str, Component], clock: Callable[[], float] = time.time) -> None:
        self.registry = Registry(components)
        self.version = 0
        self._clock = clock
        self._rows: OrderedDict[int, Row] = OrderedDict()  # oldest first
        self._changed: OrderedDict[int, Row] = OrderedDict()  # the one that changed last at the end
        self._open: dict[Key, list[Row]] = {}
        self._closed: dict[Key, Row] = {}
        self._count = 0
        self._bytes = 0

    def observe(self, now: float, topic: str, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        """Take in a message that the controller got, and what it published because of it."""
        if topic != TOPIC:
            return  # its own echo
        message = decode(payload)
        if message is None or not isinstance(message.get("resource"), str):
            row = self._new(now, State.DROPPED, {}, note="not a message")
            self._add(row, Passed(0, topic, "", False, payload))
            return
        if any(one.topic == REGISTRATION for one in outgoing):
            self.registry.refresh(self._clock(), message.get("data"))
        kind = kind_of(message)
        if not _is_number_or_text(message.get("id")):
            kind = None
        if kind in (Kind.REQUEST, Kind.DIRECT):
            self._request(now, message, payload, outgoing)
        elif kind is Kind.RESPONSE:
            self._response(now, message, payload, outgoing)
        else:
            self._other(now, message, payload, outgoing)

    def expire(self, now: float, outgoing: Sequence[Outgoing]) -> None:
        """Take in what the controller published because nobody had answered."""
        late = [row for rows in self._open.values() for row in rows if row.deadline <= now]
        for row in late:
            self._close(row, State.EXPIRED, now, "controller", {"code": 408})
            for name in row.to:
                self.registry.timed_out(name, self._clock())
        for one in outgoing:
            answer = decode(one.payload) or {}
            if told := next((row for row in late if row.key == (answer.get("id"), answer.get("resource"))), None):
                self._add(told, self._passed(told, now, one))

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
        return sum(name in row.to for rows in self._open.values() for row in rows)

    def _request(self, now: float, message: Message, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        row = self._new(now, State.WAITING, message)
        row.key = (message["id"], message["resource"])
        if not any(one.topic == REGISTRATION for one in outgoing):
            self.registry.heard(row.asked_by, self._clock())
        self._add(row, Passed(0, TOPIC, row.asked_by, False, payload))
        self._open.setdefault(row.key, []).append(row)
        for one in outgoing:
            if one.payload is not payload:
                answer = decode(one.payload)
                if row.state is State.WAITING and answer:
                    self._close(row, State.ANSWERED, now, "controller", answer)
            elif one.topic not in TOPICS:
                row.to.append(self.registry.at(one.topic))
            self._add(row, self._passed(row, now, one))
        if row.state is State.WAITING and not row.to:
            self._close(row, State.DROPPED, now, "", {})
            row.note = "went to nobody"
        row.deadline = now + max((self.registry.ttl(name) for name in row.to), default=0)

    def _response(self, now: float, message: Message, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        key = (message["id"], message["resource"])
        row = self._oldest_open(key)
        who = self.registry.signed(message["sign"])
        if row and not who and len(row.to) == 1:
            who = row.to[0]
        late = not row
        if row:
            self._close(row, State.ANSWERED, now, who, message)
        else:
            row = self._closed.get(key)
        if row is None:
            row = self._new(now, State.DROPPED, message, note="an answer that nobody waited for")
            row.asked_by = who
        elif late:
            row.note = "an answer more than one, dropped" if row.state is State.ANSWERED else "the answer came too late"
        self.registry.answered(who, self._clock(), None if row.key is None else now - row.began)
        self._add(row, Passed(now - row.began, TOPIC, who, False, payload))
        for one in outgoing:
            self._add(row, self._passed(row, now, one))

    def _other(self, now: float, message: Message, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        sent = [one for one in outgoing if one.topic not in TOPICS]
        row = self._new(now, State.EVENT if sent else State.DROPPED, message)
        row.code = _code(message)
        row.to = [self.registry.at(one.topic) for one in sent]
        row.note = "" if sent else "nobody listens to it"
        self._add(row, Passed(0, TOPIC, row.asked_by, False, payload))
        for one in outgoing:
            self._add(row, self._passed(row, now, one))

    def _new(self, now: float, state: State, message: Message, note: str = "") -> Row:
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
        number = message.get("id")
        return _REST if isinstance(number, int) and number >= FIRST_ID and not message.get("sign") else ""

    def _passed(self, row: Row, now: float, one: Outgoing) -> Passed:
        who = "controller" if one.topic in TOPICS else self.registry.at(one.topic) or row.asked_by
        return Passed(now - row.began, one.topic, who, True, one.payload)

    def _close(self, row: Row, state: State, now: float, who: str, answer: Message) -> None:
        assert row.key is not None  # noqa: S101 - only requests are closed
        rows = self._open[row.key]
        rows.remove(row)
        if not rows:
            del self._open[row.key]
        self._closed[row.key] = row
        row.state, row.answered_by, row.code = state, who, _code(answer)
        self._touch(row)
        row.duration = now - row.began or None  # the controller's own answer takes no time of its clock

    def _oldest_open(self, key: Key) -> Row | None:
        rows = self._open.get(key)
        return rows[0] if rows else None

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
        if row in self._open.get(row.key, ()):
            self._open[row.key].remove(row)
            if not self._open[row.key]:
                del self._open[row.key]
        if self._closed.get(row.key) is row:
            del self._closed[row.key]


def _is_number_or_text(value: Any) -> bool:
    return value is None or isinstance(value, int | float | str)


def _code(message: Message) -> int | str | None:
    code = message.get("code")
    return code if code is None or type(code) is int else short(code)
