"""`make demo`: the main job, on a gateway that is booted for it."""
