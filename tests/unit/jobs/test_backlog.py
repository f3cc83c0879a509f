"""What holds a job back, and what must not: messages that are for later."""

from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.store import Write
from fluent_connect.testing.run_job import JobBench
from unit.jobs.test_job_router import Counting


async def test_messages_that_are_for_later_hold_no_job_back() -> None:
    bench = JobBench(Counting(1), backlog=1)
    later = bench.clock() + 1e6
    puts = [Put(EVENT_QUEUE, Parcel(f"look-{n}", "", b"{}", not_before=later)) for n in range(5)]
    await bench.store.commit(Write(Outcome(puts=puts)))
    await bench.add("counting")
    outcome = await bench.step()
    assert outcome is not None
    assert isinstance(outcome.fate, Done)
