"""The Job Router: one page a step, all of it one commit."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fluent_connect.jobs.documents import Document, parsed
from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window
from fluent_connect.jobs.job_settings import journal_name
from fluent_connect.jobs.job_table import Job
from fluent_connect.jobs.notice import Notice
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.runs import setting_statement
from fluent_connect.model.errors import RetryableError, Skip, UnprocessableError
from fluent_connect.model.fact import JobSet, RunStopped
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Dead, Later, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.store import Verdict, Write
from fluent_connect.testing.bench import ACCOUNT
from fluent_connect.testing.run_job import CONNECTOR, JobBench, run_job

SETTING = journal_name(CONNECTOR, ACCOUNT.name, ACCOUNT.retailer, "counting")


class Counting(JobHandler):
    """Yields `pages` pages of two messages; raises what stands in `errors`, one after the other."""

    name = "counting"

    def __init__(self, pages: int = 3) -> None:
        self.pages = pages
        self.errors: list[Exception] = []
        self.windows: list[Window] = []
        self.props: list[dict[str, str]] = []

    async def sweep(
        self, window: Window, cursor: str | None, context: JobContext
    ) -> AsyncIterator[Page]:
        self.windows.append(window)
        self.props.append(dict(context.props))
        for number in range(int(cursor or 0), self.pages):
            if self.errors:
                raise self.errors.pop(0)
            found = [context.upsert(Reference("order", f"o-{number}-{n}"), 1) for n in (0, 1)]
            told = Notice(id=f"{context.run}-n{number}", title="a page") if number == 1 else None
            last = number == self.pages - 1
            yield Page(found, None if last else str(number + 1), (told,) if told else ())

    async def expected(self, window: Window, context: JobContext) -> int:
        del window, context
        return 2 * self.pages


async def document(bench: JobBench) -> Document:
    rows = await bench.store.read(setting_statement(SETTING))
    return parsed(str(rows[0]["document"])) if rows else Document()


async def write(bench: JobBench, text: str) -> None:
    fact = JobSet(SETTING, text, bench.clock())
    await bench.store.commit(Write(Outcome(facts=(fact,))))


async def test_a_run_puts_the_messages_of_all_its_pages_in_bulk() -> None:
    ran = await run_job(Counting())
    assert [str(each.resource) for each in ran.messages] == [
        f"order/o-{page}-{n}" for page in range(3) for n in (0, 1)
    ]
    assert {each.cause for each in ran.messages} == {"job"}
    assert len({each.id for each in ran.messages}) == 6
    assert (ran.run.state, ran.run.messages, ran.run.expected) == ("SUCCESSFUL", 6, 6)
    assert [each.title for each in ran.notices] == ["a page"]


async def test_messages_of_a_job_are_bulk_and_accounted_for() -> None:
    bench = JobBench(Counting(1))
    await bench.add("counting")
    await bench.drain()
    ledger = Ledger.from_rows(await bench.store.read(ledger_statement(bench.clock())))
    assert (ledger.jobs, ledger.closes) == ({"queued": 2}, True)
    (first, _) = await bench.store.take(EVENT_QUEUE, 2, 0.0)
    assert first.parcel.rank == "bulk"
    assert first.parcel.group == f"{ACCOUNT.name}/commercetools.connect.order.create"


async def test_a_page_whose_lease_is_lost_leaves_nothing() -> None:
    bench = JobBench(Counting())
    await bench.add("counting")
    zombie = await bench.take()
    assert zombie is not None
    outcome = await bench.router(zombie)
    bench.clock.advance(31)
    await bench.drain()
    assert await bench.store.commit(Write(outcome, zombie)) == [Verdict.LEASE_LOST]
    assert len(await bench.messages()) == 6


async def test_a_run_that_is_cut_off_goes_on_behind_its_last_page() -> None:
    bench = JobBench(handler := Counting())
    await bench.add("counting")
    await bench.step()
    bench.clock.advance(10)
    cut_off = await bench.take()
    assert cut_off is not None
    await bench.router(cut_off)
    bench.clock.advance(31)
    await bench.drain()
    found = await bench.messages()
    assert len(found) == len({each.id for each in found}) == 6
    assert len(set(handler.windows)) == 1


async def test_one_run_of_a_job_at_a_time() -> None:
    bench = JobBench(Counting())
    first = await bench.add("counting")
    second = await bench.add("counting")
    assert second.run is None
    assert second.busy is not None
    assert second.busy.id == first.run
    await bench.step()
    assert (await bench.add("counting")).run is None
    await bench.drain()
    assert (await bench.add("counting")).run is not None
    assert [each.number for each in await bench.runs()] == [2, 1]


async def test_what_may_pass_is_tried_again_at_the_same_cursor() -> None:
    bench = JobBench(handler := Counting())
    await bench.add("counting")
    await bench.step()
    handler.errors = [RetryableError("busy"), RetryableError("busy")]
    outcome = await bench.step()
    assert outcome is not None
    assert isinstance(outcome.fate, Later)
    await bench.drain()
    assert len(await bench.messages()) == 6


async def test_a_run_that_fails_keeps_its_window_and_says_why() -> None:
    bench = JobBench(handler := Counting())
    await write(bench, '{"previousEndDate": "2026-01-01T00:00:00"}')
    handler.errors = [UnprocessableError("the shop is closed")]
    await bench.add("counting")
    outcome = await bench.step()
    assert outcome is not None
    assert isinstance(outcome.fate, Dead)
    (run,) = await bench.runs()
    assert (run.state, run.reason, run.open) == ("FAILED", "the shop is closed", False)
    held = (await document(bench)).fields
    assert held["previousEndDate"] == "2026-01-01T00:00:00"
    assert held["lastRun"]["status"] == "FAILED"
    assert (await bench.add("counting")).run is not None


async def test_a_step_that_never_came_to_its_end_holds_up_no_other_run() -> None:
    bench = JobBench(Counting())
    await bench.add("counting")
    delivery = await bench.take()
    assert delivery is not None
    dead = Outcome(Dead("gave up after 14 tries: the process ended while it ran"))
    await bench.store.commit(Write(dead, delivery))
    (run,) = await bench.runs()
    assert (run.state, run.open) == ("FAILED", False)
    assert (await bench.add("counting")).run is not None


async def test_a_skip_ends_a_run_well() -> None:
    bench = JobBench(handler := Counting())
    handler.errors = [Skip("nothing is sold on Sundays")]
    await bench.add("counting")
    await bench.drain()
    (run,) = await bench.runs()
    assert (run.state, run.reason) == ("SUCCESSFUL", "nothing is sold on Sundays")


async def test_a_run_that_is_stopped_ends_behind_its_page_and_keeps_its_window() -> None:
    bench = JobBench(Counting())
    added = await bench.add("counting")
    await bench.step()
    stop = RunStopped(added.run or "", "ann (cli)")
    await bench.store.commit(Write(Outcome(facts=(stop,))))
    await bench.drain()
    (run,) = await bench.runs()
    assert (run.state, run.reason, run.messages) == ("STOPPED", "stopped by ann (cli)", 2)
    assert (await document(bench)).previous_end is None


async def test_no_page_is_read_while_many_messages_wait() -> None:
    bench = JobBench(handler := Counting(), backlog=1)
    await bench.add("counting")
    await bench.step()
    outcome = await bench.step()
    assert outcome is not None
    assert isinstance(outcome.fate, Later)
    assert "2 messages wait" in outcome.fate.reason
    assert len(handler.windows) == 1


async def test_a_rate_spreads_the_messages_and_the_next_page() -> None:
    bench = JobBench(Counting(2))
    await bench.add("counting", rate=0.5)
    await bench.step()
    assert len(await bench.messages()) == 1
    assert await bench.take() is None
    bench.clock.advance(2.0)
    assert len(await bench.messages()) == 1
    assert await bench.take() is None
    bench.clock.advance(2.0)
    assert await bench.take() is not None


async def test_windows_follow_each_other_with_an_overlap_and_trail_now() -> None:
    job = Job(name="counting", handler=(handler := Counting(1)), overlap=300.0, trail=60.0)
    bench = JobBench(job)
    await bench.add("counting")
    await bench.drain()
    first_end = datetime.fromtimestamp(bench.clock() - 60, UTC)
    assert handler.windows == [Window(None, first_end)]
    bench.clock.advance(3600)
    await bench.add("counting")
    await bench.drain()
    start = first_end - timedelta(seconds=300)
    assert handler.windows[1] == Window(start, first_end + timedelta(seconds=3600))


async def test_a_clock_that_was_set_back_never_turns_a_window_around() -> None:
    job = Job(name="counting", handler=(handler := Counting(1)))
    bench = JobBench(job)
    ahead = datetime.fromtimestamp(bench.clock() + 1000, UTC)
    await write(bench, f'{{"previousEndDate": "{ahead.isoformat()}"}}')
    await bench.add("counting")
    await bench.drain()
    assert handler.windows == [Window(ahead - timedelta(seconds=300), ahead)]
    assert (await document(bench)).previous_end == ahead


async def test_a_custom_range_is_swept_once_and_moves_no_window() -> None:
    bench = JobBench(handler := Counting(1))
    await write(
        bench,
        '{"previousEndDate": "2026-05-01T00:00:00.123456789", "note": "ours", "props": {"a": 1},'
        ' "customDateRange": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00"}}',
    )
    await bench.add("counting")
    await bench.drain()
    january = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert handler.windows == [january]
    assert handler.props == [{"a": "1"}]
    held = (await document(bench)).fields
    assert "customDateRange" not in held
    assert held["note"] == "ours"
    assert held["lastRun"]["param"]["start"] == "2026-01-01T00:00:00.000000"
    assert (await document(bench)).previous_end == datetime(2026, 5, 1, 0, 0, 0, 123456, UTC)
    await bench.add("counting")
    await bench.drain()
    assert handler.windows[1].start == datetime(2026, 4, 30, 23, 55, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"customDateRange": 5}', "customDateRange is no object"),
        ('{"customDateRange": {"start": "2026-01-01"}}', 'needs "start" and "end"'),
        ('{"previousEndDate": "last week"}', "no time: 'last week'"),
        ("[]", "no JSON object"),
    ],
)
async def test_a_document_that_cannot_be_read_fails_the_run_and_says_so(
    text: str, why: str
) -> None:
    bench = JobBench(Counting())
    await write(bench, text)
    await bench.add("counting")
    await bench.drain()
    (run,) = await bench.runs()
    assert run.state == "FAILED"
    assert why in run.reason


async def test_a_given_window_moves_none() -> None:
    bench = JobBench(handler := Counting(1))
    await bench.add("counting", since=datetime(2026, 1, 1, tzinfo=UTC))
    await bench.drain()
    assert handler.windows[0].start == datetime(2026, 1, 1, tzinfo=UTC)
    assert (await document(bench)).previous_end is None


async def test_a_parcel_that_is_no_step_is_dead_at_once() -> None:
    bench = JobBench(Counting())
    await bench.add("counting")
    delivery = await bench.take()
    assert delivery is not None
    delivery.parcel = msgspec.structs.replace(delivery.parcel, body=b"no")
    outcome = await bench.router(delivery)
    assert "not a step of a job" in str(outcome.error)


async def test_a_job_that_is_not_there_any_more_fails_by_name() -> None:
    bench = JobBench(Counting())
    await bench.add("counting")
    other = JobBench()
    delivery = await bench.take()
    assert delivery is not None
    outcome = await other.router(delivery)
    assert isinstance(outcome.fate, Dead)
    assert "no job is called counting" in outcome.fate.reason
