"""Figures as people read them: rounded, with units."""

NOTHING = "-"


def count(value: float | None) -> str:
    """Return a whole number with separators."""
    return NOTHING if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share in percent, with one digit."""
    return NOTHING if value is None else f"{value:.1%}"


def interval(value: float, low: float | None, high: float | None) -> str:
    """Return a share with its interval, as `89.4% (87.7 to 91.1)`."""
    if low is None or high is None:
        return share(value)
    return f"{share(value)} ({low * 100:.1f} to {high * 100:.1f})"


def gain(value: float, low: float, high: float) -> str:
    """Return a difference of shares with its interval, in points, as `+36.8 points (+35.1 to +38.5)`."""
    if low == high == 0:
        return NOTHING
    return f"{value * 100:+.1f} points ({low * 100:+.1f} to {high * 100:+.1f})"


def duration(seconds: float | None) -> str:
    """Return a time in the two largest units that it has."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def roughly(seconds: float) -> str:
    """Return a time in the largest unit that it has."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def spoken(name: str) -> str:
    """Return the name of a stage, a figure or a reason as words: `no_winner` is `no winner`."""
    return name.replace("_", " ")
