"""A shop, a Fluent account, a store between them, and the command line on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from e2e.harness import Books, Inside, settled, told
from fluent_connect.sandbox.servers import Sandbox
from unit.app.cli.shelf import Ran, Shell


class Scene:
    """What a story is staged in."""

    def __init__(self, shell: Shell, sandbox: Sandbox) -> None:
        self._shell = shell
        self.sandbox = sandbox
        self.data = shell.data
        self.books = Books(shell.data)
        self.project = sandbox.commercetools.project
        self.fluent = sandbox.fluent.entities
        self.faults = sandbox.fluent.faults
        self._accepted = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Inside]:
        """Have a service run on the store."""
        async with Inside(self.sandbox, self.data) as service:
            yield service

    async def carry(self, *bodies: object) -> None:
        """Have notifications carried to their ends."""
        self._accepted += len(bodies)
        async with self.serving() as service:
            for body in bodies:
                assert await service.post(body) == 202
            await settled(self.data, self._accepted)

    async def catalogue(self) -> None:
        """Have the products of the order in Fluent, and what they need."""
        sold = {line["productId"] for line in self.order()["lineItems"]}
        await self.carry(
            *(told("ProductPublished", "product", each) for each in sold | {self.product()["id"]}),
        )

    async def run(self, *words: str) -> Ran:
        """Run a command on the store, beside whatever else runs."""
        return await asyncio.to_thread(self._shell.there, *words)

    def order(self, **changes: object) -> dict[str, Any]:
        """Return an order of the shop, changed without anybody being told."""
        order = next(iter(self.project.scan("order")))
        return self.project.change("order", {**order, **changes}) if changes else order

    def product(self) -> dict[str, Any]:
        return next(iter(self.project.scan("product")))

    def writes(self) -> int:
        """Return how often Fluent was written to."""
        return len(self.fluent.writes(limit=1_000_000))
