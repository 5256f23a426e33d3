"""Manifests and sources that nobody wrote: a sound one with pieces changed, half-typed ones, soups of words.

BUNDLEKIT_FUZZ=long tries many more, and others each time.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bundlekit.lint import Finding
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import selection
from tests.lint.bundles import MANIFEST, bundle, found, source
from tests.rotation import examples

_IS_LONG = os.environ.get("BUNDLEKIT_FUZZ") == "long"

pytestmark = pytest.mark.timeout(3600 if _IS_LONG else 120)

fuzzed = settings(
    max_examples=20_000 if _IS_LONG else examples(200),
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink) if _IS_LONG else (Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["get", "GET", "put", "model", "view", "/x", "/x/:id", "/api/v1/x/", "x", "1.0", "index.py", "MIT", "/+/#"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*MANIFEST, "resource", "methods", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A sound manifest with fields changed, taken away and added, down to those of its resources."""
    resources = draw(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "resource": st.lists(
                        st.sampled_from(["/", "x", ":id", "api/v1", "#", "+", " ", "ä", "_"]), max_size=6
                    ).map("".join),
                    "methods": st.lists(st.sampled_from(["get", "GET", "put", "patch", "", " get"]), max_size=4)
                    | values,
                    "role": st.sampled_from(["model", "view", "Model"]) | values,
                    "x": values,
                },
            )
            | values,
            max_size=6,
        )
    )
    changes = draw(st.dictionaries(st.sampled_from([*MANIFEST, "resorces", "Name", "$schema", ""]), values, max_size=4))
    made = {**MANIFEST, "resources": resources, **changes}
    for name in draw(st.lists(st.sampled_from(list(MANIFEST)), max_size=3)):
        made.pop(name, None)
    return made


words = st.sampled_from(
    [
        *(
            "class A(Sanji):",
            "def f(self, message, response):",
            "@Route('/x', methods=['get'])",
            "@",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
        ),
        *(
            "return",
            "response(code=200)",
            "if x:",
            "else:",
            "elif y:",
            "while True:",
            "for a in b:",
            "try:",
            "except:",
            "finally:",
        ),
        *(
            "with a as b:",
            "lambda:",
            "yield",
            "await",
            "async",
            "print >>f, x",
            "exec 'x'",
            "import a",
            "from a import (b,",
            "import *",
        ),
        *(
            "'",
            '"',
            '"""',
            "f'{x}'",
            "ur'x'",
            "`x`",
            "0777",
            "1_000",
            "<>",
            ":=",
            "->",
            "*",
            "**",
            ":",
            ";",
            ",",
            ".",
            "=",
            "%",
            "+",
        ),
        *(
            "# bundlekit: ignore[BK301] x",
            "# bundlekit:",
            "# coding: latin-1",
            "#",
            "\\",
            "\n",
            "\n    ",
            "\n        ",
            "\t",
            "\r",
            "\f",
        ),
        *(
            "self.model.db['a']",
            "self.model.save_db()",
            "time.sleep(1)",
            "requests.get('x')",
            "subprocess.call(['x'])",
            "nonlocal x",
        ),
        *(
            "'{}'.format('a')",
            "'%s' % x",
            "A().start()",
            "if __name__ == '__main__':",
            "global x",
            "del x",
            "é",
            "\x00",
            "\ufeff",
            "\u2028",
        ),
    ]
)
soups = st.lists(words, max_size=40).map(" ".join)
sound = source({**MANIFEST, "resources": [{"methods": ["get", "put"], "resource": "/x/:id"}, *MANIFEST["resources"]]})


@st.composite
def half_typed(draw: st.DrawFn) -> str:
    """A sound source with stretches taken away and words put in."""
    made = sound
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(made)))
        made = made[:start] + draw(words | st.just("")) + made[start + draw(st.integers(0, 30)) :]
    return made


def assert_sound(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.message.isprintable()
        assert finding.hint.isprintable()
        assert (1, 1) <= (finding.line, finding.column) <= (finding.end_line, finding.end_column)
        assert len(finding.message) + len(finding.hint) < 1000


@fuzzed
@given(manifests())
def test_any_manifest_is_checked_and_mended_for_good(manifest: dict[str, Any]) -> None:
    made = bundle({"bundle.json": json.dumps(manifest, indent=1), "index.py": source(MANIFEST)})
    assert_sound(found(made))
    mended = fix(made, selection())
    assert_sound(found(mended.bundle))
    assert fix(mended.bundle, selection()).count == 0


@fuzzed
@given(half_typed())
def test_half_typed_source_is_checked(handlers: str) -> None:
    assert_sound(found(bundle({"index.py": handlers})))


@fuzzed
@given(soups, soups)
def test_soup_of_words_is_checked(handlers: str, other: str) -> None:
    assert_sound(found(bundle({"index.py": "import other\n" + handlers, "other.py": other})))


@fuzzed
@given(st.data())
def test_manifest_with_bytes_changed_is_checked(data: st.DataObject) -> None:
    content = bytearray(json.dumps(MANIFEST, indent=1).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=6))
    assert_sound(found(bundle({"bundle.json": bytes(content)})))
