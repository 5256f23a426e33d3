"""What the documentation of all modules has in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - The package C(bundlekit), in the version of this collection, in the Python that runs Ansible.
attributes:
  check_mode:
    description: Whether it can report what it would do and change nothing.
  diff_mode:
    description: Whether it returns the state before and after.
  action:
    description: Whether it runs on the controller. The gateway needs no Python for Ansible.
    support: full
notes:
  - Set C(gather_facts) to V(false). Gateways have Python 2.7 or none, and no module of Ansible runs there.
  - It logs in by SSH with the variables of Ansible's connection P(ansible.builtin.ssh#connection), such as
    C(ansible_host), C(ansible_port), C(ansible_user), C(ansible_password), C(ansible_ssh_private_key_file) and
    C(ansible_ssh_common_args). What cannot be done is an error that names the variable.
  - It becomes root by sudo, with or without C(become). The password is C(ansible_become_password), else
    C(ansible_password).
  - A gateway that cannot be reached is unreachable. A refused password or host key is a failure.
"""
