"""Which answers will do, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from bundlekit.bundle.gateway_resources import GATEWAY_RESOURCES, gateway_resource
from bundlekit.bundle.manifest import Resource
from bundlekit.errors import BadUsage
from bundlekit.scaffold.questions import Author, checked, completed
from bundlekit.scaffold.resources import path, resource

ACCEPTED = [
    ("name", "thermostat", "thermostat"),
    ("name", "-rf", "-rf"),
    ("name", "--", "--"),
    ("description", 'Küche\n\tund "Bad"', 'Küche\n\tund "Bad"'),
    ("author", "", ""),
    ("email", "", ""),
    ("email", "jö@example.com", "jö@example.com"),
    ("license", "GPL", "GPL"),
    ("version", "0.0.1", "0.0.1"),
    ("version", "10.2.3-rc.1+build-7", "10.2.3-rc.1+build-7"),
    ("ttl", "60", 60),
    ("ttl", 1, 1),
]


@pytest.mark.parametrize(("key", "given", "answer"), ACCEPTED)
def test_accepted(key: str, given: object, answer: object) -> None:
    assert checked({key: given}) == {key: answer}


REFUSED = [
    ("name", "", "letters"),
    ("name", "x_y", '"x_y"'),
    ("name", "x\n", "letters"),
    ("name", "../x", "letters"),
    ("name", "größe", "letters"),
    ("name", "x" * 65, "longer than 64"),
    ("name", 5, "expected a text"),
    ("description", " \n", "empty"),
    ("description", "a\x1b[31m", "\\x1b"),
    ("description", "a\r\n", "\\r"),
    ("description", "a\udcff", "\\xff"),
    ("description", "a\x85", "\\x85"),
    ("description", "a" * 2001, "longer than 2000"),
    ("author", None, "null"),
    ("author", "a\x00", "\\x00"),
    ("email", "jo", "jo@example.com"),
    ("email", "jo @example.com", "jo@example.com"),
    ("license", "", "empty"),
    ("version", "1.0", "0.1.0"),
    ("version", "1.0.0\n", "0.1.0"),
    ("version", "01.0.0", "0.1.0"),
    ("version", "../1.0.0", "0.1.0"),
    ("version", "1.0.0-" + "9" * 99, "0.1.0"),
    ("ttl", "0", "from 1 to 60"),
    ("ttl", "61", "from 1 to 60"),
    ("ttl", "-5", "from 1 to 60"),
    ("ttl", "soon", "from 1 to 60"),
    ("ttl", "٣", "from 1 to 60"),
    ("ttl", "9" * 5000, "from 1 to 60"),
    ("ttl", True, "from 1 to 60"),
    ("ttl", 1.5, "from 1 to 60"),
    ("resources", "/x", "expected an array"),
    ("resources", {"/x": "get"}, "expected an array"),
    ("resources", [], "no resource"),
    ("resources", [5], "5"),
    ("resources", [{"path": "/x"}], "an object"),
    ("resources", ["/x", "/x:post"], "there already"),
    ("resources", ["/x/:id", "/x/:name:post"], "/x/:id again"),
    ("resources", ["/x/:id", "/x/all:get"], "would both answer GET /x/all"),
    ("resources", ["/x/all/:b", "/x/:a/b:put"], "would both answer PUT /x/all/b"),
]


@pytest.mark.parametrize(("key", "given", "words"), REFUSED)
def test_refused_with_the_reason(key: str, given: object, words: str) -> None:
    with pytest.raises(BadUsage) as refused:
        checked({key: given})
    assert words in refused.value.message
    assert refused.value.message.isprintable()


def test_resources_that_meet_may_have_different_methods() -> None:
    assert len(checked({"resources": ["/x/:id:get", "/x/all:delete", "/x/:id/y:get"]})["resources"]) == 3


WRITTEN = [
    ("/x", "/x", ("get", "put")),
    ("/x:get", "/x", ("get",)),
    ("/x:GET, Post", "/x", ("get", "post")),
    ("/x/:id", "/x/:id", ("get", "put")),
    ("/x/:get", "/x/:get", ("get", "put")),
    ("/x/:id:delete,get", "/x/:id", ("delete", "get")),
    ("/x/:id/y:put", "/x/:id/y", ("put",)),
    ({"resource": "/x"}, "/x", ("get", "put")),
    ({"resource": "/x", "methods": "get"}, "/x", ("get",)),
    ({"resource": "/x/:id", "methods": ["put", "get"]}, "/x/:id", ("put", "get")),
]


@pytest.mark.parametrize(("written", "expected", "methods"), WRITTEN)
def test_resource_is_read(written: object, expected: str, methods: tuple[str, ...]) -> None:
    assert resource(written) == Resource(expected, methods, "model")


MISWRITTEN: list[tuple[Any, str]] = [
    ("", 'does not start with "/"'),
    ("x:get", 'does not start with "/"'),
    ("/", 'ends with "/"'),
    ("/x/", 'ends with "/"'),
    ("//x", '"" between slashes'),
    ("/x//y", '"" between slashes'),
    ("/x y", '"x y" between slashes'),
    ("/x?y", '"x?y" between slashes'),
    ("/größe", "between slashes"),
    ("/x/+", "between slashes"),
    ("/x/#", "between slashes"),
    ("/x/..", "between slashes"),
    ("/{{x}}", "between slashes"),
    ("/x\n", "between slashes"),
    ("/api/v1", "/api/v1, which the gateway adds"),
    ("/api/v1/x", "/api/v1, which the gateway adds"),
    ("/:x", "starts with a parameter"),
    ("/x/:", "parameter"),
    ("/x/:1", "does not start with a digit"),
    ("/x/:a-b", "parameter"),
    ("/x/:id/y/:id", ":id twice"),
    ("/x/:querystring", "the SDK needs itself"),
    ("/" + "x" * 200, "longer than 200"),
    ("/x:", '"" is not a method'),
    ("/x:get,", '"" is not a method'),
    ("/x:patch", '"patch" is not a method'),
    ("/x:get,get", "get is there twice"),
    ({"resource": "/x", "methods": []}, "there is no method"),
    ({"resource": "/x", "methods": 5}, "the methods are 5"),
    ({"resource": "/x", "methods": [None]}, "null is not a method"),
    ({"resource": 5}, "a path such as /thermostat"),
    ({"resource": "/x", "role": "view"}, "an object"),
]


@pytest.mark.parametrize(("written", "words"), MISWRITTEN)
def test_wrong_resource_is_refused_with_the_reason(written: object, words: str) -> None:
    with pytest.raises(BadUsage) as refused:
        resource(written)
    assert words in refused.value.message
    assert refused.value.message.isprintable()


def test_what_is_not_answered_is_supposed() -> None:
    answers = completed({"name": "lamp"}, Author("Jo", "jo@example.com"))
    assert answers == completed(
        checked(
            {
                "name": "lamp",
                "description": "The lamp bundle",
                "author": "Jo",
                "email": "jo@example.com",
                "license": "MIT",
                "version": "0.1.0",
                "ttl": 60,
                "resources": ["/lamp:get,put"],
            }
        ),
        Author(),
    )


@pytest.mark.parametrize(
    ("mine", "the_gateways"),
    [
        ("/system/status", "/system/status"),
        ("/network/wifi/:n", "/network/wifi/:id"),
        ("/network/wifi/7", "/network/wifi/:id"),
        ("/network/:x", "/network/cellulars"),
        ("/system/#", "/system/export"),
        ("/system", None),
        ("/thermostat", None),
        ("/system/status/more", None),
    ],
)
def test_what_the_gateway_has_is_known(mine: str, the_gateways: str | None) -> None:
    assert gateway_resource(mine) == the_gateways


def test_resources_of_the_gateway_are_resources() -> None:
    for resources in GATEWAY_RESOURCES.values():
        assert [path(taken) for taken in resources] == sorted(set(resources))
