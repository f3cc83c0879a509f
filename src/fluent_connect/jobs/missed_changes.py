"""What was changed while commercetools could not deliver: a sweep of just that window."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window
from fluent_connect.jobs.stages import Stage, counted, pages, within

_TYPES = ("category", "product", "customer", "order")
"""Parents first. Of these, only those that a route upserts are swept."""


class MissedChangesJobHandler(JobHandler):
    """Have every category, product, customer and order that was changed in the window looked at.

    It starts by itself, for the window of an outage, once a Subscription is healthy again. What was
    deleted in the window is not there to be swept.
    """

    name: ClassVar[str] = "sweep-missed-changes"

    def sweep(self, window: Window, cursor: str | None, context: JobContext) -> AsyncIterator[Page]:
        """Yield type after type."""
        return pages(_stages(window, context), cursor, context)

    async def expected(self, window: Window, context: JobContext) -> int:
        """Count what was changed."""
        return await counted(_stages(window, context), context)


def _stages(window: Window, context: JobContext) -> Sequence[Stage]:
    return [Stage(type_id=each, where=within(window)) for each in _TYPES if each in context.upserts]
