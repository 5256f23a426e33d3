#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: the authors of bundlekit
# MIT License (see LICENSE in the repository of bundlekit)
"""Documentation alone: the action plugin of the same name does the work, on the controller."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: bundle_verify
short_description: Check on a gateway what the bundle.json of a bundle promises
version_added: "0.1.0"
description:
  - Checks a running bundle over the REST API of its gateway, as C(bundlekit verify) does.
  - Each declared GET has to answer with JSON in time, and each method that is not declared has to be refused. The
    bundle itself has to run, and the answers have to be its own.
  - It changes nothing, unless O(write=true).
options:
  src:
    description: The folder of the bundle, or its archive, on the controller. Its bundle.json is what is checked.
    type: path
    required: true
  params:
    description: "Values for the parameters of resources, such as V({id: 1}) for C(/thermostat/:id)."
    type: dict
    default: {}
  write:
    description:
      - Whether to send back by PUT what GET gave, and to check that it stays the same.
      - In check mode nothing is written.
    type: bool
    default: false
  strict:
    description: Whether to fail also for what could not be checked, or if another version runs.
    type: bool
    default: false
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
- name: Check a bundle
  bundlekit.thingspro.bundle_verify:
    src: thermostat
    params:
      id: 1
"""

RETURN = r"""
name:
  description: The name of the bundle.
  returned: success or a broken promise
  type: str
  sample: thermostat
version:
  description: The version that runs; null if none does.
  returned: success or a broken promise
  type: str
  sample: 0.2.0
release:
  description: The id of the release that runs; null if bundlekit has not deployed it.
  returned: success or a broken promise
  type: str
  sample: 0.2.0-5c1f0a7e
results:
  description: What was checked, one by one.
  returned: success or a broken promise
  type: list
  elements: dict
  contains:
    promise:
      description: V(runs), V(answers), V(refuses) or V(keeps).
      type: str
      sample: answers
    method:
      description: Of the request.
      type: str
      sample: GET
    declared:
      description: The resource as bundle.json has it.
      type: str
      sample: /thermostat/:id
    resource:
      description: The resource that was asked for.
      type: str
      sample: /thermostat/1
    verdict:
      description: V(kept), V(broken) or V(unchecked).
      type: str
      sample: kept
    words:
      description: Why it is broken or was not checked.
      type: str
      sample: ""
    status:
      description: The HTTP status; null if there was no answer.
      type: int
      sample: 200
    seconds:
      description: The time of all its requests.
      type: float
      sample: 0.012
summary:
  description: How many promises are C(kept), C(broken) and C(unchecked).
  returned: success or a broken promise
  type: dict
  sample: {"kept": 4, "broken": 0, "unchecked": 0}
notes:
  description: What else is worth knowing.
  returned: if there are any
  type: list
  elements: str
  sample: ["0.1.0 runs there, and 0.2.0 is the version of bundle.json here"]
reason:
  description: The kind of failure, V(broken) for a broken promise.
  returned: failure
  type: str
  sample: broken
hint:
  description: What to do next.
  returned: failure, if it is known
  type: str
  sample: is the gateway on, and is it in this network?
"""
