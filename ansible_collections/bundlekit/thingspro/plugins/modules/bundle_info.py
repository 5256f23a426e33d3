#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: the authors of bundlekit
# MIT License (see LICENSE in the repository of bundlekit)
"""Documentation alone: the action plugin of the same name does the work, on the controller."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: bundle_info
short_description: Report what runs on a ThingsPro gateway
version_added: "0.1.0"
description:
  - Returns the state of a gateway and of the bundles on it, as C(bundlekit status) does. It changes nothing.
options:
  name:
    description: The name of a bundle. By default all bundles are reported.
    type: str
  history:
    description: The number of past changes to return, the last one first, from 0 to 1000.
    type: int
    default: 0
extends_documentation_fragment:
  - bundlekit.thingspro.gateway
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: bundlekit.thingspro.bundle
author:
  - The authors of bundlekit (@bundlekit)
"""

EXAMPLES = r"""
- name: Look at all bundles
  bundlekit.thingspro.bundle_info:
  register: found

- name: Fail if one of them does not do what it was last told to do
  ansible.builtin.assert:
    that: found.bundles | rejectattr("well") | length == 0

- name: Look at a bundle and its last five changes
  bundlekit.thingspro.bundle_info:
    name: thermostat
    history: 5
"""

RETURN = r"""
gateway:
  description: The gateway itself.
  returned: success
  type: dict
  contains:
    hostname:
      description: Its own name.
      type: str
      sample: Moxa
    boot:
      description: How it boots, V(systemd) or V(init).
      type: str
      sample: systemd
    python:
      description: The path of its Python 2.7; null if it has none.
      type: str
      sample: /usr/bin/python2.7
    sdk:
      description: Whether that Python has the sanji SDK.
      type: bool
      sample: true
    free:
      description: Free bytes on the disk with the releases.
      type: int
      sample: 1203765248
    missing:
      description: Tools that are missing there.
      type: list
      elements: str
      sample: []
    notes:
      description: What the gateway reports besides.
      type: list
      elements: str
      sample: []
bundles:
  description: The bundles, by name. A bundle that is not there is not in the list.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: thermostat
    version:
      description: The version of the current release; empty if there is none.
      type: str
      sample: 0.2.0
    current:
      description: The id of the current release; empty if there is none.
      type: str
      sample: 0.2.0-5c1f0a7e
    well:
      description: Whether it does what it was last told to do, to run or to be stopped.
      type: bool
      sample: true
    at_boot:
      description: Whether it starts at boot.
      type: bool
      sample: true
    running:
      description: The process, with C(pid), C(release), C(since), C(starts) and C(registered); null if there is none.
      type: dict
      sample: {"pid": 812, "release": "0.2.0-5c1f0a7e", "since": 1767225600, "starts": 1, "registered": true}
    crashed:
      description: The exit status of a bundle that crashes again and again; else null.
      type: str
      sample: null
    settings:
      description: Whether it has settings on the gateway.
      type: bool
      sample: true
    releases:
      description: All releases on the gateway, the last one deployed first, with C(id), C(version), C(state) and more.
      type: list
      elements: dict
      sample: [{"id": "0.2.0-5c1f0a7e", "version": "0.2.0", "state": "good"}]
    last:
      description: The last change; null if there was none.
      type: dict
      sample: {"verb": "deploy", "release": "0.2.0-5c1f0a7e", "outcome": "up", "who": "ada@desk"}
by_hand:
  description: Bundles that run on the gateway and were not deployed by bundlekit.
  returned: success
  type: list
  elements: dict
  sample: []
history:
  description: Past changes, the last one first, with C(time), C(verb), C(release), C(who), C(outcome) and more.
  returned: success
  type: list
  elements: dict
  sample: [{"verb": "deploy", "release": "0.2.0-5c1f0a7e", "outcome": "up", "who": "ada@desk"}]
"""
