"""Registration. All but the last ones are from reg.txt."""

from __future__ import annotations

from typing import Any

from tests.conformance.case import (
    EVERYTHING,
    GONE,
    TOO_LATE,
    Case,
    Message,
    Reply,
    Scenario,
    Send,
    ask,
    controller,
    model,
    profile,
    told,
)

_REG = "/controller/registration"
TUNNEL = {"tunnel": "<tunnel>"}
"""What a tunnel that the controller made up is replaced by."""

_TAKEN = "component had beed already registered"


def _post(number: int = 200, resource: str = _REG, tunnel: str = "tq", **fields: Any) -> dict[str, Any]:
    data = {**profile("q", "model", "/q"), **fields}
    data = {key: value for key, value in data.items() if value is not GONE}
    return ask(number, "post", resource, data=data, **({"tunnel": tunnel} if tunnel else {}))


def _delete(name: str, number: int = 201) -> dict[str, Any]:
    return ask(number, "delete", _REG, tunnel="td", data={"name": name})


def _deleted(number: int = 201) -> Message:
    return controller(number, 200, "delete", _REG)


def _good(post: dict[str, Any], code: int = 200) -> Message:
    return {**controller(post["id"], code, "post", post["resource"]), "data": TUNNEL}


def _wrong(number: int, method: str, log: str, resource: str = _REG) -> Message:
    return controller(number, 400, method, resource, "wrong register context", log)


def _takes(name: str = "q", resource: str = _REG, **fields: Any) -> Case:
    post = _post(resource=resource, **({"name": name} | fields))
    named = resource.removeprefix(f"{_REG}/") if resource != _REG else name
    return Case([Send(post), Send(_delete(named), 0.05)], {"tq": [_good(post)], "td": [_deleted()]})


def _refuses(log: str, **fields: Any) -> Case:
    return Case([Send(_post(**fields))], {"tq": [_wrong(200, "post", log)]})


def _answers(message: Message, *expected: Message) -> Case:
    return Case([Send({**message, "tunnel": "tq"})], {"tq": expected})


_TAKEN_FIELDS: dict[str, dict[str, Any]] = {
    "ttl 0": {"ttl": 0},
    "ttl 0.5": {"ttl": 0.5},
    "ttl -1": {"ttl": -1},
    "ttl 1e9": {"ttl": 1e9},
    "resources a string": {"resources": "/q"},
    "resources twice the same": {"resources": ["/q", "/q"]},
    "hook 'alpha'": {"hook": "alpha"},
    "hook {}": {"hook": {}},
    "hook None": {"hook": None},
    "hook 0": {"hook": 0},
    "no hook": {"hook": GONE},
    "role 'foo'": {"role": "foo"},
    "role 'MODEL'": {"role": "MODEL"},
    "long description": {"description": "d" * 1000},
    **{f"name {name!r}": {"name": name} for name in ("controller", "SANJI", "a b", "ü", "-rf")},
}
_REFUSED_FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "ttl '5'": ("need 'ttl'", {"ttl": "5"}),
    "ttl True": ("need 'ttl'", {"ttl": True}),
    "ttl None": ("need 'ttl'", {"ttl": None}),
    "no ttl": ("need 'ttl'", {"ttl": GONE}),
    "resources []": ("empty 'resources'", {"resources": []}),
    "resources ['']": ("empty 'resources'", {"resources": [""]}),
    "no resources": ("Need 'resources'", {"resources": GONE}),
    "hook ''": ("empty 'hook'", {"hook": ""}),
    "hook ['']": ("empty 'hook'", {"hook": [""]}),
    "hook [1]": ("empty 'hook'", {"hook": [1]}),
    "role ''": ("need 'role'", {"role": ""}),
    "role 1": ("need 'role'", {"role": 1}),
    "empty description": ("need 'description'", {"description": ""}),
    "name ''": ("no 'name'", {"name": ""}),
}
_31, _40 = "n" * 31, "n" * 40

