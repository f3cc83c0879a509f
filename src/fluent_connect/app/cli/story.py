"""What happened to a notification, told so that a person can follow it."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

import msgspec

from fluent_connect.app.cli import masking
from fluent_connect.app.cli.output import paint, span, stamp
from fluent_connect.clients.trace import Call
from fluent_connect.journal.states import STATES, WAITING
from fluent_connect.journal.timeline import Step

_calls = msgspec.json.Decoder(list[Call])
_INDENT = " " * 15
_LABEL = 12
_OK = range(200, 300)
_ENDS = ("done", "skipped", "superseded")


def story(steps: Sequence[Step], *, unmasked: bool = False) -> Iterator[str]:
    """Yield the lines that tell the steps of `timeline_from_rows`, unit by unit."""
    for unit, group in groupby(steps, key=lambda step: step.unit):
        told = list(group)
        start = min(step.at for step in told)
        yield f"{unit}   {_headline(told)}"
        yield f"{stamp(start)}   {_standing(told)}"
        yield ""
        many = len({step.id for step in told if step.what == "message"}) > 1
        for step in map(partial(masked, unmasked=unmasked), told):
            yield from _told(step, start, unmasked=unmasked, many=many)
        yield ""


def masked(step: Step, *, unmasked: bool = False) -> Step:
    """Return the step without personal data in what others said; its ids stay."""
    return msgspec.structs.replace(
        step,
        reason=masking.text(step.reason, unmasked=unmasked),
        error=masking.text(step.error, unmasked=unmasked),
    )


def state_of(steps: Sequence[Step]) -> tuple[str, str]:
    """Return the state of one unit and the reason for it: of several messages the worst's."""
    parcels = {step.id: step for step in steps if step.what == "parcel"}
    fates = {step.id: step for step in steps if step.what == "fate"}
    messages = [step.id for step in steps if step.what == "message"]
    told = [parcels.get(id_) or fates.get(id_) for id_ in messages or [steps[0].unit]]
    told += [step for step in parcels.values() if step.id not in messages]
    found = [(step.state, step.reason) for step in told if step is not None]
    aside = next((step for step in steps if step.what == "aside"), None)
    if aside is not None and not found:
        return ("superseded", aside.reason) if aside.kind == "repeat" else ("done", aside.reason)
    lost = len(told) - len(found)
    return max([*found, *[("unaccounted", "")] * lost], key=lambda one: STATES.index(one[0]))


def is_over(state: str) -> bool:
    """Say whether a state is an end."""
    return state not in WAITING


def is_good(state: str) -> bool:
    """Say whether a state is an end that nobody has to look at."""
    return state in _ENDS


def _headline(steps: Sequence[Step]) -> str:
    for step in steps:
        if step.what in {"notification", "message"} and step.resource:
            version = "" if step.version is None else f" v{step.version}"
            kind = f"{step.kind} of " if step.what == "notification" else ""
            return f"{kind}{step.type_id} {step.resource}{version}"
    return ""


def _standing(steps: Sequence[Step]) -> str:
    state, reason = state_of(steps)
    why = f"  {masking.text(reason)}" if reason else ""
    return f"{paint(state, state)}{why}"


def _told(step: Step, start: float, *, unmasked: bool, many: bool) -> Iterator[str]:
    label, words = _words(step, start)
    which = f"[{step.id.rpartition('.')[2]}] " if many and "." in step.id else ""
    when = f"+{step.at - start:.3f}s" if step.what != "parcel" else "now"
    yield f"  {when:>11}  {paint(f'{label:<{_LABEL}}', label)} {which}{words}".rstrip()
    if step.error:
        shown = step.error.rstrip().splitlines()
        yield from (f"{_INDENT}{'':<{_LABEL}} {each}" for each in shown)
    if step.calls:
        yield from _calls_of(step.calls, unmasked=unmasked)


def _words(step: Step, start: float) -> tuple[str, str]:
    if step.what == "attempt":
        return f"attempt {step.tries}", f"{step.handler}: {step.state} in {span(step.seconds)}"
    if step.what == "fate":
        listened = step.id == step.unit and step.state == "done"
        return "listened" if listened else step.state, step.reason
    if step.what == "parcel":
        return step.state, _waiting(step, start)
    if step.what == "gap":
        return "gap", _gap(step)
    return _arrival(step)


def _gap(step: Step) -> str:
    """Tell of a lower number that had not come when this one had."""
    where = f": events show {step.name}" if step.name else ""
    why = f" ({step.reason})" if step.reason else ""
    return f"sequence {step.sequence} of {step.type_id} {step.resource} {step.state}{why}{where}"


def _arrival(step: Step) -> tuple[str, str]:
    """Tell how something came in, and what it became."""
    if step.what == "receipt":
        return "received", f"at the door {step.name}, {step.size:,} bytes"
    if step.what == "aside":
        return step.kind, f"{step.reason} (door {step.name})"
    if step.what == "notification":
        number = "" if step.sequence is None else f", sequence {step.sequence}"
        return "read", f"{step.kind}, notification {step.name}{number}"
    return "queued", f"{step.name} for {step.account}, retailer {step.retailer}"


def _waiting(step: Step, start: float) -> str:
    """Tell where something stands that has not come to its end, and what is next."""
    parts = [step.reason] if step.reason else []
    if step.kind:
        parts.append(f"waits for {step.kind}")
    if step.state == "dead":
        parts.append(f"retry it: fluent-connect dead retry {step.id}")
    else:
        due = f"due {stamp(step.at)}" if step.at > start else ""
        parts.append(", ".join(filter(None, (f"on the {step.name}", due))))
    return "; ".join(parts)


def _calls_of(text: str, *, unmasked: bool) -> Iterator[str]:
    indent = f"{_INDENT}{'':<{_LABEL}} "
    for call in _calls.decode(text):
        status = str(call.status or "no answer")
        tone = "good" if call.status in _OK else "bad"
        shared = f" (shared by {call.shared})" if call.shared > 1 else ""
        words = f"{call.method:<4} {call.system} {call.path}{shared}"
        yield f"{indent}{words}  {paint(status, tone)}  {span(call.seconds)}"
        for name, shown in (("sent", call.sent), ("answer", call.answer)):
            if shown:
                yield f"{indent}  {name}: {masking.excerpt(shown, unmasked=unmasked)}"
