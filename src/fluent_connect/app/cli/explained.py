"""How `explain` shows what it found: the verdict first, the story last."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fluent_connect.app.cli import masking
from fluent_connect.app.cli.output import ago, json_line, line, paint, stamp, told
from fluent_connect.app.cli.story import masked as masked_step
from fluent_connect.app.cli.story import story
from fluent_connect.app.explain.sides import Side, Target
from fluent_connect.app.explain.verdict import Case
from fluent_connect.app.explain.words import Verdict
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.clients.fluent.compare import Difference
from fluent_connect.clients.fluent.comparison import Comparison
from fluent_connect.journal.masking import masked
from fluent_connect.journal.timeline import Step
from fluent_connect.model.notification import Reference

_GOOD = frozenset({"done", "superseded", "duplicate", "test"})
_BAD = frozenset({"unaccounted", "missing", "different", "gap", "conflict", "never-received"})
_WIDE = 46
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a subject, and the verdict on it. about: None if it could not be read."""

    case: Case
    about: Reference | None
    verdict: Verdict
    edition: Edition | None


def show(found: Explained, *, limit: int, unmasked: bool) -> None:
    """Write it for a person: whoever reads the first line alone knows where it stands."""
    for each in _verdict(found, unmasked=unmasked):
        line(each)
    for title, lines in (
        ("now", _now(found, unmasked=unmasked)),
        ("told of it", _notifications(found)),
        ("route", _routes(found)),
    ):
        listed = list(lines)
        if listed:
            line(f"\n{paint(title.upper(), 'quiet')}")
            for each in listed:
                line(f"  {each}")
    steps = newest_units(found.case.history.steps, limit)
    if steps:
        line(f"\n{paint('STORY', 'quiet')}")
        for each in story(steps, unmasked=unmasked):
            line(f"  {each}".rstrip())


def _verdict(found: Explained, *, unmasked: bool) -> Iterator[str]:
    verdict = found.verdict
    tone = "good" if verdict.cause in _GOOD else "bad" if _is_bad(verdict) else "doubt"
    text = masking.text(verdict.text, unmasked=unmasked)
    since = f" ({ago(verdict.since, found.case.now)} ago)" if verdict.since else ""
    yield f"{found.case.label}: {paint(text, tone)}{since}"
    if verdict.why:
        yield f"  why    {masking.text(verdict.why, unmasked=unmasked)}"
    yield f"  next   {verdict.next or 'nothing'}"
    if verdict.mend:
        yield f"  mend   {verdict.mend}"


def _is_bad(verdict: Verdict) -> bool:
    return verdict.cause in _BAD or verdict.text.startswith("DEAD")


def _now(found: Explained, *, unmasked: bool) -> Iterator[str]:
    sides = found.case.sides
    if sides is None:
        return
    yield f"commercetools  {_side(sides.commercetools, found.about)}"
    for target in sides.targets:
        yield from _target(target, unmasked=unmasked)


def _side(side: Side, about: Reference | None) -> str:
    if side.state == "unreachable":
        return f"could not be reached: {masking.text(side.why)}"
    if side.state == "absent":
        return f"has no {about}"
    facts = ", ".join(f"{name}={value}" for name, value in side.facts.items())
    return f"{about} version {side.version}: {facts}"


def _target(target: Target, *, unmasked: bool) -> Iterator[str]:
    where = f"Fluent         {target.account}/{target.retailer}"
    if target.unreachable:
        yield f"{where}  could not be reached: {masking.text(target.unreachable)}"
        return
    if target.outcome == "unread":
        yield f"{where}  not compared, a side could not be read: {masking.text(target.reason)}"
        return
    if target.outcome != "mapped":
        reason = masking.text(target.reason, unmasked=unmasked)
        yield f"{where}  nothing would be sent now: {target.outcome}: {reason}"
        return
    for held in target.held:
        if held.how != "unneeded":
            yield f"{where}  {_held(held)}"
            yield from _differing(held, unmasked=unmasked)
    yield f"we would send  {target.fields} fields by {target.handler}; each: fluent-connect map try"


def _held(held: Comparison) -> str:
    if held.how == "missing":
        return f"has no {held.entity} {held.ref}"
    version = "" if held.version is None else f", made of version {held.version}"
    same = "as we would send it" if held.how == "same" else held.how.upper()
    return f"{held.entity} {held.ref} (id {held.id}, {held.status}{version}): {same}"


def _differing(held: Comparison, *, unmasked: bool) -> Iterator[str]:
    if not held.differences:
        return
    size = max(len(each.field) for each in held.differences)
    yield f"  {'FIELD':<{size}}  {'WE WOULD SEND':<{_WIDE}}  FLUENT HOLDS"
    for each in held.differences:
        wanted, there = shown(each, unmasked=unmasked)
        yield f"  {each.field:<{size}}  {_cut(wanted):<{_WIDE}}  {_cut(there)}"


def shown(each: Difference, *, unmasked: bool) -> tuple[Any, Any]:
    """Return both values of a difference as they may be seen."""
    if unmasked:
        return each.wanted, each.held
    last = each.field.rpartition(".")[2]
    name = last.partition("[")[2].rstrip("]") or last
    told: Any = [masked({name: value}) for value in (each.wanted, each.held)]
    return told[0][name], told[1][name]


