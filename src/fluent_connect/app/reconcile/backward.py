"""From Fluent to commercetools: what Fluent has of us that commercetools has no more."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.app.reconcile.finding import Class, Finding
from fluent_connect.app.shadow.studio import Studio
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.fluent.compare import attribute
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError

_PAGE = 200
_IDS = 100
"""Ids in one question to commercetools: they stand in its URL."""
_INACTIVE = "INACTIVE"
_KEPT_TYPES = frozenset({"order", "customer"})
"""What is never removed from Fluent, though commercetools deletes it: told, not mended."""
_NODE = "id ref status attributes { name value }"


class Connection(msgspec.Struct, frozen=True):
    """A list of Fluent that holds entities of a type.

    identity: the attribute that names the resource that an entity was made of.
    """

    field: str
    arguments: str
    node: str
    identity: str = "commercetoolsId"

    @property
    def document(self) -> str:
        """Return the query for a page of it."""
        head, given = ("", "")
        if "retailer" in self.arguments:
            head, given = "$retailers: [Int!]", "retailerId: $retailers, "
        if "catalogue" in self.arguments:
            head, given = "$catalogue: ProductCatalogueKey", "catalogue: $catalogue, "
        return (
            f"query everything($first: Int!, $after: String, {head}) {{\n"
            f"  found: {self.field}({given}first: $first, after: $after) {{\n"
            f"    edges {{ cursor node {{ {self.node} }} }}\n"
            "    pageInfo { hasNextPage }\n  }\n}\n"
        )


CONNECTIONS: Mapping[str, Sequence[Connection]] = {
    "order": (Connection("orders", "retailer", _NODE, "commercetoolsOrderId"),),
    "customer": (Connection("customers", "", f"username {_NODE}"),),
    "category": (Connection("categories", "catalogue", _NODE),),
    "product": (
        Connection("standardProducts", "catalogue", _NODE),
        Connection("variantProducts", "catalogue", f"{_NODE} product {{ {_NODE} }}"),
    ),
}


class _Known(msgspec.Struct):
    id: str


class Backward:
    """Looks for what Fluent has and commercetools has not.

    deleted: says whether the journal was told of a resource's deletion.
    """

    def __init__(
        self,
        reading: Studio,
        settings: Settings,
        busy: Callable[[str, str], Awaitable[bool]],
        deleted: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._reading = reading
        self._settings = settings
        self._busy = busy
        self._deleted = deleted

    async def findings(self, account: Account, type_id: str) -> AsyncIterator[Sequence[Finding]]:
        """Yield what is extra, foreign or kept, page by page; what is there on both sides is not.

        An entity of which it cannot be found out is unknown, never extra.
        """
        cursor: str | None = ""
        while cursor is not None:
            found, cursor = await self.page(account, type_id, cursor)
            yield found

    async def page(
        self, account: Account, type_id: str, cursor: str
    ) -> tuple[Sequence[Finding], str | None]:
        """Return the findings of the page behind a cursor ("": the first), and the next cursor."""
        number, _, after = cursor.partition(":")
        connections, at = CONNECTIONS[type_id], int(number or 0)
        nodes, more = await self._nodes(account, connections[at], after)
        found = await self._page(account, type_id, connections[at], nodes)
        if more is not None:
            return found, f"{at}:{more}"
        return found, f"{at + 1}:" if at + 1 < len(connections) else None

    async def _nodes(
        self, account: Account, connection: Connection, after: str
    ) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        variables: dict[str, object] = {"first": _PAGE, "after": after or None}
        if "retailer" in connection.arguments and account.retailer.isdecimal():
            variables["retailers"] = [int(account.retailer)]
        if "catalogue" in connection.arguments:
            variables["catalogue"] = {"ref": self._settings.catalogue}
        answer = await self._reading.fluent(account, connection.document, variables)
        found = answer.get("found") or {}
        edges = [each for each in found.get("edges") or () if each and each.get("node")]
        more = bool(edges) and (found.get("pageInfo") or {}).get("hasNextPage")
        return [each["node"] for each in edges], edges[-1]["cursor"] if more else None

    async def _page(
        self,
        account: Account,
        type_id: str,
        connection: Connection,
        nodes: Sequence[Mapping[str, Any]],
    ) -> Sequence[Finding]:
        found: list[Finding] = []
        sources: dict[str, Mapping[str, Any]] = {}
        for node in nodes:
            source = attribute(node, connection.identity)
            if not source or self._of_another(account, node):
                found.append(self._told((account, type_id), node, "foreign", str(source or "")))
            elif not (self._is_guest(type_id, node) or _is_over(node, source, connection)):
                sources.setdefault(str(source), node)
        try:
            there = await self._there(account, type_id, list(sources))
        except ConnectError as error:
            why = str(error)
            return [
                *found,
                *(
                    self._told((account, type_id), node, "unknown", id_, reason=why)
                    for id_, node in sources.items()
                ),
            ]
        gone = [(id_, node) for id_, node in sources.items() if id_ not in there]
        return [*found, *[await self._gone(account, type_id, node, id_) for id_, node in gone]]

    async def _there(self, account: Account, type_id: str, ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(ids), _IDS):
            some = ids[start : start + _IDS]
            heads = await self._reading.heads(
                account, type_id, _Known, ("id in :ids",), variables={"ids": some}, limit=len(some)
            )
            found.update(each.id for each in heads)
        return found

    async def _gone(
        self, account: Account, type_id: str, node: Mapping[str, Any], id_: str
    ) -> Finding:
        class_: Class = "extra"
        if await self._busy(type_id, id_):
            class_ = "in-flight"
        elif type_id in _KEPT_TYPES and await self._deleted(type_id, id_):
            class_ = "kept"
        return self._told((account, type_id), node, class_, id_, reason="commercetools has it not")

    def _told(
        self,
        of: tuple[Account, str],
        node: Mapping[str, Any],
        class_: Class,
        id_: str,
        *,
        reason: str = "",
    ) -> Finding:
        account, type_id = of
        above = node.get("product") or {}
        return Finding(
            class_=class_,
            type_id=type_id,
            id=id_,
            account=account.name,
            retailer=account.retailer,
            ref=str(above.get("ref") or node.get("username") or node.get("ref") or ""),
            reason=reason,
            mendable=type_id not in _KEPT_TYPES,
        )

    def _of_another(self, account: Account, node: Mapping[str, Any]) -> bool:
        project = attribute(node, "commercetoolsProject")
        return project is not None and project != account.commercetools.project_key

    def _is_guest(self, type_id: str, node: Mapping[str, Any]) -> bool:
        guest = f"{self._settings.username_prefix}guest-"
        return type_id == "customer" and str(node.get("username") or "").startswith(guest)


def _is_over(node: Mapping[str, Any], source: object, connection: Connection) -> bool:
    """Say whether an entity is out of use, or told with the product that it belongs to."""
    if node.get("status") == _INACTIVE:
        return True
    above = node.get("product") or {}
    return attribute(above, connection.identity) == source and above.get("status") != _INACTIVE
