"""Hooks, locks, several models on one resource, the dependency resource. What names a transcript is from there."""

from __future__ import annotations

from tests.conformance.case import (
    EVERYTHING,
    FORBIDDEN,
    GONE,
    LOCKED,
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

_ALPHA = {"from": "alpha", "k": 1}
_ALL = {"from": "h2", "h": 1, "k": 1}
_REG = "/controller/registration"
_DEP = "/controller/resource/dependency"
_ANSWERS = [Reply({"data": {"a": 1}})]


def _put(number: int, tunnel: str = "") -> Send:
    return Send(ask(number, "put", "/alpha", data={"x": 1}, **({"tunnel": tunnel} if tunnel else {})))


def _asked(number: int, tunnel: str = "") -> list[dict[str, object]]:
    return [ask(number, "put", "/alpha", data={"x": 1}, **({"tunnel": tunnel} if tunnel else {}))]


def _hooked(number: int, sign: int, data: object = GONE, resource: str = "/alpha") -> dict[str, object]:
    message = ask(number, "put", resource, sign=["m"] * sign)
    return message if data is GONE else {**message, "data": data}


_CHAIN = {
    "alpha": [Reply({"data": _ALPHA})],
    "h1": [Reply({"data": {"h": 1}})],
    "h2": [Reply({"data": {"from": "h2"}})],
}
_REFUSES = {**_CHAIN, "h1": [Reply({"code": 500, "data": {"message": "no"}})]}

HOOKS = Scenario(
    {
        "V": EVERYTHING,
        "alpha": model("/alpha", "/alpha/+"),
        "h1": model("/h1", ttl=2, hook=["alpha"]),
        "h2": model("/h2", hook=["h1"]),
    },
    {
        "hook.txt: get": Case(
            [Send(ask(105, "get", "/alpha"))],
            {"V": [told(105, 200, "get", "/alpha", _ALPHA)], "alpha": [ask(105, "get", "/alpha")]},
            _CHAIN,
        ),
        "hook.txt: put": Case(
            [_put(106)],
            {
                "V": [told(106, 200, "put", "/alpha", _ALL, 3)],
                "alpha": _asked(106),
                "h1": [_hooked(106, 1, _ALPHA)],
                "h2": [_hooked(106, 2, {"from": "alpha", "h": 1, "k": 1})],
            },
            _CHAIN,
        ),
        "hook.txt: direct put": Case(
            [_put(107, "tD")],
            {
                "tD": [told(107, 200, "put", "/alpha", _ALL, 3)],
                "alpha": _asked(107, "tD"),
                "h1": [_hooked(107, 1, _ALPHA)],
                "h2": [_hooked(107, 2, {"from": "alpha", "h": 1, "k": 1})],
            },
            _CHAIN,
        ),
        "hook.txt: the hook refuses": Case(
            [_put(108)],
            {
                "V": [told(108, 500, "put", "/alpha", {"message": "no"}, 2)],
                "alpha": _asked(108),
                "h1": [_hooked(108, 1, _ALPHA)],
            },
            _REFUSES,
        ),
        "hook.txt: the hook is silent": Case(
            [_put(109)],
            {
                "V": [controller(109, 408, "PUT", "/alpha", TOO_LATE)],
                "alpha": _asked(109),
                "h1": [_hooked(109, 1, _ALPHA)],
            },
            {"alpha": _CHAIN["alpha"]},
        ),
        "hook.txt: the model says 400": Case(
            [_put(110)],
            {"V": [told(110, 400, "put", "/alpha", {"message": "bad"})], "alpha": _asked(110)},
            {"alpha": [Reply({"code": 400, "data": {"message": "bad"}})]},
        ),
        "a hook with a code of 201 ends the chain": Case(
            [_put(111)],
            {
                "V": [told(111, 201, "put", "/alpha", {"h": 1}, 2)],
                "alpha": _asked(111),
                "h1": [_hooked(111, 1, _ALPHA)],
            },
            {**_CHAIN, "h1": [Reply({"code": 201, "data": {"h": 1}})]},
        ),
        "data that is no object is not merged": Case(
            [_put(112)],
            {
                "V": [told(112, 200, "put", "/alpha", [2], 3)],
                "alpha": _asked(112),
                "h1": [_hooked(112, 1, [1])],
                "h2": [_hooked(112, 2)],
            },
            {"alpha": [Reply({"data": [1]})], "h1": [Reply()], "h2": [Reply({"data": [2]})]},
        ),
        "while the first hook is asked, model and both hooks are locked": Case(
            [
                _put(113),
                Send(ask(114, "get", "/alpha/7"), 0.2),
                Send(ask(115, "get", "/h1"), 0.2),
                Send(ask(116, "get", "/h2", tunnel="tH"), 0.2),
            ],
            {
                "V": [
                    controller(114, 423, "GET", "/alpha/7", LOCKED),
                    controller(115, 423, "GET", "/h1", LOCKED),
                    told(113, 200, "put", "/alpha", _ALL, 3),
                ],
                "tH": [controller(116, 423, "GET", "/h2", LOCKED)],
                "alpha": _asked(113),
                "h1": [_hooked(113, 1, _ALPHA)],
                "h2": [_hooked(113, 2, {"from": "alpha", "h": 1, "k": 1})],
            },
            {**_CHAIN, "h1": [Reply({"data": {"h": 1}}, after=0.5)]},
        ),
        "a change of the hook's own does not lock the model, but no change of it gets through": Case(
            [
                Send(ask(117, "put", "/h2")),
                Send(ask(118, "get", "/alpha"), 0.2),
                Send(ask(119, "put", "/alpha"), 0.2),
            ],
            {
                "V": [
                    controller(119, 423, "PUT", "/alpha", LOCKED),
                    told(118, 200, "get", "/alpha", _ALPHA),
                    told(117, 200, "put", "/h2", {"from": "h2"}),
                ],
                "alpha": [ask(118, "get", "/alpha")],
                "h2": [ask(117, "put", "/h2")],
            },
            {"h2": [Reply({"data": {"from": "h2"}}, after=0.6)], "alpha": [Reply({"data": _ALPHA}, after=0.2)]},
        ),
    },
)

DEPENDENCIES = Scenario(
    {"V": EVERYTHING, "alpha": model("/alpha", "/alpha/+"), "h1": model("/h1", hook=["alpha"])},
    {
        f"dep.txt: {method} {resource}": Case(
            [Send(ask(104, method, resource, tunnel="tx"))],
            {"tx": [{**controller(104, code, method, resource), "data": data}]},
        )
        for method, resource, code, data in (
            ("get", f"{_DEP}?resource=/alpha", 200, {"resources": ["/alpha", "/alpha/+", "/h1"]}),
            ("get", f"{_DEP}?resource=/h1", 200, {"resources": ["/h1"]}),
            ("get", f"{_DEP}?resource=/zzz", 200, {"resources": []}),
            ("get", _DEP, 405, {"message": "method not allowed", "log": "not support read capability"}),
            ("put", _DEP, 405, {"message": "method not allowed"}),
            *(
                (
                    "get",
                    f"{_DEP}{rest}",
                    403,
                    {"message": "query forbidden", "log": "only allow with query string '?resource=[identifier]'"},
                )
                for rest in ("/x", "?foo=1")
            ),
            ("get", "/controller", 403, FORBIDDEN),
            ("get", "/controller/resource", 403, FORBIDDEN),
        )
    },
)

LOCKS = Scenario(
    {"V": EVERYTHING, "slow": model("/slow", "/other", ttl=2)},
    {
        "lock.txt: during a put": Case(
            [
                Send(ask(103, "put", "/slow", data={})),
                Send(ask(104, "get", "/slow"), 0.1),
                Send(ask(105, "put", "/slow", data={}), 0.2),
                Send(ask(106, "get", "/other"), 0.3),
                Send(ask(107, "get", "/slow", tunnel="tSelf"), 0.3),
                Send(ask(108, "delete", _REG, tunnel="td", data={"name": "slow"}), 0.3),
            ],
            {
                "V": [
                    controller(104, 423, "GET", "/slow", LOCKED),
                    controller(105, 423, "PUT", "/slow", LOCKED),
                    controller(106, 423, "GET", "/other", LOCKED),
                    told(103, 200, "put", "/slow", {"a": 1}),
                ],
                "slow": [ask(103, "put", "/slow", data={})],
                "tSelf": [controller(107, 423, "GET", "/slow", LOCKED)],
                "td": [controller(108, 423, "DELETE", _REG, "resoures is locked")],
            },
            {"slow": [Reply({"data": {"a": 1}}, after=0.6)]},
        ),
        "lock.txt: get locks nothing": Case(
            [
                Send(ask(110, "get", "/slow")),
                Send(ask(111, "get", "/slow")),
                Send(ask(112, "put", "/slow", data={})),
            ],
            {
                "V": [
                    told(110, 200, "get", "/slow", {"a": 1}),
                    told(111, 200, "get", "/slow", {"a": 1}),
                    told(112, 200, "put", "/slow", {"a": 1}),
                ],
                "slow": [ask(110, "get", "/slow"), ask(111, "get", "/slow"), ask(112, "put", "/slow", data={})],
            },
            {"slow": [Reply({"data": {"a": 1}}, after=0.3)] * 3},
        ),
        "lock.txt: a put that is never answered, then a get": Case(
            [Send(ask(113, "put", "/slow", data={})), Send(ask(114, "get", "/slow"), 2.2)],
            {
                "V": [
                    controller(113, 408, "PUT", "/slow", TOO_LATE),
                    told(114, 200, "get", "/slow", {"a": 1}),
                ],
                "slow": [ask(113, "put", "/slow", data={}), ask(114, "get", "/slow")],
            },
            {"slow": [Reply(after=100), *_ANSWERS]},
        ),
        "lock.txt: another one registers on a locked resource": Case(
            [
                Send(ask(115, "put", "/slow", data={})),
                Send(ask(116, "post", _REG, tunnel="tR", data=dict(model("/slow")) | {"name": "r"}), 0.2),
            ],
            {
                "V": [controller(115, 408, "PUT", "/slow", TOO_LATE)],
                "slow": [ask(115, "put", "/slow", data={})],
                "tR": [controller(116, 423, "POST", _REG, "the resource is locked")],
            },
        ),
        "a method that is unknown locks too, and is left out of the controller's answers": Case(
            [Send(ask(117, "patch", "/slow")), Send(ask(118, "patch", "/other"), 0.2)],
            {
                "V": [controller(118, 423, "", "/other", LOCKED), told(117, 200, "patch", "/slow", {"a": 1})],
                "slow": [ask(117, "patch", "/slow")],
            },
            {"slow": [Reply({"data": {"a": 1}}, after=0.4)]},
        ),
    },
)


def _two(number: int, answer: object, m1: Reply | None, m2: Reply | None) -> Case:
    replies = {name: [reply] for name, reply in (("m1", m1), ("m2", m2)) if reply}
    asked = [ask(number, "get", "/two")]
    return Case([Send(ask(number, "get", "/two"))], {"V": [answer], "m1": asked, "m2": asked}, replies)  # type: ignore[list-item]


_ONE, _TWO = {"one": 1, "who": "m1"}, {"two": 2, "who": "m2"}
_ROUTE = {"message": "Route"}

SEVERAL = Scenario(
    {"V": EVERYTHING, "m1": model("/two", ttl=2), "m2": model("/two", ttl=5)},
    {
        "two.txt: both 200, m2 later": _two(
            104, told(104, 200, "get", "/two", _ONE | _TWO), Reply({"data": _ONE}), Reply({"data": _TWO}, after=0.2)
        ),
        "two.txt: both 200, m1 later": _two(
            105, told(105, 200, "get", "/two", _TWO | _ONE), Reply({"data": _ONE}, after=0.2), Reply({"data": _TWO})
        ),
        "two.txt: lists": _two(
            106, told(106, 200, "get", "/two", [2]), Reply({"data": [1]}), Reply({"data": [2]}, after=0.2)
        ),
        "two.txt: first 404, second 200": _two(
            107, told(107, 404, "get", "/two", _ROUTE), Reply({"code": 404, "data": _ROUTE}), Reply(after=0.2)
        ),
        "two.txt: first 200, second 404": _two(
            108,
            told(108, 404, "get", "/two", _ROUTE),
            Reply({"data": _ONE}),
            Reply({"code": 404, "data": _ROUTE}, after=0.2),
        ),
        "two.txt: m1 200, m2 silent": _two(
            109, controller(109, 408, "GET", "/two", TOO_LATE), Reply({"data": _ONE}), None
        ),
        "two.txt: both silent, after the shorter ttl": _two(
            110, controller(110, 408, "GET", "/two", TOO_LATE), None, Reply(after=3)
        ),
        "an object, then a list: the list counts": _two(
            111, told(111, 200, "get", "/two", [2]), Reply({"data": _ONE}), Reply({"data": [2]}, after=0.2)
        ),
        "an object, then no data: no data": _two(
            112, told(112, 200, "get", "/two"), Reply({"data": _ONE}), Reply(after=0.2)
        ),
    },
)
