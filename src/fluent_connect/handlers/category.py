"""A category becomes a category of the account's catalogue in Fluent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from fluent_connect.clients.commercetools.category import Category
from fluent_connect.clients.commercetools.model import Head
from fluent_connect.clients.fluent.model import Parent, Upsert
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.text import cut, whole
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_REF = 100
_PARENT_REF = 36
_TYPE = "STANDARD"
_DEPTH = 12
_CHILDREN = """\
query childCategories($ref: String!, $catalogue: ProductCatalogueKey!) {
  found: category(ref: $ref, catalogue: $catalogue) {
    childCategories(first: 5000) { edges { node { ref attributes { name value } } } }
  }
}
"""


class Deactivated(msgspec.Struct, frozen=True):
    """A category that Fluent has and commercetools has no more: its ref and its source's id."""

    ref: str
    id: str


class CategoryState(Category, frozen=True, kw_only=True):
    """A category as it stands; of a deleted one, what Fluent still has of its subtree."""

    gone: Sequence[Deactivated] = msgspec.field(default=(), name="~gone")


class CategoryUpsertHandler(MessageHandler[CategoryState]):
    """Create or update a category in Fluent; a deleted one goes INACTIVE with its subtree."""

    name: ClassVar[str] = "CategoryUpsertHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[CategoryState]:
        """Read the category; of a deleted one, ask Fluent for what stands below it."""
        reference = message.resource
        if reference is None:
            raise UnprocessableError("the message names no category")
        by_key = context.settings.category_ref == "key"
        found = await context.commercetools.get(
            reference, CategoryState, expand=("parent",) if by_key else ()
        )
        if found is not None:
            return Fetched(found, found.version)
        if not message.deletes:
            return Fetched(None, None)
        key = message.attributes.get("key")
        top = key if by_key else reference.id
        if not isinstance(top, str):
            raise UnprocessableError(f"{reference} was deleted, and nobody tells its key")
        gone = await _subtree(Deactivated(top, reference.id), context)
        version = message.version
        rest = CategoryState(id=reference.id, version=version or 0, gone=gone)
        return Fetched(rest, version, deleted=True)

    def map(
        self,
        resource: CategoryState,
        message: Message,  # noqa: ARG002
        context: MapContext,
    ) -> Iterable[Change]:
        """Return the category to create or update, or those that go INACTIVE."""
        settings = context.settings
        if resource.gone:
            return [_deactivation(each, resource, settings) for each in resource.gone]
        ref = category_ref(resource.id, resource.key, settings)
        fields = {
            "ref": ref,
            "catalogue": {"ref": settings.catalogue},
            **_fields(resource, settings),
        }
        parent = _parent(resource, settings)
        if parent is not None:
            catalogue = {"ref": settings.catalogue}
            fields["parentCategory"] = {"ref": parent.ref, "catalogue": catalogue}
        return [
            Upsert(
                entity="category",
                ref=ref,
                create={**fields, "type": _TYPE},
                update=fields,
                identity=("commercetoolsId", resource.id),
                parents=(
                    *((parent,) if parent else ()),
                    Parent("catalogue", settings.catalogue),
                ),
            )
        ]


def category_ref(identity: str, key: str | None, settings: Settings, limit: int = _REF) -> str:
    """Return what a category is called in Fluent, never cut: two could then be one."""
    if settings.category_ref == "id":
        return whole(identity, limit, f"the id of category {identity}")
    return whole(key or "", limit, f"the key of category {identity}")


def _fields(category: Category, settings: Settings) -> dict[str, object]:
    locales = settings.locales
    texts = (localized(category.name, locales), category.key, localized(category.slug, locales))
    found = {
        "name": next((text for text in (cut(each, 255) for each in texts) if text), category.id),
        "summary": cut(localized(category.description, locales), 255),
        "attributes": attributes(
            {
                "commercetoolsId": category.id,
                "commercetoolsVersion": category.version,
                "categoryKey": category.key,
                "externalId": category.external_id,
                "slug": localized(category.slug, locales),
                "orderHint": category.order_hint,
            }
        ),
    }
    return {name: value for name, value in found.items() if value is not None}


def _parent(category: Category, settings: Settings) -> Parent | None:
    link = category.parent
    if link is None:
        return None
    key = link.obj.key if link.obj else link.key
    ref = category_ref(link.id, key, settings, _PARENT_REF)
    return Parent("category", ref, Reference("category", link.id))


def _deactivation(category: Deactivated, top: Category, settings: Settings) -> Upsert:
    """Return a deactivation; only of the top is it known at which version it was deleted."""
    version = top.version if category.id == top.id else None
    told = {"commercetoolsId": category.id, "commercetoolsVersion": version}
    return Upsert(
        entity="category",
        ref=category.ref,
        update={
            "ref": category.ref,
            "catalogue": {"ref": settings.catalogue},
            "status": "INACTIVE",
            "attributes": attributes(told),
        },
        identity=("commercetoolsId", category.id),
    )


async def _subtree(top: Deactivated, context: HandlerContext) -> list[Deactivated]:
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
            if child.ref not in found and not await _lives(child, context)
        }
        level = list(gone)
        found |= gone
        if not level:
            break
    return list(found.values())


async def _lives(category: Deactivated, context: HandlerContext) -> bool:
    reference = Reference("category", category.id)
    return await context.commercetools.get(reference, Head) is not None


async def _children(ref: str, context: HandlerContext) -> list[Deactivated]:
    variables = {"ref": ref, "catalogue": {"ref": context.settings.catalogue}}
    answer = await context.fluent.ask(_CHILDREN, variables)
    edges = ((answer.get("found") or {}).get("childCategories") or {}).get("edges") or ()
    nodes: list[Mapping[str, object]] = [edge["node"] for edge in edges]
    return [
        Deactivated(str(node["ref"]), source)
        for node in nodes
        if (source := _source(node.get("attributes"))) is not None
    ]


def _source(found: object) -> str | None:
    for each in found if isinstance(found, list) else ():
        if each.get("name") == "commercetoolsId":
            return str(each.get("value"))
    return None
