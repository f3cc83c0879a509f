"""Words for what waits and for what has ended, by the reasons that the stations give. Pure."""

from collections.abc import Callable, Sequence

from fluent_connect.app.explain.history import Standing
from fluent_connect.app.explain.words import Verdict, until

_PRODUCTS = frozenset({"standardProduct", "variantProduct", "product", "groupProduct"})
_WORDED = {"unchanged": "Fluent holds it as it is (unchanged)"}
_OPERATOR = "dropped by operator"


def waiting(standing: Standing, now: float, *, untaken: bool) -> Verdict:
    """Return the verdict on what has not come to its end. untaken: it is due, and nobody takes."""
    if untaken:
        return Verdict(
            cause="not-taken",
            text=f"WAITING on the {standing.queue}, and nobody takes it",
            why="it was due long ago: the service is down, its breaker is open, or its lane held",
            next="it goes on when the service does",
            mend="fluent-connect doctor",
            since=standing.due,
        )
    if standing.state == "parked":
        return _parked(standing, now)
    when = "" if standing.due is None else until(standing.due, now)
    if standing.state == "retrying":
        return Verdict(
            cause="retrying",
            text=f"RETRYING: {_failed(standing)}",
            why=f"try {standing.tries} failed",
            next=f"the next try comes by itself {when}",
            due=standing.due,
        )
    if standing.state == "running":
        return Verdict(
            cause="running",
            text=f"RUNNING: {standing.route or 'the listener'} has it in hand, try "
            f"{standing.tries}",
            next="it ends within its handler's time-out",
        )
    return Verdict(
        cause="queued",
        text=f"WAITING its turn on the {standing.queue}",
        why=standing.reason,
        next=f"it is due {when}" if when else "it is due now",
        due=standing.due,
    )


def _failed(standing: Standing) -> str:
    """Return why the last try failed, in one line, without the error's class."""
    line = (standing.reason or standing.error).strip().splitlines()
    first = line[0] if line else "the last try failed"
    kind, _, rest = first.partition(": ")
    return rest if rest and kind.endswith("Error") else first


def _parked(standing: Standing, now: float) -> Verdict:
    when = "" if standing.due is None else until(standing.due, now)
    what = standing.waits_for
    if what.startswith("route/"):
        route = what.removeprefix("route/")
        return Verdict(
            cause="no-route",
            text=f"PARKED: no route takes {route}",
            why=standing.reason,
            next="it is woken by a start with such a route",
            mend="fluent-connect routes list",
            due=standing.due,
        )
    entity, _, ref = what.partition("/")[2].partition("/")[2].partition("/")
    kind = _kind_of(entity)
    return Verdict(
        cause="parked",
        text=f"PARKED: it waits for {entity} {ref}, which Fluent has not got",
        why=standing.reason,
        next=f"it goes on by itself once {ref} is there; looked at again {when}".rstrip(),
        mend=f"fluent-connect explain {kind}{ref}",
        due=standing.due,
    )


def _kind_of(entity: str) -> str:
    if entity in {"customer", "category"}:
        return f"{entity} "
    return "sku " if entity == "variantProduct" else "product " if entity in _PRODUCTS else ""


def ended(standing: Standing, label: str, key: str) -> Verdict:
    """Return the verdict on what has come to its end."""
    if standing.state == "dead":
        return _dead(standing, key)
    if standing.state == "done":
        how = standing.reason.partition(";")[0] or "carried out"
        return Verdict(
            cause="done",
            text=f"DONE: {_WORDED.get(how, how)}",
            why=f"by {standing.handler or standing.route or 'the listener'}, try "
            f"{max(1, standing.tries)}",
            next="nothing",
            since=standing.settled,
        )
    if standing.state == "superseded":
        return _superseded(standing)
    return _skipped(standing, label)


def _superseded(standing: Standing) -> Verdict:
    if standing.reason.startswith("duplicate"):
        return Verdict(
            cause="duplicate",
            text="DUPLICATE: the same notification had been accepted before",
            why=standing.reason,
            next="nothing: the first one counts",
            since=standing.settled,
        )
    return Verdict(
        cause="superseded",
        text=f"SUPERSEDED: {standing.reason} of it was applied before",
        why="a newer or equal state had been carried out already",
        next="nothing",
        since=standing.settled,
    )


def _dead(standing: Standing, key: str) -> Verdict:
    reason = standing.reason
    retry = f"fluent-connect dead retry {standing.id}"
    for begins, cause, do in _DEATHS:
        if begins(standing):
            return Verdict(
                cause=cause,
                text=f"DEAD: {reason}",
                why=f"{do.format(key=key)}",
                next="nothing by itself: it is kept until it is retried or dropped",
                mend=retry,
                since=standing.settled,
            )
    raise AssertionError("the last death is any")


def _mapping(standing: Standing) -> bool:
    """Say whether what we made of it was refused, or could not be made."""
    wrong = standing.reason.startswith("refused:") or "InputError" in standing.error
    return wrong or bool(standing.route and standing.error.startswith("UnprocessableError"))


_Sign = Callable[[Standing], bool]
_DEATHS: Sequence[tuple[_Sign, str, str]] = (
    (
        lambda one: "no account" in one.reason,
        "no-account",
        "map its store or country to an account in the configuration first",
    ),
    (
        lambda one: one.reason.startswith("malformed") or not one.route,
        "malformed",
        "what was sent is no notification that is known; look at it with events show --body",
    ),
    (
        lambda one: one.reason.startswith("parent never came"),
        "parent-never-came",
        "bring the parent about first: fluent-connect explain tells of it",
    ),
    (
        _mapping,
        "dead-mapping",
        "mend the mapping or the data first: fluent-connect map try {key}",
    ),
    (
        lambda one: one.reason.startswith("gave up after"),
        "gave-up",
        "mend what failed first: its attempts are told below",
    ),
    (lambda _: True, "dead", "mend what failed first: its attempts are told below"),
)


def _skipped(standing: Standing, label: str) -> Verdict:
    reason = standing.reason
    for begins, cause, text, next_, mend in _SKIPS:
        if reason.startswith(begins):
            return Verdict(
                cause=cause,
                text=text.format(reason=reason, label=label),
                why=reason,
                next=next_,
                mend=mend,
                since=standing.settled,
            )
    return Verdict(
        cause="skipped",
        text=f"SKIPPED: {reason}",
        next="nothing until it changes in commercetools again",
        since=standing.settled,
    )


_AGAIN = "nothing: its next change in commercetools asks again"
_ROUTES = "fluent-connect routes list --notifications"
_SKIPS: Sequence[tuple[str, str, str, str, str]] = (
    ("not exportable", "gate-closed", "GATE CLOSED: {reason}", _AGAIN, ""),
    (
        "filtered",
        "filtered",
        "FILTERED OUT: the inclusion filter of its type leaves out this kind of notification",
        "nothing, until the filter takes it",
        _ROUTES,
    ),
    (
        "unmapped",
        "unmapped",
        "UNMAPPED: no route mapping is about its type",
        "nothing, until a mapping is",
        _ROUTES,
    ),
    ("staged", "staged", "STAGED: an edit that customers do not see yet", "publishing tells", ""),
    ("test", "test", "TEST: a notification that tries a subscription", "nothing", ""),
    (_OPERATOR, "dropped", "DROPPED: an operator gave it up", _AGAIN, ""),
    ("gone", "gone", "GONE: commercetools has it no longer", "nothing", ""),
    ("deleted", "gone", "GONE: {reason}", "nothing", ""),
)
