"""What is shown while the mouse rests on something."""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.document import pointer_to
from bundlekit.lint.finding import Finding
from bundlekit.lsp import manifest_schema
from bundlekit.lsp.json_cursor import json_cursor
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.spot import Spot
from bundlekit.lsp.uris import uri_of
from bundlekit.shipped import rule_page


def hover(spot: Spot) -> Json | None:
    """The page of each rule that has found something at the place; the handlers of a resource; what a field means."""
    parts = [*map(_page, {one.code: one for one in spot.findings}.values()), *_resources(spot), *_field(spot)]
    return {"contents": {"kind": "markdown", "value": "\n\n---\n\n".join(parts)}} if parts else None


def _page(finding: Finding) -> str:
    from bundlekit.lint.page import described, page_of
    from bundlekit.lint.rules import rules

    rule = next(one for one in rules() if one.code == finding.code)
    title = f"**[{rule.code}]({uri_of(rule_page(rule.code))}) {rule.name}** ({finding.severity})"
    return "\n".join([title, "", *described(page_of(rule))])


def _resources(spot: Spot) -> Iterator[str]:
    source = spot.inspection.source
    for one in spot.declared:
        lines = [f"`{one.resource.path}`"]
        if spot.path != MANIFEST:
            span = spot.inspection.manifest.position(f"{one.pointer}/resource")
            lines += ["", f"declared at [{MANIFEST}:{span.line}]({spot.uri(MANIFEST)}#L{span.line})"]
        handlers = spot.handlers_of((one,))
        for route, methods in handlers.items():
            line = spot.handler(route).line
            lines += [
                f"- {', '.join(methods)}: [{source.path}:{line}]({spot.uri(source.path)}#L{line}) `{route.handler}`"
            ]
        taken = {method for methods in handlers.values() for method in methods}
        missing = [method for method in one.resource.methods if method not in taken]
        if missing and one.resource.role == "model":
            lines += [f"- {', '.join(missing)}: no handler"]
        yield "\n".join([lines[0], "", *lines[1:]])


def _field(spot: Spot) -> Iterator[str]:
    if spot.path != MANIFEST:
        return
    cursor = json_cursor(spot.places.places.content, spot.offset)
    if cursor is None or cursor.start == cursor.end:
        return
    word = spot.places.places.content[cursor.start : cursor.end].strip('"')
    path = (*cursor.path, word) if cursor.is_key else cursor.path
    text = manifest_schema.described(manifest_schema.schema_at(path))
    if text:
        yield f"`{pointer_to(path).lstrip('/')}`: {text}"
