"""What an editor offers to do about findings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.text import Span
from bundlekit.lint.finding import Edit, Finding
from bundlekit.lsp.capabilities import FIX_ALL, QUICK_FIX
from bundlekit.lsp.declare import declaration_of, methods_added
from bundlekit.lsp.diagnostics import diagnostic_of
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.spot import Spot
from bundlekit.lsp.suppress import can_be_hidden, suppression_of


def code_actions(first: Spot, last: Spot, context: Json) -> list[Json]:
    """The actions for a range.

    Args:
        first: where the range begins.
        last: where it ends.
        context: which kinds the client wants, by default all but those that change more than the range; and the
            diagnostics that it means, which may be anywhere in the line.
    """
    kinds = context["only"] if isinstance(context.get("only"), list) else None
    meant = [(one.get("code"), one["range"]["start"]) for one in context.get("diagnostics", ())]
    actions: list[Json] = []
    if kinds is None or any(_is_within(QUICK_FIX, kind) for kind in kinds):
        for finding in first.bundle.findings.get(first.path, ()):
            start, end = (finding.line, finding.column), (finding.end_line, finding.end_column)
            at = first.places.places.position(first.places.offset(*start)) if meant else None
            if (start <= last.place and first.place <= end) or (finding.code, at) in meant:
                actions += _actions(first, finding)
    if kinds is not None and any(_is_within(FIX_ALL, kind) for kind in kinds):
        actions += _fix_all(first)
    return actions


def _is_within(kind: str, asked: Any) -> bool:
    return isinstance(asked, str) and (asked in ("", kind) or kind.startswith(f"{asked}."))


def _actions(spot: Spot, finding: Finding) -> Iterator[Json]:
    diagnostics = [diagnostic_of(finding, spot.places, None)]

    def action(title: str, edit: Json, *, preferred: bool = False) -> Json:
        made = {"title": title, "kind": QUICK_FIX, "diagnostics": diagnostics, "edit": edit}
        return {**made, "isPreferred": True} if preferred else made

    if finding.fix:
        title = f"Fix {finding.code}: {finding.hint or finding.message}"
        yield action(title, _workspace_edit(spot, {spot.path: _edits(spot, spot.path, finding.fix)}), preferred=True)
    if finding.rename is not None and spot.workspace.client.renames:
        bundle = spot.inspection.bundle
        old, new = (spot.uri(bundle.path_of(name)) for name in (finding.rename.old, finding.rename.new))
        rename = {"kind": "rename", "oldUri": old, "newUri": new}
        title = f"Fix {finding.code}: rename the file to {finding.rename.new.rpartition('/')[2]}"
        yield action(title, {"documentChanges": [rename]}, preferred=True)
    for title, path, edits in _declarations(spot, finding):
        yield action(title, _workspace_edit(spot, {path: _edits(spot, path, edits)}))
    if spot.path.endswith(".py") and can_be_hidden(finding.code):
        content = spot.places.places.content
        found = suppression_of(spot.path, content, finding.line, finding.code)
        if found is not None:
            offset, words = found
            edit = {"range": spot.places.places.range(offset, offset), "newText": words}
            yield action(f"Suppress {finding.code} here", _workspace_edit(spot, {spot.path: [edit]}))


def _declarations(spot: Spot, finding: Finding) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """Edits of bundle.json for a handler that is not declared, or not with all its methods; with a title each."""
    if finding.code not in ("BK302", "BK303"):
        return
    manifest = spot.inspection.manifest
    for route in spot.inspection.source.routes:
        around = route.span
        is_there = (around.line, around.column) <= (finding.line, finding.column) < (around.end_line, around.end_column)
        if not is_there or route.resource is None:
            continue
        methods = tuple(dict.fromkeys(one for one in route.methods or METHODS if one in METHODS))
        if finding.code == "BK302":
            edits = declaration_of(manifest, route.resource, methods)
            title = f"Declare {route.resource} in {MANIFEST}"
        else:
            here = Spot(spot.workspace, spot.bundle, spot.inspection, spot.path, _offset(spot, around))
            declared = here.declared
            extra = [one for one in methods if not any(one in each.resource.methods for each in declared)]
            edits = methods_added(manifest, declared[0].pointer, extra) if declared and extra else ()
            title = f"Declare {', '.join(extra)} of {route.resource} in {MANIFEST}"
        if edits:
            yield title, MANIFEST, edits


def _offset(spot: Spot, span: Span) -> int:
    return spot.places.offset(span.line, span.column)


def _fix_all(spot: Spot) -> Iterator[Json]:
    """All safe fixes of the file. Those that rename it are not among them: the editor is about to save it."""
    from bundlekit.lint.fixing import fix

    chosen = spot.bundle.selection
    if chosen is None or not any(one.fix for one in spot.bundle.findings.get(spot.path, ())):
        return
    contents = fix(spot.inspection.bundle, chosen).contents.get(spot.path)
    if contents is None:
        return
    before, after = (content.decode("utf-8-sig") for content in contents)
    shift = spot.places.shift
    edits = [
        {"range": spot.places.places.range(start + shift, end + shift), "newText": new}
        for start, end, new in _difference(before, after)
    ]
    yield {
        "title": "Fix all that bundlekit can fix safely",
        "kind": FIX_ALL,
        "edit": _workspace_edit(spot, {spot.path: edits}),
    }


def _difference(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """What to put in the place of which stretch of one text to make the other of it; whole lines."""
    old, new = ([f"{line}\n" for line in text.split("\n")] for text in (before, after))
    old[-1], new[-1] = old[-1][:-1], new[-1][:-1]
    starts = [0, *accumulate(map(len, old))]
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield starts[start], starts[end], "".join(new[first:last])


def _edits(spot: Spot, path: str, edits: Iterable[Edit]) -> list[Json]:
    places = spot.places_of(path)
    return [
        {"range": places.range(one.line, one.column, one.end_line, one.end_column), "newText": one.text}
        for one in edits
    ]


def _workspace_edit(spot: Spot, edits: dict[str, list[Json]]) -> Json:
    """Edits of the versions that they were made for, where the client knows versions."""
    if not spot.workspace.client.document_changes:
        return {"changes": {spot.uri(path): ones for path, ones in edits.items()}}
    changes = []
    for path, ones in edits.items():
        document = spot.workspace.documents.get(spot.bundle.folder / path)
        version = document.version if document is not None else None
        changes.append({"textDocument": {"uri": spot.uri(path), "version": version}, "edits": ones})
    return {"documentChanges": changes}
