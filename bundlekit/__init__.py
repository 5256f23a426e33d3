"""bundlekit: make, check, pack and deploy bundles for Moxa ThingsPro gateways."""

__version__ = "0.1.0"
