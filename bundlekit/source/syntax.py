"""What Python source says about names, calls and classes, without running it.

Parsed by tree-sitter, which takes Python 2 and Python 3 alike and goes on behind what it does not understand. One
walk over the tree collects everything; it neither recurses nor looks back, so that its time grows with the size of
the source and with nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakValueDictionary

from bundlekit.bundle.text import Span, Text

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Tree

_KEPT = frozenset(
    {
        *("argument_list", "as_pattern", "assignment", "augmented_assignment", "await", "binary_operator", "call"),
        *("boolean_operator", "break_statement", "comparison_operator", "conditional_expression"),
        *("class_definition", "continue_statement", "decorator", "delete_statement", "dictionary_comprehension"),
        "dictionary_splat",
        *("dictionary_splat_pattern", "ellipsis", "except_clause", "exec_statement", "expression_statement"),
        *("finally_clause", "float"),
        *("for_statement", "function_definition", "future_import_statement", "generator_expression", "if_statement"),
        *("import_from_statement", "import_statement", "integer", "keyword_separator", "lambda", "lambda_parameters"),
        *(
            "list_splat",
            "list_splat_pattern",
            "match_statement",
            "named_expression",
            "nonlocal_statement",
            "parameters",
        ),
        *("positional_separator", "print_statement", "raise_statement", "return_statement", "set_comprehension"),
        *("string", "subscript", "try_statement", "type_alias_statement", "type_parameter", "while_statement"),
        *("with_clause", "yield"),
    }
)
_KEPT_TOKENS = frozenset({"async", "@="})
_NOTED = frozenset(
    {
        *("as_pattern_target", "assignment", "augmented_assignment", "call", "class_definition"),
        *("decorated_definition", "delete_statement", "except_clause", "for_in_clause", "for_statement"),
        *("function_definition", "global_statement", "import_from_statement", "import_statement", "named_expression"),
    }
)
_SCOPES = frozenset({"class_definition", "function_definition", "lambda"})
_MARKS = _SCOPES | {"decorator"}
_CLOSED = frozenset({"import_statement", "import_from_statement", "future_import_statement", "string", "comment"})


_BARE = frozenset({"integer", "float", "true", "false", "none", "pass_statement"})  # nothing lies in them
# Bits of one number: one look-up for each of the many nodes of a file, and not five.
_IS_KEPT, _IS_NOTED, _IS_CLOSED, _IS_SCOPE, _IS_BARE, _IS_NAME, _IS_ERROR, _IS_MARK = 1, 2, 4, 8, 16, 32, 64, 128
_ERROR = 65535  # tree-sitter's own kind, which no language has in its table


@dataclass(slots=True, weakref_slot=True)
class Scope:
    """A module, a class body or a function body.

    Attributes:
        parent: the scope around it.
        is_function: whether its names come and go with a call.
        bindings: for each name all that is bound to it, in the order of the source; None for what is not plainly
            `name = value`.
        bodies: of the classes that are defined in it, by name; None where there is none. They are held weakly: a
            circle of references would stay in memory until Python collects garbage.
        source: all that stands in the module; known of a module alone.
        node: the definition or the lambda; None for a module.
        parameters: of a function, as `bundlekit.source.undefined_names` read them when asked.
    """

    parent: Scope | None
    is_function: bool
    bindings: dict[str, list[Node | None]] = field(default_factory=dict)
    bodies: WeakValueDictionary[str, Scope] | None = None
    source: bytes = b""
    node: Node | None = None
    parameters: frozenset[str] | None = None

    def bind(self, name: str, value: Node | None) -> None:
        self.bindings.setdefault(name, []).append(value)

    def body_of(self, name: str) -> Scope | None:
        """The body of a class that is defined in it; the last one where several have the name."""
        return self.bodies.get(name) if self.bodies is not None else None


class Call(NamedTuple):
    """A call: the last part of the name that is called, where that stands, and where the call is made."""

    name: str
    callee: Node
    node: Node
    scope: Scope


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name.

    Attributes:
        module: where it is from; for `import a.b` the module itself.
        name: the imported name, `*` for all; empty for `import a.b`.
        alias: what it is called from there on.
        node: the statement.
    """

    module: str
    name: str
    alias: str
    node: Node


