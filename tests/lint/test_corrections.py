"""Each rule with a fix: what it finds is gone, nothing new is found, and nothing else in the bundle has changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.document import parse
from bundlekit.bundle.files import Kind
from bundlekit.bundle.manifest import METHODS
from bundlekit.lint import Finding, check
from bundlekit.lint.fixing import fix
from bundlekit.lint.page import page_of
from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules
from bundlekit.lint.selection import Choice, Selection, selection, selector
from bundlekit.source.syntax import parse as read_syntax
from tests.lint.bundles import MANIFEST, bundle, source, started
from tests.lint.examples import bundle_of
from tests.source.python_2 import refusals

RULES = {rule.name: rule for rule in rules()}
FIXED = [rule for rule in RULES.values() if page_of(rule).fix]


@dataclass(frozen=True)
class Case:
    """A bundle with a fault, and what its correction makes of the files that it changes.

    Attributes:
        rule: the rule that finds it.
        fields: of bundle.json, besides those of the sound bundle.
        files: of the bundle, besides those.
        after: by the path of each file that changes, a part of what it is then; bundle.json without its layout.
        safe: whether the correction is.
        reveals: rules that find more then, as they could not see as much before.
    """

    rule: str
    after: dict[str, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    safe: bool = True
    reveals: frozenset[str] = frozenset()


def index(*handlers: str, before: str = "", methods: str = "") -> str:
    """An index.py with handlers, each given as `methods resource`."""
    lines = ["from sanji.core import Route, Sanji", before, "", "class Example(Sanji):"]
    lines += [f"    {line}" for line in methods.splitlines()]
    for number, one in enumerate(handlers):
        methods, _, resource = one.partition(" ")
        lines += ["", f"    @Route(methods={methods.split(',')!r}, resource={resource!r})"]
        lines += [f"    def handler_{number}(self, message, response):", "        return response(code=200)"]
    return "\n".join(lines) + "\n"


def resources(*given: str) -> dict[str, Any]:
    """The field of that name, each given as `methods resource`."""
    return {"resources": [{"methods": one.split()[0].split(","), "resource": one.split(" ", 1)[1]} for one in given]}


def handling(body: str, before: str = "") -> str:
    """An index.py whose handler does something before it answers."""
    return index("get,put /example", before=before).replace("return response", f"{body}\n        return response")


REVEALED = {
    "not-json": frozenset({"missing-field", "missing-reserved-field"}),
    "upper-case-method": frozenset({"route-without-handler"}),
}
"""What is found once the rule's own fault is gone: in a file that can be read, of a method that is known."""

NOT_AS_SHOWN = frozenset(
    {
        *("bad-character", "bad-param", "empty-segment", "no-methods", "no-resources", "python-3-name"),
        *("unknown-licence", "wrong-handler-signature", "resource-with-prefix"),
    }
)
"""The rules whose page shows what is not corrected, as it takes somebody who knows what was meant."""

PARTLY = frozenset({"missing-field"})
"""Those of which a part is."""

