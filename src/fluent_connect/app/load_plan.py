"""What a load would come to, before anything is done: how many, and what orders would start."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.handlers.order.export import candidates, kept_back, order_ref
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.router.belongs import Belonging

_PAGE = 100
_REFS = 60
"""Refs of one look-up: each answers with one order at most, of the hundred that there may be."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be loaded.

    starting:  orders that would be created and start fulfilment. inert: created, and start none.
    in_fluent: orders that Fluent has already: nothing happens to them.
    elsewhere: orders that belong to another account of the project.
    kept_back: how many are not created, by the reason.
    """

    what: str
    total: int
    starting: int = 0
    inert: int = 0
    in_fluent: int = 0
    elsewhere: int = 0
    kept_back: Mapping[str, int] = {}


class OrderPlanner:
    """Reads each order as the handler would, and asks the export gate about it."""

    def __init__(
        self,
        accounts: Accounts,
        account: Account,
        settings: Settings,
        commercetools: Commercetools,
        fluent: Fluent,
    ) -> None:
        self._belonging = Belonging(accounts)
        self._account = account
        self._settings = settings
        self._commercetools = commercetools
        self._fluent = fluent

    async def plan(self, where: Sequence[str], as_type: str | None) -> Plan:
        """Return what a load of the orders that satisfy `where` would come to."""
        total = there = elsewhere = creating = 0
        kept: Counter[str] = Counter()
        async for page in self._pages(where):
            total += len(page)
            ours = [each for each in page if not self._elsewhere(each)]
            elsewhere += len(page) - len(ours)
            wanted = []
            for order in ours:
                why = self._kept_back(order, as_type)
                if why:
                    kept[why] += 1
                else:
                    wanted.append(order)
            known = await self._in_fluent(wanted)
            there += known
            creating += len(wanted) - known
        return Plan(
            what="orders",
            total=total,
            starting=0 if as_type else creating,
            inert=creating if as_type else 0,
            in_fluent=there,
            elsewhere=elsewhere,
            kept_back=dict(kept.most_common()),
        )

    async def _pages(self, where: Sequence[str]) -> AsyncIterator[list[Order]]:
        last = ""
        while True:
            predicates = (*where, f'id > "{last}"') if last else tuple(where)
            page = await self._commercetools.query(
                "order", Order, where=predicates, sort=("id asc",), limit=_PAGE
            )
            if page:
                yield page
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def _elsewhere(self, order: Order) -> bool:
        about = Message(
            id="plan",
            name="plan",
            key="",
            account=self._account.name,
            retailer=self._account.retailer,
            resource=Reference("order", order.id),
        )
        try:
            return self._belonging(self._account, about, order) is not None
        except UnprocessableError:
            return True

    def _kept_back(self, order: Order, as_type: str | None) -> str | None:
        why = kept_back(order, "", self._settings, as_type)
        if why:
            return why
        try:
            order_ref(order, self._settings)
        except UnprocessableError:
            return "no order number yet"
        return None

    async def _in_fluent(self, orders: Sequence[Order]) -> int:
        """Return how many of the orders Fluent has, under whichever of their refs."""
        found, wanted = 0, list(orders)
        while wanted:
            some, refs = [], set[str]()
            while wanted and len(refs) < _REFS:
                order = wanted.pop()
                some.append(own := candidates(order, order_ref(order, self._settings)))
                refs.update(own)
            asked = {"refs": sorted(refs), "retailers": [int(self._account.retailer)]}
            answer = await self._fluent.query("findOrder", asked)
            there = {edge["node"]["ref"] for edge in answer["found"]["edges"]}
            found += sum(not there.isdisjoint(own) for own in some)
        return found
