{% set served = cookiecutter.resources | resources %}
{% set methods = served | map(attribute="handlers") | map("list") | sum(start=[]) %}
{% set changing = "put" in methods or "post" in methods or "delete" in methods %}
{% set placed = served | selectattr("place") | list | length > 0 %}
{% set nouns = {"settings": "settings", "collection": "items", "item": "item"} %}
{% if not cookiecutter.description.isascii() %}
# -*- coding: utf-8 -*-
{% endif %}
"""{{ cookiecutter.description | docstring }}"""

{% if changing or placed %}
import copy
{% endif %}
import logging
import os
import sys
{% if changing %}
import threading
{% endif %}

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))  # what bundlekit vendor puts there

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from sanji.model_initiator import ModelInitiator

ROOT = os.path.dirname(os.path.abspath(__file__))


class {{ cookiecutter.name | class_name }}(Sanji):
    """One handler for each resource and method that bundle.json declares.

    The settings are a JSON object in data/{{ cookiecutter.name }}.json, made from the factory file at the first start.
{% if placed %}
    Each resource is a place in them, such as "{{ (served | selectattr("place") | first).place | join("/") }}" for {{ (served | selectattr("place") | first).path }}.
{% endif %}
{% if changing %}
    The SDK answers requests on several threads at once, so a change is made to a copy, under the lock, and
    the copy then takes the place of the settings: nothing changes while another handler is sending it.
{% endif %}
    """

    def init(self, *args, **kwargs):
        self.model = ModelInitiator({{ cookiecutter.name | json }}, ROOT)
{% if changing %}
        self.lock = threading.Lock()

    def save(self, settings):
        """Let changed settings take effect, and write them to the disk."""
        self.model.db = settings
        self.model.save_db()
{% endif %}
{% for resource in served %}
{% set way = resource.place | join("/") | json %}
{% set noun = nouns[resource.kind] %}
{% for method, function in resource.handlers.items() %}

    @Route(methods="{{ method }}", resource="{{ resource.path }}")
    def {{ function }}(self, message, response):
{% if method == "get" %}
        """Answer the {{ noun }}{{ " by their ids" if resource.kind == "collection" }}."""
{% if resource.place %}
        found = find(copy.deepcopy(self.model.db), {{ way }}, message.param)
        if found is None:
            return not_found(message, response)
        return response(code=200, data=found)
{% else %}
        return response(code=200, data=self.model.db)
{% endif %}
{% elif method == "put" %}
{% if resource.kind == "collection" %}
        """Take over the items in the body, by their ids; other items stay."""
        data = body_of(message)
        if data is None or not all(isinstance(item, dict) for item in data.values()):
            return bad_request(response, "the body must be a JSON object of items that are JSON objects")
{% else %}
        """Merge the body into the {{ noun }}."""
        data = body_of(message)
        if data is None:
            return bad_request(response, "the body must be a JSON object")
{% endif %}
        with self.lock:
            settings = copy.deepcopy(self.model.db)
{% if resource.place %}
            found = find(settings, {{ way }}, message.param)
            if found is None:
                return not_found(message, response)
            found.update(data)
            self.save(settings)
        return response(code=200, data=found)
{% else %}
            settings.update(data)
            self.save(settings)
        return response(code=200, data=settings)
{% endif %}
{% elif method == "post" %}
{% if resource.kind == "collection" %}
        """Add the body as an item, and answer the id that it got."""
{% elif resource.kind == "item" %}
        """Add the body as the item with that id."""
{% else %}
        """Replace the settings by the body."""
{% endif %}
        data = body_of(message)
        if data is None:
            return bad_request(response, "the body must be a JSON object")
        with self.lock:
{% if resource.kind == "settings" and not resource.place %}
            self.save(data)
        return response(code=200, data=data)
{% else %}
            settings = copy.deepcopy(self.model.db)
{% if resource.kind == "settings" %}
            found = find(settings, {{ way }}, message.param)
            if found is None:
                return not_found(message, response)
            found.clear()
            found.update(data)
            self.save(settings)
        return response(code=200, data=data)
{% else %}
{% set place = resource.place if resource.kind == "collection" else resource.place[:-1] %}
{% if place %}
            items = find(settings, {{ place | join("/") | json }}, message.param)
            if items is None:
                return not_found(message, response)
{% set items = "items" %}
{% else %}
{% set items = "settings" %}
{% endif %}
{% if resource.kind == "collection" %}
            new = unused_id({{ items }})
            {{ items }}[new] = data
            self.save(settings)
        return response(code=201, data={"id": new})
{% else %}
            key = message.param["{{ resource.place[-1][1:] }}"]
            if key in {{ items }}:
                return response(code=409, data={"message": message.resource + " is there already"})
            {{ items }}[key] = data
            self.save(settings)
        return response(code=201, data=data)
{% endif %}
{% endif %}
{% endif %}
{% else %}
        """Remove the {{ noun }}."""
        with self.lock:
{% if not resource.place %}
            self.save({})
{% else %}
            settings = copy.deepcopy(self.model.db)
{% if resource.kind == "item" %}
{% if resource.place | length > 1 %}
            items = find(settings, {{ resource.place[:-1] | join("/") | json }}, message.param)
{% set items = "items" %}
{% else %}
{% set items = "settings" %}
{% endif %}
            if {{ "items is None or " if items == "items" }}{{ items }}.pop(message.param["{{ resource.place[-1][1:] }}"], None) is None:
                return not_found(message, response)
{% else %}
            found = find(settings, {{ way }}, message.param)
            if found is None:
                return not_found(message, response)
            found.clear()
{% endif %}
            self.save(settings)
{% endif %}
        return response(code=200, data={})
{% endif %}
{% endfor %}
{% endfor %}
{% if placed %}


def find(settings, way, param):
    """The JSON object at the end of a way such as "rooms/:id/limits", or None where an item is missing on it."""
    for key in way.split("/"):
        settings = settings.get(param[key[1:]]) if key.startswith(":") else settings.setdefault(key, {})
        if not isinstance(settings, dict):
            return None
    return settings


def not_found(message, response):
    return response(code=404, data={"message": "there is no " + message.resource})
{% endif %}
{% if "put" in methods or "post" in methods %}


def body_of(message):
    """The JSON object that came with the request, or None where none came."""
    data = getattr(message, "data", None)
    return data if isinstance(data, dict) else None


def bad_request(response, reason):
    return response(code=400, data={"message": reason})
{% endif %}
{% if "post" in served | selectattr("kind", "equalto", "collection") | map(attribute="handlers") | map("list") | sum(start=[]) %}


def unused_id(items):
    number = len(items) + 1
    while str(number) in items:
        number += 1
    return str(number)
{% endif %}


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.DEBUG,
        format="%(asctime)s - %(levelname)s - %(lineno)s - %(message)s",
    )
    {{ cookiecutter.name | class_name }}(connection=Mqtt()).start()
