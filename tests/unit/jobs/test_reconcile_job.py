"""The `reconcile` job: pages, places to go on at, and what is told in the end."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.jobs.comparer import Part
from fluent_connect.jobs.job_handler import JobContext, Page, Window
from fluent_connect.jobs.reconcile import ReconcileJobHandler
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))


class Made:
    """A comparer that finds two pages of each type: one alike, one missing and one unknown."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime | None, str | None]] = []
        self.told: dict[str, Mapping[str, int]] = {}

    async def part(
        self,
        account: tuple[str, str],
        type_id: str,
        since: datetime | None,
        *,
        cursor: str | None,
        run: str,
        settle: float,
    ) -> Part:
        assert settle == 120.0
        self.asked.append((type_id, since, cursor))
        if cursor is None:
            return Part(classes={"same": 3}, repairs=(), cursor="second")
        key = f"{'/'.join(account)}/{type_id}/x"
        mends = Message(id=f"{run}-{type_id}", name=type_id, key=key, account="A", retailer="1")
        return Part(classes={"missing": 1, "unknown": 1}, repairs=(mends,), cursor=None)

    def tell(self, account: tuple[str, str], type_id: str, classes: Mapping[str, int]) -> None:
        assert account == ("ACME", "1")
        self.told[type_id] = classes


def context(comparer: Made | None, **props: str) -> JobContext:
    nobody: Any = None  # a comparer of its own does all reading
    return JobContext(
        commercetools=nobody,
        fluent=nobody,
        settings=Settings(),
        props=props,
        account="ACME",
        retailer="1",
        project_key="shop",
        run="run-1",
        comparer=None if comparer is None else lambda: comparer,
    )


async def swept(comparer: Made | None, cursor: str | None = None, **props: str) -> Sequence[Page]:
    handler = ReconcileJobHandler()
    return [page async for page in handler.sweep(WINDOW, cursor, context(comparer, **props))]


async def test_every_type_is_compared_page_by_page_and_its_drift_is_told_once() -> None:
    made = Made()
    pages = await swept(made)
    types = ("category", "product", "customer", "order")
    assert [each[0] for each in made.asked] == [name for name in types for _ in range(2)]
    assert made.told == {name: {"same": 3, "missing": 1, "unknown": 1} for name in types}
    assert [len(page.messages) for page in pages] == [0] * 8
    assert [page.cursor is None for page in pages] == [False] * 7 + [True]
    notices = [notice for page in pages for notice in page.notices]
    assert [notice.title for notice in notices] == [f"drift: {name}: 1 missing" for name in types]


async def test_a_run_that_was_cut_off_goes_on_with_all_that_was_counted() -> None:
    made = Made()
    pages = await swept(made, types="product, order")
    again = Made()
    rest = await swept(again, cursor=pages[0].cursor, types="product, order")
    assert rest == pages[1:]
    assert again.told == made.told
    assert again.asked[0] == ("product", WINDOW.start, "second")


async def test_what_differs_is_repaired_if_wanted_but_never_an_order() -> None:
    pages = await swept(Made(), repair="true", types="product,order")
    assert [message.name for page in pages for message in page.messages] == ["product"]
    titles = [notice.title for page in pages for notice in page.notices]
    assert titles == ["drift: product: 1 missing (being repaired)", "drift: order: 1 missing"]


async def test_all_is_compared_if_wanted_whatever_the_window() -> None:
    made = Made()
    await swept(made, all="true", types="category")
    assert made.asked == [("category", None, None), ("category", None, "second")]


async def test_an_unknown_type_and_a_service_that_cannot_compare_end_the_run() -> None:
    with pytest.raises(UnprocessableError, match="types: prodct"):
        await swept(Made(), types="prodct")
    with pytest.raises(UnprocessableError, match="settle: 'soon'"):
        await swept(Made(), settle="soon")
    with pytest.raises(UnprocessableError, match="can compare"):
        await swept(None)