CASES = [
    Case(
        "wrong-type",
        {"bundle.json": '"version": "1.0"'},
        fields={"version": 1.0},
        reveals=frozenset({"not-semantic-version"}),
    ),
    Case("wrong-type", {"bundle.json": '"priority": 12'}, fields={"priority": "12"}),
    Case("bad-version", {"bundle.json": '"version": "2.1.0-rc1"'}, fields={"version": "v2.1/rc1"}, safe=False),
    Case("not-semantic-version", {"bundle.json": '"version": "2.0.0-rc1"'}, fields={"version": "2.0rc1"}, safe=False),
    Case("not-semantic-version", {"bundle.json": '"version": "1.2.3"'}, fields={"version": "v1.02.3"}, safe=False),
    Case(
        "wrong-main",
        {"bundle.json": '"main": "index.py"'},
        {"app.py": "from index import Example\n"},
        {"main": "app.py"},
        safe=False,
        reveals=frozenset({"unused-module"}),
    ),
    Case("wrong-role", {"bundle.json": '"role": "model"'}, fields={"role": " Model"}, safe=False),
    Case(
        "unknown-method",
        {"bundle.json": '"methods": ["get", "put"]'},
        {"index.py": index("get,put /example")},
        resources("get,putt /example"),
    ),
    Case(
        "unknown-method",
        {"bundle.json": '"methods": ["get", "put"]'},
        {"index.py": index("get,put /example")},
        {"resources": [{"methods": ["get", " PUT "], "resource": "/example"}]},
    ),
    Case(
        "no-methods",
        {"bundle.json": '"methods": ["get", "delete"]'},
        {"index.py": index("get,delete /example")},
        {"resources": [{"methods": [], "resource": "/example"}]},
    ),
    Case(
        "no-methods",
        {"bundle.json": '{"methods": ["put"], "resource": "/example"}'},
        {"index.py": index("put /example")},
        {"resources": [{"resource": "/example"}]},
    ),
    Case(
        "resource-without-slash",
        {"bundle.json": '"resource": "/example/x"'},
        {"index.py": index("get /example/x")},
        resources("get api/v1/example/x"),
    ),
    Case(
        "resource-declared-twice",
        {"bundle.json": '"resources": [{"methods": ["get", "put"], "resource": "/example"}]'},
        {"index.py": index("get,put /example")},
        resources("get,put /example", "put /example"),
    ),
    Case(
        "no-resources",
        {"bundle.json": '[{"methods": ["get", "put"], "resource": "/"}, {"methods": ["get"], "resource": "/x"}]'},
        {"index.py": index("get /", "put /", "get /x")},
        resources(),
        safe=False,
    ),
    Case(
        "misspelled-field",
        {"bundle.json": '"author": "A"'},
        {"bundle.json": json.dumps(MANIFEST).replace('"author"', '"autor"')},
    ),
    Case(
        "misspelled-field",
        {"bundle.json": '"ttl": 60'},
        {"bundle.json": json.dumps(MANIFEST).replace('"ttl"', '"TTL"')},
        safe=False,
    ),
    Case(
        "misspelled-field",
        {"bundle.json": '{"methods": ["get"], "resource": "/example"}'},
        {"index.py": index("get /example")},
        {"resources": [{"method": ["get"], "resource": "/example"}]},
    ),
    Case("unknown-licence", {"bundle.json": '"license": "MIT"'}, fields={"license": "The MIT License"}),
    Case(
        "unknown-licence", {"bundle.json": '"license": "Apache-2.0"'}, fields={"license": "Apache License, Version 2.0"}
    ),
    Case("bad-hook", {"bundle.json": '"hook": ["network"]'}, fields={"hook": ["network", None]}),
    Case("bad-hook", {"bundle.json": '"hook": ["network"]'}, fields={"hook": [7, "network"]}, safe=False),
    Case(
        "hook-without-target",
        {"bundle.json": '"hook": ["network"]'},
        fields={"hook": ["/system/time", "network"]},
        safe=False,
    ),
    Case(
        "empty-segment",
        {"bundle.json": '"resource": "/example/status"'},
        {"index.py": index("get /example/status")},
        resources("get /example//status"),
    ),
    Case(
        "bad-character",
        {"bundle.json": '"resource": "/living_room"'},
        {"index.py": index("get /living_room")},
        resources("get /living room"),
    ),
    Case(
        "bad-param",
        {"bundle.json": '"resource": "/rooms/:room_id"'},
        {"index.py": index("get /rooms/:room_id")},
        resources("get /rooms/:room-id"),
    ),
    Case(
        "byte-order-mark",
        {"bundle.json": '"name": "example"'},
        {"bundle.json": b"\xef\xbb\xbf" + json.dumps(MANIFEST).encode()},
    ),
    Case(
        "not-json",
        {"bundle.json": '"name": "example"'},
        {"bundle.json": json.dumps(MANIFEST, indent=2).replace("\n}", ",\n}")},
    ),
    Case(
        "not-json",
        {"data/example.json.factory": "[1, 2 ]"},
        {"data/example.json.factory": "[1, 2, ]"},
    ),
    Case(
        "route-without-handler",
        {"bundle.json": '"methods": ["put"]'},
        {"index.py": index("put /example")},
        resources("get,post,put,delete /example"),
        safe=False,
    ),
    *(
        Case(
            "unknown-handler-method",
            {"index.py": f"methods={after}, "},
            {"index.py": index("get,put /example").replace("['get', 'put']", before)},
        )
        for before, after in (
            ('["get", "Put"]', '["get", "put"]'),
            ('("GET",\n        "put")', '("get",\n        "put")'),
        )
    ),
    Case(
        "unknown-handler-method",
        {"index.py": "methods=[u'get'], "},
        {"index.py": index("get /example", "put /example").replace("['get']", "u'get'")},
    ),
    Case(
        "missing-coding-line",
        {"index.py": "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# caf\u00e9\n"},
        {"index.py": "#!/usr/bin/env python\n# caf\u00e9\n" + index("get,put /example")},
    ),
    *(
        Case("python-3-syntax", {"index.py": after}, {"index.py": index("get,put /example", before=before)}, safe=safe)
        for before, after, safe in (
            ("LIMIT = 1_000\nRATE = 1_0.5", "LIMIT = 1000\nRATE = 10.5", True),
            ("def add(a: int, b: int = 2, *c: int) -> int:\n    return a", "def add(a, b=2, *c):\n    return a", True),
            ("LIMIT: int = 5", "LIMIT = 5", True),
            ("def add(a):\n    raise ValueError(a) from a", "def add(a):\n    raise ValueError(a)\n", True),
            ("MARK = rb'a'", "MARK = br'a'", True),
            ("def wait():\n    ...", "def wait():\n    pass", True),
            ("MARK = f'plain'", "MARK = 'plain'", True),
            (
                "def name(a):\n    return f'{a!r:>5} {{}} {a.b[0]}'.strip()",
                "    return '{!r:>5} {{}} {}'.format(a, a.b[0]).strip()",
                False,
            ),
        )
    ),
    Case(
        "wrong-handler-signature",
        {"index.py": "def handler_0(self, message, response):"},
        {"index.py": index("get,put /example").replace("message, response", "message")},
        safe=False,
        reveals=frozenset(),
    ),
    *(
        Case(
            "call-without-timeout",
            {"index.py": after},
            {"index.py": handling(before, "import urllib2, requests")},
            safe=False,
        )
        for before, after in (
            ("urllib2.urlopen('http://x',)", "urllib2.urlopen('http://x', timeout=5,)"),
            (
                "requests.get(\n            'http://x'  # there\n        )",
                "requests.get(\n            'http://x', timeout=5  # there\n        )",
            ),
        )
    ),
    Case(
        "unsaved-model",
        {"index.py": "self.model.db['b'] = 2  # two\n        self.model.save_db()\n"},
        {"index.py": handling("self.model.db['a'] = 1\n        self.model.db['b'] = 2  # two")},
        safe=False,
    ),
    Case(
        "missing-start",
        {"index.py": 'if __name__ == "__main__":\n    main()\n'},
        {
            "index.py": index("get,put /example")
            + "\n\ndef main():\n    from sanji.connection.mqtt import Mqtt\n    Example(connection=Mqtt()).start()\n"
        },
        safe=False,
    ),
    Case(
        "missing-start",
        {"index.py": "bundle = Example(connection=Mqtt())\n    bundle.start()\n"},
        {
            "index.py": index("get,put /example", before="from sanji.connection.mqtt import Mqtt")
            + '\n\nif __name__ == "__main__":\n    bundle = Example(connection=Mqtt())\n'
        },
        safe=False,
    ),
    Case(
        "unguarded-start",
        {"index.py": 'connection=Mqtt())\nif __name__ == "__main__":\n    bundle.start()  # now\n'},
        {
            "index.py": index("get,put /example", before="from sanji.connection.mqtt import Mqtt")
            + "\n\nbundle = Example(\n    connection=Mqtt())\nbundle.start()  # now\n"
        },
    ),
    *(
        Case(
            "python-3-name",
            {"index.py": after},
            {"index.py": handling(before, "import itertools, json, os, sys, time")},
            safe=safe,
        )
        for before, after, safe in (
            ("os.replace('a', 'b')", "os.rename('a', 'b')", True),
            ("list(itertools.zip_longest('a', 'bc'))", "list(itertools.izip_longest('a', 'bc'))", True),
            (
                "try:\n            pass\n        except json.JSONDecodeError:\n            pass",
                "except ValueError:",
                True,
            ),
            ("sys.intern('a')", " intern('a')", True),
            ("ascii('a')", " repr('a')", True),
            ("time.monotonic()", "time.time()", False),
        )
    ),
    Case(
        "python-3-call",
        {"index.py": "super(Example, this).get_profile(role)"},
        {
            "index.py": index(
                "get,put /example", methods="def get_profile(this, role='model'):\n    return super().get_profile(role)"
            )
        },
    ),
    *(
        Case(
            "command-without-timeout",
            {"index.py": after},
            {"index.py": handling(before, "import os, subprocess")},
            safe=False,
        )
        for before, after in (
            ("os.system('ping 192.0.2.1')", "os.system('timeout 5 ping 192.0.2.1')"),
            ("subprocess.call(['ping', '192.0.2.1'])", """subprocess.call(["timeout", "5", 'ping', '192.0.2.1'])"""),
        )
    ),
    Case(
        "undefined-name",
        {"index.py": "from __future__ import print_function\nimport time\nfrom sanji.core"},
        {"index.py": "from __future__ import print_function\n" + handling("time.sleep(0.1)\n        time.time()")},
    ),
    Case(
        "overwritten-handler",
        {"index.py": "def value_before(self, message"},
        {
            "index.py": index("get,put /example", "post /example")
            .replace("handler_0", "value")
            .replace("handler_1", "value")
        },
        resources("get,put,post /example"),
        safe=False,
    ),
    *(
        Case(
            "wrong-init-signature",
            {"index.py": f"def init{after}:\n"},
            {"index.py": index("get,put /example", methods=f"def init{before}:\n    pass")},
        )
        for before, after in (
            ("(self,)", "(self, *args, **kwargs)"),
            ("(self, *args)", "(self, *args, **kwargs)"),
            ("(\n    self, rate=5\n    )", "(\n        self, rate=5, **kwargs)"),
        )
    ),
    Case(
        "unused-suppression",
        {"index.py": "# bundlekit: ignore[BK303] for the old firmware\n"},
        {
            "index.py": index("get,put /example", "delete /example").replace(
                "    @Route(methods=['delete']",
                "    # bundlekit: ignore[BK302, BK303] for the old firmware\n    @Route(methods=['delete']",
            )
        },
    ),
    Case(
        "unused-suppression",
        {"index.py": "Route, Sanji\n"},
        {"index.py": index("get,put /example").replace("Route, Sanji", "Route, Sanji  # bundlekit: ignore[BK310] x")},
    ),
    Case(
        "unused-suppression",
        {"index.py": "Route, Sanji\n\nLIMIT"},
        {"index.py": index("get,put /example", before="# bundlekit: ignore[BK310] x\n\nLIMIT = 1")},
    ),
]


