"""A bundle's API as OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.0."""

from __future__ import annotations

from typing import Any

from bundlekit.export.description import (
    HOST,
    NOTHING,
    PREFIX,
    TOKEN_HEADER,
    Description,
    ExportedResource,
    Operation,
    item_of,
)
from bundlekit.export.samples import sample
from bundlekit.source.shape import Shape
from bundlekit.source.shape_check import is_in

_REFUSALS = {
    "400": "The request is not what the bundle expects.",
    "401": "The token is missing or wrong.",
    "403": "The token does not allow it, or no bundle is registered for the resource.",
    "404": "The bundle knows nothing at this path, or has no handler for the method.",
    "408": "The bundle did not answer in time.",
    "500": "The handler failed.",
}
# What the SDK takes for a parameter, without what a URL cannot have.
_SEGMENT = "^[^/\\u0000-\\u001f\\u007f-\\u009f]+$"
_SUCCESSES = {"get": ("200",), "put": ("200",), "post": ("200", "201"), "delete": ("200",)}
_WORDS = {"200": "Done.", "201": "Made."}
_BODIES = {"put", "post"}
_VERBS = {"get": "Read", "put": "Change", "post": "Add to", "delete": "Remove"}


def openapi(description: Description) -> dict[str, Any]:
    """The document. Of bodies it says what the code does: the schema of the Route, else what the handler asks. Where
    that says nothing, it shows what the factory file has: examples, and no more than the type of the whole, since a
    handler may take and give other members.
    """
    manifest = description.manifest
    info: dict[str, Any] = {"title": manifest.name, "version": manifest.version}
    if manifest.description:
        info["description"] = manifest.description
    taken: set[str] = set()
    paths = {place.path("{", "}"): _path(place, manifest.name, taken) for place in description.places}
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [
            {
                "url": f"https://{{host}}{PREFIX}",
                "description": "a gateway",
                "variables": {"host": {"default": HOST, "description": "its address, with a port if it is not 443"}},
            }
        ],
        "security": [{"token": []}],
        "tags": [{"name": manifest.name}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER}},
            "schemas": {"Refusal": {"type": "object", "properties": {"message": {"type": "string"}}}},
            "responses": {f"Refusal{code}": _refusal(words) for code, words in _REFUSALS.items()},
        },
    }


def _refusal(words: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {"description": words, "content": content}


def _path(place: ExportedResource, tag: str, taken: set[str]) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if place.parameters:
        item["parameters"] = [
            {
                "name": parameter.name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": _SEGMENT},
                "example": parameter.example,
            }
            for parameter in place.parameters
        ]
    for operation in place.operations:
        item[operation.method] = _operation(place, operation, tag, taken)
    return item


def _operation(place: ExportedResource, operation: Operation, tag: str, taken: set[str]) -> dict[str, Any]:
    method = operation.method
    made: dict[str, Any] = {
        "operationId": _operation_id(method, place, taken),
        "summary": operation.summary or f"{_VERBS[method]} {place.path('{', '}')}",
        "tags": [tag],
    }
    if operation.text and "\n\n" in operation.text:
        made["description"] = operation.text
    if method in _BODIES:
        made["requestBody"] = request_body(place, operation)
    responses: dict[str, Any] = {}
    for code in _SUCCESSES[method]:
        responses[code] = {"description": _WORDS[code]}
        if method in ("get", "put"):
            responses[code]["content"] = _content(place.example, of_items=place.collection)
        answer = operation.contract.answer
        if not answer.says_nothing:
            responses[code]["content"] = _shaped(answer, place.example if method in ("get", "put") else NOTHING)
    responses |= {code: {"$ref": f"#/components/responses/Refusal{code}"} for code in _REFUSALS}
    responses["default"] = _refusal("Whatever else the bundle has to say.")
    made["responses"] = responses
    return made


def request_body(place: ExportedResource, operation: Operation) -> dict[str, Any]:
    """What a PUT or a POST sends. Where the code says nothing of it, that is an example with no more than its type."""
    method, body = operation.method, operation.contract.body
    sent = item_of(place.example) if place.collection and method == "post" else place.example
    if body.says_nothing:
        # None is required: the gateway sends {} for one that is missing.
        return {"content": _content(sent, of_items=place.collection and method == "put")}
    made: dict[str, Any] = {"content": _shaped(body, sent)}
    return made if is_in({}, body) else {"required": True, **made}


def _shaped(shape: Shape, example: Any) -> dict[str, Any]:
    shown = sample(shape, example)
    media: dict[str, Any] = {"schema": shape.schema()}
    return {"application/json": media if shown is NOTHING else {**media, "example": shown}}


def _content(example: Any, *, of_items: bool = False) -> dict[str, Any]:
    if example is NOTHING:
        return {"application/json": {"schema": {}}}
    schema = schema_of(example)
    if of_items and isinstance(example, dict):
        schema = {"type": "object", "additionalProperties": schema_of(item_of(example))}
    return {"application/json": {"schema": schema, "example": example}}


def schema_of(example: Any) -> dict[str, Any]:
    """What an example tells of values like it: whether they are objects, and which members they may have."""
    if not isinstance(example, dict):
        return {"type": "array"} if isinstance(example, list) else {}
    schema: dict[str, Any] = {"type": "object"}
    if example:
        schema["properties"] = {name: {"examples": [value]} for name, value in example.items()}
    return schema


def _operation_id(method: str, place: ExportedResource, taken: set[str]) -> str:
    name = "_".join([method, *place.path("", "").strip("/").split("/")])
    plain = "".join(character if character.isascii() and character.isalnum() else "_" for character in name)
    return unique_name(plain, taken)


def unique_name(name: str, taken: set[str]) -> str:
    """A name with a number behind it where it is taken already; it is taken from then on."""
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique
