"""Which class of index.py is the bundle, and what starts it: cases, and their findings."""

from __future__ import annotations

import pytest

from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from tests.lint.bundles import bundle

HANDLER = (
    "    @Route(methods=['get', 'put'], resource='/example')\n"
    "    def value(self, message, response):\n"
    "        return response(code=200)\n\n\n"
)
HEAD = "from sanji.connection.mqtt import Mqtt\nfrom sanji.core import Route, Sanji\n"
CLASS = HEAD + "\n\nclass Example(Sanji):\n" + HANDLER
MAIN = 'if __name__ == "__main__":\n    '
START = "Example(connection=Mqtt()).start()\n"
TOLD = {"missing-bundle-class", "missing-start", "unguarded-start", "several-bundle-classes"}
Files = dict[str, bytes | str | Kind | None]

# index.py, files beside it, then the findings: rule and line
STARTS: dict[str, tuple[str, Files, list[tuple[str, int]]]] = {
    "as in the vendor's sample": (CLASS + MAIN + "example = Example(connection=Mqtt())\n    example.start()\n", {}, []),
    "at once": (CLASS + MAIN + START, {}, []),
    "with the sides of the test changed": (CLASS + 'if "__main__" == __name__:\n    ' + START, {}, []),
    "in a function": (CLASS + "def main():\n    " + START + "\n\n" + MAIN + "main()\n", {}, []),
    "in a function whose status is told": (
        CLASS + "def main():\n    " + START + "\n\n" + MAIN + "import sys\n    sys.exit(main())\n",
        {},
        [],
    ),
    "in a thread": (
        CLASS
        + MAIN
        + "from threading import Thread\n    b = Example(connection=Mqtt())\n    Thread(target=b.start).start()\n",
        {},
        [],
    ),
    "in a try": (CLASS + MAIN + "try:\n        " + START + "    except KeyboardInterrupt:\n        pass\n", {}, []),
    "under another name of the SDK's class": (
        HEAD.replace("Sanji\n", "Sanji as Base\n") + "\n\nclass Example(Base):\n" + HANDLER + MAIN + START,
        {},
        [],
    ),
    "by a module": (
        "import sanji.core\nfrom sanji.connection.mqtt import Mqtt\nRoute = sanji.core.Route\n\n\n"
        "class Example(sanji.core.Sanji):\n" + HANDLER + MAIN + START,
        {},
        [],
    ),
    "by the class itself": (
        CLASS
        + "    @classmethod\n    def launch(cls):\n        cls(connection=Mqtt()).start()\n\n\n"
        + MAIN
        + "Example.launch()\n",
        {},
        [],
    ),
    "by a method of the class": (
        CLASS + "    def serve(self):\n        self.start()\n\n\n" + MAIN + "Example(connection=Mqtt()).serve()\n",
        {},
        [],
    ),
    "by another module": (
        "import runner\n" + CLASS + MAIN + "runner.run(Example)\n",
        {"runner.py": "def run(bundle): bundle(connection=None).start()\n"},
        [],
    ),
    "by a decorator of another module": (
        HEAD + "from runner import bundle\n\n\n@bundle\nclass Example(Sanji):\n" + HANDLER,
        {"runner.py": "def bundle(found): return found\n"},
        [],
    ),
    "by what a module brings": (
        CLASS + "from runner import *\nmain()\n",
        {"runner.py": "def main(): pass\n"},
        [],
    ),
    "by a function that is given the class": (
        CLASS + "def run(one):\n    one(connection=Mqtt()).start()\n\n\n" + MAIN + "run(Example)\n",
        {},
        [],
    ),
    "kept in a list": (CLASS + MAIN + "for one in [Example(connection=Mqtt())]:\n        one.start()\n", {}, []),
    "class in another module": (
        "from example.bundle import Example\nfrom sanji.connection.mqtt import Mqtt\n" + MAIN + START,
        {
            "example/__init__.py": "",
            "example/bundle.py": CLASS,
        },
        [],
    ),
    "half-typed": (CLASS + MAIN + "Example(connection=", {}, []),
    "not made": (CLASS, {}, [("missing-start", 5)]),
    "made and not started": (CLASS + MAIN + "example = Example(connection=Mqtt())\n", {}, [("missing-start", 5)]),
    "made, not kept and not started": (CLASS + MAIN + "Example(connection=Mqtt())\n", {}, [("missing-start", 5)]),
    "nothing but logging": (CLASS + MAIN + "import logging\n    logging.basicConfig()\n", {}, [("missing-start", 5)]),
    "a thread of a handler is no start": (
        CLASS.replace("        return", "        Thread(target=f).start()\n        return"),
        {},
        [("missing-start", 5)],
    ),
    "in a function that nothing calls": (CLASS + "def main():\n    " + START, {}, [("missing-start", 11)]),
    "in a comment": (CLASS + "# " + START, {}, [("missing-start", 5)]),
    "at the import": (CLASS + START, {}, [("unguarded-start", 11)]),
    "at the import by a variable": (
        CLASS + "example = Example(connection=Mqtt())\nexample.start()\n",
        {},
        [("unguarded-start", 12)],
    ),
    "at the import by a function": (
        CLASS + "def main():\n    " + START + "\n\nmain()\n",
        {},
        [("unguarded-start", 15)],
    ),
    "a thread at the import": (
        "from threading import Thread\nThread(target=len).start()\n" + CLASS + "def f():\n    " + START,
        {},
        [],
    ),
    "class without Sanji": (
        CLASS.replace("(Sanji)", "(object)").replace(", Sanji", "") + MAIN + START,
        {},
        [("missing-bundle-class", 5)],
    ),
    "routes without a class": (
        "from sanji.core import Route\n\n\n@Route(methods=['get', 'put'], resource='/example')\n"
        "def value(self, message, response):\n    return response()\n",
        {},
        [("missing-bundle-class", 1)],
    ),
    "class made by a call": (
        HEAD + "Example = type('Example', (Sanji,), {})\n" + MAIN + START,
        {},
        [],
    ),
    "nothing in it": ("", {}, []),
    "a class and a mixin": (
        HEAD + "\n\nclass Mixin(object):\n    x = 1\n\n\nclass Example(Mixin, Sanji):\n" + HANDLER + MAIN + START,
        {},
        [],
    ),
    "a class and its base": (
        CLASS.replace("Example", "Base") + "class Example(Base):\n    x = 1\n\n\n" + MAIN + START,
        {},
        [],
    ),
    "a second class that nothing makes": (
        CLASS + "class Other(Sanji):\n    x = 1\n\n\n" + MAIN + START,
        {},
        [("several-bundle-classes", 11)],
    ),
    "two that are started": (
        CLASS + "class Other(Sanji):\n    x = 1\n\n\n" + MAIN + "a = Other(connection=Mqtt())\n    " + START,
        {},
        [("several-bundle-classes", 17)],
    ),
    "one of two": (
        "import os\n"
        + CLASS
        + "class Other(Sanji):\n    x = 1\n\n\n"
        + MAIN
        + "if os.path.exists('/dev/x'):\n        "
        + START
        + "    else:\n        Other(connection=Mqtt()).start()\n",
        {},
        [],
    ),
    "one of two by a name": (
        "import os\n"
        + CLASS
        + "class Other(Sanji):\n    x = 1\n\n\n"
        + MAIN
        + "(Other if os.getenv('X') else Example)(connection=Mqtt()).start()\n",
        {},
        [],
    ),
    "one that the other one makes": (
        CLASS
        + "    def run(self):\n        Other(connection=Mqtt())\n\n\nclass Other(Sanji):\n    x = 1\n\n\n"
        + MAIN
        + START,
        {},
        [],
    ),
}


@pytest.mark.parametrize(("index", "files", "expected"), STARTS.values(), ids=STARTS)
def test_what_starts_the_bundle(index: str, files: Files, expected: list[tuple[str, int]]) -> None:
    findings = check(bundle({"index.py": index.encode(), **files}))
    assert [(one.rule, one.line) for one in findings if one.rule in TOLD] == expected


def test_second_bundle_is_told_with_the_first_one() -> None:
    index = CLASS + "class Other(Sanji):\n    x = 1\n\n\n" + MAIN + START
    (finding,) = check(bundle({"index.py": index}))
    assert finding.other is not None
    assert (finding.other.line, finding.other.note) == (16, "what starts the other one")
