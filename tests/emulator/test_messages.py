"""The kinds of messages."""

from __future__ import annotations

from typing import Any

import pytest

from bundlekit.emulator.messages import MessageKind, kind_of

WHOLE: dict[str, Any] = {
    "id": 5,
    "code": 200,
    "method": "get",
    "resource": "/a",
    "sign": ["alpha"],
    "tunnel": "x",
    "data": None,
}
KEYS = {
    "id method resource": MessageKind.REQUEST,
    "id method resource tunnel": MessageKind.DIRECT,
    "id code method resource sign": MessageKind.RESPONSE,
    "code method resource": MessageKind.EVENT,
    "id method resource sign": MessageKind.HOOK,
    "id method resource data": MessageKind.REQUEST,
    "id code method resource sign tunnel": None,
    "id code method resource": None,
    "method resource": None,
    "id resource": None,
    "id method": None,
    "": None,
}


@pytest.mark.parametrize(("keys", "kind"), KEYS.items(), ids=[key or "nothing" for key in KEYS])
def test_kind_follows_from_the_keys(keys: str, kind: MessageKind | None) -> None:
    assert kind_of({key: WHOLE[key] for key in keys.split()}) is kind


@pytest.mark.parametrize(
    ("falsy", "kind"),
    [
        ({"id": 0}, None),
        ({"sign": []}, MessageKind.REQUEST),
        ({"tunnel": ""}, MessageKind.REQUEST),
        ({"code": 0}, MessageKind.REQUEST),
        ({"tunnel": None, "code": None}, MessageKind.REQUEST),
        ({"resource": ""}, None),
    ],
)
def test_falsy_value_counts_as_absent(falsy: dict[str, Any], kind: MessageKind | None) -> None:
    assert kind_of({"id": 5, "method": "get", "resource": "/a", **falsy}) is kind
