"""Near a number, or on one side of it: how the scenario words an interval, and how a table does."""

from dltlab.claims.verdict import Interval, shown


def one_of(**given: float | None) -> None:
    """Refuse a claim that predicts nothing, or a number and a bound at once."""
    told = [key for key, value in given.items() if value is not None]
    keys = [key for key in given if key != "predicted"]
    if not told:
        raise ValueError(
            f"nothing is predicted; give 'predicted' with a 'tolerance', or {' or '.join(map(repr, keys))}."
        )
    if "predicted" in told and len(told) > 1:
        raise ValueError(f"give either 'predicted' or {told[-1]!r}, not both.")


def near(predicted: float, tolerance: float) -> Interval:
    """Within a tolerance of a number."""
    return Interval(predicted - tolerance, predicted + tolerance, centre=predicted)


def between(low: float | None, high: float | None, *, strict: bool = False) -> Interval:
    """Above one bound and below another, where they are given."""
    return Interval(-float("inf") if low is None else low, float("inf") if high is None else high, strict)


def worded(interval: Interval, unit: str = "") -> str:
    """Bounds as a table shows them: ``≥ 1.4``, ``< 0.1``, ``440 … 660``."""
    less, more = ("<", ">") if interval.strict else ("≤", "≥")
    tail = f" {unit}" if unit else ""
    if interval.low == -float("inf"):
        return f"{less} {shown(interval.high)}{tail}"
    if interval.high == float("inf"):
        return f"{more} {shown(interval.low)}{tail}"
    return f"{shown(interval.low)} … {shown(interval.high)}{tail}"
