"""Going live with history: everything of a type, then what was changed meanwhile."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import ClassVar

from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window, stamp
from fluent_connect.jobs.stages import CHANGED, Stage, counted, pages
from fluent_connect.model.errors import UnprocessableError

AS_TYPE = "as-type"
"""Of a run, and of its messages: the inert type as which orders of history are created."""
WHERE = "where"
_OVERLAP = timedelta(seconds=300)


class Load(JobHandler):
    """Have all there is of a type brought about in Fluent, by the handlers of live traffic.

    The window's start counts for when it was made (orders) or changed; its end does not. Once all
    was read, what was changed since the load began is read once more: what no webhook told of,
    because none was sent yet, is not missed, and what one told of is passed over.
    """

    type_id: ClassVar[str]
    since: ClassVar[str] = CHANGED

    def sweep(self, window: Window, cursor: str | None, context: JobContext) -> AsyncIterator[Page]:
        """Yield everything, then what was changed since the run began."""
        return pages(self._stages(window, context), cursor, context)

    async def expected(self, window: Window, context: JobContext) -> int:
        """Count what there is."""
        return await counted(self._stages(window, context)[:1], context)

    def _stages(self, window: Window, context: JobContext) -> Sequence[Stage]:
        told = context.props.get(WHERE)
        own = (told,) if told else ()
        attributes = self._attributes(context)
        whole = own if window.start is None else (*own, f'{self.since} >= "{stamp(window.start)}"')
        meanwhile = (*own, f'{CHANGED} >= "{stamp(context.begun - _OVERLAP)}"')
        return [
            Stage(type_id=self.type_id, where=where, attributes=attributes)
            for where in (whole, meanwhile)
        ]

    def _attributes(self, context: JobContext) -> dict[str, object]:
        if context.props.get(AS_TYPE):
            raise UnprocessableError(f"{AS_TYPE} is for orders, not for {self.type_id}")
        return {}


class LoadCategoriesJobHandler(Load):
    """Load all categories, parents first."""

    name: ClassVar[str] = "load-categories"
    type_id: ClassVar[str] = "category"


class LoadProductsJobHandler(Load):
    """Load all products with their variants."""

    name: ClassVar[str] = "load-products"
    type_id: ClassVar[str] = "product"


class LoadCustomersJobHandler(Load):
    """Load all customers."""

    name: ClassVar[str] = "load-customers"
    type_id: ClassVar[str] = "customer"


class LoadOrdersJobHandler(Load):
    """Load orders through the export gate; with `as-type`, those that are over, as that type."""

    name: ClassVar[str] = "load-orders"
    type_id: ClassVar[str] = "order"
    since: ClassVar[str] = "createdAt"

    def _attributes(self, context: JobContext) -> dict[str, object]:
        wanted = context.props.get(AS_TYPE)
        if not wanted:
            return {}
        if wanted not in context.settings.inert_order_types:
            inert = ", ".join(context.settings.inert_order_types) or "none"
            raise UnprocessableError(
                f"{AS_TYPE} {wanted}: not among inert-order-types ({inert}), so it may start"
                " fulfilment of what was shipped long ago"
            )
        return {AS_TYPE: wanted}


LOADS = (
    LoadCategoriesJobHandler,
    LoadProductsJobHandler,
    LoadCustomersJobHandler,
    LoadOrdersJobHandler,
)