def _cut(value: Any) -> str:
    text = "(none)" if value is None else _encode(value).decode()
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _notifications(found: Explained) -> Iterator[str]:
    past = found.case.history
    seen = past.notifications
    if not seen:
        return
    numbers = [each.sequence for each in seen if each.sequence is not None]
    runs = f", sequence {min(numbers)} to {max(numbers)}" if numbers else ""
    gaps = ", ".join(map(str, past.gaps))
    missing = f"; never came: {gaps}" if gaps else "; none is missing" if numbers else ""
    count = "1 notification" if len(seen) == 1 else f"{len(seen)} notifications"
    yield f"{count}{runs}{missing}"
    doors = {step.unit: step for step in past.steps if step.what == "receipt"}
    for each in seen[:10]:
        receipt = doors.get(each.unit)
        door = f"door {receipt.name}{_scheme(found.edition, receipt.name)}" if receipt else ""
        number = "" if each.sequence is None else f" #{each.sequence}"
        version = "" if each.version is None else f" v{each.version}"
        yield f"{stamp(each.at)}  {each.kind}{version}{number}  {door}".rstrip()
    if len(seen) > 10:  # noqa: PLR2004 - as above
        yield f"... and {len(seen) - 10} older ones"


def _scheme(edition: Edition | None, door: str) -> str:
    """Return how the sender had to prove itself there, before anything was stored."""
    entry = edition.config.doors.get(door) if edition is not None else None
    if entry is None:
        return ""
    return f", proven by {' or '.join(entry.all_schemes) or 'nothing'}"


def _routes(found: Explained) -> Iterator[str]:
    past = found.case.history
    told_by = {each.unit: each for each in past.notifications}
    done: set[tuple[str, str, str]] = set()
    for message in past.messages:
        notification = told_by.get(message.unit)
        kind = notification.kind if notification else message.cause
        key = (message.route, message.account, kind)
        if key in done:
            continue
        done.add(key)
        yield f"{message.route}  {_why(found, message.route, kind, told=notification)}"


def _why(found: Explained, route: str, kind: str, *, told: Step | None) -> str:
    by = _handler(found.edition, route)
    if told is None:
        return f"{by}because of a {kind}"
    about = told.type_id
    if found.edition is not None:
        for entry in found.edition.config.route_mapping:
            if entry.type_id == about and entry.route == route:
                takes = (
                    f"one of {len(entry.kinds)} kinds that" if entry.kinds else "any kind is what"
                )
                return f"{by}because {kind} is {takes} the mapping of {about} takes"
    return f"{by}because {kind} of {about} is mapped to it"


def _handler(edition: Edition | None, route: str) -> str:
    if edition is None or route not in edition.routes:
        return ""
    handler = edition.routes.find(route).handler
    return f"{type(handler).__name__} (priority {handler.priority}) "


def newest_units(steps: Sequence[Step], limit: int) -> list[Step]:
    """Return the steps of the newest units."""
    units = list(dict.fromkeys(step.unit for step in steps))[:limit]
    return [step for step in steps if step.unit in units]


def show_json(found: Explained, *, limit: int, unmasked: bool) -> None:
    """Write it as one object of JSON."""
    case, verdict = found.case, found.verdict
    past = case.history
    json_line(
        {
            "subject": case.label,
            "resource": str(found.about) if found.about else None,
            "verdict": {
                "cause": verdict.cause,
                "text": masking.text(verdict.text, unmasked=unmasked),
                "why": masking.text(verdict.why, unmasked=unmasked),
                "next": verdict.next,
                "mend": verdict.mend,
                "since": None if verdict.since is None else stamp(verdict.since),
                "due": None if verdict.due is None else stamp(verdict.due),
            },
            "notifications": {
                "seen": len(past.notifications),
                "gaps": [str(each) for each in past.gaps],
            },
            "routes": list(_routes(found)),
            "now": _sides_json(found, unmasked=unmasked),
            "story": [
                _step_json(step, unmasked=unmasked) for step in newest_units(past.steps, limit)
            ],
        }
    )


def _sides_json(found: Explained, *, unmasked: bool) -> object:
    sides = found.case.sides
    if sides is None:
        return None
    return {
        "commercetools": msgspec.to_builtins(sides.commercetools),
        "fluent": [_target_json(each, unmasked=unmasked) for each in sides.targets],
    }


def _target_json(target: Target, *, unmasked: bool) -> dict[str, Any]:
    fields = msgspec.structs.asdict(target)
    fields["reason"] = masking.text(target.reason, unmasked=unmasked)
    fields["held"] = [comparison_json(each, unmasked=unmasked) for each in target.held]
    return fields


def comparison_json(held: Comparison, *, unmasked: bool) -> dict[str, Any]:
    """Return what was compared as JSON tells it."""
    fields = msgspec.structs.asdict(held)
    pairs = [(each.field, *shown(each, unmasked=unmasked)) for each in held.differences]
    fields["differences"] = [
        {"field": field, "wanted": wanted, "held": there} for field, wanted, there in pairs
    ]
    return fields


def _step_json(step: Step, *, unmasked: bool) -> dict[str, Any]:
    fields = told(masked_step(step, unmasked=unmasked))
    fields["calls"] = masking.calls(step.calls, unmasked=unmasked)
    return fields
