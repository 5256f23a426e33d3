"""Which routes are found in an index.py, without running it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.text import Span
from bundlekit.source.routes import find_routes
from tests.rotation import examples

IMPORT = "from sanji.core import Sanji, Route\n"
ALL = ("get", "put", "post", "delete")


def in_class(*decorators: str, before: str = IMPORT, constants: str = "") -> str:
    """A source with one method under each of the decorators."""
    body = "".join(
        f"    {decorator}\n    def handler_{number}(self, message, response):\n        pass\n"
        for number, decorator in enumerate(decorators)
    )
    return f"{before}class Example(Sanji):\n{constants}{body}"


def routes(source: str) -> list[tuple[str | None, tuple[str, ...] | None]]:
    return [(route.resource, route.methods) for route in find_routes(source.encode()).routes]


# source, then the resources and methods that it has
SEEN = {
    "one method": (in_class('@Route(methods="get", resource="/x")'), [("/x", ("get",))]),
    "a list": (in_class("@Route(methods=['get', 'put'], resource='/x')"), [("/x", ("get", "put"))]),
    "a tuple": (in_class('@Route(methods=("get", "put",), resource="/x")'), [("/x", ("get", "put"))]),
    "positions": (in_class('@Route("/x", "post")'), [("/x", ("post",))]),
    "position and name": (in_class('@Route("/x", methods=["post"], schema=None)'), [("/x", ("post",))]),
    "no methods": (in_class('@Route(resource="/x")'), [("/x", ALL)]),
    "bytes": (in_class('@Route(b"/x", "get")'), [("/x", ("get",))]),
    "unicode": (in_class('@Route(u"/x", ur"get")'), [("/x", ("get",))]),
    "two strings": (in_class('@Route(methods="get", resource="/x"\n        "/:id")'), [("/x/:id", ("get",))]),
    "parentheses": (in_class('@Route(methods=("get"), resource=(("/x")))'), [("/x", ("get",))]),
    "comment inside": (
        in_class('@Route(\n        # why\n        methods=["get",  # one\n        ], resource="/x")'),
        [("/x", ("get",))],
    ),
    "alias": (
        in_class('@R(methods="get", resource="/x")', before="from sanji.core import Sanji, Route as R\n"),
        [("/x", ("get",))],
    ),
    "module": (
        in_class('@sanji.core.Route(methods="get", resource="/x")', before="import sanji.core\n" + IMPORT),
        [("/x", ("get",))],
    ),
    "module under another name": (
        in_class('@c.Route(methods="get", resource="/x")', before="from sanji import core as c\n" + IMPORT),
        [("/x", ("get",))],
    ),
    "star": (in_class('@Route(methods="get", resource="/x")', before="from sanji.core import *\n"), [("/x", ("get",))]),
    "stacked": (
        in_class('@Route(methods="get", resource="/x")\n    @Route(methods="put", resource="/y")'),
        [("/x", ("get",)), ("/y", ("put",))],
    ),
    "constant": (
        in_class("@Route(methods=M, resource=R)", before=IMPORT + 'R = "/x"\nM = ["get"]\n'),
        [("/x", ("get",))],
    ),
    "constant of the class": (
        in_class("@Route(methods='get', resource=R)", constants='    R = "/x"\n'),
        [("/x", ("get",))],
    ),
    "constant of constants": (
        in_class("@Route(methods='get', resource=C)", before=IMPORT + 'A = "/x"\nB = A + "/y"\nC = B + "/:id"\n'),
        [("/x/y/:id", ("get",))],
    ),
    "percent": (
        in_class("@Route(methods='get', resource='%s/%s' % (A, 'b'))", before=IMPORT + 'A = "/x"\n'),
        [("/x/b", ("get",))],
    ),
    "percent of one": (in_class("@Route(methods='get', resource='/100%%/%s' % 'b')"), [("/100%/b", ("get",))]),
    "lists added": (
        in_class("@Route(methods=['get'] + M, resource='/x')", before=IMPORT + 'M = ["put"]\n'),
        [("/x", ("get", "put"))],
    ),
    "module constant hidden by the class": (
        in_class("@Route(methods='get', resource=R)", before=IMPORT + 'R = "/no"\n', constants='    R = "/x"\n'),
        [("/x", ("get",))],
    ),
    "same name in a function": (
        in_class("@Route(methods='get', resource=R)", before=IMPORT + 'R = "/x"\ndef f():\n    R = "/no"\n'),
        [("/x", ("get",))],
    ),
    "same name in another class": (
        in_class(
            "@Route(methods='get', resource=R)", before=IMPORT + 'R = "/x"\nclass Other(object):\n    R = "/no"\n'
        ),
        [("/x", ("get",))],
    ),
    "not as a decorator": (
        IMPORT + 'class E(Sanji):\n    get = Route("/x", "get")(lambda s, m, r: r())\n',
        [("/x", ("get",))],
    ),
    "escape in the string": (in_class('@Route("/\\x78", "get")'), [("/x", ("get",))]),
    "nothing": ("", []),
    "another decorator": (in_class('@route("/x")'), []),
}


@pytest.mark.parametrize(("source", "expected"), SEEN.values(), ids=SEEN)
def test_route_is_seen(source: str, expected: list[tuple[str | None, tuple[str, ...] | None]]) -> None:
    assert routes(source) == expected
    assert find_routes(source.encode()).elsewhere == ()


# the expression for the resource, and what stands before the class
UNSEEN = {
    "a call": ("resource()", ""),
    "an unknown name": ("R", ""),
    "an imported name": ("R", "from settings import R\n"),
    "an attribute": ("Settings.R", 'class Settings(Base):\n    S = "/x"\n'),
    "bound twice": ("R", 'R = "/x"\nR = "/y"\n'),
    "bound in both branches": ("R", 'if a:\n    R = "/x"\nelse:\n    R = "/y"\n'),
    "added to": ("R", 'R = "/x"\nR += "/y"\n'),
    "bound in a loop": ("R", 'R = "/x"\nfor R in ["/y"]:\n    pass\n'),
    "bound by global": ("R", 'R = "/x"\ndef f():\n    global R\n    R = "/y"\n'),
    "bound as one of two": ("R", 'R, S = "/x", "/y"\nR = "/x"\n'),
    "bound by with": ("R", 'R = "/x"\nwith f() as R:\n    pass\n'),
    "bound by an import": ("R", 'R = "/x"\nimport R\n'),
    "bound by a def": ("R", 'R = "/x"\ndef R():\n    pass\n'),
    "deleted": ("R", 'R = "/x"\ndel R\n'),
    "each other": ("R", "R = S\nS = R\n"),
    "itself": ("R", 'R = R + "/x"\n'),
    "an f-string": ('f"/{x}"', ""),
    "a template of another kind": ('"/%d" % 1', ""),
    "a template with too few values": ('"/%s%s" % "x"', ""),
    "a width that would fill the memory": ('"/%999999999s" % "x"', ""),
    "a number": ("1", ""),
    "a list": ('["/x"]', ""),
    "a regular expression": ('r"/x/(\\d+)"', ""),
    "a long chain": ("+".join(['"/x"'] * 100), ""),
    "a string that doubles": ("R30", "".join(f"R{n + 1} = R{n} + R{n}\n" for n in range(30)) + 'R0 = "/xxxxxxxxx"\n'),
}


@pytest.mark.parametrize(("expression", "before"), UNSEEN.values(), ids=UNSEEN)
def test_resource_that_cannot_be_seen_is_not_guessed(expression: str, before: str) -> None:
    source = in_class(f"@Route(methods='get', resource={expression})", before=IMPORT + before)
    assert routes(source) == [(None, ("get",))]


@pytest.mark.parametrize("arguments", ["*some, '/x'", "**some", "", "methods='get'"])
def test_resource_that_is_not_given_here_is_not_guessed(arguments: str) -> None:
    ((resource, _),) = routes(in_class(f"@Route({arguments})"))
    assert resource is None


@pytest.mark.parametrize("arguments", ["methods=m(), resource='/x'", "'/x', *more", "resource='/x', **more"])
def test_methods_that_cannot_be_seen_are_not_guessed(arguments: str) -> None:
    assert routes(in_class(f"@Route({arguments})")) == [("/x", None)]


PYTHON_2 = """# -*- coding: latin-1 -*-
from sanji.core import Sanji, Route
import sys

