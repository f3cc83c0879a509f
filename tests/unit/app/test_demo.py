"""The demo: what it makes of a result, and a small one from its start to its end."""

from pathlib import Path

import msgspec
import pytest

from fluent_connect.app import demo
from fluent_connect.app.demo import Result, Wishes


def result(**counts: int | list[str]) -> Result:
    whole = dict.fromkeys(
        ("accepted", "done", "skipped", "superseded", "dead", "waiting", "unaccounted", "repeats"),
        0,
    )
    held = dict.fromkeys((f"fluent_{kind}" for kind in ("orders", "customers")), 3)
    more = dict.fromkeys((f"fluent_{kind}" for kind in ("products", "categories")), 3)
    given = {**whole, **held, **more, "seconds": 1.0, "missing": [], "surplus": [], **counts}
    return msgspec.convert(given, Result)


def test_it_holds_if_all_arrived_and_nothing_else() -> None:
    assert result(accepted=5, done=5).holds
    assert not result().holds


@pytest.mark.parametrize("wrong", ["dead", "waiting", "unaccounted"])
def test_it_does_not_hold_if_one_is_anywhere_else(wrong: str) -> None:
    assert not result(accepted=5, done=4, **{wrong: 1}).holds


@pytest.mark.parametrize("wrong", ["missing", "surplus"])
def test_it_says_what_fluent_lacks_or_has_too_much(wrong: str) -> None:
    told = result(accepted=5, done=5, **{wrong: ["order 1"]})
    lines = list(demo._told(told))
    assert f"{wrong.upper()} in Fluent: order 1" in lines
    assert "DOES NOT HOLD" in lines[-1]


def test_a_small_demo_holds_and_says_so_in_its_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.run(Wishes(json=True, orders=6, keep=tmp_path, timeout=100.0)) == 0
    last = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])
    assert last["unaccounted"] == last["dead"] == last["waiting"] == 0
    assert last["fluent_orders"] >= 6
    assert (tmp_path / "connect.db").exists()
