"""Finds entities of Fluent by their natural keys; a doubt is raised, never taken for absence."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.fluent.graphql import Graphql
from fluent_connect.clients.fluent.model import Entity, Parent
from fluent_connect.clients.gathering import Gathering
from fluent_connect.clients.http import Trace
from fluent_connect.model.errors import ConnectError, RefusedError, UnreachableError

Found = Mapping[str, Any]


class Kind(msgspec.Struct, frozen=True):
    """How one kind of entity is found and written."""

    find: str
    create: str
    update: str
    key: str = "ref"
    """The field that holds the natural key."""
    catalogued: bool = False
    uncategorise: tuple[str, str] | None = None
    """The mutation that takes a product out of categories, and the field that names it there."""
    further: str | None = None
    """The query of the categories that a product is in, page by page."""


KINDS: Mapping[Entity, Kind] = {
    "order": Kind("findOrder", "createOrder", "updateOrder"),
    "customer": Kind("findCustomer", "createCustomer", "updateCustomer", key="username"),
    "category": Kind("findCategory", "createCategory", "updateCategory", catalogued=True),
    "standardProduct": Kind(
        "findStandardProduct",
        "createStandardProduct",
        "updateStandardProduct",
        catalogued=True,
        uncategorise=("removeCategoriesFromStandardProduct", "standardProduct"),
        further="categoriesOfStandardProduct",
    ),
    "variantProduct": Kind(
        "findVariantProduct",
        "createVariantProduct",
        "updateVariantProduct",
        catalogued=True,
        uncategorise=("removeCategoriesFromVariantProduct", "variantProduct"),
        further="categoriesOfVariantProduct",
    ),
}

_PARENTS: Mapping[str, tuple[str, ...]] = {
    "category": ("category",),
    "standardProduct": ("standardProduct",),
    "variantProduct": ("variantProduct",),
    "groupProduct": ("groupProduct",),
    "product": ("standardProduct", "variantProduct", "groupProduct"),
    "customer": ("customer",),
    "location": ("location",),
    "catalogue": ("productCatalogue",),
    "productCatalogue": ("productCatalogue",),
}
_FLAGS = {
    "category": ("categories", "withCategories"),
    "standardProduct": ("standardProducts", "withStandardProducts"),
    "variantProduct": ("variantProducts", "withVariantProducts"),
    "groupProduct": ("groupProducts", "withGroupProducts"),
    "customer": ("customers", "withCustomers"),
    "location": ("locations", "withLocations"),
    "productCatalogue": ("catalogues", "withCatalogues"),
}


_CATALOGUE = frozenset(
    {"category", "standardProduct", "variantProduct", "groupProduct", "productCatalogue"}
)
_WIDER = 100
"""How many are read where a ref matched others too: `%` is a wildcard, `_` perhaps."""
_WIDER_PARENTS = 50
_TOGETHER = 50
"""Customers or orders in one question; its page holds 100."""


class Lookup:
    """Looks entities of one retailer up."""

    def __init__(self, graphql: Graphql, retailer: str) -> None:
        self._graphql = graphql
        self._retailers = [int(retailer)] if retailer.isdecimal() else None
        self._gathering = Gathering(self._several, _TOGETHER)

    def close(self) -> None:
        """Give up what is shared and under way."""
        self._gathering.close()

    async def find_gathered(
        self, entity: Entity, refs: Sequence[str], catalogue: object, trace: Trace
    ) -> list[Found]:
        """Return what `find` does, of orders and customers together with others asked for now."""
        if KINDS[entity].catalogued:  # those share requests as it is
            return await self.find(entity, refs, catalogue, trace)
        asked = [await self._gathering.ask(entity, ref, trace) for ref in refs]
        return [found for some in asked for found in some or ()]

    async def _several(
        self, entity: Entity, refs: Sequence[str], trace: Trace
    ) -> Mapping[str, Sequence[Found]]:
        kind = KINDS[entity]
        if len(refs) == 1:
            found = await self.find(entity, refs, None, trace)
        else:
            found, more = await self._exact(kind, self._asked(entity, refs), trace)
            if more:
                raise RefusedError(f"more of Fluent's {entity} match than stand on a page")
        by_ref: dict[str, list[Found]] = {}
        for each in found:
            by_ref.setdefault(str(_key(each, kind)), []).append(each)
        return by_ref

    async def find(
        self, entity: Entity, refs: Sequence[str], catalogue: object, trace: Trace
    ) -> list[Found]:
        """Return those whose natural key is exactly one of `refs` (`%` is a wildcard to Fluent)."""
        kind, variables = KINDS[entity], self._asked(entity, refs)
        if kind.catalogued:
            variables["catalogue"] = catalogue
            # One more than there can be, so that several of one ref show.
            variables["most"] = len(refs) + 1
        exact, more = await self._exact(kind, variables, trace)
        if more and not exact and kind.catalogued:
            exact, more = await self._exact(kind, {**variables, "most": _WIDER}, trace)
        if more and not exact:
            raise RefusedError(f"too many a {entity} of Fluent matches {', '.join(refs)}")
        if kind.further is None:
            return exact
        return [await self._whole(each, kind.further, catalogue, trace) for each in exact]

    def _asked(self, entity: Entity, refs: Sequence[str]) -> dict[str, object]:
        asked: dict[str, object] = {"refs": list(refs)}
        if entity == "order":
            asked["retailers"] = self._retailers
        return asked

    async def _exact(
        self, kind: Kind, variables: Mapping[str, Any], trace: Trace
    ) -> tuple[list[Found], bool]:
        """Return those that were meant, and whether there may be more."""
        data = await self._ask(kind.find, variables, trace)
        nodes, more = _nodes(data.get("found"), kind.find)
        wanted = set(variables["refs"])
        return [node for node in nodes if _key(node, kind) in wanted], more

    async def _whole(self, found: Found, further: str, catalogue: object, trace: Trace) -> Found:
        """Return a product with all the categories that it is in."""
        held = found.get("categories")
        if not held or not (held.get("pageInfo") or {}).get("hasNextPage"):
            return found
        edges = list(held["edges"])
        variables: dict[str, object] = {"ref": found["ref"], "catalogue": catalogue}
        while True:
            variables["after"] = edges[-1]["cursor"]
            data = await self._ask(further, variables, trace)
            page: Any = (data.get("found") or {}).get("categories")
            _, more = _nodes(page, further)
            edges += page["edges"]
            if not more or not page["edges"]:
                return {**found, "categories": {"edges": edges}}

    async def missing(
        self, parents: Sequence[Parent], catalogue: object, trace: Trace
    ) -> list[Parent]:
        """Return those of `parents` that Fluent has not, by one aliased look-up."""
        known = [parent for parent in parents if can_be_missed(parent)]
        if not known:
            return []
        of_catalogue = all(_CATALOGUE.issuperset(_PARENTS[p.entity]) for p in known)
        name = "findCatalogueParents" if of_catalogue else "findParents"
        wild = any("%" in p.ref or "_" in p.ref for p in known)
        most = len(known) + (_WIDER_PARENTS if wild else 0)
        variables: dict[str, object] = {"catalogue": catalogue, "most": most}
        aliases = [a for a in _FLAGS if a in _CATALOGUE or not of_catalogue]
        for alias in aliases:
            refs = sorted({p.ref for p in known if alias in _PARENTS[p.entity]})
            names, flag = _FLAGS[alias]
            variables[names], variables[flag] = refs, bool(refs)
        data = await self._ask(name, variables, trace)
        held: dict[str, set[str]] = {}
        for alias in aliases:
            if variables[_FLAGS[alias][1]]:
                nodes, _ = _nodes(data.get(alias), name)
                held[alias] = {str(n.get("username") or n.get("ref")) for n in nodes}
        return [
            parent
            for parent in known
            if not any(parent.ref in held[alias] for alias in _PARENTS[parent.entity])
        ]

    async def _ask(
        self, name: str, variables: Mapping[str, object], trace: Trace
    ) -> Mapping[str, Any]:
        try:
            return await self._graphql.query(name, variables, trace)
        except ConnectError as error:
            error.add_note("in a look-up: whether it exists is not known")
            raise


def can_be_missed(parent: Parent) -> bool:
    """Say whether a look-up can tell that there is no such parent."""
    return parent.entity in _PARENTS


def natural_key(entity: Entity, found: Found) -> str:
    """Return the ref of an entity that was found; of a customer, the username."""
    return str(_key(found, KINDS[entity]))


def _key(node: Found, kind: Kind) -> object:
    held = node.get(kind.key)
    return node.get("ref") if held is None else held


def _nodes(connection: Any, name: str) -> tuple[list[Found], bool]:
    """Return the nodes of a connection, and whether there are more. Null is no answer."""
    if not isinstance(connection, Mapping) or not isinstance(connection.get("edges"), list):
        raise UnreachableError(f"fluent {name}: an answer without the list that was asked for")
    nodes = [edge["node"] for edge in connection["edges"] if edge and edge.get("node")]
    return nodes, bool((connection.get("pageInfo") or {}).get("hasNextPage"))
