"""What Fluent has of a category: who it is there, what stands below it, what is sold in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import Head
from fluent_connect.handlers.message_handler import HandlerContext
from fluent_connect.model.notification import Reference

INACTIVE = "INACTIVE"
_DEPTH = 12
_HELD = """\
query heldCategory($ref: String!, $catalogue: ProductCatalogueKey!) {
  found: category(ref: $ref, catalogue: $catalogue) {
    status parentCategory { ref } attributes { name value }
  }
}
"""
_CHILDREN = """\
query childCategories($ref: String!, $catalogue: ProductCatalogueKey!) {
  found: category(ref: $ref, catalogue: $catalogue) {
    childCategories(first: 5000) { edges { node { ref attributes { name value } } } }
  }
}
"""
_SOLD = """\
query soldIn($category: CategoryKey!, $catalogue: ProductCatalogueKey!, $after: String) {
  found: standardProducts(category: $category, catalogue: $catalogue, first: 500, after: $after) {
    edges { cursor node { ref attributes { name value } } }
    pageInfo { hasNextPage }
  }
}
"""


class Deactivated(msgspec.Struct, frozen=True):
    """A category that Fluent has and commercetools has no more: its ref and its source's id."""

    ref: str
    id: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What Fluent holds under a ref: whose it is, and where it stands."""

    id: str | None = None
    project: str | None = None
    status: str | None = None
    parent: str | None = None


async def held(ref: str, context: HandlerContext) -> Held | None:
    """Return what Fluent holds under a ref; None if there is nothing."""
    found = (await context.fluent.ask(_HELD, _key(ref, context))).get("found")
    if not found:
        return None
    known = found.get("attributes")
    return Held(
        id=_told(known, "commercetoolsId"),
        project=_told(known, "commercetoolsProject"),
        status=found.get("status"),
        parent=(found.get("parentCategory") or {}).get("ref"),
    )


async def abandoned(there: Held, project: str | None, context: HandlerContext) -> bool:
    """Say whether what Fluent holds was a category of this project, which is deleted by now.

    What another project sends is never abandoned: ours cannot tell that it is gone.
    """
    if there.id is None:
        return False
    ours = there.project == project if there.project else there.status == INACTIVE
    return ours and not await lives(there.id, context)


async def subtree(top: Deactivated, context: HandlerContext) -> list[Deactivated]:
    """Return the category and all below it in Fluent that commercetools no longer has.

    What was moved away before the deletion lives on, though Fluent may not know of the move yet.
    """
    found = {top.ref: top}
    level = [top.ref]
    for _ in range(_DEPTH):
        children = [child for ref in level for child in await _children(ref, context)]
        gone = {
            child.ref: child
            for child in children
            if child.ref not in found and not await lives(child.id, context)
        }
        level = list(gone)
        found |= gone
        if not level:
            break
    return list(found.values())


async def sold(gone: Sequence[Deactivated], context: HandlerContext) -> list[str]:
    """Return the ids of the products that Fluent has in these categories, all of which exist."""
    ids = [id_ for each in gone for id_ in await _products(each.ref, context)]
    return list(dict.fromkeys(ids))


async def lives(identity: str, context: HandlerContext) -> bool:
    """Say whether commercetools has the category."""
    return await context.commercetools.get(Reference("category", identity), Head) is not None


async def _children(ref: str, context: HandlerContext) -> list[Deactivated]:
    answer = await context.fluent.ask(_CHILDREN, _key(ref, context))
    nodes = _nodes((answer.get("found") or {}).get("childCategories"))
    told = ((str(node["ref"]), _told(node.get("attributes"), "commercetoolsId")) for node in nodes)
    return [Deactivated(ref, source) for ref, source in told if source is not None]


async def _products(ref: str, context: HandlerContext) -> list[str]:
    """Return the ids of the products that came from commercetools and are in this category."""
    catalogue = {"ref": context.settings.catalogue}
    asked: dict[str, object] = {
        "category": {"ref": ref, "catalogue": catalogue},
        "catalogue": catalogue,
        "after": None,
    }
    ids: list[str] = []
    while True:
        found = (await context.fluent.ask(_SOLD, asked)).get("found") or {}
        told = (_told(node.get("attributes"), "commercetoolsId") for node in _nodes(found))
        ids += [source for source in told if source is not None]
        edges = found.get("edges")
        if not edges or not (found.get("pageInfo") or {}).get("hasNextPage"):
            return ids
        asked = {**asked, "after": edges[-1]["cursor"]}


def _key(ref: str, context: HandlerContext) -> dict[str, object]:
    return {"ref": ref, "catalogue": {"ref": context.settings.catalogue}}


def _nodes(connection: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return [edge["node"] for edge in (connection or {}).get("edges") or ()]


def _told(attributes: object, name: str) -> str | None:
    """Return the value of an attribute as text; None if there is none."""
    for each in attributes if isinstance(attributes, list) else ():
        if each.get("name") == name and each.get("value") is not None:
            return str(each["value"])
    return None
