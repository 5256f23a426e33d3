"""Runs at the start of each Python that a bundle is given, 2.7 and 3 alike, and hands on to the one that it hides."""

import sys

import bundlekit_bridge

bundlekit_bridge.install()
bundlekit_bridge.import_hidden(sys.modules.pop(__name__))
