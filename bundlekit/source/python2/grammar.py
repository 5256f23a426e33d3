"""Whether a source is Python at all, by Python 3's own parser or by a grammar of Python 2.7.

tree-sitter's grammar takes what Python 2.7 takes, but for `exec` with an expression behind it, and for words that only
Python 3 keeps for itself. These are replaced, at the same length, before it is asked again. Asked about the library and
the tests of Python 2.7.18, it then refuses nothing that Python 2.7 takes.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from bundlekit.source.modules import Module
from bundlekit.source.syntax import first_error, parser

if TYPE_CHECKING:
    from tree_sitter import Node

_ONLY_KEYWORDS_IN_PYTHON_3 = re.compile(rb"\b(async|await|nonlocal|True|False|None)\b")
_RETURN = re.compile(rb"\r(?!\n)")  # ends a line, too
_EXEC = re.compile(rb"(?<![.\w])exec\b(?!\s*=)")


def syntax_error(module: Module) -> Node | None:
    """Where a module is neither Python 3 nor Python 2.7; None where it is one of them.

    Nothing is raised, and nothing of the module is run.
    """
    if module.python.error is None or _is_python_3(module.text.content):
        return None
    other = _ONLY_KEYWORDS_IN_PYTHON_3.sub(lambda found: b"_" * len(found[0]), module.text.utf8)
    other = _RETURN.sub(b"\n", _EXEC.sub(b"not ", other))
    return first_error(parser().parse(other).root_node)


def _is_python_3(content: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape is no concern of ours
            ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
