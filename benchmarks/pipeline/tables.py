"""Tables of re-ranking as published beside this project's, from `results/benchmarks/pipeline.json`."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from statistics import median
from typing import Any

from benchmarks.figures import read_figures
from benchmarks.markdown import NOT_MEASURED, digits, table
from benchmarks.pipeline.job import PAIRS
from benchmarks.pipeline.whole_set import different_share

CANDIDATES = 100  # of the query that seconds are told of
Figures = dict[str, Any]

# Times as fast as the published way that were aimed at: cold, warm.
AIMS = {
    "superpoint+superglue": (3.0, 5.0),
    "d2net+ransac": (3.0, 25.0),
    "r2d2+ransac": (3.0, 25.0),
    "patchnetvlad+ransac": (1.5, 40.0),
    "patchnetvlad+rapid": (1.5, 40.0),
    "patchnetvlad+rapid 512-D": (1.5, 40.0),
    "transvpr+ransac": (3.0, 40.0),
    "loftr+loftr": (3.0, 8.0),
    "cvnet+cvnet": (3.0, 15.0),
}


def published_s(measured: Figures) -> float:
    """Return seconds of a query the published way."""
    return measured["query_s"] + CANDIDATES * (measured["candidate_s"] + measured["score_s"])


def cold_s(measured: Figures) -> float:
    """Return seconds of a query with nothing stored."""
    return (1 + CANDIDATES) * measured["photo_s"] + CANDIDATES * measured["score_s"]


def cold_of_set_s(measured: Figures, share: float) -> float:
    """Return seconds of a query of a whole set, nothing stored, where queries share candidates.

    share: of the candidates that are different photos, each extracted once.
    """
    return (1 + share * CANDIDATES) * measured["photo_s"] + CANDIDATES * measured["score_s"]


def warm_s(measured: Figures, score: str = "score_s") -> float:
    """Return seconds of a query whose candidates' features are stored."""
    return measured["photo_s"] + CANDIDATES * measured[score]


def times_as_fast(of_pair: Figures, seconds: Callable[[Figures], float]) -> str:
    """Write how many times as fast as the published way: median of the rounds' ratios, and their range."""
    ratios = _ratios(of_pair, seconds)
    return f"{digits(median(ratios))} ({digits(min(ratios))} to {digits(max(ratios))})"


def speed_table(precision: str) -> str:
    """Return seconds of a query and times as fast as the published way, a row for every pair."""
    rows = []
    whole_set = read_figures("whole_set")
    share = different_share(whole_set) if whole_set else None
    for pair, of_pair in _pairs(precision):
        aim = AIMS.get(pair)
        own = "own_score_s" in of_pair["ours"][0]
        rows.append(
            [
                pair,
                _median(published_s, of_pair["naive"]),
                _median(cold_s, of_pair["ours"]),
                _median(warm_s, of_pair["ours"]),
                times_as_fast(of_pair, cold_s),
                "" if share is None else times_as_fast(of_pair, partial(cold_of_set_s, share=share)),
                times_as_fast(of_pair, warm_s),
                times_as_fast(of_pair, lambda told: warm_s(told, "own_score_s")) if own else "",
                f"{aim[0]:g}, {aim[1]:g}" if aim else "",
            ]
        )
    heads = ("pair", "published s", "cold s", "warm s", "cold", "cold, of a whole set", "warm")
    return table((*heads, "warm, own estimator", "aim"), rows)


def summary_table() -> str:
    """Return seconds of a query, and medians of times as fast as the published way, in both precisions."""
    low = dict(_pairs("bf16"))
    rows = []
    for pair, of_pair in _pairs("float32"):
        ours = of_pair["ours"]
        seconds = [_median(published_s, of_pair["naive"]), _median(cold_s, ours), _median(warm_s, ours)]
        measured = [of_pair, *([low[pair]] if pair in low else [])]
        ratios = (" / ".join(_median_ratio(told, way) for told in measured) for way in (cold_s, warm_s))
        rows.append([pair, *seconds, *ratios])
    heads = ("pair", "published s", "cold s", "warm s", "times as fast: cold, float32 / bf16", "warm")
    return table(heads, rows)


