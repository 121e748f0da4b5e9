"""Night-set curation: from geotagged photos of a city to a clean query set, every decision kept.

A project is a folder (`project`) with its settings, its photos, and an append-only journal (`journal`);
what is true of each photo is a fold over the journal's events (`items`). The steps write events alone:
`harvest`, `signs` (sorting), `groups`, `positives`. `export` writes what was accepted; the review page stands
in `rerank/curate/`.
"""
