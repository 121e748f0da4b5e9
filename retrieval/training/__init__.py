"""Training of retrievers; `cosplace` is the one there is."""
