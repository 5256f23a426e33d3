"""A secret goes to every gateway with the bundle.

Why: Everybody with access to an archive, to a gateway or to its disk can read it, and a copied secret cannot be
withdrawn. A gateway has a token of its own in `/etc/mx-api-token`; other secrets belong in the settings, which each
gateway keeps for itself. Only packed files are searched, and only for texts that are almost certainly secrets: private
keys, tokens of well-known forms, and long passwords of mixed characters.

Evidence: An archive is a plain .tar.gz: `tar xzOf` shows every line of it. The vendor keeps a gateway's own token in a
file that only root can read, and shows a token of the web console only once.

Bad:

    upload.json
        {"mx-api-token": "k3Jd8sLq0ZpW5vNm7RtY"}

Good:

    upload.json
        {"token-file": "/etc/mx-api-token"}
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.text import Span
from bundlekit.errors import Unreadable
from bundlekit.lint.facts.credentials import Credential, credentials
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule

_LARGEST = 1024 * 1024  # bytes; larger files are data, and no place for keys
_MOST_BYTES = 16 * 1024 * 1024  # of a bundle, so that the search ends soon
_KEPT_OUT_OF_SOURCE = "read it from a file on the gateway, or from the settings"
_KEPT_OUT_OF_ARCHIVE = "name the file in .bundleignore, or read the secret from a file on the gateway"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    contents = package_contents(inspection)
    left = _MOST_BYTES
    for entry in contents.entries:
        if entry.kind is not Kind.FILE or entry.size > min(_LARGEST, left):
            continue
        left -= entry.size
        content = _content(inspection, entry)
        found = list(credentials(content))
        if found and contents.goes_in(entry):
            yield from (_diagnostic(entry, content, credential) for credential in found)


def _content(inspection: Inspection, entry: Entry) -> bytes:
    try:
        return inspection.bundle.files.read(entry.path, _LARGEST)
    except Unreadable:
        return b""


def _diagnostic(entry: Entry, content: bytes, credential: Credential) -> Diagnostic:
    hint = _KEPT_OUT_OF_SOURCE if entry.path.endswith((".py", ".json", ".factory")) else _KEPT_OUT_OF_ARCHIVE
    before = content[: credential.start]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    place = Span(line, column, line, column)
    return Diagnostic(entry.path, place, f"{credential.what} goes into the archive, expected none", hint)


RULE = Rule(code="BK214", name="packed-secret", severity=Severity.WARNING, page=__doc__, check=check)
