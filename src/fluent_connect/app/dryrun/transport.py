"""The way out of a dry run: reads are real, writes are shown and answered as if they were."""

import hashlib
import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.app.dryrun.held import Held, changes
from fluent_connect.app.dryrun.values import Written
from fluent_connect.app.dryrun.writes import Wish, answered, wishes
from fluent_connect.app.shadow.reads import document, reads, signs_in
from fluent_connect.clients.redact import masked as masked_text
from fluent_connect.clients.transport import Answer, Request, Transport
from fluent_connect.journal.masking import masked

_MOST = 65536
_encode = msgspec.json.Encoder(order="sorted").encode
Check = Callable[[str, Mapping[str, Any]], Sequence[str]]
"""Return what is wrong with the input of a mutation by the schema."""


class DryTransport:
    """Sends what reads; hands every write to `show`, and answers it as if it had been done."""

    def __init__(
        self,
        transport: Transport,
        show: Callable[[Written], None],
        *,
        check: Check = lambda _, __: (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._show = show
        self._check = check
        self._clock = clock
        self._held = Held()
        self._numbers = itertools.count(1)
        self._seen: OrderedDict[tuple[str, ...], None] = OrderedDict()

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        """Return the answer: the other system's own to a read, a made-up one to a write."""
        if signs_in(request):
            return await self._transport.send(request, timeout)
        if reads(request):
            answer = await self._transport.send(request, timeout)
            if document(request):
                self._held.learn(request.headers.get("fluent.account", ""), _data(answer))
            return answer
        asked = wishes(request)
        message = request.headers.get("X-Correlation-ID", "") if len(asked) == 1 else ""
        for wish in asked:
            self._show(self._written(wish, message))
        return answered(request, asked, self._numbers)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._transport.close()

    def _written(self, wish: Wish, message: str) -> Written:
        held = self._held.of(wish)
        found = self._check(wish.operation, wish.input) if wish.alias else ()
        return Written(
            at=self._clock(),
            message=message,
            system=wish.system,
            account=wish.account,
            operation=wish.operation,
            about=masked_text(wish.about),
            input=masked(wish.input),
            held=held is not None,
            changes=changes(wish, held),
            violations=found,
            again=self._again(wish),
        )

    def _again(self, wish: Wish) -> bool:
        """Say whether the same was shown before: a create of it, or just this update.

        Of events and updates of commercetools each counts.
        """
        if not wish.alias:
            return False
        what = "" if wish.creates else hashlib.sha256(_encode(wish.input)).hexdigest()
        key = (wish.account, wish.operation, wish.about, what)
        known = key in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return known


def _data(answer: Answer) -> object:
    """Return the data of an answer; None if there is none: whoever asked is told so."""
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
