"""Whether a source is Python at all, by Python 3's own parser or by a grammar of Python 2.7.

tree-sitter's grammar takes what Python 2.7 takes, but for `exec` with an expression behind it, and for words that only
Python 3 keeps for itself. These are replaced, at the same length, before it is asked again. Asked about the library and
the tests of Python 2.7.18, it then refuses nothing that Python 2.7 takes.
"""

from __future__ import annotations

import ast
import codecs
import re
import warnings
from typing import TYPE_CHECKING

from bundlekit.bundle.text import Span, Text
from bundlekit.source.modules import Module, found_once
from bundlekit.source.syntax import first_error, parser, span_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ONLY_KEYWORDS_IN_PYTHON_3 = re.compile(rb"\b(async|await|nonlocal|True|False|None)\b")
_EXCEPT = re.compile(r"^([ \t]*except\b[^\n:]*),[ \t]*(\w+)[ \t]*:", re.MULTILINE)
_LARGEST_SEARCHED = 64 * 1024  # characters; each line is parsed anew
_MOST_LINES = 20  # that are searched for the mistake
_CLAUSES = frozenset({"elif_clause", "else_clause"})
_WITH_BLOCKS = (
    *("class_definition", "function_definition", "if_statement", "for_statement", "while_statement", "try_statement"),
    *("except_clause", "finally_clause"),
)
_RETURN = re.compile(rb"\r(?!\n)")  # ends a line, too
_ENDS_LINES_ALIKE = re.compile(r"[\n -~]*")
_EXEC = re.compile(rb"(?<![.\w])exec\b(?!\s*=)")


@found_once
def syntax_error(module: Module) -> Span | None:
    """Where a module is neither Python 3 nor Python 2.7; None where it is one of them.

    Nothing is raised, and nothing of the module is run.
    """
    content = module.text.content
    if module.python.error is None:
        odd = _indentation_error(module)
        if odd is None or not (_is_refused_from(odd, module.text) or _error_line(content) is not None):
            return None
        return span_of(module.text, odd)
    number = _error_line(content)
    if number is None:
        return None
    error = first_error(_python_2_tree(module.text.utf8))
    if error is None:
        return None
    return _line_of_error(module.text, number) or span_of(module.text, error)


def _is_refused_from(node: Node, text: Text) -> bool:
    """Whether Python 3 refuses the function or class around a node, read from its first line on: quicker to find out.

    Then it refuses the module: what stands before only adds lines. False says nothing: it is not asked where it may end
    a line elsewhere than tree-sitter, and what it finds behind the function or class may be due to what was left out.
    """
    around: Node | None = node
    while around is not None and around.type not in ("class_definition", "function_definition"):
        around = around.parent
    if around is None or not _ENDS_LINES_ALIKE.fullmatch(text.content):
        return False
    start = text.utf8.rfind(b"\n", 0, around.start_byte) + 1
    rest = text.utf8[start:].decode()  # ASCII
    indent = len(rest) - len(rest.lstrip(" "))
    number = _error_line(f"if 1:\n{rest}" if indent else f"\n{rest}")
    behind = re.compile(rf"^ {{0,{indent}}}[^ \n#]", re.MULTILINE).search(rest, rest.find("\n") + 1)
    end = rest.count("\n", 0, behind.start() if behind is not None else len(rest)) + 2
    return number is not None and 0 < number < end


def _indentation_error(module: Module) -> Node | None:
    """The first block of nothing, or statement that is not below the one before it, which tree-sitter lets pass."""
    python = module.python
    around = [node for kind in _WITH_BLOCKS for node in python.kinds.get(kind, ())]
    around += [node.parent for node in python.kinds.get("with_clause", ()) if node.parent is not None]
    inner = [child for node in around for child in node.named_children]
    inner += [child for node in inner if node.type in _CLAUSES for child in node.named_children]
    blocks = [child for child in inner if child.type == "block"]
    found = [block.parent or block for block in blocks if not _statements(block)]
    utf8 = _RETURN.sub(b"\n", module.text.utf8)
    for block in (python.root, *blocks):
        first = -1
        for one in _statements(block):
            place = one.start_byte
            before = utf8[utf8.rfind(b"\n", 0, place) + 1 : place]
            if before.strip(b" "):
                before = before.removeprefix(codecs.BOM_UTF8).rpartition(b"\f")[2].expandtabs(8)
            if not before or before.isspace():
                column = len(before)
                if column != first >= 0:
                    found.append(one)
                    break
                first = column
    return min(found, key=lambda node: node.start_byte, default=None)


def _statements(block: Node) -> list[Node]:
    return [one for one in block.named_children if one.type != "comment"]


def _python_2_tree(utf8: bytes) -> Node:
    """What tree-sitter makes of a source, whose offsets stay, without what it does not know of Python 2.7."""
    other = _ONLY_KEYWORDS_IN_PYTHON_3.sub(lambda found: b"_" * len(found[0]), utf8)
    other = _RETURN.sub(b"\n", _EXEC.sub(b"not ", other))
    return parser().parse(other).root_node


def _error_line(content: str) -> int | None:
    """The line, from 1, at which Python 3's parser stops; 0 if it does not say; None if it takes all."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape is no concern of ours
            ast.parse(content)
    except SyntaxError as error:
        return error.lineno or 0
    except (ValueError, RecursionError, MemoryError):
        return 0
    return None


def _line_of_error(text: Text, number: int) -> Span | None:
    """The line of the fault, where it can be seen: tree-sitter may find a fault in all that is around it.

    It is where Python 3's parser stops, once the lines before it that are Python 2 are replaced.

    Args:
        text: of the module.
        number: of the line at which Python 3's parser stops when nothing is replaced.
    """
    if len(text.content) > _LARGEST_SEARCHED:
        return None
    content = _EXCEPT.sub(r"\1 as \2:", text.content)
    lines = content.split("\n")
    for attempt in range(_MOST_LINES):
        if attempt or content != text.content:
            number = _error_line("\n".join(lines)) or 0
        line = lines[number - 1].strip() if number and number <= len(lines) else ""
        if not number or not line:
            return None
        head = line.endswith(":")
        is_python_2 = not _python_2_tree((line + " pass" * head).encode("utf-8", "replace")).has_error
        if line in ("pass", "if 1:") or not is_python_2:
            start = sum(len(one) + 1 for one in text.content.split("\n")[: number - 1])
            whole = text.line(number)
            begin = len(whole) - len(whole.lstrip())
            return text.span(start + begin, start + len(whole.rstrip()))
        lines[number - 1] = lines[number - 1].replace(line, "if 1:" if head else "pass")
    return None
