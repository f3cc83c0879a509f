"""What handlers' tests share: contexts, messages, and two systems that hold what a test says."""

import json
import pathlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
import pytest
import structlog

from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.handlers.message_handler import AnyHandler, Change, HandlerContext, MapContext
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.lease import Lease
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

PAYLOADS = pathlib.Path(__file__).parents[4] / "shared" / "reference" / "payloads"
NOW = 1_700_000_000.0


def corpus(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every resource of a folder of recorded payloads, with the file that it stands in."""
    for file in sorted((PAYLOADS / folder).glob("*.json")):
        found = json.loads(file.read_text("utf-8"))
        if isinstance(found, dict):
            found = found.get("results", [found.get("customer", found)])
        for each in found:
            yield file.name, {"id": "made-up", "version": 1, **each}


needs_corpus = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason="no recorded payloads beside the checkout"
)


def map_context(settings: Settings | None = None) -> MapContext:
    return MapContext(
        account="ACME",
        retailer="5",
        project_key="shop",
        settings=settings or Settings(),
        props={},
    )


def message(type_id: str, id_: str = "id-1", kind: str = "ResourceUpdated", **more: Any) -> Message:
    return Message(
        **{
            "id": "m.0",
            "name": f"commercetools.connect.{type_id}.upsert",
            "key": f"ACME/5/{type_id}/{id_}",
            "account": "ACME",
            "retailer": "5",
            "project_key": "shop",
            "resource": Reference(type_id, id_),
            "kind": kind,
            "version": 1,
            **more,
        }
    )


class FakeCommercetools:
    """Holds resources as JSON by `typeId/id`; queries answer what a test laid down by type."""

    def __init__(
        self,
        held: Mapping[str, Mapping[str, object]] | None = None,
        found: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    ) -> None:
        self.held = held or {}
        self.found = found or {}
        self.asked: list[tuple[str, object]] = []

    async def get(
        self, reference: Reference, type_: type[Any], *, expand: Sequence[str] = ()
    ) -> Any:
        self.asked.append((str(reference), tuple(expand)))
        held = self.held.get(str(reference))
        return None if held is None else msgspec.convert(held, type_)

    async def query(self, type_id: str, type_: type[Any], **more: Any) -> list[Any]:
        self.asked.append((type_id, more))
        return [msgspec.convert(each, type_) for each in self.found.get(type_id, ())]

    async def all(self, type_id: str, type_: type[Any], **more: Any) -> AsyncIterator[Any]:
        for each in await self.query(type_id, type_, **more):
            yield each


class FakeFluent:
    """Answers GraphQL documents by what a test laid down, one answer after the other."""

    def __init__(self, answers: Iterable[Mapping[str, object]] = ()) -> None:
        self.answers = list(answers)
        self.asked: list[Mapping[str, object]] = []

    async def ask(self, document: str, variables: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append(dict(variables))
        return self.answers.pop(0) if self.answers else {"found": None}


def context(
    commercetools: FakeCommercetools | None = None,
    fluent: FakeFluent | None = None,
    *,
    settings: Settings | None = None,
    payload: Mapping[str, object] | None = None,
    now: float = NOW,
) -> HandlerContext:
    async def read() -> Mapping[str, object] | None:
        return payload

    return HandlerContext(
        commercetools=cast("Commercetools", commercetools or FakeCommercetools()),
        fluent=cast("Fluent", fluent or FakeFluent()),
        settings=settings or Settings(),
        props={},
        lease=Lease(lambda: now + 60, lambda: now),
        log=structlog.get_logger(),
        payload=read,
        clock=lambda: now,
    )


def outcome_of(
    handler: AnyHandler, resource: Any, told: Message, settings: Settings | None = None
) -> list[Change]:
    """Return the changes, none where the handler says in words why there are none."""
    try:
        changes = list(handler.map(resource, told, map_context(settings)))
    except ConnectError as reason:
        if len(str(reason)) < 10:
            pytest.fail(f"not a reason that a person understands: {reason!r}")
        return []
    return changes
