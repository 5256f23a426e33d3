"""What a page is told: all that has changed since it was told last, in portions that it can digest."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from itertools import islice
from typing import Any, Self

from bundlekit.emulator.bundlelog import BundleLog, Line
from bundlekit.emulator.console.registered import DeclaredResource, Registered, short
from bundlekit.emulator.console.row import Row, RowState
from bundlekit.emulator.console.trace import Trace
from bundlekit.emulator.messages import decode

_FIRST_ROWS, _FIRST_LINES = 1000, 500  # what a page gets to begin with; lines a bundle
_ROWS = 100  # a portion
_LINES = 300  # a portion
_PREVIEW = 160  # characters
_PARSED = 4096  # bytes; longer payloads are not read for a preview
_SHOWN = 200_000  # characters of a payload

Portion = dict[str, Any]


class Feed:
    """What one page has been told; a context manager, since it listens to the log."""

    def __init__(self, trace: Trace, log: BundleLog) -> None:
        self._trace = trace
        self._log = log
        self._told = 0
        self._registry_told = -1
        self._lines: deque[Line] = deque(maxlen=_LINES)
        self._lines_left_out = 0
        self._end = log.listen(self._printed)
        self._begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def portion(self) -> Portion:
        """What is new; empty where nothing is.

        Returns:
            `components`: all of them, where one has changed. `rows`: oldest first, whole; `rows_left_out`: how many
            more there were. `lines`, `lines_left_out`: the same of the log.
        """
        portion: Portion = {}
        registry = self._trace.registry
        if registry.version != self._registry_told:
            self._registry_told = registry.version
            portion["components"] = [self._component(one) for one in registry.registered]
        if self._trace.version != self._told:
            changed = self._trace.rows(self._told)
            rows = list(islice(changed, _ROWS if self._begun else _FIRST_ROWS))
            portion["rows"] = [summary(row) for row in reversed(rows)]
            if self._begun and (left_out := sum(1 for _ in changed)):
                portion["rows_left_out"] = left_out
            self._told = self._trace.version
        if not self._begun:
            self._lines.clear()
            self._lines_left_out = 0
            lines = [line for bundle in self._log.bundles for line in self._log.lines(bundle)[-_FIRST_LINES:]]
            lines.sort(key=lambda line: line.time)
            portion["lines"] = [_line(line) for line in lines]
        elif self._lines:
            portion["lines"] = [_line(line) for line in self._lines]
            if self._lines_left_out:
                portion["lines_left_out"] = self._lines_left_out
            self._lines.clear()
            self._lines_left_out = 0
        self._begun = True
        return portion

    def _printed(self, line: Line) -> None:
        self._lines_left_out += len(self._lines) == self._lines.maxlen
        self._lines.append(line)

    def _component(self, one: Registered) -> dict[str, Any]:
        component = one.component
        declared = self._trace.registry.declared.get(component.name, ())
        return {
            "name": short(component.name),
            "description": short(component.description),
            "version": one.version,
            "role": short(component.role),
            "own": component.name in self._trace.registry.own,
            "ttl": component.ttl,
            "tunnel": component.tunnel,
            "since": one.since,
            "heard": one.heard,
            "answered": one.answered,
            "took": one.took,
            "silent": one.silent,
            "waiting": self._trace.waiting_for(component.name),
            "resources": [_resource(pattern, declared) for pattern in component.resources[:200]],
        }


def summary(row: Row) -> dict[str, Any]:
    """A row without its messages."""
    return {
        "number": row.number,
        "time": row.time,
        "state": row.state.value,
        "method": row.method,
        "resource": row.resource,
        "asked_by": row.asked_by,
        "to": [short(name) for name in (row.to + row.hooks)[:10]],
        "answered_by": row.answered_by,
        "code": row.code,
        "duration": row.duration,
        "note": row.note,
        "preview": _preview(row),
    }


def messages(row: Row) -> dict[str, Any]:
    """A row with its messages."""
    return {
        **summary(row),
        "messages": [
            {
                "after": one.after,
                "topic": short(one.topic),
                "who": one.who,
                "sent": one.sent,
                "hook": one.is_hook,
                "size": len(one.payload),
                "payload": one.payload[: 4 * _SHOWN].decode(errors="replace")[:_SHOWN],
            }
            for one in row.messages
        ],
        "left_out": row.left_out,
    }


def now() -> Portion:
    """The time, by which a page tells how long ago something was."""
    return {"now": time.time()}


def _line(line: Line) -> list[Any]:
    return [short(line.bundle), line.time, line.text]


def _resource(pattern: str, declared: tuple[DeclaredResource, ...]) -> dict[str, Any]:
    """A pattern as it was registered and, where bundle.json is known, as it is declared there."""
    for one in declared:
        if re.sub(r":(\w+)", "+", one.resource) == pattern:
            bodies = {"bodies": one.bodies} if one.bodies else {}
            return {"pattern": pattern, "declared": one.resource, "methods": one.methods, **bodies}
    return {"pattern": short(pattern), "declared": short(pattern), "methods": None}


def _preview(row: Row) -> str:
    """The beginning of what was answered or, where there is no answer, of what was sent."""
    heard = [one for one in row.messages if not one.sent]
    last = heard[-1] if heard else None
    if row.state in (RowState.ANSWERED, RowState.EXPIRED) and row.answered_by == "controller":
        last = row.messages[-1]
    if last is None:
        return ""
    if len(last.payload) > _PARSED:
        return f"{len(last.payload):,} bytes".replace(",", " ")
    message = decode(last.payload)
    if message is None:
        return last.payload[:_PREVIEW].decode(errors="replace")
    try:
        return json.dumps(message["data"], ensure_ascii=False)[:_PREVIEW] if "data" in message else ""
    except RecursionError:  # read just so, and too deep to write
        return ""
