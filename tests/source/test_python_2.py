"""What is said to be refused by Python 2.7 is what Python 2.7 refuses: both judge the same sources."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from bundlekit.source.encoding import refusal
from bundlekit.source.imports import python_2_modules
from bundlekit.source.modules import parse_module
from bundlekit.source.python2.grammar import syntax_error
from bundlekit.source.python2.judge import refused
from bundlekit.source.syntax import parse
from tests.source.python_2 import import_refusals, library, module_names, refusals

# statements that Python 2.7 refuses, and how that is told
REFUSED = {
    'x = f"{a}"': "an f-string",
    "x = F'a' 'b'": "an f-string",
    'x = "a" rf"{b}"': "an f-string",
    'x = rb"a"': "the prefix rb of a string",
    'print(f"{a}")': "an f-string",
    "def f(a: int): pass": "an annotation of a parameter",
    "def f(a, *b: int): pass": "an annotation of a parameter",
    "def f(a: int = 1): pass": "an annotation of a parameter",
    "def f() -> int: pass": "an annotation of what a function returns",
    "x: int = 1": "an annotation of a variable",
    "x: int": "an annotation of a variable",
    "self.x: int = 1": "an annotation of a variable",
    "print(x, file=f)": "print with file=",
    "print('a', end='')": "print with end=",
    "print(*x)": "print with *",
    "print(**x)": "print with *",
    "x = print": "print as a name",
    "f(print)": "print as a name",
    "f = lambda: print(1)": "print as a name",
    "x and print(x)": "print as a name",
    "x.print(1)": "print as a name",
    "f(print=1)": "print as a name",
    "print = 1": "print as a name",
    "print += 1": "print as a name",
    "print[0] = 1": "print as a name",
    "print, x": "print as a name",
    "print.x": "print as a name",
    "print * 2": "print as a name",
    "def print(): pass": "print as a name",
    "from a import print": "print as a name",
    "import exec": "exec as a name",
    "x = exec": "exec as a name",
    "x = exec('a')": "exec as a name",
    "exec(a, globals=b)": "exec with globals=",
    "def f(*, a): pass": "a bare * between parameters",
    "def f(*a, b): pass": "a parameter behind *a",
    "def f(*a, b=1, **c): pass": "a parameter behind *a",
    "def f(a, /, b): pass": "a / between parameters",
    "f = lambda *, a: a": "a bare * between parameters",
    "f = lambda *a, b: b": "a parameter behind *a",
    "def f(*a,): pass": "a comma behind *a",
    "def f(a, **b,): pass": "a comma behind **b",
    "f(*a,)": "a comma behind *a",
    "f(a, **b,)": "a comma behind **b",
    "f(*a, b=1,)": "a comma behind *a",
    "f(*a, b)": "an argument behind *a",
    "f(*a, *b)": "an argument behind *a",
    "f(**a, **b)": "an argument behind **a",
    "f(**a, b=1)": "an argument behind **a",
    "@f(*a, *b)\ndef g(): pass": "an argument behind *a",
    "async def f(): pass": "async",
    "async def f():\n    await g": "await",
    "async def f():\n    async with a: pass": "async",
    "async def f():\n    return [a async for a in b]": "async",
    "if (a := 1): pass": "an assignment by := in an expression",
    "f(a := 1)": "an assignment by := in an expression",
    "a, *b = c": "a star among the targets of an assignment",
    "*a, = b": "a star among the targets of an assignment",
    "(a, *b) = c": "a star among the targets of an assignment",
    "[a, *b] = c": "a star among the targets of an assignment",
    "for a, *b in c: pass": "a star among the targets of an assignment",
    "x = [*a, b]": "a star outside the arguments of a call",
    "x = (*a, b)": "a star outside the arguments of a call",
    "x = {*a, b}": "a star outside the arguments of a call",
    "x = *a, b": "a star outside the arguments of a call",
    "x = a[*b]": "a star outside the arguments of a call",
    "for x in *a, b: pass": "a star outside the arguments of a call",
    "class A(*b): pass": "a star outside the arguments of a call",
    "x = {**a}": "a ** outside the arguments of a call",
    "x = {'a': 1, **b}": "a ** outside the arguments of a call",
    "class A(**b): pass": "a ** outside the arguments of a call",
    "def f():\n    yield from a": "yield from",
    "def f():\n    x = yield from a": "yield from",
    "def f():\n    yield 1\n    return 2": "a value returned by a generator",
    "def f():\n    if a: return None\n    x = yield": "a value returned by a generator",
    "def f():\n    return [(yield 1) for a in b]": "a value returned by a generator",
    "raise A from b": "raise ... from",
    "raise A() from None": "raise ... from",
    "x = a @ b": "the operator @",
    "a @= b": "the operator @=",
    "x = 1_000": "an underscore in a number",
    "x = 0x_ff + 1_0.5": "an underscore in a number",
    "try: pass\nexcept* A: pass": "except*",
    "try: pass\nexcept* A as b: pass": "except*",
    "match a:\n    case 1: pass": "match",
    "match a:\n    case [b, *_]: pass\n    case _: pass": "match",
    "class A(metaclass=B): pass": "a keyword (metaclass=) among the bases of a class",
    "class A(B, c=1): pass": "a keyword (c=) among the bases of a class",
    "x = ...": "... outside an index",
    "def f(): ...": "... outside an index",
    "x = a[(..., 1)]": "... outside an index",
    "type A = int": "a type alias",
    "type A[T] = list[T]": "a type alias",
    "def f[T](a): pass": "type parameters",
    "class A[T]: pass": "type parameters",
    "def f():\n    x = 1\n    def g():\n        nonlocal x": "nonlocal",
    "with (a as b): pass": "parentheses around what `with` opens",
    "with (a as b, c as d): pass": "parentheses around what `with` opens",
    "with (\n    a as b,\n    c as d,\n): pass": "parentheses around what `with` opens",
    "@a[0]\ndef f(): pass": "a decorator that is more than a name and a call",
    "@a.b[0].c\ndef f(): pass": "a decorator that is more than a name and a call",
    "@(a)\ndef f(): pass": "a decorator that is more than a name and a call",
    "@a().b\ndef f(): pass": "a decorator that is more than a name and a call",
    "@a or b\ndef f(): pass": "a decorator that is more than a name and a call",
    "for a in b:\n    try: pass\n    finally: continue": "continue in finally",
    "größe = 1": "a name with a letter beyond ASCII",
    "x.größe(1)": "a name with a letter beyond ASCII",
}

# statements that it takes
TAKEN = [
    'print "a"',
    "print",
    "print 'a', b,",
    "print >>f, a",
    "print >>f",
    "print('a')",
    "print ('a')",
    "print('a' % b)",
    "print('a', b)",
    "print()",
    "print(a for a in b)",
    "print (a) + 1",
    "print(a).b",
    "print(a)[0]",
    "print(a)(b)",
    "print(a) if b else c",
    "print -1",
    "print +1",
    "print ~1",
    "print [1]",
    "print {1: 2}",
    "print `a`",
    "print not a",
    "print lambda: 1",
    "print u'a', ur'b', br'c', B'd', UR'e'",
    "print \\\n    'a'",
    "print .5",
    "print(1); print(2); print",
    "if a: print(1)",
    "for a in b: print(a)",
    "exec 'a'",
    "exec a in b, c",
    "exec('a')",
    "exec('a', b)",
    "exec('a', b, c)",
    "x = 'print(a, file=f)'  # print(a, file=f) and async",
    "x = `a` + 0777 + 10L + 0xFFl + 0o17 + 0b11 + 1e5j",
    "raise A, 'b', c",
    "raise A('b')",
    "raise",
    "try: pass\nexcept A, b: pass",
    "try: pass\nexcept (A, B), c: pass",
    "try: pass\nexcept A as b: pass",
    "try: pass\nexcept (A, B) as c: pass\nelse: pass\nfinally: pass",
    "def f(a, (b, c), d=1): pass",
    "def f(a, b=1,): pass",
    "def f(a, *b, **c): pass",
    "def f(*a): pass",
    "def f(**a): pass",
    "f = lambda a, *b, **c: a",
    "f = lambda (a, b), c=1: a",
    "f(a, *b)",
    "f(a, b=1, *c)",
    "f(*a, b=1)",
    "f(*a, b=1, **c)",
    "f(**a)",
    "f(a,)",
    "f(a, b=1,)",
    "f(*a if b else c)",
    "f(a for a in b)",
    "f(\n    a,  # why\n    *b  # why\n)",
    "class A: pass",
    "class A(): pass",
    "class A(B, C.d,): pass",
    "@a\ndef f(): pass",
    "@a.b.c(d, *e, **f)\ndef f(): pass",
    "@a\nclass B: pass",
    "@ a . b\ndef f(): pass",
    "x = a <> b",
    "x = [a for a in 1, 2, 3]",
    "x = [a for a in lambda: b, lambda: c]",
    "x = {a for a in b}",
    "x = {a: 1 for a in b}",
    "x = {1, 2}",
    "x = a[...]",
    "x = a[1, ..., 2:3]",
    "x = a[..., 1]",
    "a, b = b, a",
    "(a, (b, c)) = d",
    "for a, (b, c) in d: pass",
    "with a as b: pass",
    "with a as b, c as d: pass",
    "with (a): pass",
    "with (a), (b): pass",
    "with (a) as b: pass",
    "with (a, b): pass",
    "with a as (b, c): pass",
    "def f():\n    yield",
    "def f():\n    x = yield a\n    return",
    "def f():\n    def g(): yield 1\n    return g",
    "def f():\n    return lambda: (yield)",
    "def f():\n    class A:\n        def b(self): yield 1\n    return A",
    "def f():\n    return (a for a in b)",
    "for a in b:\n    try: continue\n    finally: pass",
    "for a in b:\n    try: pass\n    except A: continue\n    finally:\n        for c in d: continue",
    "async = 1",
    "await = 2",
    "match = 1",
    "match(a)",
    "match[a]",
    "case = match.group(0)",
    "type = 1",
    "type(a)",
    "type(a).b = c",
    "await(a)",
    "await (a).b",
    "await [a]",
    "await - a",
    "async(a)",
    "async.b",
    "_ = a",
    "x = a_1 + b_2",
    "x = 1if a else 2",
    "from . import a",
    "from .a import (b, c,)",
    "from a import *",
    "import a.b as c, d",
    "import printing, execute",
    "from a.prints import exec_",
    "x = self.printer",
    "assert a, 'b'",
    "global a",
    "del (a), b",
    "x = u'\\xfc\\N{EURO SIGN}'",
    "x = 'gr\xf6\xdfe'  # \xfc",
    "x = a if b else c",
    "x = not a",
]

FUTURES = {
    "from __future__ import print_function\nprint(x, file=f)": (),
    "from __future__ import print_function\nx = print\nf(print, *x)": (),
    "from __future__ import (division,\n    print_function)\nprint(*x, sep='')": (),
    "from __future__ import print_function\nprint >>f, x": (),
    "from __future__ import print_function as p\nprint(x, end='')": (),
    "from __future__ import print_function\nprint 'x'": ("a print statement behind the import of print_function",),
    "from __future__ import print_function\nx.print()\nx.exec()": ("exec as a name",),
    "from __future__ import annotations\nx = 1": ("the import of annotations from __future__",),
    "from __future__ import generator_stop": ("the import of generator_stop from __future__",),
    "from __future__ import absolute_import, unicode_literals, with_statement, nested_scopes, generators": (),
}

STATEMENT_CONTEXTS = {
    "alone": "{}",
    "in a function": "def outer(self):\n    {}",
    "in a method": "class A(object):\n    def outer(self):\n        {}",
    "in an if": "if a:\n    {}\nelse:\n    pass",
    "in a try": "try:\n    {}\nexcept A:\n    pass",
    "before another": "{}\nother = 1",
    "after another": "other = 1\n\n\n{}",
}

EXPRESSIONS = [
    *(
        "f'a'",
        "rb'a'",
        "1_0",
        "a @ b",
        "(a := 1)",
        "[*a]",
        "{**a}",
        "(*a, b)",
        "...",
        "await a",
        "f(*a, b)",
        "f(*a, *b)",
    ),
    *("f(**a, b=1)", "f(*a,)", "lambda *, a: a", "lambda a, /: a", "lambda *a, b: a", "print(a)", "print", "exec", "ä"),
    *("a", "`a`", "a <> b", "f(*a)", "f(a, *b, **c)", "f(*a, b=1)", "lambda *a, **b: a", "lambda (a, b): a", "a[...]"),
    *("{a: b for a in c}", "{a for a in b}", "[a for a in 1, 2]", "u'a'", "br'a'", "07", "1L", "await(a)", "match(a)"),
]
EXPRESSION_CONTEXTS = [
    *("x = {}", "f({})", "f(a, {})", "f(a={})", "[{}]", "({})", "{{1: {}}}", "a[{}]", "lambda: {}", "print({})"),
    *("if {}: pass", "while {}: pass", "assert {}", "x = a if {} else b", "x = not {}", "x += {}", "def f(a={}): pass"),
    *("[a for a in b if {}]", "raise A({})", "del a[{}]", "class A(f({})): pass", "@a({})\ndef f(): pass"),
    "def f():\n    return {}",
    "def f():\n    yield {}",
    "with {}: pass",
    "for a in {}: pass",
    "try: pass\nexcept {}: pass",
    "print {}",
    "print >>f, {}",
    "exec {}",
]


def constructs(source: str) -> list[str]:
    utf8 = source.encode()
    return [one.what for one in refused(parse(utf8), utf8)]


def within(context: str, statement: str) -> str:
    line = next(line for line in context.split("\n") if "{}" in line)
    indent = line[: line.index("{")]
    return context.replace("{}", statement.replace("\n", "\n" + indent)) + "\n"


@pytest.mark.parametrize(("source", "what"), REFUSED.items())
def test_construct_is_refused_by_its_name(source: str, what: str) -> None:
    assert what in constructs(source + "\n")


@pytest.mark.parametrize("source", TAKEN)
def test_what_python_2_takes_is_not_refused(source: str) -> None:
    assert constructs(source + "\n") == []


@pytest.mark.parametrize(("source", "expected"), FUTURES.items())
def test_imports_from_the_future_count(source: str, expected: tuple[str, ...]) -> None:
    assert tuple(constructs(source + "\n")) == expected


def test_statements_are_judged_as_python_2_judges_them(tmp_path: Path) -> None:
    statements = [*REFUSED, *TAKEN]
    sources = [within(context, one) for one, context in product(statements, STATEMENT_CONTEXTS.values())]
    sources += [source + "\n" for source in FUTURES]
    agreed(tmp_path, sources, at_least=1200)


def test_expressions_are_judged_as_python_2_judges_them(tmp_path: Path) -> None:
    sources = [context.format(one) + "\n" for one, context in product(EXPRESSIONS, EXPRESSION_CONTEXTS)]
    agreed(tmp_path, sources, at_least=1000)


def agreed(folder: Path, sources: list[str], at_least: int) -> None:
    """Both say the same about each source that is Python at all, 2 or 3."""
    verdicts = refusals(folder, [source.encode() for source in sources])
    judged = [(source, why) for source, why in zip(sources, verdicts, strict=True) if _is_python(source, why)]
    assert len(judged) >= at_least
    assert {why is None for _, why in judged} == {True, False}
    assert [
        (source, why, constructs(source)) for source, why in judged if bool(constructs(source)) is (why is None)
    ] == []


def _is_python(source: str, why: str | None) -> bool:
    if why is None:
        return True
    try:
        compile(source, "source", "exec")
    except SyntaxError:
        return parse(source.encode()).error is None and bool(constructs(source))
    return True


# bytes of a file, and whether Python 2.7 reads them
ENCODINGS = {
    "ascii": (b"x = 1\n", True),
    "utf-8 without a word": ("x = 'ü'\n".encode(), False),
    "utf-8 in a comment": ("# ü\n".encode(), False),
    "utf-8 with a coding line": ("# -*- coding: utf-8 -*-\nx = 'ü'\n".encode(), True),
    "coding line in vim's way": ("# vim: set fileencoding=utf-8 :\nx = 'ü'\n".encode(), True),
    "coding line in the second line": ("#!/usr/bin/env python\n# coding: utf8\nx = 'ü'\n".encode(), True),
    "coding line behind an empty line": ("\n# coding: utf8\nx = 'ü'\n".encode(), True),
    "coding line in the third line": ("#\n#\n# coding: utf8\nx = 'ü'\n".encode(), False),
    "coding line behind code": ("x = 1\n# coding: utf8\ny = 'ü'\n".encode(), False),
    "coding line behind code in its line": ("x = 1 # coding: utf8\ny = 'ü'\n".encode(), False),
    "coding without a name": ("# coding\nx = 'ü'\n".encode(), False),
    "coding line of another system": ("# coding: utf-8\r\nx = 'ü'\r\n".encode(), True),
    "byte order mark": (b"\xef\xbb\xbfx = '\xc3\xbc'\n", True),
    "byte order mark and coding line": (b"\xef\xbb\xbf# coding: utf-8\nx = '\xc3\xbc'\n", True),
    "byte order mark and another coding line": (b"\xef\xbb\xbf# coding: latin-1\nx = '\xc3\xbc'\n", False),
    "latin-1": (b"# coding: latin-1\nx = '\xfc'\n", True),
    "windows-1252": (b"# coding: cp1252\nx = '\xfc'\n", True),
    "ascii that is not": (b"# coding: ascii\nx = '\xfc'\n", False),
    "utf-8 that is not": (b"# coding: utf-8\nx = '\xfc'\n", True),
    "an unknown encoding": (b"# coding: utf-12\nx = 1\n", False),
    "an encoding that is a path": (b"# coding: ...\nx = 1\n", False),
    "Latin letters without a word": (b"x = '\xfc'\n", False),
    "nothing": (b"", True),
}


@pytest.mark.parametrize(("content", "is_read"), ENCODINGS.values(), ids=ENCODINGS)
def test_encoding_that_python_2_reads_is_not_refused(content: bytes, is_read: bool) -> None:
    assert (refusal(content) is None) is is_read


def test_encodings_are_judged_as_python_2_judges_them(tmp_path: Path) -> None:
    verdicts = import_refusals(tmp_path, [content for content, _ in ENCODINGS.values()])
    assert {name: why is None for name, why in zip(ENCODINGS, verdicts, strict=True)} == {
        name: is_read for name, (_, is_read) in ENCODINGS.items()
    }


@pytest.mark.parametrize(
    "source",
    [
        "(" * 100_000,
        "x = " + "(" * 100_000 + ")" * 100_000,
        "x = " + "-" * 100_000 + "1",
        "f(*a, " * 50_000,
        "x = " + "f(*" * 50_000 + "a" + ")" * 50_000,
        "x = " + "[*" * 50_000 + "a" + "]" * 50_000,
        "x = a" + ".b" * 100_000,
        "x = a" + "()" * 100_000,
        "".join(" " * n + "if a:\n" for n in range(400)) + " " * 400 + "yield 1\n",
        "print(f'')\n" * 20_000,
        "def f(a: int): return 1\n" * 10_000,
        "try:\n pass\nfinally:\n continue\n" * 10_000,
        "x = " + "a @ " * 50_000 + "b",
        "x = 1_" + "0" * 400_000,
        "ä" * 100_000,
        "# coding" * 50_000,
        "@" + "a." * 100_000 + "b\ndef f(): pass",
    ],
    ids=range(17),
)
@pytest.mark.timeout(20)
def test_hostile_source_neither_hangs_nor_crashes(source: str) -> None:
    constructs(source)
    refusal(source.encode())


@pytest.mark.parametrize(
    "source",
    ["None = 1", "x.nonlocal", "exec", "exec a in b, c", "exec(a) in b", "exec -1", "print `x`", "a = 1\rexec b"],
)
def test_syntax_error_is_none_of_python_2(source: str) -> None:
    assert syntax_error(parse_module("x.py", f"{source}\nprint 1\n".encode())) is None


@pytest.mark.parametrize(
    "source", ["def f(a b): pass", "x = (", "if x\n    pass", "exec a b", "x = 'a", "async def f(: pass"]
)
def test_syntax_error_is_one_of_both(source: str) -> None:
    assert syntax_error(parse_module("x.py", f"print 1\n{source}\n".encode())) is not None


@pytest.mark.parametrize(
    ("source", "number"),
    {
        "x = 1\n  y = 2\n": 2,
        "for x in y:\nprint 1\n": 1,
        "def f():\n    # later\n\nx = 1\n": 1,
        "if a:\n    x = 1\n   y = 2\n": 3,
        "if a:\n    x = 1\n      y = 2\n": 3,
        "class A:\n    def f(self):\n    x = 1\n": 2,
        "try:\n    x = 1\nexcept A:\nprint 1\n": 3,
        "if a:\n    x = 1\nelse:\nprint 1\n": 3,
        "with a:\nprint 1\n": 1,
        "if a:\n\tx = 1\n        print 1\n": None,  # a tab is eight columns to Python 2.7
        "\fx = 1; y = 2\n\f\nprint 1\n": None,
        "if a: x = 1; print 1\n": None,
        "if a:\n\r    x = 1\n    print 1\n": None,  # what stands alone ends a line, too
    }.items(),
)
def test_syntax_error_of_the_indentation(source: str, number: int | None, tmp_path: Path) -> None:
    span = syntax_error(parse_module("x.py", source.encode()))
    assert (span.line if span is not None else None) == number
    (refusal,) = refusals(tmp_path, [source.encode()])
    assert (refusal is None) is (number is None)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["def f(x)", "    print 'y'"], 7),
        (["x = (1,", "y = 2"], 7),
        (["if a <> b:", "    x = `1`", "    y = 3 4"], 9),
        (["class A:", "    def f(self message):", "        raise A, 'b'"], 8),
        (["print >>f, 1", "exec a + b in c", "x = {1: 2, 3}"], 9),
        (["x = 'abc"], 7),
    ],
)
def test_syntax_error_is_in_the_line_that_has_it(lines: list[str], number: int) -> None:
    before = ["import a", "print 'ä'", "try:", "    a()", "except A, e:", "    print e"]
    module = parse_module("x.py", "\n".join(["# coding: utf-8", *before[1:], *lines, "print 2", ""]).encode())
    span = syntax_error(module)
    assert span is not None
    assert (span.line, module.text.between(span)) == (number, lines[number - 7].strip())


def test_syntax_error_is_none_of_what_only_python_3_takes() -> None:
    source = "async def f(a, /, *, b: int = 1):\n    x = [await y async for y in z]\n    exec = x.exec\n"
    assert syntax_error(parse_module("x.py", source.encode())) is None


def test_syntax_error_is_in_no_module_of_python_2(tmp_path: Path) -> None:
    words = (b"exec ", b"async", b"nonlocal", b".None", b".True", b".False", b"\t")
    sources = {path: path.read_bytes() for path in library(tmp_path).glob("**/*.py") if "test" not in path.parts}
    odd = {path: content for path, content in sources.items() if any(word in content for word in words)}
    assert len(odd) > 10
    assert [path for path, content in odd.items() if syntax_error(parse_module("x.py", content)) is not None] == []


def test_modules_that_python_2_brings_are_known(tmp_path: Path) -> None:
    assert module_names(tmp_path) - python_2_modules() == set()
    assert {"os.path", "Queue", "urllib2", "xml.etree.ElementTree", "sys", "ssl"} <= python_2_modules()
    assert python_2_modules().isdisjoint({"queue", "pathlib", "urllib.request", "asyncio", "typing", "six", "mock"})
