"""What is accepted without jsonschema is what jsonschema accepts."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bundlekit.lint.facts.fast_schema import ANNOTATIONS, quick_check
from bundlekit.lint.facts.structure import accepts, schema_errors
from tests.lint.bundles import MANIFEST
from tests.lint.test_schema import SAID_TO_EDITORS, VALIDATOR, json_values, manifests
from tests.rotation import examples

SAMPLE = Path(__file__).parents[1] / "fixtures" / "example"

ODD_VALUES = json_values | st.sampled_from(
    [*("get", "GET", "model", "view", "/x", "/api/v1/x", "a\n", "index.py\n"), ["get"], ["get", "get"], [], True, 0, -1]
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values in a manifest."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for key, inner in pairs for one in ((*way, key), *places(inner, (*way, key)))]


@st.composite
def nearly_sound(draw: st.DrawFn) -> Any:
    """A sound manifest with up to two of its values taken out or replaced."""
    manifest = deepcopy(MANIFEST)
    for _ in range(draw(st.integers(0, 2))):
        *way, last = draw(st.sampled_from(places(manifest)))
        around: Any = manifest
        for key in way:
            around = around[key]
        if draw(st.booleans()):
            del around[last]
        else:
            around[last] = deepcopy(draw(ODD_VALUES))
        if not manifest:
            break
    return manifest


@settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests | nearly_sound())
@example(MANIFEST)
def test_accepted_is_exactly_what_jsonschema_accepts(value: Any) -> None:
    assert accepts()(value) is VALIDATOR.is_valid(value)
    assert bool(schema_errors(value)) is not VALIDATOR.is_valid(value)


def test_sound_manifest_is_accepted() -> None:
    assert accepts()(MANIFEST)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"maxLength": 3}, "abcd"),
        ({"const": 1}, True),
        ({"enum": ["a", 0]}, False),
        ({"type": "integer"}, 1.5),
        ({"type": ["string", "null"]}, 1),
        ({"items": [{"type": "string"}]}, [1]),
        ({"properties": {"a": {"maximum": 3}}}, {"a": 4}),
        ({"not": {"maxLength": 3}}, "abc"),
        ({"if": {"minimum": 3}, "then": {"const": "x"}}, 4),
        (False, 1),
    ],
)
def test_schema_that_says_more_than_is_known_accepts_nothing_of_itself(schema: Any, value: Any) -> None:
    assert not Draft7Validator(schema).is_valid(value)
    assert not quick_check(schema)(value)


@pytest.mark.parametrize("schema", [{"maxLength": 3}, True, {"$ref": "#"}, {"properties": {"a": {"format": "email"}}}])
def test_unknown_schema_leaves_even_sound_values_to_jsonschema(schema: Any) -> None:
    assert not quick_check(schema)({})


def test_only_words_for_editors_are_passed_over() -> None:
    assert ANNOTATIONS == SAID_TO_EDITORS


def test_jsonschema_is_not_loaded_for_a_sound_bundle() -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom bundlekit.bundle.bundle import Bundle\n"
        "from bundlekit.lint import check\ncheck(Bundle.in_folder(Path(sys.argv[1])))\n"
        "print([one for one in ('jsonschema', 'rich') if one in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program, SAMPLE], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
