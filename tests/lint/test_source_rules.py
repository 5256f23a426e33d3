"""What is found in index.py and in the modules that it imports: cases, and their findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from bundlekit.scaffold.template import render_bundle
from tests.lint.bundles import MANIFEST, bundle, source
from tests.scaffold.conversations import CONVERSATIONS, Conversation

FIXTURE = Path(__file__).parents[1] / "fixtures" / "example"
SOUND = source(MANIFEST)


def test_example_is_clean() -> None:
    assert check(Bundle.in_folder(FIXTURE)) == ()


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda one: one.name)
def test_new_bundle_is_clean(conversation: Conversation, tmp_path: Path) -> None:
    folder = render_bundle(conversation.answers, tmp_path)
    assert check(Bundle.in_folder(folder)) == ()


# files beside a sound index.py, how that begins, then rule, file, line and a part of the message
MODULES: dict[str, tuple[str, dict[str, bytes | str | Kind | None], list[tuple[str, str, int, str]]]] = {
    "module that is imported": (
        "import helper\n",
        {"helper.py": "x = 1\ny = f'{x}'\n"},
        [("python-3-syntax", "helper.py", 2, "Python 2.7 refuses an f-string")],
    ),
    "module that is not imported": ("import os\n", {"helper.py": "x = f''\n"}, []),
    "module by the way of another": (
        "from pkg import a\n",
        {"pkg/__init__.py": "", "pkg/a.py": "import b\n", "pkg/b.py": "x: int = 1\n"},
        [("python-3-syntax", "pkg/b.py", 1, "an annotation of a variable")],
    ),
    "relative imports": (
        "import pkg.a\n",
        {
            "pkg/__init__.py": "",
            "pkg/a.py": "from . import b\nfrom .c import d\n",
            "pkg/b.py": "...\n",
            "pkg/c.py": "1_0\n",
        },
        [
            ("python-3-syntax", "pkg/b.py", 1, "... outside an index"),
            ("python-3-syntax", "pkg/c.py", 1, "an underscore in a number"),
        ],
    ),
    "package that is imported": (
        "import pkg\n",
        {"pkg/__init__.py": "async def f(): pass\n", "pkg/other.py": "x = f''\n"},
        [("python-3-syntax", "pkg/__init__.py", 1, "async")],
    ),
    "modules that import each other": (
        "import a\n",
        {"a.py": "import b\n", "b.py": "import a, index\n"},
        [],
    ),
    "relative import out of the bundle": ("from ....a import b\n", {}, []),
    "module that is no file": ("import a\n", {"a.py": Kind.FOLDER}, []),
    "import of a path": ("import a\n", {"a.py": "from .. import x\nimport a.b.c.d.e.f.g\n"}, []),
    "module with other letters": (
        "import a\n",
        {"a.py": "x = 1\n# ü\n"},
        [("missing-coding-line", "a.py", 2, "non-ASCII characters without a coding line")],
    ),
    "module with a coding line": ("import a\n", {"a.py": "# coding: utf-8\n# ü\n"}, []),
    "module of Latin letters": ("import a\n", {"a.py": b"# coding: latin-1\n# \xfc\n"}, []),
    "print of the future": ("import a\n", {"a.py": "from __future__ import print_function\nprint('', end='')\n"}, []),
    "print of the past": ("import a\n", {"a.py": "import sys\nprint >>sys.stderr, 'a'\n"}, []),
}


@pytest.mark.parametrize(
    "line",
    [
        "exec compile('', '', 'exec') in d",
        "exec 'import ' + name",
        "x.set_async(async=1)",
        "print xmlrpclib.False",
        "x = `1`",
        "print >>f, 'a'",
        "raise A, 'b'",
    ],
)
def test_python_2_is_no_syntax_error(line: str) -> None:
    assert check(bundle({"index.py": line + "\n" + SOUND})) == ()


@pytest.mark.parametrize(("begin", "files", "expected"), MODULES.values(), ids=MODULES)
def test_modules_beside_the_main_one(
    begin: str, files: dict[str, bytes | str | Kind | None], expected: list[tuple[str, str, int, str]]
) -> None:
    findings = check(bundle({"index.py": begin + SOUND, **files}))
    assert [(one.rule, one.file, one.line) for one in findings] == [
        (rule, f"box/{file}", line) for rule, file, line, _ in expected
    ]
    for finding, (*_, message) in zip(findings, expected, strict=True):
        assert message in finding.message
        assert finding.excerpt


def test_many_modules_are_not_all_looked_into() -> None:
    files: dict[str, bytes | str | Kind | None] = {f"m{n}.py": f"import m{n + 1}\nx = f''\n" for n in range(1000)}
    findings = check(bundle({"index.py": "import m0\n" + SOUND, **files}))
    assert 100 < len(findings) < 300
