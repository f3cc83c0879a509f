"""The harness itself in small, and the proof that its oracle can say no."""

import pytest

from crash.rounds import Wishes, run

pytestmark = [pytest.mark.timeout(110)]


@pytest.mark.crash
async def test_what_was_accepted_before_four_kills_arrives_once() -> None:
    result = await run(Wishes(kills=4, seed=7))

    assert result.findings == []
    assert result.holds
    assert result.kills == 4


@pytest.mark.crash
async def test_a_kill_after_each_call_to_fluent_doubles_nothing() -> None:
    result = await run(Wishes(kills=2, seed=8, points=["fluent:after-call"]))

    assert result.findings == []
    assert result.holds


async def test_a_door_that_answers_before_its_commit_is_found_out() -> None:
    points = ["ingest:after-answer"]
    result = await run(Wishes(kills=2, seed=9, points=points, mutation="answer-early"))

    assert result.lost
    assert not result.holds
