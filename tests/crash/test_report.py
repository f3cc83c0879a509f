"""A long run in parts: what a file holds is not run again."""

from pathlib import Path

import msgspec

from crash.report import continued, read
from crash.rounds import Result, Wishes


def part(wishes: Wishes, **other: object) -> Result:
    all_well = Result(
        engine=wishes.engine,
        kills=wishes.kills,
        accepted=1000 + wishes.seed,
        done=wishes.kills,
        skipped=0,
        superseded=0,
        dead=0,
        waiting=0,
        unaccounted=0,
        lost=0,
        doubled=0,
        repeats=2,
        seconds=1.5,
        exit=0,
        at={"random": wishes.kills - 1, "store:after-commit": 1},
        findings=[],
    )
    return msgspec.structs.replace(all_well, **other)


class Runs:
    """Stands for the runs: keeps what was wished, and answers with what is given."""

    def __init__(self, **other: object) -> None:
        self.wished: list[tuple[int, int]] = []
        self._other = other

    async def __call__(self, wishes: Wishes) -> Result:
        self.wished.append((wishes.kills, wishes.seed))
        return part(wishes, **self._other)


async def test_parts_are_kept_and_only_what_is_missing_is_run(tmp_path: Path) -> None:
    file, runs = tmp_path / "report", Runs()

    first = await continued(file, Wishes(kills=150, seed=5), runs)
    more = Runs()
    whole = await continued(file, Wishes(kills=180, seed=5), more)
    again = Runs()
    same = await continued(file, Wishes(kills=180, seed=5), again)

    assert runs.wished == [(100, 5), (50, 105)]
    assert more.wished == [(30, 155)]
    assert again.wished == []
    assert (first.kills, whole.kills) == (150, 180)
    assert whole == same
    assert whole.holds
    assert whole.accepted == 1005 + 1105 + 1155
    assert whole.repeats == 6
    assert whole.seconds == 4.5
    assert whole.at == {"random": 177, "store:after-commit": 3}


async def test_parts_of_another_engine_do_not_count(tmp_path: Path) -> None:
    file, runs = tmp_path / "report", Runs()
    await continued(file, Wishes(kills=10), runs)

    await continued(file, Wishes(kills=10, engine="kafka"), runs)

    assert runs.wished == [(10, 1), (10, 1)]
    assert [each.kills for each in read(file, "kafka")] == [10]


async def test_a_part_that_went_wrong_is_kept_and_ends_the_run(tmp_path: Path) -> None:
    file, runs = tmp_path / "report", Runs(lost=1, exit=3, findings=["order 7"])

    result = await continued(file, Wishes(kills=300), runs)
    again = await continued(file, Wishes(kills=300), runs)

    assert len(runs.wished) == 1
    assert (result.kills, result.lost, result.exit) == (100, 1, 3)
    assert again.findings == ["order 7"]
    assert not again.holds
