"""Comments in index.py that hide findings."""

from __future__ import annotations

import pytest

from bundlekit.bundle.text import Text
from bundlekit.lint import check
from bundlekit.source.comments import comments
from tests.lint.bundles import bundle

HEAD = """\
from sanji.core import Route, Sanji


class Example(Sanji):
    @Route(methods=["get", "put"], resource="/example")
    def value(self, message, response):
        return response(code=200)

"""

# What stands at the end of the class, from line 9 on: ROUTE is a handler that nobody declared; and what is found.
ROUTE = '@Route("/other", "get")'
CASES: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "nothing hidden": ("    ROUTE", [("BK302", 9)]),
    "on the line": ("    ROUTE  # bundlekit: ignore[BK302] so", []),
    "by name": ("    ROUTE  # bundlekit: ignore[undeclared-resource] so", []),
    "in lower case": ("    ROUTE  #bundlekit:ignore [bk302] so", []),
    "behind another comment": ("    ROUTE  # noqa # bundlekit: ignore[BK302] so", []),
    "one of several": ("    ROUTE  # bundlekit: ignore[ BK303 ,BK302] so", [("BK901", 9)]),
    "on the line above": ("    # bundlekit: ignore[BK302] so\n    ROUTE", []),
    "further above": ("    # bundlekit: ignore[BK302] so\n\n    # more\n# and more\n    ROUTE", []),
    "several above": (
        "    # bundlekit: ignore[BK302] so\n    # bundlekit: ignore[BK303] so\n    ROUTE",
        [("BK901", 10)],
    ),
    "two lines above": ("    # bundlekit: ignore[BK302] so\n    x = 1\n    ROUTE", [("BK901", 9), ("BK302", 11)]),
    "above, behind code": ("    x = 1  # bundlekit: ignore[BK302] so\n    ROUTE", [("BK901", 9), ("BK302", 10)]),
    "below": ("    ROUTE\n    # bundlekit: ignore[BK302] so", [("BK302", 9), ("BK901", 10)]),
    "another rule": ("    ROUTE  # bundlekit: ignore[BK303] so", [("BK901", 9), ("BK302", 9)]),
    "a prefix": ("    ROUTE  # bundlekit: ignore[BK3] so", [("BK302", 9), ("BK902", 9)]),
    "no brackets": ("    ROUTE  # bundlekit: ignore BK302", [("BK302", 9), ("BK902", 9)]),
    "no end": ("    ROUTE  # bundlekit: ignore[BK302 so", [("BK302", 9), ("BK902", 9)]),
    "empty brackets": ("    ROUTE  # bundlekit: ignore[] so", [("BK302", 9), ("BK902", 9)]),
    "no reason": ("    ROUTE  # bundlekit: ignore[BK302]", [("BK903", 9)]),
    "no reason but a sign": ("    ROUTE  # bundlekit: ignore[BK302] -- ", [("BK903", 9)]),
    "of what is said of itself": ("    ROUTE  # bundlekit: ignore[BK302, BK903]", [("BK902", 9), ("BK903", 9)]),
    "in a string": ('    x = "# bundlekit: ignore[BK302]"\n    ROUTE', [("BK302", 10)]),
    "in a docstring": ('    """\n    # bundlekit: ignore[BK302]\n    """\n    ROUTE', [("BK302", 12)]),
    "something else of ours": ("    ROUTE  # from bundlekit", [("BK302", 9)]),
}


def with_handlers(lines: str) -> str:
    """index.py with these lines at its end; a handler for each ROUTE in them."""
    body = "\n    def other(self, message, response):\n        return response(code=200)"
    made = [line.replace("ROUTE", ROUTE) + body * ("ROUTE" in line) for line in lines.split("\n")]
    return HEAD + "\n".join(made) + "\n"


@pytest.mark.parametrize(("lines", "found"), CASES.values(), ids=CASES)
def test_comments_hide_what_they_name_on_their_line(lines: str, found: list[tuple[str, int]]) -> None:
    findings = check(bundle({"index.py": with_handlers(lines)}))
    below = 2 if "ROUTE\n" in lines else 0  # the handler's own lines
    assert sorted((one.code, one.line) for one in findings) == sorted(
        (code, line + below if line > 9 and below else line) for code, line in found
    )


