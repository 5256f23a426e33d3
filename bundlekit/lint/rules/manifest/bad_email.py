"""The e-mail address is not valid.

Why: It is for people who want to write to the author. An empty address is accepted as intended.

Evidence: RFC 5322 asks for something on both sides of an @. The vendor's guide calls the field the author's e-mail
address; nothing on a gateway was seen to read it.

Bad:

    bundle.json
        "email": "jo.example.com"

Good:

    bundle.json
        "email": "jo@example.com"
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.email import is_address
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted

_LONGEST = 2000  # characters; the pattern goes back and forth in longer ones


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    email = field_of(inspection, "email")
    if isinstance(email, str) and email.strip() and not all(map(_is_address, email[:_LONGEST].split(","))):
        message = f"e-mail address {quoted(email)} is not valid, expected an address such as jo@example.com"
        yield in_manifest(inspection, "/email", message)


def _is_address(text: str) -> bool:
    """Whether this is an address, or a name and an address in angle brackets."""
    name, bracket, rest = text.strip().partition("<")
    address = rest.removesuffix(">") if bracket else name
    return is_address(address)


RULE = Rule(code="BK127", name="bad-email", severity=Severity.WARNING, page=__doc__, check=check)