def ranking_table(precision: str) -> str:
    """Return in how far scores and order are those of the published way."""
    names = ("scores", "identical", "equal", "same_order", "same_first")
    rows = []
    for pair, of_pair in _pairs(precision):
        told, rounded = of_pair["ranking"], of_pair["ranking_rounded"]
        shares = [*(told[name] for name in names[1:]), rounded["identical"], rounded["equal"]]
        rows.append([pair, str(told["scores"]), *(f"{100 * share:.0f} %" for share in shares)])
    heads = (name.replace("_", " ") for name in names)
    return table(("pair", *heads, "rounded alike: identical", "equal"), rows)


def stage_table() -> str:
    """Return milliseconds of every stage, bytes, and memory, in float32."""
    rows = []
    for pair, of_pair in _pairs("float32"):
        naive, ours = of_pair["naive"], of_pair["ours"]
        size = median(told["photo_bytes"] for told in ours)
        read_s = median(told["read_s"] for told in ours)
        stages = [_ms(ours, f"{stage}_s") for stage in ("decode", "extract", "read", "match", "estimate")]
        rows.append(
            [pair, _ms(naive, "candidate_s"), _ms(naive, "score_s"), *stages, f"{size / 1e3:,.0f}"]
            + [f"{size / read_s / 1e6:,.0f}"]
            + [f"{max(told['peak_mib'] for told in way):,.0f}" for way in (naive, ours)]
        )
    heads = ("pair", "published: photo ms", "pair ms", "decode", "extract", "read", "match", "estimate")
    return table((*heads, "kB a photo", "read MB/s", "published: peak MiB", "peak MiB"), rows)


def bound_table() -> str:
    """Return what products and convolutions alone would take at the machine's rate, in float32."""
    measured = _pairs("float32")
    rate = read_figures("pipeline")["limits"]["gemm_float32_gflops"] if measured else 1.0
    rows = []
    for pair, of_pair in measured:
        work, ours, aim = of_pair["work"], of_pair["ours"], AIMS.get(pair)
        bare = {"photo_s": work["photo_gflop"] / rate, "score_s": work["pair_gflop"] / rate}
        at_best = {**of_pair, "ours": [bare] * len(ours)}
        rows.append(
            [pair, digits(work["photo_gflop"]), digits(1000 * bare["photo_s"]), _ms(ours, "photo_s")]
            + [digits(work["pair_gflop"]), digits(1000 * bare["score_s"]), _ms(ours, "score_s")]
            + [times_as_fast(at_best, seconds) for seconds in (cold_s, warm_s)]
            + [f"{aim[0]:g}, {aim[1]:g}" if aim else ""]
        )
    heads = ("pair", "GFLOP a photo", "at best ms", "measured", "GFLOP a pair", "at best ms", "measured")
    return table((*heads, "cold at best", "warm at best", "aim"), rows)


def limits_table() -> str:
    """Return what the machine could do at best, and what it is."""
    found = read_figures("pipeline")
    if not found:
        return NOT_MEASURED
    limits, machine = found["limits"], found["environment"]
    rows = [
        ["matrix products, float32", f"{limits['gemm_float32_gflops']:,.0f} GFLOP/s"],
        ["matrix products, bf16", f"{limits['gemm_bf16_gflops']:,.0f} GFLOP/s"],
        ["reading from the disk", f"{limits['disk_read_mb_per_s']:,.0f} MB/s"],
        ["reading what the system holds in memory", f"{limits['cached_read_mb_per_s']:,.0f} MB/s"],
    ]
    hardware = f"{machine['gpu'] or machine['cpu']}, {machine['threads']} threads"
    return table((hardware, "at best"), rows)


def _pairs(precision: str) -> list[tuple[str, Figures]]:
    measured = read_figures("pipeline").get("pairs", {})
    return [(pair, measured[pair][precision]) for pair in PAIRS if precision in measured.get(pair, {})]


def _ratios(of_pair: Figures, seconds: Callable[[Figures], float]) -> list[float]:
    pairs = zip(of_pair["naive"], of_pair["ours"], strict=True)
    return [published_s(naive) / seconds(ours) for naive, ours in pairs]


def _median_ratio(of_pair: Figures, seconds: Callable[[Figures], float]) -> str:
    return digits(median(_ratios(of_pair, seconds)))


def _median(seconds: Callable[[Figures], float], rounds: Iterable[Figures]) -> str:
    return digits(median(seconds(measured) for measured in rounds))


def _ms(rounds: Sequence[Figures], name: str) -> str:
    return digits(1000 * median(measured[name] for measured in rounds))
