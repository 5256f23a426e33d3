"""What Python 2.7, the gateway's Python, refuses in a source that Python 3 takes.

The facts come from Python 2.7.18 itself: its grammar, and its compiler where that refuses what the grammar takes. The
tests compile each case with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bundlekit.bundle.python_source import PythonSource, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

FUTURES = frozenset(
    {
        "absolute_import",
        "division",
        "generators",
        "nested_scopes",
        "print_function",
        "unicode_literals",
        "with_statement",
    }
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A construct that Python 2.7 refuses: where it stands, what it is called, and what to write in its place."""

    node: Node
    what: str
    hint: str = ""


_ALWAYS = {
    "keyword_separator": ("a bare * between parameters", "take **kwargs and look the name up in it"),
    "positional_separator": ("a / between parameters", "leave it out"),
    "named_expression": ("an assignment by := in an expression", "assign in a statement of its own before"),
    "nonlocal_statement": ("nonlocal", "keep the value in a list or an object that both functions see"),
    "match_statement": ("match", "write if and elif"),
    "type_parameter": ("type parameters", "leave them out"),
    "async": ("async", "use a thread"),
    "@=": ("the operator @=", ""),
}
_BY_KIND: dict[str, Callable[[Node], Iterator[Refused]]] = {}
_PREFIX = re.compile(r"[uUbB]?[rR]?['\"`]")
_KEYWORDS = re.compile(rb"\b(?:print|exec)\b")
_KEYWORD_IN_IMPORT = re.compile(r"(?:^|[\s.,(])(print|exec)(?=$|[\s.,);])")
_OPENS_EXPRESSION = re.compile(rb"[\w\"'`(\[{+~-]|\.\d")


def refused(python: PythonSource, utf8: bytes) -> list[Refused]:
    """What Python 2.7 refuses of a source, in its order. The encoding is not looked at.

    Args:
        python: what was found in the source.
        utf8: what was parsed.
    """
    nodes = python.nodes
    found = chain(
        _by_themselves(nodes, _allowed(nodes)),
        _in_functions(nodes),
        _statements_as_names(python, utf8),
        _letters(python, utf8),
    )
    return sorted(found, key=lambda one: one.node.start_byte)


def _by_themselves(nodes: list[Node], allowed: set[int]) -> Iterator[Refused]:
    for node in nodes:
        kind = node.type
        if (look := _BY_KIND.get(kind)) is not None:
            if node.id not in allowed:
                yield from look(node)
        elif (always := _ALWAYS.get(kind)) is not None and node.id not in allowed:
            yield Refused(node, *always)


def _allowed(nodes: list[Node]) -> set[int]:
    """The stars, ellipses and `as` that stand where they always could."""
    allowed: set[int] = set()
    bases = set()
    for node in nodes:
        if node.type == "class_definition" and (those := node.child_by_field_name("superclasses")) is not None:
            bases.add(those.id)
        elif node.type in ("argument_list", "parameters", "lambda_parameters") and node.id not in bases:
            allowed.update(child.id for child in node.named_children if "splat" in child.type)
        elif node.type == "subscript":
            allowed.update(child.id for child in node.named_children if child.type == "ellipsis")
        elif node.type == "except_clause":
            allowed.update(child.id for child in node.named_children if child.type == "as_pattern")
        elif node.type == "with_clause" and node.children and node.children[0].type != "(":
            values = (item.child_by_field_name("value") for item in node.named_children)
            allowed.update(value.id for value in values if value is not None and value.type == "as_pattern")
    return allowed


def _looks_at(*kinds: str) -> Callable[[Callable[[Node], Iterator[Refused]]], Callable[[Node], Iterator[Refused]]]:
    def add(look: Callable[[Node], Iterator[Refused]]) -> Callable[[Node], Iterator[Refused]]:
        _BY_KIND.update(dict.fromkeys(kinds, look))
        return look

    return add