def only(rule: str) -> Selection:
    return selection(Choice(select=(selector(rule),)))


def contents(checked: Bundle) -> dict[str, bytes]:
    return {path: checked.files.read(path) for path, one in checked.files.entries.items() if one.kind is Kind.FILE}


def corrected(checked: Bundle, rule: str, reveals: frozenset[str] = frozenset()) -> tuple[Bundle, list[Finding]]:
    """The bundle without what a rule can correct; with the findings that it could correct."""
    before, chosen = check(checked), only(rule)
    offered = [one for one in before if one.rule == rule and one.correction is not None]
    fixed = fix(checked, chosen, unsafe=True)
    after = check(fixed.bundle)
    new = Counter(one.rule for one in after) - Counter(one.rule for one in before)
    assert set(new) <= reveals, [one.message for one in after]
    assert not [one for one in after if one.rule == rule and one.correction is not None]
    assert fix(fixed.bundle, chosen, unsafe=True).count == 0, "it is done at once, and once"
    assert bool(fixed.count) is bool(offered)
    old, now = contents(checked), contents(fixed.bundle)
    changed = {fixed.renames.get(path, path) for path, content in old.items() if now.get(path) != content}
    assert changed <= fixed.contents.keys() | set(fixed.renames.values())
    for path, content in now.items():
        if path.endswith(".json") or path.endswith(".factory"):
            assert parse(path, old.get(path, content)).parsed <= parse(path, content).parsed
        elif path.endswith(".py") and path in fixed.contents:
            assert read_syntax(content).error is None
    return fixed.bundle, offered


