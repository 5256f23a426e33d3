"""requirements.txt → `vendor/`: the packages that a bundle needs, taken along in it."""