@_looks_at("string")
def _string(node: Node) -> Iterator[Refused]:
    start = node.children[0] if node.children else node
    prefix = text_of(start)
    if start.type != "string_start" or _PREFIX.match(prefix) is not None:
        return
    letters = prefix.rstrip("'\"").lower()
    if "f" in letters:
        yield Refused(start, "an f-string", 'write "{}".format(...)')
    elif "t" in letters:
        yield Refused(start, "a t-string")
    else:
        yield Refused(start, f"the prefix {letters} of a string", "write br" if letters == "rb" else "")


@_looks_at("integer", "float")
def _number(node: Node) -> Iterator[Refused]:
    if node.end_byte - node.start_byte < 1000 and "_" in text_of(node):
        yield Refused(node, "an underscore in a number", "leave it out")


_NO_ANNOTATIONS = "leave the annotations out; a comment or the docstring can say the type"


@_looks_at("parameters")
def _parameters(node: Node) -> Iterator[Refused]:
    typed = (one for one in node.named_children if one.type in ("typed_parameter", "typed_default_parameter"))
    first = next(typed, None)
    if first is not None:
        yield Refused(first.child_by_field_name("type") or first, "an annotation of a parameter", _NO_ANNOTATIONS)
    yield from _stars(node)


@_looks_at("lambda_parameters")
def _stars(node: Node) -> Iterator[Refused]:
    """Behind `*args` only `**kwargs` may follow, and behind either no comma."""
    star = ""
    for child in node.children:
        kind = child.type
        if kind == "typed_parameter" and child.named_children:
            kind = child.named_children[0].type
        if kind in ("keyword_separator", "positional_separator", "comment"):
            star = "" if kind == "keyword_separator" else star
        elif kind in ("list_splat_pattern", "dictionary_splat_pattern"):
            star = text_of(child)[:30]
        elif star and child.is_named:
            yield Refused(child, f"a parameter behind {star}", "take **kwargs and look the name up in it")
            return
    if star and _ends_in_comma(node):
        yield Refused(node, f"a comma behind {star}", "leave the last comma out")


@_looks_at("argument_list")
def _arguments(node: Node) -> Iterator[Refused]:
    """Behind `*args` only keywords and `**kwargs` may follow, behind `**kwargs` nothing, and then no comma."""
    star = ""
    for child in node.named_children:
        if child.type == "comment":
            continue
        if star.startswith("**") or (star and child.type not in ("keyword_argument", "dictionary_splat")):
            yield Refused(child, f"an argument behind {star}", "put it in front, or put all in one list or dict")
            return
        if child.type in ("list_splat", "dictionary_splat"):
            star = (
                text_of(child)[:30] if child.end_byte - child.start_byte < 1000 else "*" * (1 + (child.type[0] == "d"))
            )
    if star and _ends_in_comma(node):
        yield Refused(node, f"a comma behind {star}", "leave the last comma out")


def _ends_in_comma(node: Node) -> bool:
    ends = [child.type for child in node.children if child.type not in (")", "comment")]
    return bool(ends) and ends[-1] == ","


@_looks_at("class_definition")
def _class(node: Node) -> Iterator[Refused]:
    bases = node.child_by_field_name("superclasses")
    for base in bases.named_children if bases is not None else ():
        if base.type == "keyword_argument":
            name = text_of(base.child_by_field_name("name"))
            hint = "write __metaclass__ = ... in the class" if name == "metaclass" else ""
            yield Refused(base, f"a keyword ({name[:30]}=) among the bases of a class", hint)


@_looks_at("function_definition")
def _function(node: Node) -> Iterator[Refused]:
    returned = node.child_by_field_name("return_type")
    if returned is not None:
        yield Refused(returned, "an annotation of what a function returns", _NO_ANNOTATIONS)


@_looks_at("assignment")
def _assignment(node: Node) -> Iterator[Refused]:
    annotation = node.child_by_field_name("type")
    if annotation is not None:
        yield Refused(annotation, "an annotation of a variable", _NO_ANNOTATIONS)


