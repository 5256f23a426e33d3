"""A bundle's API as a Postman collection, format 2.1, in an order that can be run as it stands.

What a GET gave is what the requests after it send, so that a run leaves the bundle as it found it, as far as its
methods allow: what a DELETE takes away is given back at once, and what a POST has made is removed in the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bundlekit.export.description import (
    HOST,
    NOTHING,
    PREFIX,
    TOKEN_HEADER,
    Description,
    ExportedResource,
    Parameter,
    item_of,
)
from bundlekit.export.samples import sample
from bundlekit.source.shape import UNKNOWN

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_IS_GOOD = 'pm.test("status is 2xx", () => pm.expect(pm.response.code).to.be.within(200, 299));'
_IS_GOOD_OR_THERE = (
    'pm.test("status is 2xx, or 409: it is there already", () => '
    "pm.expect([200, 201, 202, 204, 409]).to.include(pm.response.code));"
)


@dataclass(frozen=True)
class Step:
    """A request of the run.

    Attributes:
        method: in lower case.
        body: the name of the variable that is sent; empty for none.
        stores: the name of the variable that takes the answer's body; empty for none.
        finds: the name of the variable that takes the id in the answer; empty for none.
        may_be_there: whether 409 is good as well.
        note: what is special about it, for its name.
    """

    place: ExportedResource
    method: str
    body: str = ""
    stores: str = ""
    finds: str = ""
    may_be_there: bool = False
    note: str = ""


class _Variables:
    """The collection's variables. A parameter has one for each place of the settings that it stands for, so that
    `/rooms/:id` and `/doors/:id` do not share theirs, and `/rooms/:id/limits` shares that of the first.
    """

    def __init__(self) -> None:
        self.values = {"host": HOST, "token": ""}
        self._names: dict[tuple[str, ...], str] = {}

    def of_body(self, place: ExportedResource, kind: str = "body") -> str:
        example = _sent(place, kind)
        words = [kind, *(one if isinstance(one, str) else one.name for one in place.segments)]
        return self._name((kind, *place.shape), "_".join(words), _literal(example))

    def of_parameter(self, place: ExportedResource, depth: int) -> str:
        parameter = place.segments[depth]
        assert isinstance(parameter, Parameter)  # noqa: S101 - a fault of ours
        return self._name(("parameter", *place.shape[: depth + 1]), parameter.name, parameter.example)

    def _name(self, key: tuple[str, ...], wish: str, value: str) -> str:
        if key not in self._names:
            plain = name = re.sub(r"\W", "_", wish, flags=re.ASCII)
            number = 1
            while name in self.values:
                number += 1
                name = f"{plain}_{number}"
            self._names[key] = name
            self.values[name] = value
        return self._names[key]


def postman(description: Description) -> dict[str, Any]:
    """The collection. Its variables `host` and `token` are for the user to fill in."""
    manifest = description.manifest
    variables = _Variables()
    items = [_request(step, variables) for step in _steps(description.places, variables)]
    return {
        "info": {
            "name": manifest.name,
            "description": manifest.description,
            "version": manifest.version,
            "schema": _SCHEMA,
        },
        "variable": [{"key": key, "value": value, "type": "string"} for key, value in variables.values.items()],
        "item": items,
    }


def _steps(places: tuple[ExportedResource, ...], variables: _Variables) -> Iterator[Step]:
    """The run: collections before their items; what nothing gives back is removed at its end, the deepest first."""
    ordered = sorted(places, key=lambda place: (len(place.segments), place.shape))
    makers = {place.shape for place in ordered if place.collection and "post" in place.methods}
    items = {place.shape[:-1]: place for place in ordered if place.is_item}
    removals: list[Step] = []
    for place in ordered:
        body, methods = variables.of_body(place), place.methods
        given_back = _is_given_back(place)
        made_here = place.is_item and place.shape[:-1] in makers
        if "get" in methods:
            yield Step(place, "get", stores=body)
        if given_back:
            yield Step(place, "delete", note="given back by what follows")
        if "post" in methods and not place.collection:
            yield Step(place, "post", body=body, may_be_there=place.is_item and not given_back)
        if "put" in methods:
            yield Step(place, "put", body=body)
        if "post" in methods and place.collection:
            item = items[place.shape]
            finds = variables.of_parameter(item, len(item.segments) - 1)
            yield Step(place, "post", body=variables.of_body(place, "item"), finds=finds)
        if "delete" in methods and (made_here or not given_back):
            removals.append(Step(place, "delete", note="" if made_here else "nothing gives it back"))
    yield from reversed(removals)


def _sent(place: ExportedResource, kind: str) -> Any:
    """What is sent: the example if the code lets it through, else a sample of what it does."""
    example = place.example if kind == "body" else item_of(place.example)
    is_item = kind == "item" or "put" not in place.methods
    method = "post" if is_item else "put"
    body = place.operation(method).contract.body if method in place.methods else UNKNOWN
    fitting = NOTHING if body.says_nothing else sample(body, example)
    return example if fitting is NOTHING else fitting


def _literal(example: Any) -> str:
    """JSON in which Postman finds no name of a variable: two braces side by side only ever stand in a string."""
    return json.dumps({} if example is NOTHING else example).replace("{{", "{\\u007b")


def _is_given_back(place: ExportedResource) -> bool:
    """Whether what a DELETE takes away can be put where it was: an item by a POST to it, and what is no item by a PUT
    of all that was in it, or by a POST unless that adds an item.
    """
    ways = {"post"} if place.is_item else {"put"} if place.collection else {"put", "post"}
    return {"get", "delete"} <= place.methods and bool(ways & place.methods)


def _request(step: Step, variables: _Variables) -> dict[str, Any]:
    place, method = step.place, step.method
    script = [_IS_GOOD_OR_THERE if step.may_be_there else _IS_GOOD]
    if step.stores:
        script.append("if (pm.response.code < 300) {")
        script.append(
            f'    pm.collectionVariables.set("{step.stores}", pm.response.text().replaceAll("{{{{", "{{\\\\u007b"));'
        )
        script.append("}")
    if step.finds:
        script.append("const made = pm.response.json();")
        script.append(f'if (made && made.id !== undefined) pm.collectionVariables.set("{step.finds}", `${{made.id}}`);')
    answer = place.operation(method).contract.answer
    if not answer.says_nothing:
        schema = json.dumps(answer.schema()).replace("{{", "{ {").replace("}}", "} }")
        script.append(f"const schema = {schema};")
        script.append(
            'if (pm.response.code < 300) pm.test("answer is as index.py gives it", '
            "() => pm.response.to.have.jsonSchema(schema));"
        )
    headers = [{"key": TOKEN_HEADER, "value": "{{token}}"}]
    request: dict[str, Any] = {"method": method.upper(), "header": headers}
    if step.body:
        headers.append({"key": "Content-Type", "value": "application/json"})
        raw = "{{" + step.body + "}}"
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    path = [*PREFIX.strip("/").split("/")]
    for depth, segment in enumerate(place.segments):
        path.append(segment if isinstance(segment, str) else "{{" + variables.of_parameter(place, depth) + "}}")
    raw = "https://{{host}}/" + "/".join(path)
    request["url"] = {"raw": raw, "protocol": "https", "host": ["{{host}}"], "path": path}
    if text := place.operation(method).text:
        request["description"] = text
    return {
        "name": f"{method.upper()} {place.path(':', '')}" + (f" ({step.note})" if step.note else ""),
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}],
        "request": request,
    }
