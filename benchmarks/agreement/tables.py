"""Tables of agreement, from `results/benchmarks/agreement.json`."""

from typing import Any

from benchmarks.agreement.cases import Case, learned_cases, made_up_cases
from benchmarks.agreement.compare import NS, shown
from benchmarks.figures import read_figures
from benchmarks.markdown import table

SHARES = ("identical", "rounded_alike", "scoring_alone")


def recall_table() -> str:
    """Return recalls of both ways, their differences, and for how many queries the same photo comes first."""
    rows = []
    for case, told in _measured("learned", learned_cases()):
        for precision, figures in sorted(told.items(), reverse=True):  # float32 before bf16
            cells = [f"{case.name}, {precision}"]
            for n in NS:
                recall = figures["recall"][str(n)]
                cells += [shown(recall[way]) for way in ("published", "pipeline", "difference")]
            rows.append([*cells, shown(figures["same_first"])])
    heads = [head for n in NS for head in (f"recall@{n} published", "pipeline", "points more")]
    return table(("pair", *heads, "same first"), rows)


def identity_table() -> str:
    """Return how many scores are the same to the last digit, of the pairs with the same estimator."""
    measured = _measured("learned", learned_cases()) + _measured("made_up", made_up_cases())
    rows = [
        [f"{case.name}{', made up' if case.weights else ''}", *_counts(told["float32"])]
        + [_percent(told["float32"][share]) for share in SHARES]
        + [shown(told["float32"]["same_first"]), _percent(told["bf16"]["identical"])]
        + [shown(told["bf16"]["same_first"])]
        for case, told in measured
        if case.own is None
    ]
    heads = ("pair", "scores", "different", *(share.replace("_", " ") for share in SHARES), "same first")
    return table((*heads, "bf16: identical", "same first"), rows)


def _measured(kind: str, cases: list[Case]) -> list[tuple[Case, dict[str, Any]]]:
    known = read_figures("agreement").get(kind, {})
    return [(case, known[case.name]) for case in cases if case.name in known]


def _counts(told: dict[str, Any]) -> list[str]:
    return [str(told[name]) for name in ("scores", "different")]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
