import asyncio

import pytest

from fluent_connect.model.deadlines import Deadlines


def _me() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def test_a_task_past_its_deadline_is_cancelled_and_knows_why() -> None:
    deadlines, me = Deadlines(every=0.001), _me()
    deadlines.start(me, 0.0)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.Event().wait()

    assert deadlines.passed(me)
    assert not me.cancelling()
    assert not deadlines.passed(me)


async def test_a_task_in_time_is_left_alone() -> None:
    deadlines, me = Deadlines(every=0.001), _me()
    deadlines.start(me, 60.0)
    await asyncio.sleep(0.005)
    deadlines.end(me)

    assert not deadlines.passed(me)


async def test_a_task_that_does_not_heed_its_deadline_is_cancelled_no_longer_than_that() -> None:
    deadlines, me = Deadlines(every=0.001), _me()
    deadlines.start(me, 0.0)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        deadlines.end(me)

    assert not me.cancelling()
    assert not deadlines.passed(me)