@dataclass(frozen=True, slots=True)
class Class:
    """A class and its bases: the last part of each base's name, empty where a base is no name."""

    name: str
    bases: tuple[str, ...]
    node: Node


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that is decorated: its name, where it starts, and its docstring if it has one."""

    name: str
    start: int
    docstring: Node | None


@dataclass(slots=True)
class PythonSource:
    """What the walk found, in the order of the source."""

    module: Scope
    error: Node | None  # where the grammar of Python, 2 or 3, is left first
    root: Node
    tree: Tree
    imports: list[Import] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    bodies: list[Scope] = field(default_factory=list)  # of the classes; scopes hold them weakly
    calls: list[Call] = field(default_factory=list)
    names: list[Node] = field(default_factory=list)  # every identifier that stands in an expression
    scopes: list[Scope] = field(default_factory=list)  # of the names: the innermost one whose definition has it
    handlers: dict[int, Handler] = field(default_factory=dict)  # by where what decorates it starts
    nodes: list[Node] = field(default_factory=list)  # of the kinds that are kept, but for those in what is no Python
    node_kinds: list[str] = field(default_factory=list)  # the kinds of `nodes`, in their order
    marks: list[int] = field(default_factory=list)  # where in `nodes` what opens a scope is, and decorators
    kinds: defaultdict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))  # the same by kind
    facts: dict[object, Any] = field(default_factory=dict)  # see `bundlekit.source.modules.found_once`
    _words: list[str] | None = None
    _spelled: dict[str, list[Node]] | None = None

    @property
    def words(self) -> list[str]:
        """How the names are spelled, in their order."""
        if self._words is None:
            source = self.module.source
            if source.isascii():
                text = source.decode("ascii")
                self._words = [text[node.start_byte : node.end_byte] for node in self.names]
            else:
                self._words = [text_of(node) for node in self.names]
        return self._words

    @property
    def spelled(self) -> dict[str, list[Node]]:
        """The names by how they are spelled, each list in the order of the source."""
        if self._spelled is None:
            self._spelled = {}
            for node, word in zip(self.names, self.words, strict=True):
                self._spelled.setdefault(word, []).append(node)
        return self._spelled

    def of_kinds(self, *kinds: str) -> list[Node]:
        """The nodes of some of the kinds that are kept, by where they start."""
        return sorted((node for kind in kinds for node in self.kinds.get(kind, ())), key=lambda node: node.start_byte)


@cache
def parser() -> Parser:
    """What parses Python."""
    import tree_sitter

    return tree_sitter.Parser(_language())


@cache
def _language() -> Language:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Language(tree_sitter_python.language())


@cache
def _kinds() -> tuple[dict[int, int], dict[int, str]]:
    """What is done with the nodes of a kind, in one look, and its name, each by tree-sitter's number of the kind."""
    language, ways, names = _language(), {_ERROR: _IS_ERROR}, {_ERROR: "ERROR"}
    for number in range(language.node_kind_count):
        kind, is_named = language.node_kind_for_id(number), language.node_kind_is_named(number)
        kinds = (
            (_IS_KEPT, _KEPT if is_named else _KEPT_TOKENS),
            (_IS_NOTED, _NOTED),
            (_IS_CLOSED, _CLOSED),
            (_IS_SCOPE, _SCOPES if is_named else ()),
            (_IS_BARE, _BARE),
            (_IS_NAME, ("identifier",)),
            (_IS_MARK, _MARKS if is_named else ()),
        )
        ways[number], names[number] = sum(way for way, those in kinds if kind in those), kind or ""
    return ways, names


