"""Plots of results: functions that take runs and return a matplotlib figure, one line in a notebook.

`latency_recall(read_runs)` and so on; `save(figure, path)` writes a figure as PNG and SVG.
"""

from rerank.plots.adaptive import recall_adaptive
from rerank.plots.candidates import recall_candidates
from rerank.plots.conditions import day_night
from rerank.plots.dials import recall_dial
from rerank.plots.disagreement import won_lost
from rerank.plots.index_trade_off import index_trade_off
from rerank.plots.kinds import KINDS, Kind
from rerank.plots.saving import save, save_as
from rerank.plots.stages import latency_stages
from rerank.plots.thresholds import recall_threshold
from rerank.plots.trade_off import latency_recall

__all__ = [
    "KINDS",
    "Kind",
    "day_night",
    "index_trade_off",
    "latency_recall",
    "latency_stages",
    "recall_adaptive",
    "recall_candidates",
    "recall_dial",
    "recall_threshold",
    "save",
    "save_as",
    "won_lost",
]