@pytest.mark.parametrize("rule", FIXED, ids=lambda rule: rule.name)
def test_what_a_page_shows_is_corrected(rule: Rule) -> None:
    shown = bundle_of(page_of(rule).bad)
    fixed, offered = corrected(shown, rule.name, REVEALED.get(rule.name, frozenset()))
    assert bool(offered) is (rule.name not in NOT_AS_SHOWN)
    if offered and rule.name not in PARTLY:
        assert rule.name not in {one.rule for one in check(fixed)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {next(iter(case.after.values()))[:40]}")
def test_correction_makes_what_was_meant(case: Case) -> None:
    checked = bundle(case.files, **case.fields)
    fixed, offered = corrected(checked, case.rule, case.reveals)
    assert {one.correction.is_safe for one in offered if one.correction is not None} == {case.safe}
    assert case.rule not in {one.rule for one in check(fixed)}
    for path, part in case.after.items():
        text = fixed.files.read(path).decode()
        assert part in (json.dumps(json.loads(text)) if path.endswith(".json") else text)
    unchanged = contents(checked).items() - contents(fixed).items()
    assert {path for path, _ in unchanged} == case.after.keys()


def test_pages_and_corrections_agree() -> None:
    seen: dict[str, set[bool]] = {}
    pages = [bundle_of(page_of(rule).bad) for rule in RULES.values() if rule.among is None]
    for checked in [*pages, *(bundle(case.files, **case.fields) for case in CASES)]:
        for one in check(checked):
            if one.correction is not None:
                assert one.correction.title == one.correction.title.strip() != ""
                assert one.correction.title.isprintable()
                seen.setdefault(one.rule, set()).add(one.correction.is_safe)
    words = {frozenset({True}): "safe", frozenset({False}): "unsafe", frozenset({True, False}): "safe or unsafe"}
    assert {rule: words[frozenset(kinds)] for rule, kinds in seen.items()} == {
        rule.name: page_of(rule).safety for rule in FIXED
    }


def test_two_of_five_rules_have_a_correction() -> None:
    assert len(FIXED) >= 0.4 * len(RULES)


def test_unsafe_corrections_are_made_on_demand_alone() -> None:
    for case in CASES:
        checked = bundle(case.files, **case.fields)
        assert bool(fix(checked, only(case.rule)).count) is case.safe


def test_coding_line_comes_before_an_import() -> None:
    code = handling("time.sleep(0.1)  # \u00e9")
    fixed = fix(bundle({"index.py": code}), selection())
    after = fixed.bundle.files.read("index.py").decode()
    assert after == f"# -*- coding: utf-8 -*-\nimport time\n{started(code)}"
    assert fixed.count == 2


def test_python_2_reads_what_was_corrected(tmp_path: Path) -> None:
    fixed = [fix(bundle(case.files, **case.fields), only(case.rule), unsafe=True) for case in CASES]
    sources = [one.bundle.files.read(path) for one in fixed for path in one.contents if path.endswith(".py")]
    assert refusals(tmp_path, sources) == [None] * len(sources)
    assert len(sources) > 30


@cache
def named(number: int) -> frozenset[str]:
    """The words that the corrections of a case take away when it is alone."""
    gone: Counter[str] = Counter()
    for before, after in fix(
        bundle(CASES[number].files, **CASES[number].fields), selection(), unsafe=True
    ).contents.values():
        gone.update(words(before) - words(after))
    return frozenset(gone)


def words(content: bytes) -> Counter[str]:
    return Counter(re.findall(r"\w+", content.decode()))


UNDECLARED = {"1_000", "methods", "resource", *METHODS}
"""What goes besides: methods that the code of another case does not handle, and second declarations of resources."""

several = st.lists(st.integers(0, len(CASES) - 1), min_size=2, max_size=5, unique_by=lambda one: CASES[one].rule)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(several, st.sampled_from(["\n", "\r\n"]), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_corrections_of_several_rules_do_not_undo_each_other(
    numbers: list[int], line_end: str, indent: int | str | None, is_marked: bool
) -> None:
    fields: dict[str, Any] = {}
    code = "# \u00e9\nLIMIT = 1_000\n" if is_marked else ""
    files: dict[str, Any] = {}
    for case in map(CASES.__getitem__, numbers):
        fields = {**case.fields, **fields}
        for path, content in case.files.items():
            if path != "bundle.json":
                files.setdefault(path, code + content if path == "index.py" else content)
    text = json.dumps({**MANIFEST, **fields}, indent=indent).replace("\n", line_end)
    files["index.py"] = started(files.get("index.py") or source({**MANIFEST, **fields}))
    files = {path: one.replace("\n", line_end) if isinstance(one, str) else one for path, one in files.items()}
    checked = bundle({**files, "bundle.json": b"\xef\xbb\xbf" * is_marked + text.encode()})
    fixed = fix(checked, selection(), unsafe=True)
    assert fix(fixed.bundle, selection(), unsafe=True).count == 0
    assert not [one for one in check(fixed.bundle) if one.correction is not None]
    for path, (before, after) in fixed.contents.items():
        assert after.count(b"\r") == after.count(b"\n") * (line_end == "\r\n")
        assert parse(path, after).parsed if not path.endswith(".py") else read_syntax(after).error is None
        assert (words(before) - words(after)).keys() <= UNDECLARED.union(*map(named, numbers))
