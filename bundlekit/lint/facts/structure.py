"""Where a manifest's value does not fit the schema.

jsonschema is the authority; it is asked about what is not accepted without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from bundlekit.bundle.document import pointer_to
from bundlekit.lint.facts.fast_schema import Accepts, are_unique, quick_check
from bundlekit.shipped import manifest_schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST = 1000
"""More errors of one manifest than this are not reported."""


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One constraint of the schema that a value does not meet.

    Attributes:
        claim: the constraint's place in the schema, a JSON pointer.
        expected: what the schema says there.
        pointer: the value's place in the manifest, a JSON pointer.
        value: the value.
        schema: the part of the schema around the constraint.
    """

    claim: str
    expected: Any
    pointer: str
    value: Any
    schema: Any


def schema_errors(value: Any) -> tuple[SchemaError, ...]:
    """Where a manifest's value violates the schema, each constraint once for each value."""
    if accepts()(value):
        return ()
    found: dict[tuple[str, str], SchemaError] = {}
    for error in islice(_validator().iter_errors(value), MOST):
        claim, pointer = pointer_to(error.absolute_schema_path), pointer_to(error.absolute_path)
        seen = SchemaError(claim, error.validator_value, pointer, error.instance, error.schema)
        found.setdefault((claim, pointer), seen)
    return tuple(found.values())


@cache
def _validator() -> Validator:
    from jsonschema import Draft7Validator, ValidationError
    from jsonschema.validators import extend

    def unique_items(_: Validator, wanted: bool, instance: Any, __: object) -> Iterator[ValidationError]:
        if wanted and isinstance(instance, list) and not are_unique(instance):
            yield ValidationError("has repeated items")

    checked: type[Validator] = extend(Draft7Validator, {"uniqueItems": unique_items})  # type: ignore[no-untyped-call]
    return checked(_schema())


@cache
def accepts() -> Accepts:
    """What says yes to manifests that fit the schema, and almost never no to them."""
    return quick_check(_schema())


@cache
def _schema() -> Any:
    return json.loads(manifest_schema().read_text(encoding="utf-8"))
