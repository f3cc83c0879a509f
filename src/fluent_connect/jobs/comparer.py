"""What the `reconcile` job asks of the service: a page of a comparison of both systems."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from fluent_connect.model.message import Message


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a comparison: how many of which class, what mends them, where to go on."""

    classes: Mapping[str, int]
    repairs: Sequence[Message]
    cursor: str | None


class Comparer(Protocol):
    """Compares what commercetools and Fluent hold, page by page."""

    async def part(
        self,
        account: tuple[str, str],
        type_id: str,
        since: datetime | None,
        *,
        cursor: str | None,
        run: str,
        settle: float,
    ) -> Part:
        """Return the page of a type that follows the cursor (None: the first).

        What was changed less than `settle` seconds ago is no drift yet.
        """
        ...

    def tell(self, account: tuple[str, str], type_id: str, classes: Mapping[str, int]) -> None:
        """Take note of what a type came to as a whole."""
        ...
