"""What each setting takes, and what is said of another value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bundlekit.bundle.gateway_resources import GATEWAY_RESOURCES
from bundlekit.errors import BadUsage
from bundlekit.lint.facts.naming import alike
from bundlekit.lint.finding import Severity
from bundlekit.lint.selection import Choice, Selector, selector, severity_named
from bundlekit.quoting import quoted

_MOST_PATTERNS = 1000  # each is matched with the path of each finding
NO_LINK = "name a file below the folder of the settings, without links"


def checked(table: dict[str, Any]) -> tuple[Choice, dict[str, Any]]:
    """What is chosen of the rules, and all that a table says, by its keys.

    Raises:
        BadUsage: a key is not known, or its value makes no sense.
    """
    for key in table:
        if key not in _KEYS:
            close = alike(key, _KEYS)
            hint = f"did you mean {close}?" if close else f"expected some of {', '.join(_KEYS)}"
            raise BadUsage(f"there is no setting {quoted(key)}", hint=hint)
    said = {key: _KEYS[key](key, value) for key, value in table.items()}
    choice = Choice(
        select=said.get("select"),
        ignore=said.get("ignore", ()),
        severity=said.get("severity", ()),
        fail_on=said.get("fail-on"),
        api=said.get("gateway-api"),
    )
    return choice, said


def _selectors(key: str, value: Any) -> tuple[Selector, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise BadUsage(f"{key} is {shown(value)}, expected a list of codes", hint=f'such as {key} = ["BK302"]')
    return tuple(map(selector, dict.fromkeys(value)))


def _severities(key: str, value: Any) -> tuple[tuple[Selector, Severity | None], ...]:
    return tuple((selector(word), severity_named(_text(word, wanted))) for word, wanted in _items(key, value))


def _fail_on(key: str, value: Any) -> Severity:
    severity = severity_named(_text(key, value))
    if severity is None:
        raise BadUsage(f"{key} cannot be off", hint="no finding fails the check if no rule is selected")
    return severity


def _api(key: str, value: Any) -> str:
    if not isinstance(value, str) or value not in GATEWAY_RESOURCES:
        known = " or ".join(map(quoted, GATEWAY_RESOURCES))
        raise BadUsage(f"{key} is {shown(value)}, expected {known}", hint="the major version of the gateway's API")
    return value


def _baseline(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise BadUsage(f"{key} is {shown(value)}, expected a file", hint=f'such as {key} = "known.json"')
    if value.startswith("/") or ".." in value.split("/"):
        raise BadUsage(f"{key} is {shown(value)}, expected a file below the folder of the settings", hint=NO_LINK)
    return value


def _file(example: str) -> Callable[[str, Any], str]:
    def checked(key: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise BadUsage(f"{key} is {shown(value)}, expected a file", hint=f'such as {key} = "{example}"')
        return value

    return checked


def _sigstore(key: str, value: Any) -> dict[str, str]:
    said = dict(_items(key, value))
    for each, wanted in said.items():
        if each not in ("identity", "issuer", "trusted-root"):
            hint = "expected identity, issuer and perhaps trusted-root"
            raise BadUsage(f"there is no setting {quoted(each)} in {key}", hint=hint)
        if not isinstance(wanted, str) or not wanted.strip() or "\0" in wanted:
            raise BadUsage(f"{each} in {key} is {shown(wanted)}, expected a text")
    if missing := [each for each in ("identity", "issuer") if each not in said]:
        raise BadUsage(f"{key} has no {missing[0]}", hint="it needs both identity and issuer")
    return said


def _deploy(key: str, value: Any) -> dict[str, bool]:
    said = dict(_items(key, value))
    for each in said:
        if each != "verify-write":
            raise BadUsage(f"there is no setting {quoted(each)} in {key}", hint="expected verify-write")
    return {each: _truth(each, wanted) for each, wanted in said.items()}


def _truth(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadUsage(f"{key} is {shown(value)}, expected true or false")
    return value


def _path_ignores(key: str, value: Any) -> tuple[tuple[str, tuple[Selector, ...]], ...]:
    from bundlekit.pack.gitignore import gitignore

    if isinstance(value, dict) and len(value) > _MOST_PATTERNS:
        raise BadUsage(f"{key} has {len(value)} patterns, at most {_MOST_PATTERNS} are taken")
    found = tuple((pattern, _selectors(pattern, words)) for pattern, words in _items(key, value))
    for pattern, _ in found:
        try:
            gitignore([pattern])
        except (ValueError, re.error) as error:
            raise BadUsage(f"{quoted(pattern)} is not a pattern as in .gitignore") from error
    return found


_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "select": _selectors,
    "ignore": _selectors,
    "severity": _severities,
    "fail-on": _fail_on,
    "gateway-api": _api,
    "baseline": _baseline,
    "per-path-ignores": _path_ignores,
    "cache": _truth,
    "inventory": _file("gateways.ini"),
    "signers": _file("allowed_signers"),
    "sigstore": _sigstore,
    "deploy": _deploy,
}


def _items(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise BadUsage(f"{key} is {shown(value)}, expected a table")
    yield from value.items()


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadUsage(f"{key} is {shown(value)}, expected a severity", hint=f'such as {key} = "warning"')
    return value


def shown(value: Any) -> str:
    """A value as it would stand in a file."""
    return quoted(value) if isinstance(value, str | int | float | list | dict) else str(value)
