"""The collection for Ansible, with the oldest and the newest Ansible that are supported, on booted gateways."""