REGISTRATION = Scenario(
    {"V": EVERYTHING},
    {
        **{title: _takes(**fields) for title, fields in _TAKEN_FIELDS.items()},
        **{title: _refuses(log, **fields) for title, (log, fields) in _REFUSED_FIELDS.items()},
        "resources {}": _answers(_post(resources={}), controller(200, 500, "post", _REG, "internal server error")),
        **{
            f"name {name!r}": _answers(_post(name=name), controller(200, 403, "post", _REG, _TAKEN))
            for name in ("registration", "dependency")
        },
        "name of 31, with -view, deleted by the longer one": Case(
            [
                Send(_post(202, name=_31)),
                Send(_post(203, name=f"{_31}-view"), 0.05),
                Send(_delete(f"{_31}-view"), 0.1),
            ],
            {
                "tq": [_good(_post(202)), controller(203, 403, "post", _REG, _TAKEN)],
                "td": [_deleted()],
            },
        ),
        "name of 40, deleted by 40, again": Case(
            [
                Send(_post(202, name=_40)),
                Send(_delete(_40, 203), 0.05),
                Send(_post(204, name=_40), 0.1),
                Send(_delete(_31, 205), 0.15),
            ],
            {"tq": [_good(_post(202)), _good(_post(204))], "td": [_deleted(203), _deleted(205)]},
        ),
        "post on a name: that one counts": Case(
            [
                Send(_post(206, f"{_REG}/named", name="other", resources=["/g"], ttl=1)),
                Send(_delete("other", 207), 0.05),
                Send(ask(208, "get", "/g", tunnel="tx"), 0.1),
                Send(_delete("named", 209), 1.3),
            ],
            {
                "tq": [_good(_post(206, f"{_REG}/named"))],
                "td": [_deleted(207), _deleted(209)],
                "named": [ask(208, "get", "/g", tunnel="tx")],
                "tx": [controller(208, 408, "get", "/g", TOO_LATE)],
            },
        ),
        **{
            f"post on {rest}": _answers(
                _post(resource=f"{_REG}{rest}"),
                controller(200, 403, "post", f"{_REG}{rest}", "request forbidden", "resource has no subscribed model"),
            )
            for rest in ("X", "/a/b", "/")
        },
        "post on ?x=1": _answers(
            _post(resource=f"{_REG}?x=1"), _wrong(200, "post", "'resource' didn't match", f"{_REG}?x=1")
        ),
        "post without data": _answers(ask(200, "post", _REG), _wrong(200, "post", "Need 'data'")),
        "post with a list": _answers(ask(200, "post", _REG, data=[]), _wrong(200, "post", "Need 'data'")),
        "delete without data": _answers(ask(200, "delete", _REG), _wrong(200, "delete", "no 'name'")),
        "delete without a name": _answers(ask(200, "delete", _REG, data={}), _wrong(200, "delete", "no 'name'")),
        "delete of name 5": _answers(ask(200, "delete", _REG, data={"name": 5}), _wrong(200, "delete", "no 'name'")),
        "delete on a name nobody has": _answers(
            ask(200, "delete", f"{_REG}/nobody"), controller(200, 200, "delete", f"{_REG}/nobody")
        ),
        "put": _answers(ask(200, "put", _REG), controller(200, 405, "put", _REG, "method not allowed")),
        "patch": _answers(ask(200, "patch", _REG), controller(200, 405, "", _REG, "method not allowed")),
        "get on a name": _answers(
            ask(200, "get", f"{_REG}/V"), controller(200, 405, "get", f"{_REG}/V", "method not allowed")
        ),
        "without a tunnel: the views are told": Case(
            [Send(_post(tunnel="")), Send(_delete("q"), 0.05)], {"V": [_good(_post())], "td": [_deleted()]}
        ),
        "with a code": Case(
            [Send({**_post(), "code": 200}), Send(_delete("q"), 0.05)], {"tq": [_good(_post())], "td": [_deleted()]}
        ),
        "twice": Case(
            [Send(_post(202)), Send(_post(203), 0.05), Send(_delete("q"), 0.1)],
            {"tq": [_good(_post(202)), controller(203, 403, "post", _REG, _TAKEN)], "td": [_deleted()]},
        ),
        "deleted on its name": Case(
            [Send(_post(202)), Send(ask(203, "delete", f"{_REG}/q", tunnel="td"), 0.05)],
            {"tq": [_good(_post(202))], "td": [controller(203, 200, "delete", f"{_REG}/q")]},
        ),
    },
)

_LATER = _post()
MODEL_ON_EVERYTHING = Scenario(
    {"V": EVERYTHING, "all": model("/#")},
    {
        "every later registration gets what that model answers": Case(
            [Send(_LATER)],
            {"all": [_LATER], "tq": [told(200, 404, "post", _REG, {"message": "Route"})]},
            {"all": [Reply({"code": 404, "data": {"message": "Route"}})]},
        ),
        "so does every request for something else": Case(
            [Send(ask(210, "get", "/any"))],
            {"all": [ask(210, "get", "/any")], "V": [told(210, 200, "get", "/any")]},
            {"all": [Reply()]},
        ),
    },
)  # fmt: skip
