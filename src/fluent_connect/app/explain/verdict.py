"""The answer in one sentence: where it stands, why, what happens next, and what mends it. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from fluent_connect.app.explain.history import History, Standing
from fluent_connect.app.explain.sides import Sides, Target
from fluent_connect.app.explain.told import ended, waiting
from fluent_connect.app.explain.words import Verdict, named
from fluent_connect.journal.overview import Pause

_LATE = 60.0
"""Seconds after which what is due and was not taken says that nobody takes."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: `label` names it ("order 1234"), `key` is what to ask about it again."""

    label: str
    type_id: str
    key: str
    history: History
    sides: Sides | None
    pauses: Sequence[Pause]
    now: float


def judge(case: Case) -> Verdict:
    """Return the verdict: what waits goes first, then how it ended, then what the sides say."""
    lost = _first(case.history.all, "unaccounted")
    if lost is not None:
        return Verdict(
            cause="unaccounted",
            text=f"LOST TRACK OF: {lost.id} has neither an end nor a place in a queue",
            next="nothing will happen by itself",
            mend="fluent-connect doctor --integrity",
        )
    current = _current(case.history)
    if current is not None and current.waits:
        return _waiting(case, current)
    if current is not None and current.state == "dead":
        return ended(current, case.label, case.key)
    drifted = _drifted(case, current)
    if drifted is not None:
        return drifted
    if current is None:
        return _never(case)
    return _agreeing(case, ended(current, case.label, case.key))


def _current(history: History) -> Standing | None:
    """Return what decides: what waits, else the newest end that is not overtaken.

    A message that only schedules a later look is no wait. Once it was carried out, a later message
    that had nothing to do (the gate of an order that ships) changes nothing about that.
    """
    standing = history.all
    waits = [each for each in standing if each.waits and not _later_look(each)]
    if waits:
        return waits[0]
    for each in standing:
        if each.state == "dead":
            return each
        if each.state == "done" and each.route:
            return each
    skipped = [each for each in standing if each.state == "skipped"]
    return next(iter(skipped), None) or next(iter(standing), None)


def _later_look(standing: Standing) -> bool:
    return standing.state == "scheduled" and standing.cause == "refresh" and not standing.tries


def _first(standing: Iterable[Standing], state: str) -> Standing | None:
    return next((each for each in standing if each.state == state), None)


def _waiting(case: Case, current: Standing) -> Verdict:
    group = f"{current.account}/{current.route}"
    for pause in case.pauses:
        if current.route and current.state != "running" and fnmatchcase(group, pause.pattern):
            return _paused(pause)
    late = current.due is not None and case.now - current.due > _LATE
    return waiting(current, case.now, untaken=late and current.state not in {"running", "parked"})


def _paused(pause: Pause) -> Verdict:
    account, _, route = pause.pattern.partition("/")
    given = [("--account", account), ("--route", route)]
    flags = " ".join(f"{flag} {value}" for flag, value in given if value not in {"", "*"})
    return Verdict(
        cause="paused",
        text=f"PAUSED: {pause.pattern} was stopped by {pause.by}",
        since=pause.at,
        next="nothing is lost: it goes on as soon as the pause ends",
        mend=f"fluent-connect resume {flags or '--all'}",
    )


def _drifted(case: Case, current: Standing | None) -> Verdict | None:
    """Return the verdict if Fluent holds something else than we would send; None if not."""
    if case.sides is None:
        return None
    for target in case.sides.targets:
        if target.drift:
            return _drift(case, current, target)
    return None


def _drift(case: Case, current: Standing | None, target: Target) -> Verdict:
    first = target.drift[0]
    mend = f"fluent-connect reconcile {_plural(case.type_id)} --key {case.key} --repair"
    untold = _untold(case)
    if all(each.how == "missing" for each in target.drift) and len(target.drift) == len(
        [each for each in target.held if each.how != "unneeded"]
    ):
        return _missing(case, current, untold, mend)
    if first.how == "foreign":
        return Verdict(
            cause="conflict",
            text=f"CONFLICT: Fluent's {first.entity} {first.ref} belongs to something else",
            why=_listed(target),
            next="nothing is written over what is not ours",
            mend=f"fluent-connect map try {case.key}",
        )
    gap = bool(untold)
    return Verdict(
        cause="gap" if gap else "different",
        text=f"{'BEHIND' if gap else 'DIFFERENT'} in Fluent: {_listed(target)}",
        why=untold or "it was carried out, and something else has changed it in Fluent since",
        next="nothing by itself: the next change of it in commercetools writes it again"
        if any(each.mendable for each in target.drift)
        else "nothing: an order that exists in Fluent is never updated",
        mend=mend if any(each.mendable for each in target.drift) else "",
    )


def _missing(case: Case, current: Standing | None, untold: str, mend: str) -> Verdict:
    if current is None:
        return _never(case)
    if current.state == "done" and not untold:
        return Verdict(
            cause="missing",
            text="MISSING in Fluent, though it was carried out: deleted there, or another account",
            why=f"{current.route} ended {current.state} {current.reason}".rstrip(),
            next="nothing by itself until it changes in commercetools again",
            mend=mend,
        )
    before = ended(current, case.label, case.key)
    if before.cause in {"filtered", "unmapped", "staged"} and not untold:
        return before
    return Verdict(
        cause="gap" if untold else "missing",
        text=f"MISSING in Fluent: {named(before)} then, but it would be sent now",
        why=untold or f"last told: {before.why or before.text}",
        next="nothing by itself: nobody has told of the change since",
        mend=mend,
    )


def _untold(case: Case) -> str:
    """Return what commercetools holds that no notification told of; "" if there is nothing."""
    side = case.sides.commercetools if case.sides else None
    known = case.history.newest_version
    parts = []
    if side is not None and side.version is not None and known is not None and side.version > known:
        parts.append(f"commercetools is at version {side.version}, the newest told is {known}")
    if case.history.gaps:
        numbers = ", ".join(map(str, case.history.gaps))
        parts.append(f"sequence {numbers} of its notifications never came")
    return "; ".join(parts)


def _never(case: Case) -> Verdict:
    there = case.sides is not None and case.sides.commercetools.state == "there"
    mend = f"fluent-connect reconcile {_plural(case.type_id)} --key {case.key} --repair"
    return Verdict(
        cause="never-received",
        text="NEVER RECEIVED: no notification about it was ever accepted here"
        + (", and commercetools has it" if there else ""),
        why="the subscription does not send it, or it was made before the connector was",
        next="look whether commercetools sends: fluent-connect subscription status",
        mend=mend if there else "",
    )


def _agreeing(case: Case, verdict: Verdict) -> Verdict:
    """Return the verdict with what the sides and the sequence say beside it."""
    told = verdict.text
    if verdict.cause == "done" and case.sides is not None:
        held = [each for target in case.sides.targets for each in target.held]
        unread = [target for target in case.sides.targets if target.unreachable]
        if held and not unread:
            told += "; both sides agree"
    if case.history.gaps:
        numbers = ", ".join(map(str, case.history.gaps))
        told += f" (sequence {numbers} never came; the newest state was read all the same)"
    return msgspec.structs.replace(verdict, text=told)


def _listed(target: Target) -> str:
    parts = []
    for each in target.drift:
        if each.how == "missing":
            parts.append(f"no {each.entity} {each.ref}")
        else:
            fields = ", ".join(one.field for one in each.differences)
            parts.append(f"{each.entity} {each.ref}: {fields}")
    return "; ".join(parts)


def _plural(type_id: str) -> str:
    return {"category": "categories"}.get(type_id, f"{type_id}s")
