"""The monitor: what failed in Fluent, and what stands still there, told once a run."""

from typing import Any

from fluent_connect.clients.fluent.event_search import EventContext, FoundEvent
from fluent_connect.jobs.event_failure_summary import EventFailureSummaryJobHandler
from fluent_connect.testing.fake_fluent import FakeFluent
from fluent_connect.testing.run_job import run_job

MONITOR = EventFailureSummaryJobHandler


def failed(number: int, name: str = "CREATE", entity: str = "ORDER") -> FoundEvent:
    context = EventContext(entity_type=entity, entity_ref=f"R-{number}")
    at = f"2026-01-01T00:{number % 60:02}:00Z"
    return FoundEvent(f"e-{number}", name, "FAILED", context, at)


def fluent(*events: FoundEvent, standing: tuple[str, ...] = (), more: bool = False) -> FakeFluent:
    edges = [{"node": {"id": "1", "ref": ref, "status": "CREATED"}} for ref in standing]
    answer: dict[str, Any] = {"found": {"edges": edges, "pageInfo": {"hasNextPage": more}}}
    fake = FakeFluent(answers={"findOrdersStanding": answer})
    fake.found_events = list(events)
    return fake


async def test_where_all_is_well_nobody_is_told() -> None:
    ran = await run_job(MONITOR, fluent=fluent(FoundEvent(event_status="COMPLETE")))
    assert (ran.run.state, ran.notices) == ("SUCCESSFUL", [])


async def test_failures_are_counted_by_event_over_all_pages() -> None:
    events = [*map(failed, range(230)), *(failed(n, "BOOK", "FULFILMENT") for n in range(20))]
    ran = await run_job(MONITOR, fluent=fluent(*events))
    (notice,) = ran.notices
    assert notice.title == "250 orchestration events failed in Fluent"
    assert (notice.level, notice.source) == ("error", MONITOR.name)
    kinds: Any = notice.details["failed_events"]
    assert list(kinds) == ["ORDER CREATE", "FULFILMENT BOOK"]
    assert (kinds["ORDER CREATE"]["count"], len(kinds["ORDER CREATE"]["refs"])) == (230, 10)
    assert kinds["ORDER CREATE"]["last"] == "2026-01-01T00:59:00Z"


async def test_however_many_kinds_fail_the_report_stays_small() -> None:
    ran = await run_job(MONITOR, fluent=fluent(*(failed(n, f"E{n}") for n in range(300))))
    kinds: Any = ran.notices[0].details["failed_events"]
    assert len(kinds) == 51
    assert sum(each["count"] for each in kinds.values()) == 300


async def test_orders_that_no_workflow_took_up_are_named() -> None:
    ran = await run_job(MONITOR, fluent=fluent(standing=("1001", "1002"), more=True))
    (notice,) = ran.notices
    assert notice.title == "2 or more orders stand in CREATED: no workflow took them up"
    assert (notice.level, notice.details["orders_in_created"]) == ("warning", ["1001", "1002"])


async def test_orders_are_left_alone_where_that_is_wanted() -> None:
    props = {"created-minutes": "0"}
    ran = await run_job(MONITOR, fluent=fluent(standing=("1001",)), props=props)
    assert ran.notices == []


async def test_a_prop_that_is_no_number_fails_the_run() -> None:
    ran = await run_job(MONITOR, fluent=fluent(), props={"page-size": "many"})
    assert (ran.run.state, "page-size is no number" in ran.run.reason) == ("FAILED", True)
