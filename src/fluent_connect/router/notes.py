"""What an outcome says in a few words."""

from collections import Counter
from collections.abc import Iterable, Sequence

from fluent_connect.clients.fluent.model import Pushed
from fluent_connect.mapping.rules.cuts import Cut

_TOLD = 3
"""Cuts that are told one by one."""


def what_was_done(pushed: Iterable[Pushed], refreshes: int) -> str:
    """Return "created", or "2 updated, 1 refreshed"."""
    all_hows = [each.how for each in pushed]
    if len(all_hows) == 1 and not refreshes:
        return all_hows[0]
    hows: Counter[str] = Counter(all_hows)
    if refreshes:
        hows["refreshed"] = refreshes
    if hows.total() == 1:
        return next(iter(hows))
    return ", ".join(f"{count} {how}" for how, count in hows.items())


def with_cuts(note: str, cuts: Sequence[Cut]) -> str:
    """Return the note with what did not fit whole; of more than a few, how many."""
    told = list(dict.fromkeys(str(each) for each in cuts))
    more = [f"{len(told) - _TOLD} more cut"] if len(told) > _TOLD else []
    return "; ".join(each for each in (note, *told[:_TOLD], *more) if each)
