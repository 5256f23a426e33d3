"""What a generated bundle has to answer: requests and answers, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.questions import Author, checked, completed

NOTHING = object()
"""No body at all, which is not the same as `null`."""

MESSAGE = object()
"""An answer that is an object with a text as its `message`."""


@dataclass(frozen=True)
class Exchange:
    """A request, and the answer to it. A body of `NOTHING` is not sent."""

    method: str
    path: str
    body: Any
    code: int
    answer: Any


@dataclass(frozen=True)
class Conversation:
    """Requests in order to a bundle that was just started.

    Attributes:
        kept: what stands in its settings file in the end.
    """

    name: str
    resources: tuple[str, ...]
    exchanges: tuple[Exchange, ...]
    kept: Any
    description: str = "A bundle that is talked to"

    @property
    def answers(self) -> Answers:
        given = {"name": self.name, "resources": self.resources, "description": self.description}
        return completed(checked(given), Author())


def is_as_promised(answer: Any, promised: Any) -> bool:
    """Whether the answer to a request is what its `Exchange` says."""
    if promised is not MESSAGE:
        return bool(answer == promised)
    return isinstance(answer, dict) and isinstance(answer.get("message"), str)


def get(path: str, answer: Any, code: int = 200) -> Exchange:
    return Exchange("GET", path, NOTHING, code, answer)


def put(path: str, body: Any, answer: Any, code: int = 200) -> Exchange:
    return Exchange("PUT", path, body, code, answer)


def post(path: str, body: Any, answer: Any, code: int) -> Exchange:
    return Exchange("POST", path, body, code, answer)


def delete(path: str, answer: Any = None, code: int = 200) -> Exchange:
    return Exchange("DELETE", path, NOTHING, code, {} if answer is None else answer)


def refused_bodies(method: str, path: str) -> tuple[Exchange, ...]:
    return tuple(Exchange(method, path, body, 400, MESSAGE) for body in (NOTHING, None, [1], "text", 1, True))


_VALUE = {"key": "value"}
_ALL = ":get,put,post,delete"

CONVERSATIONS = (
    Conversation(
        "new-one",
        ("/new-one:get,put",),
        (
            get("/new-one", _VALUE),
            get("/new-one?fields=key", _VALUE),
            *refused_bodies("PUT", "/new-one"),
            put("/new-one", {}, _VALUE),
            put(
                "/new-one",
                {"Größe": "½ \"'\\", "deep": [{"a": None}]},
                {**_VALUE, "Größe": "½ \"'\\", "deep": [{"a": None}]},
            ),
            put("/new-one", {"key": 1, "deep": 2}, {"key": 1, "Größe": "½ \"'\\", "deep": 2}),
            get("/new-one", {"key": 1, "Größe": "½ \"'\\", "deep": 2}),
            post("/new-one", _VALUE, MESSAGE, 404),
            delete("/new-one", MESSAGE, 404),
        ),
        kept={"key": 1, "Größe": "½ \"'\\", "deep": 2},
    ),
    Conversation(
        "new-all",
        ("/new-all" + _ALL,),
        (
            *refused_bodies("POST", "/new-all"),
            get("/new-all", _VALUE),
            post("/new-all", {"a": 1}, {"a": 1}, 200),
            get("/new-all", {"a": 1}),
            delete("/new-all"),
            get("/new-all", {}),
            put("/new-all", {"b": 2}, {"b": 2}),
        ),
        kept={"b": 2},
    ),
    Conversation(
        "new-read-only",
        ("/new-read-only:get",),
        (get("/new-read-only", _VALUE), put("/new-read-only", {}, MESSAGE, 404)),
        kept=_VALUE,
    ),
    Conversation(
        "new-several",
        ("/new-several/heat" + _ALL, "/new-several/light:get,put", "/new-several/light/colour" + _ALL),
        (
            get("/new-several/heat", _VALUE),
            get("/new-several/light", {**_VALUE, "colour": _VALUE}),
            put("/new-several/light/colour", {"red": 1}, {**_VALUE, "red": 1}),
            get("/new-several/light", {**_VALUE, "colour": {**_VALUE, "red": 1}}),
            post("/new-several/light/colour", {"blue": 1}, {"blue": 1}, 200),
            delete("/new-several/light/colour"),
            get("/new-several/light/colour", {}),
            *refused_bodies("POST", "/new-several/heat"),
            post("/new-several/heat", {"on": True}, {"on": True}, 200),
            delete("/new-several/heat"),
            get("/new-several", MESSAGE, 403),
        ),
        kept={"heat": {}, "light": {**_VALUE, "colour": {}}},
    ),
    Conversation(
        "new-rooms",
        (
            "/new-rooms" + _ALL,
            "/new-rooms/:room" + _ALL,
            "/new-rooms/:room/limits" + _ALL,
            "/new-rooms/:room/sensors" + _ALL,
            "/new-rooms/:room/sensors/:id" + _ALL,
        ),
        (
            get("/new-rooms", {"1": {**_VALUE, "limits": _VALUE, "sensors": {"1": _VALUE}}}),
            get("/new-rooms/1", {**_VALUE, "limits": _VALUE, "sensors": {"1": _VALUE}}),
            get("/new-rooms/1?x=1", {**_VALUE, "limits": _VALUE, "sensors": {"1": _VALUE}}),
            *(get("/new-rooms/none" + below, MESSAGE, 404) for below in ("", "/limits", "/sensors", "/sensors/1")),
            *(put("/new-rooms/none" + below, {}, MESSAGE, 404) for below in ("", "/limits", "/sensors", "/sensors/1")),
            *(delete("/new-rooms/none" + below, MESSAGE, 404) for below in ("", "/limits", "/sensors", "/sensors/1")),
            *(post("/new-rooms/none" + below, {}, MESSAGE, 404) for below in ("/limits", "/sensors", "/sensors/1")),
            *refused_bodies("PUT", "/new-rooms"),
            *refused_bodies("POST", "/new-rooms"),
            *refused_bodies("PUT", "/new-rooms/1"),
            *refused_bodies("POST", "/new-rooms/2"),
            *refused_bodies("PUT", "/new-rooms/1/sensors/1"),
            put("/new-rooms", {"3": "no item"}, MESSAGE, 400),
            post("/new-rooms", {"name": "hall"}, {"id": "2"}, 201),
            get("/new-rooms/2", {"name": "hall"}),
            get("/new-rooms/2/limits", {}),
            put("/new-rooms/2/limits", {"low": 5}, {"low": 5}),
            post("/new-rooms/2/sensors", {"unit": "K"}, {"id": "1"}, 201),
            put("/new-rooms/2/sensors/1", {"max": 300}, {"unit": "K", "max": 300}),
            post("/new-rooms/2/sensors/left-2_x", {}, {}, 201),
            post("/new-rooms/2/sensors/left-2_x", {}, MESSAGE, 409),
            get(
                "/new-rooms/2",
                {"name": "hall", "limits": {"low": 5}, "sensors": {"1": {"unit": "K", "max": 300}, "left-2_x": {}}},
            ),
            delete("/new-rooms/2/sensors/1"),
            delete("/new-rooms/2/sensors/1", MESSAGE, 404),
            delete("/new-rooms/2/limits"),
            get("/new-rooms/2", {"name": "hall", "limits": {}, "sensors": {"left-2_x": {}}}),
            delete("/new-rooms/1"),
            get("/new-rooms/1", MESSAGE, 404),
            post("/new-rooms", {}, {"id": "3"}, 201),
            put(
                "/new-rooms",
                {"4": {"a": 1}},
                {"2": {"name": "hall", "limits": {}, "sensors": {"left-2_x": {}}}, "3": {}, "4": {"a": 1}},
            ),
            put("/new-rooms/4", {"limits": 5}, {"a": 1, "limits": 5}),
            get("/new-rooms/4/limits", MESSAGE, 404),
            put("/new-rooms/4/limits", {}, MESSAGE, 404),
            delete("/new-rooms/2/sensors"),
            delete("/new-rooms/4"),
            get("/new-rooms", {"2": {"name": "hall", "limits": {}, "sensors": {}}, "3": {}}),
            delete("/new-rooms"),
            get("/new-rooms", {}),
            post("/new-rooms/attic", {"b": 1}, {"b": 1}, 201),
        ),
        kept={"attic": {"b": 1}},
    ),
    Conversation(
        "new-items-only",
        ("/new-items-only/:in:get,put,delete", "/new-items-only/:in/of/:class:get,post"),
        (
            get("/new-items-only", MESSAGE, 403),
            get("/new-items-only/1", {**_VALUE, "of": {"1": _VALUE}}),
            get("/new-items-only/1/of/1", _VALUE),
            post("/new-items-only/1/of/2", {"c": 3}, {"c": 3}, 201),
            put("/new-items-only/1", {"d": 4}, {**_VALUE, "d": 4, "of": {"1": _VALUE, "2": {"c": 3}}}),
        ),
        kept={"1": {**_VALUE, "d": 4, "of": {"1": _VALUE, "2": {"c": 3}}}},
    ),
    Conversation(
        "-new-Hostile-None",
        (
            "/new-hostile/profile:get",
            "/new-hostile/a-b:get,put",
            "/new-hostile/a_b:get,put",
            "/new-hostile/-/0/lambda:get",
        ),
        (
            get("/new-hostile/profile", _VALUE),
            put("/new-hostile/a-b", {"x": 1}, {**_VALUE, "x": 1}),
            put("/new-hostile/a_b", {"x": 2}, {**_VALUE, "x": 2}),
            get("/new-hostile/-/0/lambda", _VALUE),
        ),
        kept={"profile": _VALUE, "a-b": {**_VALUE, "x": 1}, "a_b": {**_VALUE, "x": 2}, "-": {"0": {"lambda": _VALUE}}},
        description="\"\"\" \\ ''' {{ 1 + 1 }} {% raw %} \\N{DASH} %s\n\t"
        'zweite Zeile: ½ \U0001f321 \u2028 \\\n# -*- coding: ascii -*-"',
    ),
    Conversation(
        "--",
        ("/new-dashes:get,put,post,delete",),
        (get("/new-dashes", _VALUE), post("/new-dashes", {"p": 1}, {"p": 1}, 200)),
        kept={"p": 1},
        description="\\\n# coding: klingon\\",
    ),
)
