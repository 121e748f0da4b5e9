"""Training of local extractors; `superpoint` is the one there is."""
