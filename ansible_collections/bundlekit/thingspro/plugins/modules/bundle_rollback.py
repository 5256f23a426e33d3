#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: the authors of bundlekit
# MIT License (see LICENSE in the repository of bundlekit)
"""Documentation alone: the action plugin of the same name does the work, on the controller."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: bundle_rollback
short_description: Make an earlier release of a bundle the current one
version_added: "0.1.0"
description:
  - Goes back to an earlier release on the gateway, as C(bundlekit rollback) does. Nothing is uploaded.
  - If that release does not come up, the current one runs again and the task fails.
  - With O(release), a second run changes nothing. Without it, each run undoes one more change.
options:
  name:
    description: The name of the bundle.
    type: str
    required: true
  release:
    description:
      - A version, the id of a release, or the start of an id.
      - By default the release that the current one has replaced.
    type: str
  settings:
    description: Whether the settings become again what they were when that release was left.
    type: bool
    default: false
  mark_bad:
    description: Whether the release that is left is marked as bad. No rollback goes to a bad release.
    type: bool
    default: false
  wait:
    description: Seconds for the bundle to register, from 5 to 3600.
    type: int
    default: 60
  wait_lock:
    description: Seconds to wait until another change of the bundle has ended, from 0 to 86400.
    type: int
    default: 0
  verify:
    description: Whether the GETs that the bundle declares have to answer on the gateway.
    type: bool
    default: true
  handover:
    description: Whether to start the earlier release beside the current one, which is stopped when the other one is up.
    type: bool
    default: false
  force:
    description: Whether to go on if another bundle on the gateway has one of its resources, or a copy runs by hand.
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
- name: Undo the last change
  bundlekit.thingspro.bundle_rollback:
    name: thermostat

- name: Go back to a version with its settings, and never come back to the release that is left
  bundlekit.thingspro.bundle_rollback:
    name: thermostat
    release: 0.1.0
    settings: true
    mark_bad: true
"""

RETURN = r"""
name:
  description: The name of the bundle.
  returned: success
  type: str
  sample: thermostat
outcome:
  description:
    - V(up) after a change, V(unchanged) if the release was the current one already, V(planned) in check mode.
    - After a failure it is V(rolled_back), V(needs_human), V(refused), V(unreachable) or V(failed).
  returned: unless the task itself is wrong
  type: str
  sample: up
version:
  description: The version of the release.
  returned: success
  type: str
  sample: 0.1.0
release:
  description: The id of the release that is current now.
  returned: success
  type: str
  sample: 0.1.0-9e107d9d
replaced:
  description: The id of the release that was current before.
  returned: changed
  type: str
  sample: 0.2.0-5c1f0a7e
answers:
  description: The answers of the bundle to its GETs, with C(request), C(status) and C(milliseconds).
  returned: if it was asked
  type: list
  elements: dict
  sample: [{"request": "GET /thermostat", "status": 200, "milliseconds": 12}]
reason:
  description: The kind of failure.
  returned: failure
  type: str
  sample: rolled_back
kept:
  description: What is as it was before.
  returned: failure, if something may be in doubt
  type: str
  sample: release 0.2.0-5c1f0a7e runs again
hint:
  description: What to do next.
  returned: failure, if it is known
  type: str
  sample: "`bundlekit status moxa@192.168.4.127` shows what is there"
log:
  description: The last lines that the bundle printed.
  returned: failure, if there are any
  type: list
  elements: str
  sample: ["ValueError: no sensor"]
"""
