{% set served = cookiecutter.resources | resources %}
{% macro paths(method, kinds) %}
{% set found = [] %}
{% for resource in served if method in resource.handlers and resource.kind in kinds %}
{% set _ = found.append(resource.example) %}
{% endfor %}
{{- found | unique | list | json if found -}}
{% endmacro %}
{% set all = ["settings", "collection", "item"] %}
"""What a client of the gateway gets: real requests to this bundle, which runs beside an emulated gateway.

    pip install 'bundlekit[emulator]' pytest
    pytest

Each test has the bundle with its factory settings, in a copy: nothing here is changed.
"""

import pytest
{% if paths("get", all) %}


@pytest.mark.parametrize("resource", {{ paths("get", all) }})
def test_get_answers_an_object(gateway, resource):
    answer = gateway.get(resource)
    assert answer.status == 200
    assert isinstance(answer.json, dict)
{% endif %}
{% if paths("put", ["settings", "item"]) %}


@pytest.mark.parametrize("resource", {{ paths("put", ["settings", "item"]) }})
def test_put_is_merged_and_stays(gateway, resource):
    answer = gateway.put(resource, {"tested": True})
    assert answer.status == 200
    assert answer.json["tested"] is True
    gateway.restart()
    assert gateway.put(resource, {}).json["tested"] is True
{% endif %}
{% if paths("put", all) %}


@pytest.mark.parametrize("resource", {{ paths("put", all) }})
def test_put_refuses_what_is_no_object(gateway, resource):
    assert gateway.put(resource, [1]).status == 400
{% endif %}
{% if paths("post", ["settings"]) %}


@pytest.mark.parametrize("resource", {{ paths("post", ["settings"]) }})
def test_post_replaces_the_settings(gateway, resource):
    answer = gateway.post(resource, {"tested": True})
    assert answer.status == 200
    assert answer.json == {"tested": True}
{% endif %}
{% if paths("post", ["collection"]) %}


@pytest.mark.parametrize("resource", {{ paths("post", ["collection"]) }})
def test_post_answers_the_id_of_the_new_item(gateway, resource):
    answer = gateway.post(resource, {"tested": True})
    assert answer.status == 201
    assert list(answer.json) == ["id"]
{% endif %}
{% if paths("post", ["item"]) %}


@pytest.mark.parametrize("resource", {{ paths("post", ["item"]) }})
def test_post_leaves_an_item_alone_that_is_there(gateway, resource):
    assert gateway.post(resource, {"tested": True}).status == 409
{% endif %}
{% if paths("delete", all) %}


@pytest.mark.parametrize("resource", {{ paths("delete", all) }})
def test_delete_answers_with_nothing(gateway, resource):
    answer = gateway.delete(resource)
    assert answer.status == 200
    assert answer.json == {}
{% endif %}


@pytest.mark.parametrize(
    ("resource", "methods"),
    [
{% for path, those in served | groupby("example") %}
        ({{ path | json }}, {{ those | map(attribute="handlers") | map("list") | sum(start=[]) | json }}),
{% endfor %}
    ],
)
def test_a_method_that_is_not_declared_is_refused(gateway, resource, methods):
    for method in {"get", "put", "post", "delete"}.difference(methods):
        assert gateway.request(method, resource).status == 404
