"""The SDK that bundles are built on, and what makes it run on any Python."""
