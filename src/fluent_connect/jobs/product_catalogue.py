"""The catalogue: categories, parents first, then products with their variants."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window
from fluent_connect.jobs.stages import Stage, counted, pages, within
from fluent_connect.model.message import Cause


class ProductCatalogueSyncJobHandler(JobHandler):
    """Have every category and product that was changed in the window brought about in Fluent.

    What Fluent has of a product is looked at only where its version is new to us; the prop
    `again: true` has everything compared once more.
    """

    name: ClassVar[str] = "batch-product-catalogue-sync"

    def sweep(self, window: Window, cursor: str | None, context: JobContext) -> AsyncIterator[Page]:
        """Yield the categories depth by depth, then the products."""
        return pages(_stages(window, context), cursor, context)

    async def expected(self, window: Window, context: JobContext) -> int:
        """Count the changed categories and products."""
        return await counted(_stages(window, context), context)


def _stages(window: Window, context: JobContext) -> Sequence[Stage]:
    cause: Cause = "repair" if context.props.get("again", "").lower() == "true" else "job"
    return [
        Stage(type_id=type_id, where=within(window), cause=cause)
        for type_id in ("category", "product")
    ]
