#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: the authors of bundlekit
# MIT License (see LICENSE in the repository of bundlekit)
"""Documentation alone: the action plugin of the same name does the work, on the controller."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: bundle
short_description: Deploy, remove, start or stop a bundle on a ThingsPro gateway
version_added: "0.1.0"
description:
  - Makes a bundle the current release on a gateway and checks that it comes up, as C(bundlekit deploy) does.
  - The bundle is validated and packed on the controller, once for all gateways of a run. The gateway unpacks it
    beside the release that runs, compiles it, and starts it in its place. If it does not register, or a GET that it
    declares does not answer, the previous release runs again and the task fails with the log of the bundle.
  - Once the gateway has the command, it finishes by itself, also if the connection breaks.
  - With V(state=present), the bundle in O(src) is deployed and runs. A second run changes nothing.
  - Check mode reads the state of the gateway and returns the plan.
options:
  name:
    description:
      - The name of the bundle.
      - Required unless O(state=present). There it is optional, and has to be the name of the bundle in O(src).
    type: str
  src:
    description:
      - The folder of the bundle, or its archive, on the controller. Required if O(state=present).
      - A folder is validated and packed. An archive is validated and sent as it is. If its signature is beside it, in
        C(ARCHIVE.sig), that is sent along.
      - A relative path is looked for as M(ansible.builtin.copy) does, in C(files) of the role or beside the playbook.
    type: path
  state:
    description:
      - V(present) means that the bundle in O(src) is the current release and runs, also after the next boot.
      - V(absent) stops the bundle and removes its releases and its log.
      - V(started) and V(stopped) also decide what happens at the next boot.
      - V(restarted) always stops and starts the bundle.
    type: str
    choices: [present, absent, started, stopped, restarted]
    default: present
  wait:
    description: Seconds for the bundle to register, from 5 to 3600. A slow gateway needs more.
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
    description: Whether to start the new release beside the previous one, which is stopped when the new one is up.
    type: bool
    default: false
  force:
    description: Whether to go on if another bundle on the gateway has one of its resources, or a copy runs by hand.
    type: bool
    default: false
  keep:
    description: The number of good releases to keep on the gateway, from 1 to 100.
    type: int
    default: 3
  rate:
    description: Upload at most so many bytes a second, such as V(20k) or V(1.5M).
    type: str
  require_newer:
    description: Whether a bundle is refused that is not newer than the release on the gateway.
    type: bool
    default: false
  require_signature:
    description:
      - Whether the archive in O(src) has to be signed as the settings of bundlekit ask, C(signers) or C(sigstore) in
        C(bundlekit.toml) or C(pyproject.toml) beside the archive or in a folder above. A folder is refused then.
      - Without it, an archive that has a signature is checked too if the settings say who may sign.
    type: bool
    default: false
  purge:
    description: Whether O(state=absent) removes the settings of the bundle too. They cannot be brought back.
    type: bool
    default: false
  record:
    description:
      - A file on the controller to which the result of each gateway is added, for C(bundlekit rollout report). The file
        and its folder may be new.
      - Several records of the same bundle, such as those of two machines, can be reported together.
      - A relative path starts at the folder of the playbook. Only for O(state=present); check mode writes nothing.
    type: str
extends_documentation_fragment:
  - bundlekit.thingspro.gateway
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: bundlekit.thingspro.bundle_info
  - module: bundlekit.thingspro.bundle_rollback
  - module: bundlekit.thingspro.bundle_verify
author:
  - The authors of bundlekit (@bundlekit)
"""

EXAMPLES = r"""
- name: Deploy the bundle in the folder thermostat
  bundlekit.thingspro.bundle:
    src: thermostat

- name: Deploy an archive to a slow gateway over a slow link
  bundlekit.thingspro.bundle:
    src: thermostat-0.2.0.tar.gz
    wait: 180
    rate: 20k

- name: Deploy, and record the result of each gateway for `bundlekit rollout report`
  bundlekit.thingspro.bundle:
    src: thermostat
    record: records/thermostat-0.2.0.jsonl

- name: Stop a bundle, now and at each boot
  bundlekit.thingspro.bundle:
    name: thermostat
    state: stopped

- name: Remove a bundle and its settings
  bundlekit.thingspro.bundle:
    name: thermostat
    state: absent
    purge: true
"""

RETURN = r"""
name:
  description: The name of the bundle.
  returned: success
  type: str
  sample: thermostat
outcome:
  description:
    - How it ended. V(up), V(stopped) or V(removed) after a change, V(unchanged) if there was nothing to do,
      V(planned) in check mode.
    - After a failure it is V(rolled_back) if the previous state was restored, V(needs_human) if it could not be,
      V(refused) if the bundle or the gateway does not allow it, V(unreachable), or V(failed).
  returned: unless the task itself is wrong
  type: str
  sample: up
version:
  description: The version of the release.
  returned: success, unless O(state=absent)
  type: str
  sample: 0.2.0
release:
  description: The id of the release on the gateway.
  returned: success, unless O(state=absent)
  type: str
  sample: 0.2.0-5c1f0a7e
replaced:
  description: The id of the release that it replaced.
  returned: if there was one
  type: str
  sample: 0.1.0-9e107d9d
pruned:
  description: The ids of old releases that were removed.
  returned: if there were any
  type: list
  elements: str
  sample: [0.0.9-e4d909c2]
plan:
  description: The steps of the deploy. Empty if there was nothing to do.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: ["upload 2155 bytes and check their digest", "stop release 0.1.0-9e107d9d"]
settings_kept:
  description: Whether the settings of the bundle are still on the gateway.
  returned: success, with O(state=absent)
  type: bool
  sample: true
answers:
  description: The answers of the bundle to its GETs on the gateway.
  returned: if it was asked
  type: list
  elements: dict
  contains:
    request:
      description: Method and resource.
      type: str
      sample: GET /thermostat
    status:
      description: The HTTP status; null if there was no answer.
      type: int
      sample: 200
    milliseconds:
      description: The time of the answer.
      type: int
      sample: 12
findings:
  description: What the check of the bundle found, such as warnings, a line each.
  returned: if there were any
  type: list
  elements: str
  sample: ["index.py:12:5: BK331 call-without-timeout: ..."]
notes:
  description: What else is worth knowing.
  returned: if there are any
  type: list
  elements: str
  sample: ["a downgrade: 0.1.0 is older than 0.2.0, which is there now"]
reason:
  description: The kind of failure, such as V(rolled_back), V(gateway_unreachable), V(login_refused) or V(gateway_busy).
  returned: failure
  type: str
  sample: rolled_back
kept:
  description: What is as it was before.
  returned: failure, if something may be in doubt
  type: str
  sample: release 0.1.0-9e107d9d runs again
hint:
  description: What to do next.
  returned: failure, if it is known
  type: str
  sample: "`bundlekit logs moxa@192.168.4.127 --bundle thermostat --release 0.2.0-5c1f0a7e` shows more of its log"
log:
  description: The last lines that the bundle printed, or the findings of a refused bundle.
  returned: failure, if there are any
  type: list
  elements: str
  sample: ["ValueError: no sensor"]
"""