@_looks_at("await")
def _await(node: Node) -> Iterator[Refused]:
    awaited = node.named_children[0] if node.named_children else None
    head = text_of(awaited)[:1] if awaited is not None else ""
    if head not in ("(", "[", "-", "+"):  # else Python 2.7 takes `await` for a name
        yield Refused(node, "await", "use a thread")


@_looks_at("list_splat", "list_splat_pattern")
def _star(node: Node) -> Iterator[Refused]:
    what = (
        "among the targets of an assignment" if node.type == "list_splat_pattern" else "outside the arguments of a call"
    )
    yield Refused(node, f"a star {what}", "take the parts by their index, or join lists by +")


@_looks_at("dictionary_splat")
def _two_stars(node: Node) -> Iterator[Refused]:
    yield Refused(node, "a ** outside the arguments of a call", "make the dict with dict(), then update() it")


@_looks_at("ellipsis")
def _ellipsis(node: Node) -> Iterator[Refused]:
    yield Refused(node, "... outside an index", "write pass, or Ellipsis")


@_looks_at("as_pattern")
def _as(node: Node) -> Iterator[Refused]:
    yield Refused(node, "parentheses around what `with` opens", "break the line with a backslash, or nest two with")


@_looks_at("type_alias_statement")
def _type(node: Node) -> Iterator[Refused]:
    if text_of(node.child_by_field_name("left"))[:1] != "(":  # else a call of type() begins what is assigned to
        yield Refused(node, "a type alias", "leave it out")


@_looks_at("yield")
def _yield(node: Node) -> Iterator[Refused]:
    if len(node.children) > 1 and node.children[1].type == "from":
        yield Refused(node, "yield from", "write a loop that yields each")


@_looks_at("raise_statement")
def _raise(node: Node) -> Iterator[Refused]:
    if (cause := node.child_by_field_name("cause")) is not None:
        yield Refused(cause, "raise ... from", "leave `from` and what follows it out")


@_looks_at("binary_operator")
def _operator(node: Node) -> Iterator[Refused]:
    operator = node.child_by_field_name("operator")
    if operator is not None and operator.type == "@":
        yield Refused(operator, "the operator @")


@_looks_at("except_clause")
def _except(node: Node) -> Iterator[Refused]:
    if len(node.children) > 1 and node.children[1].type == "*":
        yield Refused(node.children[1], "except*", "write except")


@_looks_at("decorator")
def _decorator(node: Node) -> Iterator[Refused]:
    """A dotted name, called or not, is all that can decorate."""
    one = node.named_children[0] if node.named_children else None
    if one is not None and one.type == "call":
        one = one.child_by_field_name("function")
    while one is not None and one.type == "attribute":
        one = one.child_by_field_name("object")
    if one is not None and one.type != "identifier":
        yield Refused(
            one, "a decorator that is more than a name and a call", "give it a name first, then decorate by that"
        )


@_looks_at("future_import_statement")
def _future(node: Node) -> Iterator[Refused]:
    for name in _future_names(node):
        if text_of(name) not in FUTURES:
            yield Refused(name, f"the import of {text_of(name)[:40]} from __future__", "leave it out")


def _future_names(node: Node) -> Iterator[Node]:
    for name in node.children_by_field_name("name"):
        inner = name.child_by_field_name("name") if name.type == "aliased_import" else name
        if inner is not None:
            yield inner


@_looks_at("import_statement", "import_from_statement")
def _import(node: Node) -> Iterator[Refused]:
    for name in chain(node.children_by_field_name("name"), node.children_by_field_name("module_name")):
        found = _KEYWORD_IN_IMPORT.search(text_of(name))
        if found is not None:
            yield Refused(name, f"{found[1]} as a name")


_OWN_SCOPE = frozenset(
    {
        *("class_definition", "function_definition", "lambda"),
        *("generator_expression", "dictionary_comprehension", "set_comprehension"),
    }
)


