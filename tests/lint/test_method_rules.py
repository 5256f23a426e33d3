"""Rules about what the methods of a bundle's class are called, and what its `init` takes."""

from __future__ import annotations

import textwrap

import pytest

from bundlekit.lint.finding import Severity
from tests.lint.bundles import bundle, found

GET = '@Route(methods="get", resource="/example")'
PUT = '@Route(methods="put", resource="/example")'


def methods(text: str, *, base: str = "Sanji", before: str = "") -> str:
    """An index.py whose class has these methods."""
    head = f"from sanji.core import Route, Sanji\n{before}\n\nclass Example({base}):\n"
    return head + textwrap.indent(text.strip("\n"), "    ") + "\n"


def handler(name: str, route: str) -> str:
    return f"{route}\ndef {name}(self, message, response):\n    return response(code=200)\n"


# methods, and the line and the words of what is told
OVERWRITTEN = {
    "two handlers": (handler("value", GET) + handler("value", PUT), [(6, "value is replaced by another value")]),
    "three handlers": (
        handler("value", GET) + handler("value", GET) + handler("value", PUT),
        [(6, "value"), (9, "value")],
    ),
    "by a method that is no handler": (
        handler("get", GET) + handler("put", PUT) + "def get(self):\n    pass\n",
        [(6, "get is replaced")],
    ),
    "of a method that is no handler": ("def get(self):\n    pass\n" + handler("get", GET) + handler("put", PUT), []),
    "names of their own": (handler("get", GET) + handler("put", PUT), []),
    "in another class": (
        handler("get", GET) + handler("put", PUT) + "class Other(object):\n    def get(self):\n        pass\n",
        [],
    ),
    "one or the other": (
        f"if True:\n{textwrap.indent(handler('get', GET), '    ')}else:\n{textwrap.indent(handler('get', GET), '    ')}"
        + handler("put", PUT),
        [],
    ),
    "one in any case, the other in some": (
        handler("get", GET) + f"if DEBUG:\n{textwrap.indent(handler('get', GET), '    ')}" + handler("put", PUT),
        [],
    ),
}


@pytest.mark.parametrize(("text", "expected"), OVERWRITTEN.values(), ids=OVERWRITTEN)
def test_overwritten_handler(text: str, expected: list[tuple[int, str]]) -> None:
    told = [one for one in found(bundle({"index.py": methods(text)})) if one.rule == "overwritten-handler"]
    assert [one.line for one in told] == [line for line, _ in expected]
    for one, (_, words) in zip(told, expected, strict=True):
        assert words in one.message
        assert one.severity is Severity.ERROR
        assert one.other is not None
        assert one.other.line > one.line


@pytest.mark.parametrize("name", ["start", "register", "get_profile", "on_connect", "publish", "bundle", "stop_event"])
def test_name_of_a_handler_is_taken(name: str) -> None:
    told = found(bundle({"index.py": methods(handler(name, GET) + handler("put", PUT))}))
    assert [(one.rule, one.line, one.column) for one in told] == [("taken-handler-name", 6, 9)]
    assert f'"{name}" is the name of a' in told[0].message


@pytest.mark.parametrize("name", ["get", "stop_it", "start_job", "run", "stop", "exit", "deregister"])
def test_name_of_a_handler_is_free(name: str) -> None:
    assert found(bundle({"index.py": methods(handler(name, GET) + handler("put", PUT))})) == []


def test_name_of_a_method_that_is_no_handler_is_its_own_concern() -> None:
    text = handler("get", GET) + handler("put", PUT) + "def publish(self, value):\n    pass\n"
    assert found(bundle({"index.py": methods(text)})) == []


# the parameters of init, and whether the SDK can call it
INITS = {
    "(self)": False,
    "()": False,
    "(self, *args)": False,
    "(self, other=None)": False,
    "(self, *args, **kwargs)": True,
    "(self, **options)": True,
    "(self, connection)": True,
    "(self, connection, *args)": True,
    "(*args, **kwargs)": True,
}


@pytest.mark.parametrize("parameters", INITS)
def test_what_init_takes(parameters: str) -> None:
    text = f"def init{parameters}:\n    pass\n" + handler("get", GET) + handler("put", PUT)
    told = found(bundle({"index.py": methods(text)}))
    assert [(one.rule, one.line, one.column) for one in told] == (
        [] if INITS[parameters] else [("wrong-init-signature", 5, 13)]
    )


# methods and bases of a class whose init the SDK may not call, or not so
OTHER_INITS = {
    "decorated": ("@fixed\ndef init(self):\n    pass\n", "Sanji", "fixed = staticmethod"),
    "an object that is made in another way": (
        "def __init__(self, *args, **kwargs):\n    Sanji.__init__(self, *args, **kwargs)\ndef init(self):\n    pass\n",
        "Sanji",
        "",
    ),
    "another class": ("class Inner(object):\n    def init(self):\n        pass\n", "Sanji", ""),
}


@pytest.mark.parametrize(("text", "base", "before"), OTHER_INITS.values(), ids=OTHER_INITS)
def test_init_that_nothing_can_be_said_of(text: str, base: str, before: str) -> None:
    index = methods(text + handler("get", GET) + handler("put", PUT), base=base, before=before)
    assert [one for one in found(bundle({"index.py": index})) if one.rule == "wrong-init-signature"] == []


def test_init_of_a_class_in_between_counts() -> None:
    before = "class Base(Sanji):\n    def init(self):\n        pass\n"
    index = methods(handler("get", GET) + handler("put", PUT), base="Base", before=before)
    assert [(one.rule, one.line) for one in found(bundle({"index.py": index}))] == [("wrong-init-signature", 3)]
