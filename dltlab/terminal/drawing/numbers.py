"""Numbers as people read them: 0.5, 2k, 1e-3, 12.3k, 1.5e6."""

import math


def short(value: float, digits: int = 3) -> str:
    """A value in about five characters.

    >>> [short(x) for x in (0, 0.5, 4.9834, 2000, 0.00012, 3.2e9, float("nan"))]
    ['0', '0.5', '4.98', '2k', '1.2e-4', '3.2e9', 'NaN']
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 9.995e-4 or size >= 999_500:
        return exponent(value, digits)
    if size >= 999.5 * (10 if digits > 3 else 1):
        return f"{value / 1000:.{digits}g}k"
    return f"{value:.{digits}g}"


def measured(value: float, bar: float, digits: int = 3) -> str:
    """A value with its error bar, where so many digits let it be seen: the bar to one digit, the value as far as it.

    >>> [measured(5.0031, bar, 5) for bar in (0.0021, 0.2, 1e-7, float("nan"))]
    ['5.003 ± 0.002', '5.0 ± 0.2', '5.0031', '5.0031 ± ?']
    """
    size, bar = abs(value), abs(bar)
    if not math.isfinite(value) or bar == 0:
        return short(value, digits)
    if not math.isfinite(bar):
        return f"{short(value, digits)} ± ?"
    if size and bar < 10.0 ** (math.floor(math.log10(size)) - digits + 1) / 2:
        return short(value, digits)
    if max(size, bar) >= 999_500 or bar < 1e-6:
        return f"{short(value, digits)} ± {short(bar, 1)}"
    place = math.floor(math.log10(bar := float(f"{bar:.0e}")))
    return f"{round(value, -place):.{max(-place, 0)}f} ± {bar:.{max(-place, 0)}f}"


def exponent(value: float, digits: int = 3) -> str:
    """In powers of ten without padding: 1e-3, 2.5e12."""
    if not 1e-99 < abs(value) < 1e100:
        digits = min(digits, 2)
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(power)}"


def decade(power: int) -> str:
    """Ten to a power, as a tick's label.

    >>> [decade(p) for p in (-4, -2, 0, 2, 3, 6)]
    ['1e-4', '0.01', '1', '100', '1k', '1e6']
    """
    return {-2: "0.01", -1: "0.1", 0: "1", 1: "10", 2: "100", 3: "1k"}.get(power, f"1e{power}")


def count(value: float) -> str:
    """A whole number with thousands set apart.

    >>> count(12345)
    '12,345'
    """
    return f"{round(value):,}"


def seconds(value: float) -> str:
    """A stretch of time.

    >>> [seconds(t) for t in (0.4, 12, 75, 3700)]
    ['0.4 s', '12 s', '1:15', '1:01:40']
    """
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
