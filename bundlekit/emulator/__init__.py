"""A ThingsPro gateway on this machine: controller and REST front."""
