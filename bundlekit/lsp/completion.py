"""What can be typed next: fields, values and resources in bundle.json, resources and methods of a Route in index.py."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.gateway_resources import GATEWAY_RESOURCES
from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import Pattern
from bundlekit.lsp import manifest_schema
from bundlekit.lsp.json_cursor import JsonCursor, json_cursor
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.spot import Spot

_PROPERTY, _VALUE = 10, 12
_MARKDOWN = "markdown"
_LONGEST_CALL = 2000  # characters before the place in which a Route begins
_ROUTE = re.compile(r"\bRoute\(((?:[^()]|\([^()]*\))*)\Z")
_RESOURCE = re.compile(r"""(?:resource\s*=\s*|^\s*)["']([^"'\n]*)\Z""")
_METHOD = re.compile(r"""(?:methods\s*=\s*|^\s*["'][^"'\n]*["']\s*,\s*)(\[[^\]]*)?["']([^"'\n]*)\Z""")
_ARGUMENT = re.compile(r"(?:^|,)\s*(\w*)\Z")


def completion(spot: Spot) -> list[Json]:
    """What can be typed at the place, the most likely first."""
    if spot.path == MANIFEST:
        items = _in_manifest(spot)
    elif spot.path == spot.inspection.source.path:
        items = _in_source(spot)
    else:
        return []
    return [{**item, "sortText": f"{number:03}"} for number, item in enumerate(items)]


def _item(spot: Spot, span: tuple[int, int], label: str, text: str, *, note: str = "", kind: int = _VALUE) -> Json:
    """A completion.

    Args:
        spot: where.
        span: the offsets of what it replaces.
        label: as it is listed.
        text: what it puts there.
        note: what it means, in Markdown.
        kind: of completion.
    """
    made: Json = {
        "label": label,
        "kind": kind,
        "filterText": text,
        "textEdit": {"range": spot.places.places.range(*span), "newText": text},
    }
    if note:
        made["documentation"] = {"kind": _MARKDOWN, "value": note}
    return made


# bundle.json


def _in_manifest(spot: Spot) -> Iterator[Json]:
    cursor = json_cursor(spot.places.places.content, spot.offset)
    if cursor is None:
        return
    if cursor.is_key:
        yield from _fields(spot, cursor)
        return
    for value, note in _values(spot, cursor):
        text = json.dumps(value, ensure_ascii=False)
        yield _item(spot, (cursor.start, cursor.end), text if not isinstance(value, str) else value, text, note=note)


def _fields(spot: Spot, cursor: JsonCursor) -> Iterator[Json]:
    node = manifest_schema.schema_at(cursor.path)
    required = node.get("required", [])
    names = node.get("properties", {})
    for name in sorted(names, key=lambda one: one not in required):
        if name in cursor.siblings:
            continue
        inner, text = names[name], json.dumps(name)
        snippet = None
        if not cursor.has_colon:
            default = inner.get("default", "" if inner.get("type") == "string" else None)
            value = json.dumps(default) if default is not None else ""
            snippet = f"{text}: {_placeholder(value)}"
            text = f"{text}: {value}"
        item = _item(
            spot, (cursor.start, cursor.end), name, text, note=manifest_schema.described(inner), kind=_PROPERTY
        )
        item["filterText"] = json.dumps(name)
        if snippet is not None and spot.workspace.client.snippets:
            item["textEdit"]["newText"] = snippet
            item["insertTextFormat"] = 2
        yield item


def _placeholder(value: str) -> str:
    """A value as a place of a snippet that is filled in."""
    inner = value.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
    if value.startswith('"'):
        return f'"${{1:{inner[1:-1]}}}"'
    return f"${{1:{inner}}}" if value else "$1"


def _values(spot: Spot, cursor: JsonCursor) -> Iterator[tuple[Any, str]]:
    match cursor.path:
        case ("hook", int()):
            names = spot.workspace.names_around(spot.bundle.folder)
            yield from ((name, "") for name in names if name not in cursor.siblings)
        case ("resources", int(), "resource"):
            yield from _resources(spot)
        case ("resources", int(), "methods", int()):
            node = manifest_schema.schema_at(cursor.path)
            yield from (pair for pair in manifest_schema.choices(node) if pair[0] not in cursor.siblings)
        case _:
            yield from manifest_schema.choices(manifest_schema.schema_at(cursor.path))


def _resources(spot: Spot) -> Iterator[tuple[str, str]]:
    """The resources of handlers that are not declared; of an entry that only listens, those of the gateway too."""
    declared = [Pattern.of(one.resource.path) for one in spot.inspection.declared]
    for route in spot.inspection.source.routes:
        if route.resource is not None and not any(Pattern.of(route.resource).meets(one) for one in declared):
            line = spot.handler(route).line
            yield route.resource, f"`{route.handler}` in {spot.inspection.source.path}:{line} handles it."
    if _listens(spot):
        yield from ((path, "The gateway has it.") for path in GATEWAY_RESOURCES[spot.inspection.api])


def _listens(spot: Spot) -> bool:
    """Whether an entry, or else the bundle, has the role `view`, in a text that may be no JSON at the moment."""
    text = spot.places.places.content
    depth = 0
    entry = list(re.finditer(r"[{}]", text[: spot.offset]))
    for brace in reversed(entry):
        depth += 1 if brace[0] == "}" else -1
        if depth < 0:
            end = text.find("}", spot.offset)
            around = text[brace.start() : end if end >= 0 else len(text)]
            role = re.search(r'"role"\s*:\s*"(\w*)"', around)
            if role is not None:
                return role[1] == "view"
            break
    value = spot.inspection.manifest.value
    return isinstance(value, dict) and value.get("role") == "view"


# index.py


def _in_source(spot: Spot) -> Iterator[Json]:
    text = spot.places.places.content
    call = _ROUTE.search(text[max(spot.offset - _LONGEST_CALL, 0) : spot.offset])
    if call is None:
        return
    given = call[1]
    if found := _RESOURCE.search(given):
        yield from _declared_resources(spot, found[1])
    elif found := _METHOD.search(given):
        listed = set(re.findall(r"""["'](\w+)["']""", found[1] or ""))
        for method in _methods_of(spot, given):
            if method not in listed:
                yield _item(spot, (spot.offset - len(found[2]), spot.offset), method, method)
    elif found := _ARGUMENT.search(given):
        for name, note in (("methods", "`get`, `put`, `post`, `delete`, or a list of them."), ("resource", "A path.")):
            if f"{name}=" not in given.replace(" ", ""):
                start = spot.offset - len(found[1])
                yield _item(spot, (start, spot.offset), f"{name}=", f"{name}=", note=note, kind=_PROPERTY)


def _declared_resources(spot: Spot, typed: str) -> Iterator[Json]:
    """The declared resources, those with methods that no handler takes first."""
    lacking: list[tuple[bool, str, str]] = []
    for one in spot.inspection.declared:
        taken = {method for methods in spot.handlers_of((one,)).values() for method in methods}
        missing = [method for method in one.resource.methods if method not in taken]
        note = (
            f"No handler yet for {', '.join(missing)}." if missing else f"Declared: {', '.join(one.resource.methods)}."
        )
        lacking.append((not missing, one.resource.path, note))
    start = spot.offset - len(typed)
    for _, path, note in sorted(lacking, key=lambda entry: entry[0]):
        yield _item(spot, (start, spot.offset), path, path, note=note)


def _methods_of(spot: Spot, given: str) -> Iterable[str]:
    """The methods that the resource of a Route is declared with come first."""
    named = re.search(r"""resource\s*=\s*["']([^"'\n]*)["']|^\s*["']([^"'\n]*)["']""", given)
    line_end = spot.places.places.content.find("\n", spot.offset)
    behind = spot.places.places.content[spot.offset : line_end if line_end >= 0 else None]
    named = named or re.search(r"""resource\s*=\s*["']([^"'\n]*)["']""", behind)
    resource = next(filter(None, named.groups()), "") if named else ""
    declared: list[str] = []
    for one in spot.inspection.declared:
        if resource and Pattern.of(resource).meets(Pattern.of(one.resource.path)):
            declared += one.resource.methods
    return dict.fromkeys([*(one for one in declared if one in METHODS), *METHODS])
