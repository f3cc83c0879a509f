"""Every payload and every type that commercetools has goes in through the door, and ends."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from e2e.harness import Books, Inside, settled, told
from fluent_connect.journal.search import EventRow
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_PROJECTS = re.compile(r"<project[_-]key>|klaviyo-dev")
_SOON = {"retry.stale-waits": "0.1s, 0.2s"}
_ENDS = {"done", "skipped", "superseded"}


async def test_every_example_payload_comes_to_an_end_with_a_reason(
    sandbox: Sandbox, tmp_path: Path, shared: Path
) -> None:
    bodies = dict(_examples(shared / "reference" / "payloads"))
    with capture_logs() as lines:
        async with Inside(sandbox, tmp_path, _SOON, patience=0.5) as connector:
            for name, body in bodies.items():
                assert await connector.post(body) == 202, name
            ledger = await settled(tmp_path, len(bodies))
    assert ledger.accepted + ledger.repeats == len(bodies)
    events = _judged(Books(tmp_path), lines)
    unread = [name for name, body in bodies.items() if not _is_notification(body)]
    dead = [event for event in events if event.state == "dead"]
    assert {event.reason for event in dead} == {"malformed: no envelope that is known here"}
    assert len(dead) == len(unread), unread
    assert {event.state for event in events if event not in dead} <= _ENDS


async def test_every_message_type_comes_to_an_end_with_a_reason(
    sandbox: Sandbox, tmp_path: Path, message_types: Sequence[tuple[str, str]]
) -> None:
    assert len(message_types) == 340
    bodies = [body for number, each in enumerate(message_types) for body in _both(number, *each)]
    with capture_logs() as lines:
        async with Inside(sandbox, tmp_path, _SOON, patience=0.5) as connector:
            for body in bodies:
                assert await connector.post(body) == 202, body
            ledger = await settled(tmp_path, len(bodies))
    assert ledger.accepted == len(bodies)
    assert {event.state for event in _judged(Books(tmp_path), lines)} <= _ENDS


def _judged(books: Books, lines: Sequence[Mapping[str, Any]]) -> Sequence[EventRow]:
    """Return the events; each one that did nothing says why, and nobody has seen a traceback."""
    events = books.events()
    print(
        Counter(
            (e.state, e.type_id, e.reason)
            for e in events
            if e.reason not in ("unmapped", "filtered")
        )
    )
    assert not [event for event in events if event.state != "done" and not event.reason]
    assert not [each for each in books.attempts() if "Traceback" in str(each["error"])]
    assert not [each for each in books.dead() if "Traceback" in each.error]
    assert not [line for line in lines if "exc_info" in line or "Traceback" in str(line)]
    return events


def _both(number: int, type_id: str, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield a Message of the type, and the same one without its payload."""
    yield told(name, type_id, f"whole-{number}", number=f"w-{number}")
    bare = told(name, type_id, f"bare-{number}", number=f"b-{number}")
    del bare["type"]
    yield {**bare, "payloadNotIncluded": {"reason": "too large", "payloadType": name}}


def _examples(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every example, told of the sandbox's project where it names one."""
    for part in ("messages", "subscriptions-envelopes"):
        for file in sorted((folder / part).iterdir()):
            yield file.name, _PROJECTS.sub("sandbox", file.read_text()).encode()


def _is_notification(body: bytes) -> bool:
    """Say whether it is one, not a destination, a subscription or a page of Messages."""
    found = msgspec.json.decode(body)
    return "resource" in found or "notificationType" in found or "specversion" in found
