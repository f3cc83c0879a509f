"""Has Messages that did not come sent after: read from commercetools, put through the intake."""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import msgspec
import structlog

from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.journal.gaps import FETCHED, GONE, MISSING, Gap
from fluent_connect.model.errors import ConnectError, RefusedError
from fluent_connect.model.fact import Received, Sought
from fluent_connect.model.ids import new_id
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, Parcel, Put
from fluent_connect.queues.store import Store, Write

_MOST_RESOURCES = 20
"""That are asked about in one sweep: the traffic goes before."""
_LOOKS = 3
"""So often a Message is looked for before it is gone: queries lag behind a little."""
_NOT_AGAIN = 3600.0
"""Seconds until a project that lets nobody ask is asked again."""
_NO_MORE = "commercetools has it no more, or keeps no Messages"

Open = Callable[[str], Commercetools | None]
"""Return a client for a project; None: no account has it."""


class GapFetcher:
    """Asks commercetools for what is missing, and has it take the path of every notification.

    The Message and the row that says so are one write; one that comes late as well is a repeat.
    """

    def __init__(
        self, store: Store, open_client: Open, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._open = open_client
        self._clock = clock
        self._closed: dict[str, float] = {}
        self._log: Any = structlog.get_logger("fluent_connect")

    async def __call__(self, missing: Sequence[Gap]) -> None:
        """Look for these, resource by resource; what cannot be asked now is asked another time."""
        ordered = sorted(missing, key=_resource)
        grouped = [(of, list(each)) for of, each in groupby(ordered, key=_resource)]
        asked = 0
        for (project, type_id, resource), wanted in grouped:
            client = self._open(project)
            if client is None or self._closed.get(project, 0.0) > self._clock():
                continue
            asked += 1
            if asked > _MOST_RESOURCES:
                return
            await self._ask(client, Reference(type_id, resource), wanted)

    async def _ask(self, client: Commercetools, about: Reference, wanted: Sequence[Gap]) -> None:
        project = wanted[0].project_key
        try:
            found = await client.messages(about, {each.sequence for each in wanted})
        except RefusedError as error:
            self._closed[project] = self._clock() + _NOT_AGAIN
            self._log.warning("missing messages cannot be fetched", project=project, why=str(error))
            await self._commit_states(wanted, MISSING, str(error))
            return
        except ConnectError as error:
            self._log.warning("missing messages not fetched", project=project, why=str(error))
            return
        for each in wanted:
            raw = found.get(each.sequence)
            await (self._lost(each) if raw is None else self._put(each, raw))

    async def _put(self, gap: Gap, raw: bytes) -> None:
        """Put one through the intake, as if its door had taken it."""
        now, id_ = self._clock(), new_id()
        body = _as_delivered(raw, gap.project_key)
        headers = {"door": gap.door, "content-type": "application/json"}
        parcel = Parcel(id=id_, key="", body=body, headers=headers)
        outcome = Outcome(
            puts=(Put(CT_QUEUE, parcel),),
            facts=(
                Received(id_, gap.door, now, len(body)),
                Sought(gap.key, FETCHED, now, "from commercetools' Messages", id_),
            ),
        )
        await self._store.commit(Write(outcome))
        self._log.info(
            "missing message fetched", of=f"{gap.type_id}/{gap.resource}", sequence=gap.sequence
        )

    async def _lost(self, gap: Gap) -> None:
        if gap.looks + 1 < _LOOKS:
            await self._commit_states((gap,), MISSING, "not among commercetools' Messages yet")
            return
        await self._commit_states((gap,), GONE, _NO_MORE)
        self._log.warning(
            "missing message gone", of=f"{gap.type_id}/{gap.resource}", sequence=gap.sequence
        )

    async def _commit_states(self, of: Sequence[Gap], state: str, why: str) -> None:
        now = self._clock()
        facts = tuple(Sought(each.key, state, now, why) for each in of)
        await self._store.commit(Write(Outcome(facts=facts)))


def _resource(gap: Gap) -> tuple[str, str, str]:
    return gap.project_key, gap.type_id, gap.resource


def _as_delivered(raw: bytes, project: str) -> bytes:
    """Return a Message as a subscription delivers it; what it says itself stays as it is."""
    said = msgspec.json.encode({"notificationType": "Message", "projectKey": project})
    return said[:-1] + b"," + raw.strip()[1:]
