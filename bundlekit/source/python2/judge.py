"""What Python 2.7, the gateway's Python, refuses in a source that Python 3 takes.

The facts come from Python 2.7.18 itself: its grammar, and its compiler where that refuses what the grammar takes. The
tests compile each case with it.
"""

from __future__ import annotations

from itertools import chain

from bundlekit.source.python2.constructs import by_themselves
from bundlekit.source.python2.incompatibility import Incompatibility
from bundlekit.source.python2.statements import in_functions, letters, statements_as_names
from bundlekit.source.syntax import PythonSource


def refused(python: PythonSource, utf8: bytes) -> list[Incompatibility]:
    """What Python 2.7 refuses of a source, in its order. The encoding is not looked at.

    Args:
        python: what was found in the source.
        utf8: what was parsed.
    """
    found = chain(
        by_themselves(python, utf8),
        in_functions(python),
        statements_as_names(python, utf8),
        letters(python, utf8),
    )
    return sorted(found, key=lambda one: one.node.start_byte)
