"""What rules look at: the files, the manifest and the source of a bundle, each found once for all rules."""