def test_finding_elsewhere_is_hidden_at_the_handler_that_it_names() -> None:
    """What is told of bundle.json, where no comment can stand, and names a handler as the other place."""
    lines = HEAD.replace('["get", "put"]', '"get"').splitlines()
    declared = [{"methods": ["get", "put"], "resource": "/example"}]
    assert [one.code for one in check(bundle({"index.py": "\n".join(lines)}, resources=declared))] == ["BK301"]
    lines[4] += "  # bundlekit: ignore[BK301] put is for later"
    assert check(bundle({"index.py": "\n".join(lines)}, resources=declared)) == ()


def test_messages_say_what_to_do() -> None:
    text = HEAD + "    # bundlekit: ignore[BK302, undeclared-resuorce, \a]\n    x = 1\n"
    found = {one.message: one.hint for one in check(bundle({"index.py": text}))}
    assert found == {
        "BK302 finds nothing on line 10, so there is nothing to ignore": "take BK302 out of the comment",
        'there is no rule "undeclared-resuorce"': "did you mean undeclared-resource?",
        'there is no rule "\\x07"': "write the code or the name of one rule",
        "ignores BK302 without a reason": "write behind the brackets why it is right here",
    }


def test_mark_is_under_the_comment() -> None:
    text = HEAD + "    x = 1  # noqa  # bundlekit: ignore[BK302] so\n"
    [finding] = check(bundle({"index.py": text}))
    assert finding.excerpt[finding.column - 1 : finding.end_column - 1] == "# bundlekit: ignore[BK302] so"


def test_comments_are_not_heeded_if_so_asked() -> None:
    checked = bundle({"index.py": with_handlers("    ROUTE  # bundlekit: ignore[BK302] so")})
    assert check(checked) == ()
    assert [one.code for one in check(checked, heed_comments=False)] == ["BK302"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1  # a\n# b", [("# a", 1, 8, False), ("# b", 2, 1, True)]),
        ("# ä\nx = 'ß' # ö", [("# ä", 1, 1, True), ("# ö", 2, 9, False)]),
        ("from x import (a,  # a\n  b)", [("# a", 1, 20, False)]),
        ("x = '# a'\n'''\n# b\n'''", []),
        ("print 'x' # a", [("# a", 1, 11, False)]),
        ("def f(:\n  # a\n", [("# a", 2, 3, True)]),
        ("", []),
    ],
)
def test_comments_are_found_with_their_places(source: str, found: list[tuple[str, int, int, bool]]) -> None:
    assert [(one.words, one.span.line, one.span.column, one.is_alone) for one in comments(Text(source))] == found


@pytest.mark.parametrize(
    "line",
    [
        "# bundlekit: ignore[",
        "# bundlekit: ignore[BK302] so\n",
        "#\t\t\t\t\t\t\t",
        "# bundlekit: ignore[x" + ",x" * 99 + "]\n",
    ],
)
def test_thousands_of_comments_are_looked_at(line: str) -> None:
    text = HEAD + "    # bundlekit: ignore[BK302] so\n    " + line * (50_000 // len(line))
    assert "BK901" in {one.code for one in check(bundle({"index.py": text}))}


def test_comments_in_imported_modules_hide_what_is_found_there() -> None:
    files = {"index.py": "import beside\n" + HEAD, "beside.py": 'x = f"{1}"\n'}
    assert [(one.code, one.file) for one in check(bundle(files))] == [("BK308", "box/beside.py")]
    files["beside.py"] = 'x = f"{1}"  # bundlekit: ignore[BK308] never runs on the gateway\n'
    assert check(bundle(files)) == ()
    files["beside.py"] = "x = 1  # bundlekit: ignore[BK308]\n"
    assert [(one.code, one.file) for one in check(bundle(files))] == [
        ("BK901", "box/beside.py"),
        ("BK903", "box/beside.py"),
    ]
