"""The command line: `rerank COMMAND`, and `run_rerank.py` for one pair."""

from rerank.cli.app import main, run_one

__all__ = ["main", "run_one"]
