"""The commands that measure jobs at full size, at a size that CI can bear."""

from pathlib import Path

import pytest

from e2e.benched import ran

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_seeded_drift_is_found_and_mended_with_few_calls(tmp_path: Path) -> None:
    found = ran(tmp_path, "reconcile.py", "--entities", "200")
    assert found["found"] == found["seeded"] > 10
    assert (found["false_alarms"], found["left"]) == (0, 0)
    calls = found["calls_per_entity"]
    assert (calls["commercetools"] < 0.5, calls["fluent"] < 0.8) == (True, True), calls


def test_history_passes_the_gate_once_among_live_orders_however_often_it_is_killed(
    tmp_path: Path,
) -> None:
    small = ("--orders", "24", "--pass", "9", "--live", "4", "--rate", "8")
    found = ran(tmp_path, "jobs.py", "gate", *small)
    assert (found["plan"], found["created_of_history"], found["kills"]) == (9, 9, 2)


def test_a_leader_that_is_killed_is_followed_and_never_joined_by_another(tmp_path: Path) -> None:
    found = ran(tmp_path, "jobs.py", "leaders", "--kills", "3")
    assert (found["kills"], found["at_once"], found["mixed"]) == (3, 0, 0)
    assert found["successful"] == found["runs"] > 0
