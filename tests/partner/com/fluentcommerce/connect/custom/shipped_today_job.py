"""A partner's job: sweep the orders that were shipped."""

from collections.abc import AsyncIterator
from typing import Any

from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window
from fluent_connect.model.notification import Reference


class ShippedTodayJobHandler(JobHandler):
    """Look at every shipped order of the window once more."""

    name = "batch-shipped-today"

    async def sweep(
        self, window: Window, cursor: str | None, context: JobContext
    ) -> AsyncIterator[Page]:
        """Yield one page of at most 500 orders."""
        after = f'id > "{cursor}"' if cursor else 'id > ""'
        where = ('shipmentState = "Shipped"', after)
        found: list[dict[str, Any]] = await context.commercetools.query(
            "order", dict, where=where, sort=["id asc"]
        )
        messages = [context.upsert(Reference("order", each["id"])) for each in found]
        yield Page(messages, found[-1]["id"] if len(found) == 500 else None)
