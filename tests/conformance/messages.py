"""Ids, answers, names, matching, what is no message. What names a transcript is from there."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.case import (
    EVERYTHING,
    FORBIDDEN,
    GONE,
    TOO_LATE,
    Case,
    Reply,
    Scenario,
    Send,
    ask,
    controller,
    model,
    told,
)

_NO_IDS: tuple[Any, ...] = ("5", 0, None, True, [], 2**53, {"a": 1})
_IN_USE = "'id' was used, please use another 'id'"
_DATA = {"a": 1}


def _plain(number: Any) -> Case:
    """A request that a model answers."""
    asked = ask(number, "get", "/m")
    return Case(
        [Send(asked)], {"V": [told(number, 200, "get", "/m", _DATA)], "m": [asked]}, {"m": [Reply({"data": _DATA})]}
    )


def _no_id(number: Any) -> Case:
    """A request that counts as an event."""
    return Case([Send(ask(number, "get", "/m"))], {"V": [ask(number, "get", "/m")]})


def _answered(number: int, **fields: Any) -> Case:
    """An answer that the view gets as it came."""
    asked, reply = ask(number, "get", "/m"), Reply({"data": _DATA, **fields})
    return Case([Send(asked)], {"V": [reply.to(asked)], "m": [asked]}, {"m": [reply]})


IDS = Scenario(
    {"V": EVERYTHING, "m": model("/m", ttl=2), "n": model("/n")},
    {
        "ids.txt: twice in flight on one resource": Case(
            [Send(ask(7, "get", "/m")), Send(ask(7, "get", "/m"), 0.1)],
            {
                "V": [controller(7, 403, "GET", "/m", _IN_USE), told(7, 200, "get", "/m", _DATA)],
                "m": [ask(7, "get", "/m")],
            },
            {"m": [Reply({"data": _DATA}, after=0.3)]},
        ),
        "ids.txt: twice in flight on two resources, one direct": Case(
            [Send(ask(8, "get", "/m")), Send(ask(8, "get", "/n", tunnel="tx"), 0.1)],
            {
                "V": [told(8, 200, "get", "/m", _DATA)],
                "m": [ask(8, "get", "/m")],
                "tx": [controller(8, 403, "GET", "/n", _IN_USE)],
            },
            {"m": [Reply({"data": _DATA}, after=0.3)]},
        ),
        **{f"ids.txt: id {number}": _plain(number) for number in (5.5, -5, 2147483648, 4294967301, 2**53 - 1)},
        **{f"ids.txt: id {number!r}": _no_id(number) for number in _NO_IDS},
        "ids.txt: an answer that names another resource": _answered(103, resource="/different"),
        "ids.txt: an answer without method, resource, sign": _answered(104, method=GONE, resource=GONE, sign=GONE),
        "ids.txt: an answer without sign": _answered(105, sign=GONE),
        "an answer that still carries a tunnel": _answered(100, tunnel="tX"),
        "an answer that still carries a tunnel, unsigned": _answered(101, tunnel="tX", sign=GONE),
        **{
            f"ids.txt: an answer with code {code}": _answered(106 + step, code=code)
            for step, code in enumerate((201, 204, 302, 99, 0))
        },
        "ids.txt: an answer with a text as code": Case(
            [Send(ask(111, "get", "/m"))],
            {
                "V": [controller(111, 403, "GET", "/m", _IN_USE), controller(111, 408, "GET", "/m", TOO_LATE)],
                "m": [ask(111, "get", "/m")],
            },
            {"m": [Reply({"code": "200"})]},
        ),
        "ids.txt: an answer with code 200.0": _answered(112, code=200.0),
        "ids.txt: an answer with code 600": _answered(113, code=600),
        "ids.txt: an answer with a list": _answered(114, data=[1, 2]),
        "ids.txt: an answer with null": _answered(115, data=None),
        "ids.txt: an answer without data": _answered(116, data=GONE),
        "ids.txt: two answers to one request": Case(
            [
                Send(ask(117, "get", "/m")),
                Send(told(117, 200, "get", "/m", 1), 0.1),
                Send(told(117, 200, "get", "/m", 2), 0.1),
            ],
            {"V": [told(117, 200, "get", "/m", 1)], "m": [ask(117, "get", "/m")]},
        ),
        "an answer that nobody waits for": Case([Send(told(118, 200, "get", "/m", 1))], {}),
    },
)


def _to(name: str, resource: str) -> Case:
    """A request that this component gets, and nobody else."""
    asked = ask(50, "get", resource, tunnel="tx")
    return Case([Send(asked)], {name: [asked], "tx": [told(50, 200, "get", resource)]}, {name: [Reply()]})


def _to_nobody(resource: str) -> Case:
    return Case(
        [Send(ask(51, "get", resource, tunnel="tx"))],
        {"tx": [{**controller(51, 403, "get", resource), "data": FORBIDDEN}]},
    )


MATCHING = Scenario(
    {
        "V": EVERYTHING,
        "plain": model("/alpha"),
        "plus": model("/alpha/+", "/plus/+/x", "/pl+"),
        "hash": model("/a/#", "/ha#"),
    },
    {
        **{f"{name} gets {resource}": _to(name, resource) for name, resource in (
            ("plain", "/alpha"), ("plain", "/alpha?x=1"), ("plain", "/alpha?"), ("plus", "/alpha/7"),
            ("plus", "/alpha/7?a/b"), ("plus", "/alpha/7?x?y=1"), ("plus", "/alpha/+"), ("plus", "/plus/7/x"),
            ("plus", "/please"),
            ("hash", "/a/b"), ("hash", "/a/b/c"), ("hash", "/a//"), ("hash", "/hat"), ("hash", "/ha/t"),
        )},
        **{f"nobody gets {resource}": _to_nobody(resource) for resource in (
            "/Alpha", "/alpha/", "/alpha/7/8", "/alpha//", "/alpha?x?y", "/plus/7/y", "/pl",
            "/pl/x", "/a", "/a/", "/ha",
        )},
    },
)  # fmt: skip


def _dropped(message: str | bytes) -> Case:
    return Case([Send(message.encode() if isinstance(message, str) else message)], {})


def _event(data: str) -> str:
    return f'{{"code":200,"method":"put","resource":"/x","data":{data}}}'


_MIB = 2**20

DROPPED = Scenario(
    {"V": EVERYTHING},
    {
        "1 MiB": _dropped(_event('"' + "x" * (_MIB - len(_event('""'))) + '"')),
        **{
            f"data {data}": _dropped(_event(data))
            for data in (
                "9223372036854775808", "-9223372036854775809", "1e400", "-1e999", r'"\u0000"', r'"\ud800"',
                r'"\udc00\ud800"', r'{"\u0000":1}', "NaN", "Infinity", "'x'", '"\x01"', "1.", "[1,]",
            )
        },
        **{
            f"payload {payload[:12]!r}": _dropped(payload)
            for payload in (b"nonsense", b"[1]", b"null", b"5", b'"\xff"', _event("1").encode("utf-16"))
        },
        "no resource": _dropped('{"id":1,"method":"get"}'),
        "no method": _dropped('{"id":1,"resource":"/x"}'),
        **{
            f"data {data} is taken": Case([Send(_event(data).encode())], {"V": [json.loads(_event(data))]})
            for data in (
                "9223372036854775807", "-9223372036854775808", "1e308", r'"\ud83d\ude00"', '"\u00fc"', '"\x7f"', "{}",
            )
        },
    },
)  # fmt: skip
