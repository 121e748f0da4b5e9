"""Tables in Markdown."""

from collections.abc import Sequence

NOT_MEASURED = "Not measured here yet: `python -m benchmarks`."


def digits(value: float) -> str:
    """Write a number with three digits, or all those before the point."""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.3g}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table, its first column of words and the others of numbers; a sentence where it is empty."""
    if not rows:
        return NOT_MEASURED
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))