class Example(Sanji):

    def init(self, *args, **kwargs):
        print "starting", args
        print >>sys.stderr, "x"
        exec "x = 1" in {}
        y = `args`
        z = 0777L <> 0xffL

    @Route(methods="get", resource="/example")
    def get(self, message, response):
        try:
            raise ValueError, "x"
        except (ValueError, KeyError), e:
            print e
        return response(code=200, data=dict(message.data))

    @Route(methods="put", resource="/example")
    def put(self, (a, b), response):
        return lambda (x, y): x
"""


def test_python_2_is_understood() -> None:
    assert routes(PYTHON_2) == [("/example", ("get",)), ("/example", ("put",))]
    assert find_routes(PYTHON_2.encode()).elsewhere == ()


def test_bytes_in_another_encoding_are_no_obstacle() -> None:
    source = PYTHON_2.replace("starting", "d\xe9marrage").encode("latin-1")
    assert [route.resource for route in find_routes(source).routes] == ["/example", "/example"]


def test_places_count_characters() -> None:
    source = in_class('@Route(methods="get", resource="/ä" "/ö")', before=IMPORT + "# ü\n")
    (route,) = find_routes(source.encode()).routes
    assert route.resource_span == Span(4, 36, 4, 45)
    assert route.methods_span == Span(4, 20, 4, 25)
    assert route.handler == "handler_0"


HALF_TYPED = {
    "in the decorator": in_class('@Route(methods="get", resource="/x")') + "\n    @Route(methods=\n",
    "in the name": in_class('@Route(methods="get", resource="/x")') + "\n    @Rou\n    def",
    "in a string": in_class('@Route(methods="get", resource="/x")') + '\n    x = "abc\n',
    "in a bracket": in_class('@Route(methods="get", resource="/x")') + "\n    x = [1, (2\n",
    "in the class": IMPORT + in_class('@Route(methods="get", resource="/x")', before="") + "\nclass\n",
}


@pytest.mark.parametrize("source", HALF_TYPED.values(), ids=HALF_TYPED)
def test_what_is_whole_in_half_typed_source_is_seen(source: str) -> None:
    assert ("/x", ("get",)) in routes(source)


# source, and a part of the reason
ELSEWHERE = {
    "base from outside": ("from base import Base\nfrom sanji.core import Sanji\nclass E(Sanji, Base): pass\n", "Base"),
    "base of a base": (
        "import b\nfrom sanji.core import Sanji\nclass A(b.B): pass\nclass E(A, Sanji): pass\n",
        "derives from B",
    ),
    "base that is computed": (IMPORT + "class E(Sanji, make()): pass\n", "derives from something"),
    "class from outside": ("from impl import Index\nIndex().start()\n", "no class"),
    "router": (IMPORT + "class E(Sanji):\n    def init(self):\n        self.router.get('/x', self.f)\n", "router"),
    "Route by another name": (IMPORT + "R = Route\nclass E(Sanji): pass\n", "Route is used"),
    "Route handed on": (
        IMPORT + "import functools\nget = functools.partial(Route, methods='get')\nclass E(Sanji): pass\n",
        "Route",
    ),
    "class lost in a syntax error": ("class E(Sanji\n", "no class"),
}


@pytest.mark.parametrize(("source", "reason"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_reason_for_more_routes_is_told(source: str, reason: str) -> None:
    reasons = find_routes(source.encode()).elsewhere
    assert any(reason in one.reason for one in reasons)


CLOSED = {
    "base in the file": IMPORT + "class A(object): pass\nclass E(A, Sanji): pass\n",
    "base in the file that derives from Sanji": IMPORT + "class A(Sanji): pass\nclass E(A): pass\n",
    "another class with a base from outside": IMPORT
    + "from threading import Thread\nclass T(Thread): pass\nclass E(Sanji): pass\n",
    "no class and nothing imported": "x = 1\n",
    "no class and only the standard library imported": "import os, sys\nimport os.path\n",
    "classes that derive from each other": IMPORT + "class E(Sanji, F): pass\nclass F(E): pass\n",
}


@pytest.mark.parametrize("source", CLOSED.values(), ids=CLOSED)
def test_source_without_such_a_reason_is_all_there_is(source: str) -> None:
    assert find_routes(source.encode()).elsewhere == ()


@settings(max_examples=examples(300), deadline=None)
@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                *[
                    "@Route",
                    "(",
                    ")",
                    "[",
                    "]",
                    "resource=",
                    "methods=",
                    '"/x"',
                    "'get'",
                    ",",
                    "=",
                    "+",
                    "%",
                    "*",
                    "**",
                    ":",
                ],
                *[
                    "class E(Sanji):",
                    "def f(self):",
                    "R",
                    "import",
                    "from sanji.core import Route",
                    "print 1",
                    "`",
                    "@",
                ],
                *["lambda:", "global R", "for R in R:", "del R", "if 1:", "f'{R}'", '"""', "\n", "\t", "    ", "\\"],
                *["\0", "\u00e9"],
            ]
        ),
        max_size=40,
    ).map(lambda parts: " ".join(parts).encode())
)
def test_any_bytes_are_looked_through(content: bytes) -> None:
    source = find_routes(content)
    for span in [route.span for route in source.routes] + [one.span for one in source.elsewhere]:
        assert 1 <= span.line <= span.end_line <= source.text.content.count("\n") + 1


