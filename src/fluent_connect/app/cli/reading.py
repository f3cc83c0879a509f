"""How times, durations and states are written on the command line."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.journal.states import STATES

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def duration(text: str) -> float:
    """Return the seconds that `30s`, `5m`, `1h30m` or `2d` mean. Raise CliError otherwise."""
    plain = text.replace(" ", "")
    if not _DURATION.fullmatch(plain):
        raise CliError("CLI004", f"{text!r} is no duration", do="write 30s, 5m, 2h or 3d")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(plain))


def moment(text: str, now: float | None = None) -> float:
    """Return the time that `2h ago`, `now` or RFC 3339 means, in seconds since the epoch.

    A time without zone is UTC, as all that we print. Raise CliError otherwise.
    """
    present = time.time() if now is None else now
    plain = text.strip()
    if plain == "now":
        return present
    if plain.endswith("ago"):
        return present - duration(plain.removesuffix("ago").strip())
    try:
        read = datetime.fromisoformat(plain)
    except ValueError as error:
        do = "write `2h ago`, `2026-01-31` or `2026-01-31T12:00:00Z`"
        raise CliError("CLI004", f"{text!r} is no time", do=do) from error
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def since(text: str, now: float | None = None) -> float:
    """Return the time that `moment` reads, or the one that a bare duration is ago: `2h`."""
    plain = text.replace(" ", "")
    return moment(f"{plain} ago" if _DURATION.fullmatch(plain) else text, now)


def states(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the states; `waiting` stands for all that wait. Raise CliError for an unknown one."""
    return words(texts, (*STATES, "waiting"))


def words(texts: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the words, which commas may join. Raise CliError for one that is not known."""
    wanted = tuple(word for text in texts for word in re.split(r"[,\s]+", text) if word)
    for word in wanted:
        if word not in known:
            do = did_you_mean(word, known, f"write one of {', '.join(known)}")
            raise CliError("CLI004", f"no state is called {word!r}", do=do)
    return wanted
