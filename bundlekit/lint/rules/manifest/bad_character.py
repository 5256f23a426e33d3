"""A resource has a character in it that the path of a URL cannot have, or that means something else to the SDK.

Why: By RFC 3986 a path takes letters, digits and `-._~!$&'()*+,;=:@` between its slashes. Clients encode all other
characters, a space as `%20`, so their requests do not match the declared resource; and the gateway ignores everything
after a `?` when it looks for the bundle. Of the allowed characters, `$`, `(`, `)` and `*` have another meaning for the
SDK, which turns the resource of a handler into a regular expression.

Evidence: RFC 3986, 3.3. curl and Python's http.client refuse an address with a space in it; with `%20` in its place,
the emulated gateway answered 403 to a resource that was declared with a space, and to one with a `?` in any case. SDK
1.1.2 on Python 2.7.18 answers 404 to `/a(b)`, `/a*b` and `/a$b`, and with `/a(b` a handler keeps the bundle from
starting.

Fix (safe): writes a hyphen or an underscore in its place, if that is how a handler has it.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/living room"}]

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/living-room_1.5"}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.respelling import respelled
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted

# Wildcards and what is wrong with a :param are told by rules of their own.
_STRANGE = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@%#/-]")
_OF_EXPRESSIONS = re.compile(r"[$()*]")
_PARAM = re.compile(r"/:[^/]*")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path
        plain = _PARAM.sub("/", path)
        strange = _STRANGE.search(plain)
        special = _OF_EXPRESSIONS.search(plain)
        if strange:
            message = f"resource {quoted(path)} has {quoted(strange[0])} in it, which no path of a URL has"
            pointer = f"{declared.pointer}/resource"
            diagnostic = in_manifest(inspection, pointer, message, _hint(strange[0]))
            spellings = (_STRANGE.sub(mark, path) for mark in "-_")
            yield replace(diagnostic, correction=respelled(inspection, pointer, path, *spellings))
        elif special:
            what = "which the SDK takes for a part of a regular expression"
            message = f"resource {quoted(path)} has {quoted(special[0])} in it, {what}"
            yield in_manifest(inspection, f"{declared.pointer}/resource", message, "a hyphen would do")


def _hint(strange: str) -> str:
    if strange == "?":
        return "what is behind the ? comes with a request, and message.query has it in the handler"
    if strange in "{}<>":
        return "a segment that stands for any value is written :name"
    return "a hyphen would do"


RULE = Rule(code="BK119", name="bad-character", severity=Severity.WARNING, page=__doc__, check=check)
