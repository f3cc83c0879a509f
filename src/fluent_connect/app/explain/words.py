"""What a verdict consists of, and how times and reasons are worded in it. Pure."""

from datetime import UTC, datetime

import msgspec


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Where something stands: the cause by its name, a sentence, and what is to be done.

    since: since when it stands so. due: when something happens by itself. mend: the command, ""
    where there is nothing to mend.
    """

    cause: str
    text: str
    why: str = ""
    next: str = ""
    mend: str = ""
    since: float | None = None
    due: float | None = None


def named(verdict: Verdict) -> str:
    """Return the first words of a verdict, as part of another sentence."""
    return verdict.text.partition(":")[0].partition(" (")[0].lower()


def clock(seconds: float) -> str:
    """Return a time of day, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def until(seconds: float, now: float) -> str:
    """Return when that is, and how long from now."""
    left = seconds - now
    if left <= 0:
        return "at once"
    far = f"{left:.0f} s" if left < 120 else f"{left / 60:.0f} min"  # noqa: PLR2004
    return f"at {clock(seconds)} (in {far})"