def parse(utf8: bytes, before: PythonSource | None = None) -> PythonSource:
    """Parse a module. Nothing is raised, whatever the bytes are.

    Args:
        utf8: the module.
        before: what was found in a similar one; the same is found with it, and sooner.
    """
    tree = _tree(utf8, before)
    root = tree.root_node
    found = PythonSource(Scope(None, is_function=False, source=utf8), first_error(root), root, tree)
    scope = found.module
    scopes: list[Scope] = []
    unclear = 0  # where what the grammar does not take ends
    # No other tokens are kept, and names lie below a token only where it is split by what does not fit.
    is_broken, tokens = root.has_error, any(token in utf8 for token in (b"async", b"@="))
    all_ways, all_kinds = _kinds()
    names, name_scopes, nodes, kinds = found.names, found.scopes, found.nodes, found.kinds
    node_kinds = found.node_kinds
    todo: list[Node | None] = [root]  # the last one is the next; None: what is in the scope ends
    while todo:
        node = todo.pop()
        if node is None:
            scope = scopes.pop()
            continue
        number = node.kind_id
        ways = all_ways[number]
        if ways:
            if ways & _IS_NAME:
                names.append(node)
                name_scopes.append(scope)
                if not is_broken or not node.child_count:
                    continue
            kind = all_kinds[number]
            if ways & _IS_KEPT and (not is_broken or node.start_byte >= unclear):
                nodes.append(node)
                node_kinds.append(kind)
                kinds[kind].append(node)
                if ways & _IS_MARK:
                    found.marks.append(len(nodes) - 1)
            elif ways & _IS_ERROR:
                unclear = max(unclear, node.end_byte)
            if ways & _IS_NOTED:
                _note(found, scope, node, kind)
            if ways & _IS_CLOSED or (ways & _IS_BARE and not is_broken):
                continue
            if ways & _IS_SCOPE:
                scopes.append(scope)
                scope = _inner(found, scope, node, kind)
                todo.append(None)
        inner = node.children if tokens or (is_broken and node.has_error) else node.named_children
        if inner:
            todo += inner[::-1]
    return found


def _tree(utf8: bytes, before: PythonSource | None) -> Tree:
    """The tree of a source, out of the one of a similar source where neither has an error: how tree-sitter goes on
    behind an error depends on what it starts from.
    """
    if before is not None and before.error is None:
        old = before.module.source
        start = old.rfind(b"\n", 0, _shared(old, utf8)) + 1  # not within a character
        end = _shared(old[start:][::-1], utf8[start:][::-1])
        ends = len(old) - end, len(utf8) - end
        known = before.tree.copy()  # the nodes of the other stay as they are
        known.edit(start, *ends, _point(old, start), _point(old, ends[0]), _point(utf8, ends[1]))
        tree = parser().parse(utf8, known)
        if not tree.root_node.has_error:
            return tree
    return parser().parse(utf8)


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes two begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(utf8: bytes, at: int) -> tuple[int, int]:
    """The line and the column of an offset, as tree-sitter counts them."""
    return utf8.count(b"\n", 0, at), at - utf8.rfind(b"\n", 0, at) - 1


def _inner(found: PythonSource, scope: Scope, node: Node, kind: str) -> Scope:
    """The scope that a class, a function or a lambda is."""
    inner = Scope(scope, is_function=kind != "class_definition", node=node)
    if kind == "class_definition":
        found.bodies.append(inner)
        if scope.bodies is None:
            scope.bodies = WeakValueDictionary()
        scope.bodies[text_of(node.child_by_field_name("name"))] = inner
    return inner


def span_of(text: Text, node: Node) -> Span:
    """The place of a node in the text that was parsed."""
    return text.span(text.offset(node.start_byte), text.offset(node.end_byte))


def first_error(root: Node) -> Node | None:
    """The innermost node that holds the first fault: what is missing, or what does not fit."""
    node = root if root.has_error else None
    while node is not None and not (node.is_missing or node.type == "ERROR"):
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            return node
        node = inner
    return node


def text_of(node: Node | None) -> str:
    """What stands there in the source."""
    text = node.text if node is not None else None
    return text.decode("utf-8", "replace") if text is not None else ""


