"""Exporting a curated query set: photos under the field's names or a table, and a datasheet of its making.

`export_set` writes everything; what enters is told by `fates`, how a photo is called by `naming`.
"""

from data.curation.export.making import Exported, Options, export_set

__all__ = ["Exported", "Options", "export_set"]