DEEP = {
    "calls": b"Route(" * 40_000,
    "closed calls": b"Route(" * 40_000 + b")" * 40_000,
    "calls of calls": b"Route" + b"()" * 40_000,
    "decorators": b'@Route("/x")\n' * 20_000 + b"def f(): pass\n",
    "attributes": b"Route" + b".Route" * 40_000,
    "sums": b'@Route("/x"' + b'+"x"' * 40_000 + b")\ndef f(): pass\n",
    "lists": b"@Route(" + b"[" * 40_000 + b"]" * 40_000 + b")\ndef f(): pass\n",
    "assignments": b"".join(b"a%d = a%d\n" % (n, n + 1) for n in range(20_000)) + b"Route(a0)\n",
    "bases": b"".join(b"class A%d(A%d): pass\n" % (n, n + 1) for n in range(10_000)) + b"class E(Sanji, A0): pass\n",
    "bases from elsewhere": b"class A(object): pass\n" * 10_000 + b"class E(Sanji" + b", X" * 60_000 + b"): pass\n",
    "nots": b"not " * 100_000,
    "blocks": b"".join(b" " * n + b"if a:\n" for n in range(700)),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("content", DEEP.values(), ids=DEEP)
def test_time_grows_with_the_size_alone(content: bytes) -> None:
    assert find_routes(content).read_error is None


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ('"/{}".format("x")', "/x"),
        ('"/{0}/{1}".format("x", "y")', "/x/y"),
        ('"/{a}/{}".format("x", a="y")', "/y/x"),
        ('BASE.format(NAME) + "/z"', "/x/z"),
        ('"/{{}}".format()', None),
        ('"/{}".format(name())', None),
        ('"/{}".format(*NAMES)', None),
        ('"/{}".format()', None),
        ('"/{0.a}".format("x")', None),
        ('"/{:>99999999}".format("x")', None),
        ('"/{!r}".format("x")', None),
        ('"/{".format("x")', None),
        ('"/x".upper()', None),
        ('"/{}".format(one for one in "x")', None),
    ],
)
def test_formatted_resource_is_followed_where_it_is_plain(resource: str, expected: str | None) -> None:
    source = in_class(f"@Route(methods='get', resource={resource})", before=IMPORT + "BASE = '/{}'\nNAME = 'x'\n")
    assert routes(source) == [(expected, ("get",))]


