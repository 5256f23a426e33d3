"""A comment hides findings and does not say why.

Why: the next reader cannot see whether the reason still applies, so the comment stays for ever. Write the reason after
the brackets.

Evidence: Nothing but `bundlekit validate` reads the comment, and it has the same effect without a reason. The reason is
a convention of bundlekit.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            # bundlekit: ignore[BK302]
            @Route(methods="get", resource="/old")
            def old(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            # bundlekit: ignore[BK302] declared by the firmware before 2.4
            @Route(methods="get", resource="/old")
            def old(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.naming import listed
from bundlekit.lint.finding import Severity
from bundlekit.lint.suppression import Suppression, suppression_rule


def word(suppression: Suppression) -> Iterator[tuple[str, str]]:
    known = dict.fromkeys(said for said, codes in suppression.codes if codes)
    if known and not suppression.reason:
        message = f"ignores {listed(tuple(known), 'and')} without a reason"
        yield message, "write behind the brackets why it is right here"


RULE = suppression_rule(
    code="BK903", name="suppression-without-reason", severity=Severity.INFO, page=__doc__, word=word
)
