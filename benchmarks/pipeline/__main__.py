"""Measure re-ranking as published against this project's pipeline, for every pair of methods.

    python -m benchmarks.pipeline [PAIR ...] [--rounds 3] [--precisions float32 bf16] [--again]

For every pair a few processes measure in turns, round by round, on photos of 640 x 480 of a drawn city:
the published way (`naive.py`), and this project's pipeline in each precision (`ours.py`). Each round has
its own query and candidates. Weights are made up, and cost what real ones cost. Figures go to
`results/benchmarks/pipeline.json` after every pair; a pair that is there already is left out, so that the
same command goes on after a kill. `python -m benchmarks.tables` shows them.
"""

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.figures import hardware, read_figures, save_figures
from benchmarks.limits import machine_limits
from benchmarks.pipeline.job import PAIRS, Job
from benchmarks.pipeline.photos import draw_photos
from benchmarks.pipeline.ranking import compare_rankings
from benchmarks.pipeline.workers import Worker

PRECISIONS = ("float32", "bf16")
SIZES = ("candidates", "different", "naive", "threads", "device")  # of a job


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    sizes = {name: getattr(options, name) for name in SIZES}
    settings = {**sizes, "rounds": options.rounds}
    found = read_figures("pipeline")
    if found.get("settings") != settings:
        found = {"settings": settings, "pairs": {}}
    if options.again or not found["pairs"]:
        found |= {"environment": hardware(), "limits": machine_limits()}
    with tempfile.TemporaryDirectory() as folder:
        city = draw_photos(options.photos or Path(folder) / "city", options.rounds)
        for number, pair in enumerate(options.pairs or PAIRS, 1):
            known = found["pairs"].setdefault(pair, {})
            wanted = [name for name in options.precisions if options.again or name not in known]
            start_s = time.perf_counter()
            if wanted:
                known |= measure(Job(pair, city, **sizes), wanted, options.rounds)
                save_figures("pipeline", found)
            print(f"{number}: {pair}, {time.perf_counter() - start_s:.0f} s", flush=True)


def measure(job: Job, precisions: list[str], rounds: int) -> dict[str, Any]:
    """Return, for each precision, the figures of every round of the published way and of the pipeline."""
    with ExitStack() as stack:
        naive = stack.enter_context(Worker("naive", job))
        ours = {
            precision: stack.enter_context(Worker("ours", replace(job, precision=precision)))
            for precision in precisions
        }
        for worker in (naive, *ours.values()):
            worker.ask("warm_up")
        measured: dict[str, list[dict[str, float]]] = {"naive": [], **{name: [] for name in ours}}
        for number in range(rounds):
            for name, worker in {"naive": naive, **ours}.items():
                measured[name].append(worker.ask("round", number))
        counted = {"float32": {"work": ours["float32"].ask("work")}} if "float32" in ours else {}
        rows = naive.ask("rows")
        published = {name: naive.ask("scores", rounds, name) for name in ("float32", "float16")}
        scores = {name: worker.ask("scores", rounds, rows) for name, worker in ours.items()}
        return {
            name: {
                "naive": measured["naive"],
                "ours": measured[name],
                **counted.get(name, {}),
                "ranking": compare_rankings(published["float32"], scores[name]),
                "ranking_rounded": compare_rankings(published["float16"], scores[name]),
            }
            for name in ours
        }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="*", help="pairs of methods; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=12, help="of a query, with features stored")
    parser.add_argument("--different", type=int, default=2, help="of these, extracted in each round")
    parser.add_argument("--naive", type=int, default=1, help="candidates scored the published way a round")
    parser.add_argument("--precisions", nargs="+", default=list(PRECISIONS))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", default="auto", help="auto takes a GPU where there is one")
    parser.add_argument("--photos", type=Path, help="where the city is drawn and stays; default: nowhere")
    parser.add_argument("--again", action="store_true", help="measure these pairs anew, and keep the others")
    options = parser.parse_args()
    if unknown := sorted(set(options.pairs) - set(PAIRS)):
        parser.error(f"unknown pairs {', '.join(unknown)}; choose from {', '.join(PAIRS)}")
    return options


if __name__ == "__main__":
    main()