@pytest.mark.parametrize(
    ("before", "resource", "expected"),
    [
        ('class Paths(object):\n    LIST = "/x"\n', "Paths.LIST", "/x"),
        ('class Paths(object):\n    BASE = "/x"\n    LIST = BASE + "/y"\n', "Paths.LIST", "/x/y"),
        ('class Paths:\n    LIST = "/x"\n', 'Paths.LIST + "/:id"', "/x/:id"),
        ('class Paths:\n    def f(self):\n        return g(self.LIST, 1)\n    LIST = "/x"\n', "Paths.LIST", "/x"),
        ("class Paths:\n    LIST = name()\n", "Paths.LIST", None),
        ('class Paths:\n    LIST = "/x"\n    LIST = "/y"\n', "Paths.LIST", None),
        ('class Paths:\n    LIST = "/x"\nPaths.LIST = "/y"\n', "Paths.LIST", None),
        ('class Paths:\n    LIST = "/x"\nPaths.LIST += "/y"\n', "Paths.LIST", None),
        ('class Paths:\n    LIST = "/x"\nPaths.LIST, a = "/y", 1\n', "Paths.LIST", None),
        ('class Paths:\n    LIST = "/x"\nif a:\n    class Paths:\n        LIST = "/x"\n', "Paths.LIST", None),
        ('class Paths:\n    LIST = "/x"\nPaths = other\n', "Paths.LIST", None),
        ('class Paths(Base):\n    OTHER = "/x"\n', "Paths.LIST", None),
        ('class Paths:\n    class Inner:\n        LIST = "/x"\n', "Paths.Inner.LIST", None),
        ("import paths\n", "paths.LIST", None),
        ('LIST = "/x"\n', "self.LIST", None),
        ("class A:\n    LIST = B.LIST\nclass B:\n    LIST = A.LIST\n", "A.LIST", None),
    ],
)
def test_attribute_of_a_class_is_followed_where_it_has_one_value(
    before: str, resource: str, expected: str | None
) -> None:
    source = in_class(f"@Route(methods='get', resource={resource})", before=IMPORT + before)
    assert [route.resource for route in find_routes(source.encode()).routes] == [expected]