def _note(found: PythonSource, scope: Scope, node: Node, kind: str) -> None:
    if kind == "call":
        callee = _last_name(node.child_by_field_name("function"))
        if callee is not None:
            found.calls.append(Call(text_of(callee), callee, node, scope))
    elif kind in ("import_statement", "import_from_statement"):
        for one in _imported(node):
            found.imports.append(one)
            scope.bind(one.alias, None)
    elif kind == "decorated_definition":
        _note_decorated(found, node)
    elif kind in ("class_definition", "function_definition"):
        name = text_of(node.child_by_field_name("name"))
        scope.bind(name, None)
        if kind == "class_definition":
            found.classes.append(Class(name, tuple(_bases(node)), node))
    else:
        _note_bindings(found, scope, node, kind)


def _note_bindings(found: PythonSource, scope: Scope, node: Node, kind: str) -> None:
    if kind == "assignment":
        _note_assignment(scope, node)
    elif kind in ("augmented_assignment", "for_statement", "for_in_clause"):
        _unbind(scope, node.child_by_field_name("left"))
    elif kind == "named_expression":
        _unbind(scope, node.child_by_field_name("name"))
    elif kind == "global_statement":
        for name in node.named_children:
            found.module.bind(text_of(name), None)
    elif kind == "except_clause":
        for target in node.children_by_field_name("value")[1:]:  # except ValueError, error:
            _unbind(scope, target)
    elif kind in ("as_pattern_target", "delete_statement"):
        for target in node.named_children:
            _unbind(scope, target)


def _note_assignment(scope: Scope, node: Node) -> None:
    target = node.child_by_field_name("left")
    if target is not None and target.type == "identifier":
        scope.bind(text_of(target), node.child_by_field_name("right"))
    else:
        _unbind(scope, target)


def _unbind(scope: Scope, target: Node | None) -> None:
    """Whatever a target binds is no constant."""
    todo = [target] if target is not None else []
    while todo:
        node = todo.pop()
        if node.type == "identifier":
            scope.bind(text_of(node), None)
        elif node.type not in ("attribute", "subscript", "call"):
            todo.extend(node.named_children)


def _note_decorated(found: PythonSource, node: Node) -> None:
    function = node.child_by_field_name("definition")
    if function is None or function.type != "function_definition":
        return
    name = text_of(function.child_by_field_name("name"))
    for decorator in node.named_children:
        if decorator.type == "decorator" and decorator.named_children:
            handler = Handler(name, function.start_byte, _docstring(function))
            found.handlers[decorator.named_children[0].start_byte] = handler


def _docstring(function: Node) -> Node | None:
    body = function.child_by_field_name("body")
    first = next((node for node in body.named_children if node.type != "comment"), None) if body is not None else None
    if first is None or first.type != "expression_statement" or not first.named_children:
        return None
    return first.named_children[0] if first.named_children[0].type in ("string", "concatenated_string") else None


def _last_name(node: Node | None) -> Node | None:
    """The identifier at the end of `a.b.c`."""
    if node is not None and node.type == "attribute":
        node = node.child_by_field_name("attribute")
    return node if node is not None and node.type == "identifier" else None


def _bases(node: Node) -> Iterator[str]:
    bases = node.child_by_field_name("superclasses")
    for base in bases.named_children if bases is not None else ():
        if base.type not in ("keyword_argument", "comment"):
            yield text_of(_last_name(base))


def _imported(node: Node) -> Iterator[Import]:
    source = node.child_by_field_name("module_name")
    module = text_of(source)
    for name in node.children_by_field_name("name"):
        is_aliased = name.type == "aliased_import"
        imported = text_of(name.child_by_field_name("name") if is_aliased else name)
        alias = text_of(name.child_by_field_name("alias")) if is_aliased else ""
        if source is None:
            yield Import(imported, "", alias or imported.partition(".")[0], node)
        else:
            yield Import(module, imported, alias or imported, node)
    if any(child.type == "wildcard_import" for child in node.children):
        yield Import(module, "*", "*", node)
