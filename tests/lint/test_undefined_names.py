"""Names that nothing defines: cases, and what pyflakes and Python 2.7 say about the same sources."""

from __future__ import annotations

import ast
import builtins
import sysconfig
from pathlib import Path

import pytest
from pyflakes.checker import Checker
from pyflakes.messages import UndefinedName

from bundlekit.lint import check
from bundlekit.source.modules import parse_module
from bundlekit.source.syntax import text_of
from bundlekit.source.undefined_names import python_2_builtins, undefined_names
from tests.lint.bundles import MANIFEST, bundle, source
from tests.source.python_2 import builtin_names, library

SOUND = source(MANIFEST)

# how index.py begins, and the names in it that are not defined, with their lines
UNDEFINED: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "slip": ("data = {}\nvalue = {'a': dta}", [(2, "dta")]),
    "no import": ("value = json.dumps({})", [(1, "json")]),
    "local of another function": ("def f():\n    x = 1\ndef g():\n    return x", [(4, "x")]),
    "attribute of the class": ("class A(object):\n    x = 1\n    def f(self):\n        return x", [(4, "x")]),
    "attribute of the class in a lambda": ("class A(object):\n    x = 1\n    f = lambda self: x", [(3, "x")]),
    "attribute of the class around": ("class A(object):\n    x = 1\n    class B(object):\n        y = x", [(4, "x")]),
    "default": ("def f(a, b=a):\n    return a, b", []),  # a may be an a of the module; Python 2.7 would not take it
    "default of another name": ("def f(a=c):\n    return a", [(1, "c")]),
    "default of a lambda": ("f = lambda a=c: a", [(1, "c")]),
    "base": ("class A(Base):\n    pass", [(1, "Base")]),
    "decorator": ("@wrapped\ndef f():\n    pass", [(1, "wrapped")]),
    "object of an attribute": ("def f():\n    return conf.value.conf", [(2, "conf")]),
    "value of an argument": ("def f(**kwargs):\n    return f(value=conf)", [(2, "conf")]),
    "argument's name": ("def f(**kwargs):\n    return f(conf=1)\nx = conf", [(3, "conf")]),
    "print": ("print 'x', lost\nprint >>other, 'x'", [(1, "lost"), (2, "other")]),
    "raise of three": ("raise Lost, 'x', trace", [(1, "Lost"), (1, "trace")]),
    "exception": ("try:\n    pass\nexcept Lost, error:\n    print error", [(3, "Lost")]),
    "condition": ("if lost:\n    pass", [(1, "lost")]),
    "in a try of something else": ("try:\n    lost.f()\nexcept ValueError:\n    pass", [(2, "lost")]),
    "in a try of everything": ("try:\n    lost.f()\nexcept Exception:\n    pass", [(2, "lost")]),
    "behind a comment that ends in a dot": ("# Comes.\nlost()", [(2, "lost")]),
    "compared": ("x = 1\nprint x, lost == x", [(2, "lost")]),
    "behind the clause": ("try:\n    pass\nexcept NameError:\n    lost()", [(4, "lost")]),
    "locals in a function": ("def f():\n    return '%(a)s' % locals() + lost", [(2, "lost")]),
    "much of one name": ("a = lost + lost\nb = lost", [(1, "lost"), (1, "lost"), (2, "lost")]),
}

