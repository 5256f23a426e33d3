"""What stands in the way of a deploy to one gateway: the checks of `bundlekit doctor`."""
