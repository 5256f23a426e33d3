"""Builds the base of the test gateways where it is not there yet: `python -m tests.box.build`."""

from tests.box.base import base

base()
