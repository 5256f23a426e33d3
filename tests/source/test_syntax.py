"""What is kept of a parsed module, and for how long."""

from __future__ import annotations

import gc
import weakref

from bundlekit.lint.engine import check_in_steps
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.selection import selection
from bundlekit.source.syntax import Scope
from tests.lint.bundles import bundle

# Scopes know those around them; and functions and classes in each other are looked up from both sides.
NESTED = """
from sanji.core import Route, Sanji


class Example(Sanji):
    NAME = "/example"

    class Inner(object):
        LIMIT = 3

        def within(self, value):
            return lambda other: other < self.LIMIT or self.within(value)

    @Route(methods="get", resource=NAME)
    def get(self, message, response):
        return response(code=200, data=Example.Inner().within(undefined))
"""


def checked(source: str) -> weakref.ref[Scope]:
    """Check a bundle; a reference to the scope of its index.py."""
    inspection = Inspection(bundle({"index.py": source}))
    for _ in check_in_steps(inspection, selection()):
        pass
    assert inspection.source.module is not None
    return weakref.ref(inspection.source.module.python.module)


def test_checked_module_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        first, second = checked(NESTED), checked(NESTED)
        assert first() is None
        assert second() is not None  # facts of the last bundle are kept, or this test could not fail
    finally:
        gc.enable()
