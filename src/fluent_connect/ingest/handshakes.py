"""What senders ask before they send, answered only to who has proven himself.

Event Grid validates its own schema by an event and CloudEvents by `OPTIONS` (CloudEvents' "HTTP 1.1
Web Hooks for Event Delivery"); SNS wants a URL fetched, which is done later and elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from fluent_connect.ingest.replies import Reply
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.ingest.verify.sns import Sns

_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_LONGEST = 512


class _Validation(msgspec.Struct):
    code: str = msgspec.field(name="validationCode")


class _Event(msgspec.Struct, rename="camel"):
    event_type: str
    data: _Validation


class _Answer(msgspec.Struct, rename="camel"):
    validation_response: str


_events = msgspec.json.Decoder(list[_Event]).decode


def origin_allowed(headers: Mapping[bytes, bytes], origins: Sequence[str]) -> Reply | None:
    """Return the answer to `OPTIONS`; None if it asks for nothing, or is for another origin.

    origins: who may ask; none = whoever has proven himself. The callback is never called.
    """
    origin = headers.get(b"webhook-request-origin", b"").strip()
    told = origin.decode("latin-1")
    if not origin or len(origin) > _LONGEST or not (told.isascii() and told.isprintable()):
        return None
    if origins and told.lower() not in {each.lower() for each in origins}:
        return None
    answer = [(b"webhook-allowed-origin", origin), (b"allow", b"POST")]
    if b"webhook-request-rate" in headers:
        answer.append((b"webhook-allowed-rate", b"*"))
    return Reply.empty(200, *answer)


def validated(knock: Knock) -> Reply | None:
    """Return the answer to Event Grid's validation event; None if it is none.

    Its `validationUrl` is never called: the code is enough.
    """
    if knock.headers.get(b"aeg-event-type", b"").lower() != b"subscriptionvalidation":
        return None
    try:
        events = _events(knock.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(events) != 1 or events[0].event_type != _VALIDATION or not events[0].data.code:
        return None
    return Reply.json(200, msgspec.json.encode(_Answer(events[0].data.code)))


def confirm(
    schemes: Sequence[object], knock: Knock, now: float, ask: Callable[[str], None]
) -> None:
    """Have a subscription of SNS confirmed if a topic of ours asks for it, and SNS signed that.

    Raise RetryableError while the signature cannot be told.
    """
    if b"SubscriptionConfirmation" not in knock.body:
        return
    for scheme in schemes:
        if isinstance(scheme, Sns) and (told := scheme.read(knock)) is not None:
            url = scheme.confirmation(told)
            if url is not None and scheme.passes(knock, now):
                ask(url)