CLEAN = {
    "builtins of Python 2": "x = unicode, xrange, raw_input, unichr, long, basestring, reduce, file, cmp",
    "builtins of both": "x = len, open, exit, help, NotImplemented, Ellipsis, __import__",
    "names of a module": "x = __file__, __name__, __doc__, __package__",
    "names of a class": "class A(object):\n    x = __module__",
    "variable of a comprehension stays": "a = [x for x in (1, 2)]\nprint x",
    "variables of comprehensions": "a = [(x, y, z) for x, (y, z) in {}]\nb = {k: v for k, v in a if k}",
    "comprehension in a class": "class A(object):\n    n = 2\n    a = [n * i for i in range(n)]",
    "star import": "from os import *\nx = getcwd()",
    "exec": "exec 'lost = 1'\nprint lost",
    "exec in a function": "def f():\n    exec 'lost = 1' in {}\n    return lost",
    "execfile": "execfile('more.py')\nlost()",
    "globals": "globals()['lost'] = 1\nprint lost",
    "globals of a function": "def f():\n    globals().update(lost=1)\ndef g():\n    return lost",
    "locals of a module": "locals()['lost'] = 1\nprint lost",
    "module among the modules": "import sys\nsetattr(sys.modules[__name__], 'lost', 1)\nprint lost",
    "builtin put there": "import __builtin__\n__builtin__.lost = 1\nprint lost",
    "gettext": "import gettext\ngettext.install('x')\nprint _('x')",
    "name that is tried": "try:\n    bytes_type = unicode_type\nexcept NameError:\n    bytes_type = str",
    "names that are tried": "try:\n    lost.f()\nexcept (ValueError, NameError):\n    pass",
    "name alone that is tried": "try:\n    lost\nexcept Exception:\n    lost = None",
    "error of Windows": "try:\n    pass\nexcept WindowsError:\n    pass",
    "version": "import sys\nif sys.version_info[0] < 3:\n    text = lost\nelse:\n    text = str",
    "version in an expression": "import sys\ntext = str if sys.version_info[0] > 2 else lost",
    "conditional definition": "if input:\n    x = 1\nelse:\n    def y():\n        pass\nprint x, y",
    "defined later": "def f():\n    return later()\ndef later():\n    pass",
    "global of a function": "def f():\n    global x\n    x = 1\ndef g():\n    return x",
    "deleted": "x = 1\ndel x\ndel x",
    "parameters": "def f(a, (b, (c, d)), e=1, *f, **g):\n    return a, b, c, d, e, f, g",
    "parameters of a lambda": "f = lambda a, (b, c), d=1, *e, **g: (a, b, c, d, e, g)",
    "parameters of a function around": "def f(a):\n    def g():\n        return lambda: a\n    return g",
    "default in a class": "class A(object):\n    x = 1\n    def f(self, y=x):\n        return y",
    "default of a lambda in a class": "class A(object):\n    x = 1\n    f = lambda self, y=x: y",
    "base in a class": "class A(object):\n    class B(object):\n        pass\n    class C(B):\n        pass",
    "decorator in a class": "class A(object):\n    def d(f):\n        return f\n    @d\n    def g(self):\n        pass",
    "old name of an exception": "try:\n    pass\nexcept (IOError, OSError), (code, text):\n    print code, text",
    "name of an exception": "try:\n    pass\nexcept IOError as error:\n    print error",
    "with": "with open('x') as a, open('y') as (b, c):\n    print a, b, c",
    "loop": "for a, (b, c) in []:\n    print a, b, c\nelse:\n    print a",
    "targets": "a, (b, c), d[0], e.x = f = 1, (2, 3), 4, 5\nprint a, b, c, f\nd = e = []",
    "imports": "import os.path, json as j\nfrom sys import (argv, path as p)\nprint os, j, argv, p",
    "attributes": "import os\nprint os . lost, os.\\\n    lost.more, (os.  # a comment.\n    lost)",
    "arguments": "print dict(lost=1, more=dict(lost = 2, other  # a comment\n =3))",
    "strings": "x = 'lost', \"lost\", '''lost'''  # lost",
    "name that is mangled": "class A(object):\n    __x = 1\n    def f(self):\n        return __x",
    "metaclass": "class A(object):\n    __metaclass__ = type",
    "Python 3 alone": "match = 1\nmatch match:\n    case [a, b]:\n        print(a)",
    "what is no Python": "x = lost(\ny = = 1",
    "backquotes, which the grammar does not have": "x = `lost`",
}


def told(text: str) -> list[tuple[int, str]]:
    module = parse_module("index.py", text.encode())
    return [(one.node.start_point[0] + 1, text_of(one.node)) for one in undefined_names(module)]


@pytest.mark.parametrize("name", UNDEFINED)
def test_name_that_is_not_defined_is_found(name: str) -> None:
    begin, expected = UNDEFINED[name]
    assert told(begin) == told(f"{begin}\n{SOUND}") == expected


@pytest.mark.parametrize("name", CLEAN)
def test_name_that_may_be_defined_is_not_found(name: str) -> None:
    assert told(CLEAN[name]) == []


def test_name_that_another_module_puts_there_is_defined() -> None:
    files: dict[str, str] = {"index.py": f"import conf\nconf.debug = True\n{SOUND}", "conf.py": "print debug, dbug\n"}
    found = [one for one in check(bundle({**files})) if one.rule == "undefined-name"]
    assert [(one.file, one.excerpt[one.column - 1 :]) for one in found] == [("box/conf.py", "dbug")]


def test_builtins_are_those_of_python_2(tmp_path: Path) -> None:
    assert builtin_names(tmp_path) == python_2_builtins()


def test_nothing_is_found_in_the_library_of_python_2_that_is_defined(tmp_path: Path) -> None:
    """`c`, left behind in code for Python 2.4, is a fault of that library."""
    modules = sorted(library(tmp_path).glob("*.py"))
    assert len(modules) > 150
    found = {path.name: told(path.read_bytes().decode("latin-1")) for path in modules}
    assert {name: [word for _, word in there] for name, there in found.items() if there} == {"modulefinder.py": ["c"]}


def test_pyflakes_finds_the_same_where_both_can_look() -> None:
    """With Python 3's own library, each module of it spoiled in one place."""
    library_3 = Path(sysconfig.get_paths()["stdlib"])
    compared = 0
    for path in sorted(library_3.glob("*.py"))[::4]:
        text = path.read_text(encoding="utf-8").replace("self.", "slef.", 1)
        ours = {name for _, name in told(text)}
        theirs = {
            one.message_args[0]
            for one in Checker(ast.parse(text)).messages
            if isinstance(one, UndefinedName) and one.message_args[0] not in dir(builtins)
        }
        assert ours <= theirs, path
        compared += "slef" in ours
    assert compared > 10