def _in_functions(nodes: list[Node]) -> Iterator[Refused]:
    """What depends on the function around it: a value returned by a generator, `continue` in `finally`."""
    around: list[Node] = []
    yielding: set[int] = set()
    returns: list[tuple[int, Node]] = []
    for node in nodes:
        while around and around[-1].end_byte <= node.start_byte:
            around.pop()
        kind = node.type
        if kind == "continue_statement":
            if around and around[-1].type == "finally_clause":
                yield Refused(node, "continue in finally", "leave the loop's turn behind the try statement")
        elif kind in _OWN_SCOPE or kind in ("for_statement", "while_statement", "finally_clause"):
            around.append(node)
        elif kind == "yield" or (kind == "return_statement" and node.named_children):
            function = next((one.id for one in reversed(around) if one.type in _OWN_SCOPE), 0)
            if kind == "yield":
                yielding.add(function)
            else:
                returns.append((function, node))
    for function, node in returns:
        if function in yielding:
            yield Refused(node, "a value returned by a generator", "return without one, or raise")


def _statements_as_names(python: PythonSource, utf8: bytes) -> Iterator[Refused]:
    """`print` and `exec`, statements of Python 2.7, used as functions are."""
    nodes = python.nodes
    futures = (text_of(name) for one in nodes if one.type == "future_import_statement" for name in _future_names(one))
    is_function = "print_function" in futures
    if is_function:
        for node in nodes:
            if node.type == "print_statement" and not any(child.type == "chevron" for child in node.named_children):
                yield Refused(node, "a print statement behind the import of print_function", "write print(...)")
    if _KEYWORDS.search(utf8) is None:
        return
    starts = {node.start_byte for node in nodes if node.type == "expression_statement"}
    assigned = {node.start_byte for node in nodes if node.type in ("assignment", "augmented_assignment")}
    calls = {node.start_byte: node for node in nodes if node.type == "call" and _calls_keyword(node)}
    for name in python.names:
        word = text_of(name) if name.end_byte - name.start_byte in (4, 5) else ""
        if word != "exec" and (word != "print" or is_function):
            continue
        start = name.start_byte
        if start not in starts or start in assigned or not _is_statement(word, utf8, name.end_byte):
            yield Refused(name, f"{word} as a name", _FUTURE if word == "print" else "")
        elif start in calls:
            yield from _named_arguments(word, calls[start])


_FUTURE = "begin the file with from __future__ import print_function"


def _calls_keyword(node: Node) -> bool:
    function = node.child_by_field_name("function")
    is_clear = function is not None and function.type == "identifier" and not node.has_error
    return is_clear and text_of(function) in ("print", "exec")


def _is_statement(word: str, utf8: bytes, end: int) -> bool:
    rest = re.compile(rb"(?:[ \t\f]|\\\r?\n)*").match(utf8, end)
    at = rest.end() if rest is not None else end
    if word == "print" and utf8[at : at + 1] in (b"", b"\n", b"\r", b";", b"#"):
        return True
    opens = _OPENS_EXPRESSION.match(utf8, at) is not None
    return opens and re.compile(rb"(?:if|in|is|or|and|else|for)\b").match(utf8, at) is None


def _named_arguments(word: str, call: Node) -> Iterator[Refused]:
    arguments = call.child_by_field_name("arguments")
    for argument in arguments.named_children if arguments is not None else ():
        if argument.type in ("keyword_argument", "list_splat", "dictionary_splat"):
            name = text_of(argument.child_by_field_name("name")) + "=" if argument.type == "keyword_argument" else "*"
            yield Refused(argument, f"{word} with {name[:30]}", _FUTURE if word == "print" else "")
            return


def _letters(python: PythonSource, utf8: bytes) -> Iterator[Refused]:
    if utf8.isascii():
        return
    for name in python.names:
        if not text_of(name).isascii():
            yield Refused(name, "a name with a letter beyond ASCII", "use the letters a to z")
