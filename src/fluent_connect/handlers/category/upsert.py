"""A category becomes a category of the account's catalogue in Fluent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from fluent_connect.clients.commercetools.category import Category
from fluent_connect.clients.fluent.model import Parent, Upsert
from fluent_connect.handlers.category.in_fluent import (
    INACTIVE,
    Deactivated,
    Held,
    abandoned,
    held,
    sold,
    subtree,
)
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
    Refresh,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.rules.target import Target
from fluent_connect.mapping.text import whole
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_REF = 100
_PARENT_REF = 36


class CategoryState(Category, frozen=True, kw_only=True):
    """A category as it stands, and what Fluent has of it.

    held:       what Fluent holds under its ref, where that was worth a look.
    taken_over: what Fluent holds was another category, which commercetools has deleted since.
    gone:       of a deleted one, what Fluent still has of its subtree.
    sold:       the products that Fluent has in there.
    """

    held: Held | None = msgspec.field(default=None, name="~held")
    taken_over: bool = msgspec.field(default=False, name="~takenOver")
    gone: Sequence[Deactivated] = msgspec.field(default=(), name="~gone")
    sold: Sequence[str] = msgspec.field(default=(), name="~sold")


class CategorySource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A category, for its mapping: `ref` is what it is called in Fluent, `parent` its parent."""

    category: CategoryState
    ref: str
    parent: str | None = None


class CategoryUpsertHandler(MessageHandler[CategoryState]):
    """Create or update a category in Fluent; a deleted one goes INACTIVE with its subtree."""

    name: ClassVar[str] = "CategoryUpsertHandler"
    targets: ClassVar[Mapping[str, Target]] = {
        "category": Target(CategorySource, "UpdateCategoryInput"),
        "category-create": Target(CategorySource, "CreateCategoryInput"),
    }

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
            full = await _with_held(found, message, context)
            return Fetched(full, full.version)
        key = message.attributes.get("key")
        top = key if by_key else reference.id
        if not isinstance(top, str):
            if message.deletes:
                raise UnprocessableError(f"{reference} was deleted, and nobody tells its key")
            return Fetched(None, None)
        rest = await _remains(Deactivated(top, reference.id), message, context)
        return Fetched(rest, message.version if rest else None, deleted=rest is not None)

    def map(
        self,
        resource: CategoryState,
        message: Message,  # noqa: ARG002
        context: MapContext,
    ) -> Iterable[Change]:
        """Return the category to create or update, or those that go INACTIVE.

        Products that were in a deleted category are looked at again: they leave it by that.
        """
        settings = context.settings
        if resource.gone:
            return [
                *(_deactivation(each, resource, settings) for each in resource.gone),
                *(Refresh(Reference("product", each)) for each in resource.sold),
            ]
        ref = category_ref(resource.id, resource.key, settings)
        parent = _parent(resource, settings)
        source = CategorySource(category=resource, ref=ref, parent=parent.ref if parent else None)
        mapping = context.mapping
        update = mapping.fill("category", source)
        create = mapping.added(mapping.copied(update), "category-create", source)
        if resource.taken_over:
            update["status"] = "ACTIVE"
        return [
            Upsert(
                entity="category",
                ref=ref,
                create=create,
                update=update,
                identity=None if resource.taken_over else ("commercetoolsId", resource.id),
                parents=(
                    *((parent,) if parent else ()),
                    Parent("catalogue", settings.catalogue),
                ),
                notes=_drift(resource, ref, parent),
            )
        ]


def category_ref(identity: str, key: str | None, settings: Settings, limit: int = _REF) -> str:
    """Return what a category is called in Fluent, never cut: two could then be one."""
    if settings.category_ref == "id":
        return whole(identity, limit, f"the id of category {identity}")
    return whole(key or "", limit, f"the key of category {identity}")


def _parent(category: Category, settings: Settings) -> Parent | None:
    """Return the category's parent; of one at the root, the account's own category for those."""
    link = category.parent
    if link is None:
        top = settings.category_root
        return Parent("category", whole(top, _PARENT_REF, "category-root")) if top else None
    key = link.obj.key if link.obj else link.key
    ref = category_ref(link.id, key, settings, _PARENT_REF)
    return Parent("category", ref, Reference("category", link.id))


def _drift(category: CategoryState, ref: str, parent: Parent | None) -> Sequence[str]:
    """Return what of the category's place no update can express."""
    there = category.held.parent if category.held else None
    if there is None or parent is not None:
        return ()
    return (f"drift: category {ref} is at the root, in Fluent still below {there}",)


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
            "status": INACTIVE,
            "attributes": attributes(told),
        },
        identity=("commercetoolsId", category.id),
    )


async def _with_held(
    category: CategoryState, message: Message, context: HandlerContext
) -> CategoryState:
    """Return the category with what Fluent holds under its ref, if that can matter.

    It does where an update cannot express a move to the root, and where keys are used again.
    """
    settings = context.settings
    by_key = settings.category_ref == "key"
    at_root = category.parent is None and not settings.category_root
    ref = category.key if by_key else category.id
    if not ref or not (by_key or at_root):
        return category
    there = await held(ref, context)
    if there is None:
        return category
    other = there.id not in (None, category.id)
    over = other and await abandoned(there, message.project_key, context)
    return msgspec.structs.replace(category, held=there, taken_over=over)


async def _remains(
    top: Deactivated, message: Message, context: HandlerContext
) -> CategoryState | None:
    """Return what Fluent has of a deleted category: itself, its subtree, and its products.

    One that is gone without a message of its own went with a category above it: of such a one None,
    if Fluent does not have it.
    """
    there = await held(top.ref, context)
    mine = there is not None and there.id in (None, top.id)
    if not mine and not message.deletes:
        return None
    gone = await subtree(top, context) if mine else [top]
    products = await sold(gone, context) if mine else []
    return CategoryState(id=top.id, version=message.version or 0, gone=gone, sold=products)
